//! Requests between their acceptance and their exchange.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use h3::error::Code;
use h3::quic::StreamId;

use super::outlet::Outlet;
use crate::frames::Grammar;
use crate::link::Link;
use crate::reader::Reader;

/// The step between the identifiers of two requests (RFC 9000 section 2.1).
const STEP: u64 = 4;

/// Where accepted requests are picked up, and where no more of them are admitted.
///
/// Bound: `h3` accepts one request at a time, and it is picked up before the next.
#[derive(Default)]
pub(crate) struct Arrivals(Mutex<Register>);

/// A request that arrived: both sides of its stream.
pub(crate) struct Arrival {
    /// The connection that it came on.
    pub(crate) link: Arc<Link>,
    /// The side to answer on.
    pub(crate) outlet: Arc<Outlet>,
    /// The side to read from.
    pub(crate) reader: Reader,
}

#[derive(Default)]
struct Register {
    waiting: Option<Arrival>,
    /// The highest identifier that was admitted.
    last: Option<u64>,
    /// The lowest identifier that is not, once GOAWAY has said so.
    closed_from: Option<u64>,
}

impl Arrivals {
    /// Whether a request may come in.
    pub(super) fn admit(&self, id: StreamId) -> bool {
        let mut register = self.lock();
        let id = id.into_inner();
        if register.closed_from.is_some_and(|from| id >= from) {
            return false;
        }
        register.last = register.last.max(Some(id));
        true
    }

    pub(super) fn put(&self, arrival: Arrival) {
        self.lock().waiting = Some(arrival);
    }

    /// Picks up the request that was accepted last.
    pub(crate) fn take(&self) -> Option<Arrival> {
        self.lock().waiting.take()
    }

    /// Whether any request has been admitted.
    pub(crate) fn any(&self) -> bool {
        self.lock().last.is_some()
    }

    /// Admits no request above those that were: `shutdown(1)` announces the next identifier as the
    /// first that is rejected, while `h3` itself would still accept it (transports.md D h3-5).
    pub(crate) fn close(&self) {
        let mut register = self.lock();
        register.closed_from = Some(register.last.map_or(0, |last| last + STEP));
    }

    fn lock(&self) -> MutexGuard<'_, Register> {
        // A panic cannot leave it half changed: every change is one assignment.
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Arrival {
    pub(super) fn new(link: Arc<Link>, send: quinn::SendStream, recv: quinn::RecvStream) -> Self {
        Self {
            link,
            outlet: Arc::new(Outlet::new(send)),
            reader: Reader::new(recv, Grammar::Request, Code::H3_NO_ERROR),
        }
    }

    pub(super) fn outlet(&self) -> Arc<Outlet> {
        Arc::clone(&self.outlet)
    }
}
