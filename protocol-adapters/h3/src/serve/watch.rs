//! What ends a connection: the gateway's drain, silence, and a client that costs too much.

use std::net::SocketAddr;
use std::pin::Pin;
use std::task::{Context, Poll, ready};
use std::time::{Duration, Instant};

use downstream::{DrainWatch, Phase};
use tokio::time::Sleep;

use crate::budget::{Budget, Exhausted};
use crate::transport::IDLE;

/// Requests that a client may give up or get wrong: 100 at once, then 33 a second (Q-17, H2-02).
const CANCELLED: Budget = Budget::new(100, Duration::from_millis(30));
/// Responses that this side may give up before the client is told to use another connection. quinn
/// keeps about 120 octets for each until the connection ends: where it signals a stopped stream.
const GIVEN_UP: u32 = 1_000;
/// New addresses that a client may come from: five a minute.
const PATHS: Budget = Budget::new(5, Duration::from_secs(12));
/// How long a GOAWAY is given to arrive: two round trips, between these. Requests that crossed it
/// are answered within them.
const CROSSING: (Duration, Duration) = (Duration::from_millis(20), Duration::from_secs(1));

/// Watches one connection.
pub(super) struct Watch {
    connection: quinn::Connection,
    drain: DrainWatch,
    farewell: Farewell,
    /// The one timer of the connection beside its heart: silence, and then the farewell.
    timer: Pin<Box<Sleep>>,
    idle: Duration,
    address: SocketAddr,
    paths: Budget,
    cancelled: Budget,
    /// Responses that this side gave up.
    given_up: u32,
    exhausted: Option<&'static str>,
}

/// How an exchange ended, as far as the connection cares.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Outcome {
    /// It took its course.
    Served,
    /// The client gave it up.
    Cancelled,
    /// The client got it wrong, and the response was given up.
    Condemned,
    /// The response was given up.
    Abandoned,
}

/// What is to be done.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Turn {
    /// Tell the client to send no more requests, without refusing those under way.
    Announce,
    /// Refuse all further requests.
    Retire,
    /// Nothing is left: close.
    Done,
    /// Close: the client costs too much, and why.
    Exhausted(&'static str),
}

/// The end in two steps (RFC 9114 section 5.2): a GOAWAY that refuses nothing, and a crossing
/// later one that refuses what has not arrived by then.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Farewell {
    /// Exchanges are open, or they have just ended.
    Busy,
    /// No exchange is open, and the timer runs.
    Silent,
    /// The first GOAWAY has gone out, and the timer runs.
    Announced,
    /// The second has gone out, and the timer runs.
    Retired,
    /// It has arrived as well.
    Settled,
}

impl Watch {
    pub(super) fn new(connection: quinn::Connection, drain: DrainWatch, idle: Duration) -> Self {
        Self {
            address: connection.remote_address(),
            connection,
            drain,
            farewell: Farewell::Busy,
            timer: Box::pin(tokio::time::sleep(Duration::ZERO)),
            idle: idle.min(IDLE),
            paths: PATHS,
            cancelled: CANCELLED,
            given_up: 0,
            exhausted: None,
        }
    }

    /// Notes that an exchange is over.
    pub(super) fn ended(&mut self, outcome: Outcome) {
        let faulty = matches!(outcome, Outcome::Cancelled | Outcome::Condemned);
        if faulty && self.cancelled.spend(now()).is_err() {
            self.exhausted = Some("too many requests given up");
        }
        if matches!(outcome, Outcome::Condemned | Outcome::Abandoned) {
            self.given_up += 1;
        }
    }

    /// Ready when something is to be done, with `open` exchanges.
    pub(super) fn poll_turn(&mut self, cx: &mut Context<'_>, open: usize) -> Poll<Turn> {
        if self.moved().is_err() {
            self.exhausted = Some("too many addresses");
        }
        if let Some(reason) = self.exhausted {
            return Poll::Ready(Turn::Exhausted(reason));
        }
        loop {
            match (self.farewell, open) {
                (Farewell::Busy | Farewell::Silent, _)
                    if self.given_up > GIVEN_UP
                        || self.drain.poll_reached(Phase::Draining, cx).is_ready() =>
                {
                    return Poll::Ready(Turn::Announce);
                }
                (Farewell::Busy, 0) => {
                    self.wait(self.idle);
                    self.farewell = Farewell::Silent;
                }
                (Farewell::Silent, 0) => return self.poll_timer(cx).map(|()| Turn::Announce),
                (Farewell::Silent, _) => self.farewell = Farewell::Busy,
                (Farewell::Announced, _) => return self.poll_timer(cx).map(|()| Turn::Retire),
                (Farewell::Retired, _) => {
                    ready!(self.poll_timer(cx));
                    self.farewell = Farewell::Settled;
                }
                (Farewell::Settled, 0) => return Poll::Ready(Turn::Done),
                (Farewell::Busy | Farewell::Settled, _) => return Poll::Pending,
            }
        }
    }

    /// The first GOAWAY is out.
    pub(super) fn announced(&mut self) {
        self.cross(Farewell::Announced);
    }

    /// The second GOAWAY is out.
    pub(super) fn retired(&mut self) {
        self.cross(Farewell::Retired);
    }

    fn cross(&mut self, farewell: Farewell) {
        let (shortest, longest) = CROSSING;
        self.wait((self.connection.rtt() * 2).clamp(shortest, longest));
        self.farewell = farewell;
    }

    fn wait(&mut self, duration: Duration) {
        self.timer.as_mut().reset(tokio::time::Instant::now() + duration);
    }

    fn poll_timer(&mut self, cx: &mut Context<'_>) -> Poll<()> {
        self.timer.as_mut().poll(cx)
    }

    fn moved(&mut self) -> Result<(), Exhausted> {
        let address = self.connection.remote_address();
        if address == self.address {
            return Ok(());
        }
        self.address = address;
        self.paths.spend(now())
    }
}

fn now() -> Instant {
    tokio::time::Instant::now().into_std()
}
