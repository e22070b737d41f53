//! The one loop of all three wires.

use std::future::{Future, poll_fn, ready};
use std::pin::{Pin, pin};
use std::task::Poll;

use futures_util::FutureExt;
use futures_util::future::Either;
use http::{Response, StatusCode};
use progress_core::interim::InterimHead;

use crate::{Departed, Emission, Exchange, Expectation, Responder, Window};

/// How an exchange ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Ending {
    /// The final response went out whole.
    Answered,
    /// The client left, or the final response could not be completed.
    Departed,
}

/// What comes after the last interim head: the final response, and who is to write it.
type Last<E, R> = (E, R, Response<<E as Exchange>::Body>);

enum Step<B> {
    Departed,
    Interim(InterimHead),
    Continue,
    Final(Response<B>),
}

/// Carries what `exchange` says to `responder` until its final response is out or the client is
/// gone. Dropping the exchange is what tells the gateway that nobody listens any more.
///
/// `expectation` is there when the client waits for `100 (Continue)`: it is sent once, when the
/// content is first asked for and has not begun to arrive (EXP-01, EXP-03, H1-29).
///
/// A request may wait for hours, so its future is kept small: waiting and finishing share their
/// room, and nothing is stored twice. An exchange must be `Unpin` for that.
pub fn drive<E, R>(
    exchange: E,
    responder: R,
    expectation: Option<Expectation>,
) -> impl Future<Output = Ending>
where
    E: Exchange + Unpin,
    R: Responder,
{
    talk(exchange, responder, expectation).then(|last| match last {
        None => Either::Left(ready(Ending::Departed)),
        Some((exchange, responder, response)) => {
            Either::Right(responder.finish(response).map(move |finished| {
                drop(exchange);
                match finished {
                    Ok(()) => Ending::Answered,
                    Err(Departed) => Ending::Departed,
                }
            }))
        }
    })
}

/// Writes interim heads until the final response is there; `None` once the client is gone.
#[expect(clippy::manual_async_fn, reason = "an async function stores its parameters twice")]
fn talk<E, R>(
    mut exchange: E,
    mut responder: R,
    mut expectation: Option<Expectation>,
) -> impl Future<Output = Option<Last<E, R>>>
where
    E: Exchange + Unpin,
    R: Responder,
{
    async move {
        // A head has gone out in the poll that brought it: whatever was to be woken for still is.
        let mut at_once = false;
        loop {
            let step = poll_fn(|cx| {
                if std::mem::take(&mut at_once)
                    && exchange.is_waiting()
                    && responder.poll_window(cx) == Window::Open
                {
                    return Poll::Pending;
                }
                if responder.poll_departed(cx).is_ready() {
                    return Poll::Ready(Step::Departed);
                }
                if expectation.as_ref().is_some_and(|e| e.poll_demanded(cx).is_ready()) {
                    return Poll::Ready(Step::Continue);
                }
                let window = responder.poll_window(cx);
                Pin::new(&mut exchange).poll_emission(cx, window).map(|emission| match emission {
                    Emission::Interim(head) => Step::Interim(head),
                    Emission::Final(response) => Step::Final(response),
                })
            });
            // The head is not kept while it is written: that is the responder's.
            let writing = match step.await {
                Step::Departed => return None,
                Step::Final(response) => return Some((exchange, responder, response)),
                Step::Continue => {
                    expectation = None;
                    responder.interim(InterimHead::bare(StatusCode::CONTINUE)).await.ok()?;
                    continue;
                }
                Step::Interim(head) => responder.interim(head),
            };
            let mut writing = pin!(writing);
            let mut polls = 0_usize;
            let written = poll_fn(|cx| {
                polls += 1;
                writing.as_mut().poll(cx)
            });
            written.await.ok()?;
            at_once = polls == 1;
            Pin::new(&mut exchange).interim_written(tokio::time::Instant::now().into_std());
        }
    }
}

#[cfg(test)]
mod tests;
