use std::time::Instant;

use downstream::{Emission, Exchange, Window};
use http::Response;

use super::*;

/// The largest future of an exchange without the gateway's part: with what quinn and `h3` keep for
/// a stream, it stays far below the 12 KB that a held request may cost.
const BOUND: usize = 512;

#[derive(Clone)]
struct Nobody;

struct Nothing;

impl Handler for Nobody {
    type Body = Whole;
    type Exchange = Nothing;

    fn open(&self, _: Request<RequestBody>, _: Opening) -> Nothing {
        Nothing
    }

    fn refuse(&self, _: Refusal, _: Protocol, _: &ConnectionInfo) -> Response<Bytes> {
        Response::new(Bytes::new())
    }
}

impl Exchange for Nothing {
    type Body = Whole;

    fn poll_emission(self: Pin<&mut Self>, _: &mut Context<'_>, _: Window) -> Poll<Emission<Whole>> {
        Poll::Pending
    }

    fn interim_written(self: Pin<&mut Self>, _: Instant) {}
}

fn size_of_future<A, B, C, F>(_: fn(A, B, C) -> F) -> usize {
    size_of::<F>()
}

#[test]
fn the_future_of_an_exchange_is_small() {
    let size = size_of_future(answer::<Nobody>);
    eprintln!("an exchange without the gateway's part: {size} octets");
    eprintln!("its responder takes {} of them", size_of::<Responder>());
    assert!(size <= BOUND, "{size} octets");
}
