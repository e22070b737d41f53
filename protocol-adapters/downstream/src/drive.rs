//! The one loop of all three wires.

use std::future::poll_fn;
use std::pin::Pin;
use std::task::Poll;

use http::StatusCode;
use progress_core::interim::InterimHead;

use crate::{Departed, Emission, Exchange, Expectation, Responder};

/// How an exchange ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Ending {
    /// The final response went out whole.
    Answered,
    /// The client left, or the final response could not be completed.
    Departed,
}

enum Step<B> {
    Departed,
    Continue,
    Emit(Emission<B>),
}

/// Carries what `exchange` says to `responder` until its final response is out or the client is
/// gone. Dropping the exchange is what tells the gateway that nobody listens any more.
///
/// `expectation` is there when the client waits for `100 (Continue)`: it is sent once, when the
/// content is first asked for and has not begun to arrive (EXP-01, EXP-03, H1-29).
///
/// An exchange must be `Unpin`: one that is pinned here would take its room twice, in every held
/// request.
pub async fn drive<E, R>(mut exchange: E, mut responder: R, mut expectation: Option<Expectation>) -> Ending
where
    E: Exchange + Unpin,
    R: Responder,
{
    loop {
        let step = poll_fn(|cx| {
            if responder.poll_departed(cx).is_ready() {
                return Poll::Ready(Step::Departed);
            }
            if expectation.as_ref().is_some_and(|e| e.poll_demanded(cx).is_ready()) {
                return Poll::Ready(Step::Continue);
            }
            let window = responder.poll_window(cx);
            Pin::new(&mut exchange).poll_emission(cx, window).map(Step::Emit)
        })
        .await;
        match step {
            Step::Departed => return Ending::Departed,
            Step::Continue => {
                expectation = None;
                if responder.interim(InterimHead::bare(StatusCode::CONTINUE)).await.is_err() {
                    return Ending::Departed;
                }
            }
            Step::Emit(Emission::Interim(head)) => {
                if responder.interim(head).await.is_err() {
                    return Ending::Departed;
                }
                Pin::new(&mut exchange).interim_written(tokio::time::Instant::now().into_std());
            }
            Step::Emit(Emission::Final(response)) => {
                return match responder.finish(response).await {
                    Ok(()) => Ending::Answered,
                    Err(Departed) => Ending::Departed,
                };
            }
        }
    }
}

#[cfg(test)]
mod tests;
