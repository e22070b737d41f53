//! Decides when a connection has to end: drain, idleness, stalls and spent budgets.

use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};
use std::time::{Duration, Instant};

use downstream::{DrainWatch, Limits, Phase, Window};
use h2::Reason;
use tokio::time::Sleep;

use crate::budget::ResetBudget;
use crate::link::Link;
use crate::{Excess, ServeError};

/// How long a client that was sent GOAWAY, and has nothing open, may keep the connection.
const PATIENCE: Duration = Duration::from_secs(5);

/// How long the last GOAWAY may take to be written.
const FAREWELL: Duration = Duration::from_secs(1);

/// What the connection looks like after a turn.
#[derive(Clone, Copy, Debug)]
pub(super) struct View {
    /// Open exchanges.
    pub(super) open: usize,
    /// Whether streams are open, or closed ones have something left to be written.
    pub(super) lingering: bool,
    /// Whether the transport takes writes.
    pub(super) window: Window,
}

/// What the connection has to do.
#[derive(Debug)]
pub(super) enum Order {
    /// Go on.
    Go,
    /// Say GOAWAY and serve what is open.
    Leave,
    /// Say GOAWAY for this reason and drop what is open.
    Close(Reason),
    /// Stop here.
    Cut(Result<(), ServeError>),
}

/// The keeper of one connection.
pub(super) struct Keeper {
    limits: Arc<Limits>,
    drain: DrainWatch,
    stage: Stage,
    resets: ResetBudget,
    idle_since: Option<Instant>,
    /// Since when nothing was written though there was something to write, and what had been.
    stalled: Option<(Instant, u64)>,
    /// The ordinal of the request head that is being received, and since when.
    head: Option<(u64, Instant)>,
    timer: Option<Pin<Box<Sleep>>>,
}

#[derive(Debug)]
enum Stage {
    Serving,
    /// GOAWAY was sent; open streams go on.
    Leaving {
        since: Instant,
    },
    /// The last GOAWAY is being written.
    Closing {
        since: Instant,
        result: Result<(), ServeError>,
    },
}

/// An order, or the instant to look again.
type Judgement = Result<Option<Instant>, Order>;

impl Keeper {
    pub(super) fn new(drain: DrainWatch, limits: Arc<Limits>) -> Self {
        Self {
            limits,
            drain,
            stage: Stage::Serving,
            resets: ResetBudget::default(),
            idle_since: None,
            stalled: None,
            head: None,
            timer: None,
        }
    }

    /// Notes a new request.
    pub(super) fn opened(&mut self) {
        self.resets.opened();
    }

    /// Whether nothing new may begin.
    pub(super) fn is_closing(&self) -> bool {
        matches!(self.stage, Stage::Closing { .. })
    }

    /// How the connection ended, if the wire came to its end with `result`.
    pub(super) fn conclude(&mut self, result: Result<(), ServeError>) -> Result<(), ServeError> {
        match std::mem::replace(&mut self.stage, Stage::Serving) {
            Stage::Closing { result: why, .. } => why,
            _ => result,
        }
    }

    /// Looks at the connection after a turn. On [`Order::Go`] the task is woken in time.
    pub(super) fn poll(&mut self, view: View, link: &Link, cx: &mut Context<'_>) -> Order {
        loop {
            let now = tokio::time::Instant::now().into_std();
            match self.judge(view, link, now, cx) {
                Err(order) => return order,
                Ok(Some(next)) if self.poll_timer(next, cx).is_ready() => {}
                Ok(_) => return Order::Go,
            }
        }
    }

    fn judge(&mut self, view: View, link: &Link, now: Instant, cx: &Context<'_>) -> Judgement {
        if let Stage::Closing { since, .. } = self.stage {
            let until = since + FAREWELL;
            return if now < until { Ok(Some(until)) } else { Err(Order::Cut(self.conclude(Ok(())))) };
        }
        self.judge_excess(link, now)?;
        let stall = self.judge_stall(view, link, now)?;
        let head = self.judge_head(link, now)?;
        let idle = self.judge_idle(view, now, cx)?;
        Ok([stall, head, idle].into_iter().flatten().min())
    }

    /// H2-01, H2-02, H2-06.
    fn judge_excess(&mut self, link: &Link, now: Instant) -> Result<(), Order> {
        let verdict = self.resets.charge(link.take_resets(), now).and_then(|()| link.judge_frames(now));
        verdict.map_err(|excess: Excess| self.close(excess.into(), now))
    }

    /// H2-07: nobody says GOAWAY to a client that reads nothing.
    fn judge_stall(&mut self, view: View, link: &Link, now: Instant) -> Judgement {
        if view.window == Window::Open {
            self.stalled = None;
            return Ok(None);
        }
        let written = link.written();
        let (since, _) = match self.stalled {
            Some(stalled) if stalled.1 == written => stalled,
            _ => *self.stalled.insert((now, written)),
        };
        let until = since + self.limits.write_stall;
        if now < until { Ok(Some(until)) } else { Err(Order::Cut(Err(ServeError::WriteStalled))) }
    }

    /// D-01: from the first frame of a head to its last octet.
    fn judge_head(&mut self, link: &Link, now: Instant) -> Judgement {
        let Some(ordinal) = link.open_head() else {
            self.head = None;
            return Ok(None);
        };
        let (_, since) = match self.head {
            Some(head) if head.0 == ordinal => head,
            _ => *self.head.insert((ordinal, now)),
        };
        let until = since + self.limits.head_timeout;
        if now < until { Ok(Some(until)) } else { Err(self.close(ServeError::HeadTimeout, now)) }
    }

    /// Drain and idleness end a connection in the same way.
    fn judge_idle(&mut self, view: View, now: Instant, cx: &Context<'_>) -> Judgement {
        let idle_since = (view.open == 0).then(|| *self.idle_since.get_or_insert(now));
        self.idle_since = idle_since;
        let Stage::Leaving { since } = self.stage else {
            let until = idle_since.map(|since| since + self.limits.idle_timeout);
            let draining = self.drain.poll_reached(Phase::Draining, cx).is_ready();
            if draining || until.is_some_and(|until| now >= until) {
                self.stage = Stage::Leaving { since: now };
                return Err(Order::Leave);
            }
            return Ok(until);
        };
        let Some(idle_since) = idle_since.filter(|_| !view.lingering) else { return Ok(None) };
        let until = since.max(idle_since) + PATIENCE;
        if now < until {
            return Ok(Some(until));
        }
        self.stage = Stage::Closing { since: now, result: Ok(()) };
        Err(Order::Close(Reason::NO_ERROR))
    }

    fn close(&mut self, why: ServeError, now: Instant) -> Order {
        tracing::debug!(%why, "closing");
        self.stage = Stage::Closing { since: now, result: Err(why) };
        Order::Close(Reason::ENHANCE_YOUR_CALM)
    }

    /// Ready at `at`, or earlier: a timer that is set to an earlier instant is left as it is.
    fn poll_timer(&mut self, at: Instant, cx: &mut Context<'_>) -> Poll<()> {
        let at = tokio::time::Instant::from_std(at);
        let timer = self.timer.get_or_insert_with(|| Box::pin(tokio::time::sleep_until(at)));
        if timer.is_elapsed() || timer.deadline() > at {
            timer.as_mut().reset(at);
        }
        timer.as_mut().poll(cx)
    }
}
