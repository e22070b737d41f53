//! The end of a gateway's life: drain, conclude, exit.
//!
//! Who asks for it is a stream of [`Signal`]s, so a test needs no process of its own.

use std::future::poll_fn;
use std::io;
use std::pin::Pin;
use std::task::{Context, Poll};
use std::time::Duration;

use downstream::{Drain, Phase};
use futures_util::{Stream, StreamExt};
use tokio::signal::unix::{self, SignalKind};
use tokio::time::timeout;

use crate::listen::Running;

/// How long connections may take to say their last word after the drain's time is over.
const GRACE: Duration = Duration::from_secs(5);

/// What an operator asks for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Signal {
    /// SIGTERM or SIGINT: drain and exit; the second one: exit at once.
    Stop,
    /// SIGHUP.
    Reload,
}

/// How a gateway ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Ended {
    /// Every connection came to its end.
    Drained,
    /// Some connections took nothing of what they were told at the end.
    GraceOver,
    /// The operator did not want to wait.
    Hurried,
}

/// The signals of this process. To be called within a runtime.
pub fn of_process() -> io::Result<ProcessSignals> {
    Ok(ProcessSignals {
        terminate: unix::signal(SignalKind::terminate())?,
        interrupt: unix::signal(SignalKind::interrupt())?,
        hangup: unix::signal(SignalKind::hangup())?,
    })
}

/// The stream of [`of_process`]; it never ends.
#[derive(Debug)]
pub struct ProcessSignals {
    terminate: unix::Signal,
    interrupt: unix::Signal,
    hangup: unix::Signal,
}

impl Stream for ProcessSignals {
    type Item = Signal;

    fn poll_next(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Signal>> {
        let this = &mut *self;
        let stop = this.terminate.poll_recv(cx).is_ready() || this.interrupt.poll_recv(cx).is_ready();
        if stop {
            return Poll::Ready(Some(Signal::Stop));
        }
        this.hangup.poll_recv(cx).map(|_| Some(Signal::Reload))
    }
}

/// Runs a gateway to its end. On the first [`Signal::Stop`], or when somebody else advances
/// `drain`, listeners close and connections are asked to end; after `drain_timeout` whoever still
/// waits is answered; 5 s later, or once nobody is left, the workers end. A second stop ends them
/// at once (G-19).
pub async fn run_until_drained<S>(
    running: Running,
    drain: Drain,
    drain_timeout: Duration,
    signals: S,
) -> Ended
where
    S: Stream<Item = Signal> + Unpin,
{
    let mut stops = Stops(signals);
    let mut watch = drain.watch();
    tokio::select! {
        () = stops.next() => {}
        () = poll_fn(|cx| watch.poll_reached(Phase::Draining, cx)) => {}
    }
    tracing::info!(connections = running.connections(), ?drain_timeout, "draining");
    let ended = tokio::select! {
        biased;
        ended = wind_up(&running, &drain, drain_timeout) => ended,
        () = stops.next() => Ended::Hurried,
    };
    match ended {
        Ended::Drained => tracing::info!("drained"),
        Ended::GraceOver | Ended::Hurried => {
            tracing::warn!(connections = running.connections(), ?ended, "connections are cut off");
        }
    }
    running.stop();
    ended
}

async fn wind_up(running: &Running, drain: &Drain, drain_timeout: Duration) -> Ended {
    drain.advance(Phase::Draining);
    let in_time = timeout(drain_timeout, running.emptied()).await;
    drain.advance(Phase::Concluding);
    if in_time.is_ok() || timeout(GRACE, running.emptied()).await.is_ok() {
        Ended::Drained
    } else {
        Ended::GraceOver
    }
}

/// The stops among the signals.
struct Stops<S>(S);

impl<S: Stream<Item = Signal> + Unpin> Stops<S> {
    /// Waits for the next one. Whoever sends signals may go away without having stopped anything.
    async fn next(&mut self) {
        loop {
            match self.0.next().await {
                Some(Signal::Stop) => return,
                Some(Signal::Reload) => tracing::warn!("SIGHUP: reload is not supported yet"),
                None => std::future::pending().await,
            }
        }
    }
}
