//! What one exchange is counted and logged as.

use std::net::SocketAddr;
use std::sync::Arc;
use std::time::{Duration, Instant};

use downstream::{Opening, Page, Protocol};
use http::{Method, StatusCode};
use progress_core::exchange::Tally;
use progress_core::operation::OperationId;
use progress_core::trace_context::TraceId;

use crate::access_log;
use crate::metrics::labels::{EventKind, Mode, Reason, Signal, Suppressed};
use crate::metrics::{ExchangeMetrics, InFlight, Metrics};
use crate::operations::point::{self, Point};

/// The account of an exchange, from its opening to the last octet of its final response. Dropping
/// it writes the access log line, if there was a final response.
#[derive(Debug)]
#[repr(C)]
pub struct Account {
    // What every head touches lies on one line of the cache.
    metrics: Arc<Metrics>,
    /// Place of the route in the configuration; `None`: no route matched.
    route: Option<usize>,
    heads: u32,
    suppressed: u32,
    answered: Option<Answered>,
    protocol: Protocol,
    route_name: Arc<str>,
    method: Method,
    peer: SocketAddr,
    opened: Instant,
    /// Place of the upstream whose response is passed on; only that of a plain request.
    upstream: Option<usize>,
    bytes: u64,
    /// Those of its heads that are not acknowledged.
    page: Page,
    /// Request head to the origin's final head.
    origin_took: Option<Duration>,
    operation: Option<OperationId>,
    trace: Option<TraceId>,
    _in_flight: InFlight,
}

#[derive(Clone, Copy, Debug)]
struct Answered {
    status: StatusCode,
    mode: Mode,
}

/// The route that an exchange is counted under.
#[derive(Clone, Debug)]
pub struct CountedRoute {
    /// Place in the configuration; `None`: no route matched, or the gateway answers itself.
    pub index: Option<usize>,
    /// Its name.
    pub name: Arc<str>,
}

impl Account {
    /// Opens the account of a request that has just arrived.
    pub fn open(metrics: Arc<Metrics>, route: CountedRoute, method: &Method, opening: &Opening) -> Box<Self> {
        let protocol = opening.protocol;
        let in_flight = metrics.route(route.index).exchange(protocol).opened();
        Box::new(Self {
            route: route.index,
            route_name: route.name,
            protocol,
            method: method.clone(),
            peer: opening.connection.peer,
            opened: now(),
            heads: 0,
            suppressed: 0,
            upstream: None,
            answered: None,
            bytes: 0,
            page: opening.page.clone(),
            origin_took: None,
            operation: None,
            trace: None,
            _in_flight: in_flight,
            metrics,
        })
    }

    /// When the request head had arrived.
    pub fn opened(&self) -> Instant {
        self.opened
    }

    /// An interim head was written.
    pub fn interim_written(&mut self, reason: Reason, status: StatusCode, now: Instant) {
        if self.heads == 0 {
            self.cadence().first_signal(Signal::Interim, now.saturating_duration_since(self.opened));
        }
        self.heads += 1;
        self.exchange().interim(reason, status);
    }

    /// The cadence of a head of ours: how long after the one before, how late.
    pub fn paced(&self, reason: Reason, gap: Option<Duration>, late: Duration) {
        if let Some(gap) = gap {
            self.cadence().interval(reason, gap);
        }
        self.cadence().lateness(late);
    }

    /// An origin said something on its way to its response.
    pub fn heard(&self, kind: EventKind) {
        self.metrics.route(self.route).operations.event(kind);
    }

    /// A head that could have been written was not.
    pub fn withheld(&mut self, reason: Suppressed) {
        self.suppressed += 1;
        self.exchange().withheld(reason);
    }

    /// No head will be written, if there is a reason; once per exchange.
    pub fn withheld_once(&mut self, reason: Option<Suppressed>) {
        if let Some(reason) = reason {
            self.withheld(reason);
        }
    }

    /// Counts the heads of a course that did not go out.
    pub fn tally(&mut self, tally: Tally) {
        if tally == Tally::default() {
            return;
        }
        let reasons = [
            (tally.coalesced, Suppressed::Coalesced),
            (tally.stalled, Suppressed::Stalled),
            (tally.unacknowledged, Suppressed::Unacknowledged),
            (tally.budget, Suppressed::Budget),
        ];
        for (count, reason) in reasons {
            (0..count).for_each(|_| self.withheld(reason));
        }
    }

    /// The final head of an upstream, by its place in the configuration, is there to go out.
    pub fn answered_by(&mut self, upstream: usize) {
        self.upstream = Some(upstream);
    }

    /// A final head goes out.
    pub fn answered(&mut self, mode: Mode, status: StatusCode) {
        let elapsed = now().saturating_duration_since(self.opened);
        if self.heads == 0 {
            self.cadence().first_signal(Signal::Final, elapsed);
        }
        self.cadence().heads(self.heads);
        self.exchange().answered(mode, status, elapsed);
        if let Some(upstream) = self.upstream.and_then(|upstream| self.metrics.upstream(upstream)) {
            upstream.took(elapsed);
            self.origin_took = Some(elapsed);
        }
        self.answered = Some(Answered { status, mode });
    }

    /// Octets of the final response's content went out.
    pub fn sent(&mut self, octets: usize) {
        self.bytes += octets as u64;
    }

    /// The operation behind the exchange is known now.
    pub fn operation(&mut self, id: OperationId) {
        self.operation = Some(id);
    }

    /// An operation ended, with the origin's final head so long after its beginning; `None`: without
    /// one. Its work has counted that.
    pub fn origin_took(&mut self, elapsed: Option<Duration>) {
        self.origin_took = elapsed;
    }

    /// The trace that the request belongs to, if it is known.
    pub fn traced(&mut self, trace: Option<TraceId>) {
        self.trace = trace;
    }

    /// Interim heads so far.
    pub fn heads(&self) -> u32 {
        self.heads
    }

    fn exchange(&self) -> &ExchangeMetrics {
        self.metrics.route(self.route).exchange(self.protocol)
    }

    fn cadence(&self) -> &crate::metrics::CadenceMetrics {
        self.metrics.cadence(self.protocol)
    }
}

impl Drop for Account {
    fn drop(&mut self) {
        let Some(Answered { status, mode }) = self.answered else { return };
        if self.operation.is_some() {
            let is_announced = matches!(mode, Mode::Async | Mode::Downgraded);
            point::passed(if is_announced { Point::Announced } else { Point::Answered });
        }
        if !access_log::is_read() {
            return;
        }
        access_log::record(&access_log::Entry {
            protocol: self.protocol,
            method: &self.method,
            route: &self.route_name,
            status,
            elapsed: now().saturating_duration_since(self.opened),
            bytes: self.bytes,
            heads: self.heads,
            suppressed: self.suppressed,
            acknowledged: self.page.acknowledged(),
            mode,
            upstream: self.origin_took,
            operation: self.operation,
            trace: self.trace,
            peer: self.peer,
        });
    }
}

fn now() -> Instant {
    tokio::time::Instant::now().into_std()
}
