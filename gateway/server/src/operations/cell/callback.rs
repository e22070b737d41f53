//! What an origin says of an operation beside the connection that it was asked on.

use http::Response;
use progress_core::operation::OperationId;
use tokio::sync::oneshot;

use super::{Answer, Audience, OperationCell};
use crate::created::Watched;
use crate::upstream::UpstreamBody;

/// The part of a cell's state that callbacks need; the operation has an id before it is registered.
#[derive(Debug)]
pub(super) struct Line {
    id: OperationId,
    sign: Sign,
    delivery: Delivery,
    /// The resource that it makes the content of, while that is watched.
    watched: Option<Box<Watched>>,
}

/// Whether the origin has called back since the task looked.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Sign {
    None,
    Given,
}

/// The final response by callback. The first one stands (S-12).
#[derive(Debug)]
enum Delivery {
    Open,
    Here(Box<Delivered>),
    Closed,
}

/// A final response that came by callback.
#[derive(Debug)]
pub struct Delivered {
    /// The response, complete.
    pub response: Response<UpstreamBody>,
    /// Who brought it waits here.
    pub receipt: oneshot::Sender<Receipt>,
}

/// What became of a delivered response.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Receipt {
    /// It is the operation's outcome.
    Taken,
    /// The operation ended otherwise.
    Refused,
}

/// What the task learns of callbacks.
#[derive(Debug)]
pub enum Called {
    /// The origin is alive.
    Sign,
    /// The operation's final response.
    Delivered(Box<Delivered>),
}

impl OperationCell {
    /// The operation's origin may call back, and knows the operation by this id.
    pub fn expect_calls(&self, id: OperationId) {
        let line = Line { id, sign: Sign::None, delivery: Delivery::Open, watched: None };
        self.state().line = Some(Box::new(line));
    }

    /// The id under which the operation is registered, if its origin knows one already.
    pub fn planned_id(&self) -> Option<OperationId> {
        self.state().line.as_ref().map(|line| line.id)
    }

    /// The origin called back: it is not silent.
    pub fn on_sign(&self) {
        let mut state = self.state();
        if let Some(line) = &mut state.line {
            line.sign = Sign::Given;
            state.wake_task();
        }
    }

    /// The origin delivers the final response. `None`: another came first, or the operation is over.
    pub fn deliver(&self, response: Response<UpstreamBody>) -> Option<oneshot::Receiver<Receipt>> {
        let mut state = self.state();
        let line = state.line.as_mut().filter(|line| matches!(line.delivery, Delivery::Open))?;
        let (receipt, told) = oneshot::channel();
        line.delivery = Delivery::Here(Box::new(Delivered { response, receipt }));
        state.wake_task();
        Some(told)
    }

    /// Takes what callbacks brought; whoever polls the cell's control is woken by the next.
    pub fn take_called(&self) -> Option<Called> {
        let mut state = self.state();
        let line = state.line.as_mut()?;
        if matches!(line.delivery, Delivery::Here(_))
            && let Delivery::Here(delivered) = std::mem::replace(&mut line.delivery, Delivery::Closed)
        {
            return Some(Called::Delivered(delivered));
        }
        let sign = std::mem::replace(&mut line.sign, Sign::None);
        (sign == Sign::Given).then_some(Called::Sign)
    }

    /// The origin has answered `201` and works on: that is what the waiting client gets, and nothing after
    /// it (CRE-01). Given back if nobody waits.
    pub fn answer_created(
        &self,
        response: Box<Response<UpstreamBody>>,
    ) -> Option<Box<Response<UpstreamBody>>> {
        let mut state = self.state();
        if state.audience == Audience::Gone {
            return Some(response);
        }
        state.answer = Some(Box::new(Answer::Created(response)));
        state.audience = Audience::Gone;
        state.wake_watchers();
        None
    }

    /// The resource that the operation makes the content of is watched until its task ends.
    pub fn watched(&self, watched: Watched) {
        let mut state = self.state();
        let is_over = state.operation.snapshot().is_finished();
        let place = state.line.as_mut().filter(|_| !is_over).map(|line| &mut line.watched);
        let dropped = match place {
            Some(place) => place.replace(Box::new(watched)),
            None => Some(Box::new(watched)),
        };
        drop(state);
        drop(dropped);
    }

    /// The task has ended: no response is taken any more. Who waits for a receipt hears that.
    pub fn hang_up(&self) {
        let line = self
            .state()
            .line
            .as_mut()
            .map(|line| (std::mem::replace(&mut line.delivery, Delivery::Closed), line.watched.take()));
        drop(line);
    }
}
