//! How often a connection's task is polled: each poll that finds nothing to do costs as much as a
//! tenth of a request.

use std::future::{Future, poll_fn};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use downstream::Limits;
use h2_adapter::serve;

use crate::frames::{self, RawClient};
use crate::script::{Step, silent, whole};
use crate::support::{PIPE, service};

#[tokio::test(start_paused = true)]
async fn a_request_and_its_response_take_one_poll_each() {
    const REQUESTS: usize = 20;
    let script = |_: &str| vec![Step::Wait(Duration::from_millis(10)), whole(200, "content")];
    let (near, far) = tokio::io::duplex(PIPE);
    let polls = Arc::new(AtomicUsize::new(0));
    let counter = Arc::clone(&polls);
    let mut serving = Box::pin(serve(far, service(silent(script), Limits::default())));
    tokio::spawn(poll_fn(move |cx| {
        counter.fetch_add(1, Ordering::Relaxed);
        serving.as_mut().poll(cx)
    }));
    let mut client = RawClient::connect(near, &[]).await;
    let mut before = 0;
    for index in 0..=REQUESTS {
        let id = 1 + 2 * u32::try_from(index).expect("few");
        client.send(&[frames::get(id, "/")]).await;
        client.until_end(id).await;
        tokio::time::sleep(Duration::from_millis(10)).await;
        if index == 0 {
            before = polls.load(Ordering::Relaxed);
        }
    }
    assert_eq!(polls.load(Ordering::Relaxed) - before, 2 * REQUESTS);
}
