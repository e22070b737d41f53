use std::task::Waker;

use downstream::Drain;
use http::Method;
use progress_core::document::RequestSummary;
use progress_core::event::{Outcome, ProgressEvent};
use progress_core::operation::OperationId;
use progress_core::progress::{Grammar, Progress, Reported};
use status_store::clock;

use super::*;
use crate::operations::Beginning;

const PACE: Pace = Pace { gap: Duration::from_millis(100), beat: Duration::from_secs(10) };

fn cell() -> Arc<OperationCell> {
    let request = RequestSummary::new(Method::POST, "https://api.example", "/reports");
    let (route_name, request) = ("reports".into(), Arc::new(request));
    OperationCell::new(Beginning { route: 0, route_name, request, owner: None, place: None }, clock::now())
}

fn report(cell: &OperationCell, value: &str) {
    let progress = Progress::parse(value.as_bytes(), Grammar::Strict).unwrap();
    cell.apply(ProgressEvent::Progress(Reported::from_progress(&progress)), clock::now());
}

fn finish(cell: &OperationCell) {
    cell.end(Outcome::Canceled, clock::now()).unwrap();
    cell.finished(None);
}

fn stream(cell: &Arc<OperationCell>, drain: &Drain) -> Events {
    let id = OperationId::from_random([1; 16]);
    let location = HeaderValue::from_static("https://api.example/.operations/x");
    let identity = Identity { id, uri: location.to_str().unwrap().into(), location };
    Events::following(cell, identity, PACE, drain.watch())
}

/// What is said now: `None` if nothing is, an empty piece at the end of the stream.
fn said(events: &mut Events) -> Option<String> {
    match events.poll_frame(&mut Context::from_waker(Waker::noop())) {
        Poll::Pending => None,
        Poll::Ready(None) => Some(String::new()),
        Poll::Ready(Some(frame)) => {
            Some(String::from_utf8(frame.unwrap().into_data().unwrap().to_vec()).unwrap())
        }
    }
}

/// The same, awaited.
async fn saying(events: &mut Events) -> String {
    let frame = std::future::poll_fn(|cx| events.poll_frame(cx)).await;
    frame.map_or_else(String::new, |frame| {
        String::from_utf8(frame.unwrap().into_data().unwrap().to_vec()).unwrap()
    })
}

#[tokio::test(start_paused = true)]
async fn each_change_is_an_event_and_the_end_is_done() {
    let (cell, drain) = (cell(), Drain::new());
    let mut events = stream(&cell, &drain);
    let first = said(&mut events).unwrap();
    assert!(first.starts_with("retry: 1000\nid: 0\nevent: progress\ndata: {"), "{first}");
    assert!(first.ends_with("}\n\n") && first.lines().count() == 5, "one line of data: {first}");
    assert_eq!(said(&mut events), None);
    report(&cell, "1/3 \"Copying\"");
    let second = saying(&mut events).await;
    assert!(second.starts_with("id: 1\nevent: progress\ndata: {"), "{second}");
    assert!(second.contains("\"message\":\"Copying\""), "{second}");
    report(&cell, "2/3");
    finish(&cell);
    let last = said(&mut events).expect("the end does not wait");
    assert!(last.contains("id: 3\nevent: progress\n") && last.contains("id: 3\nevent: done\n"), "{last}");
    assert!(events.is_end_stream());
    assert_eq!(said(&mut events).unwrap(), "");
}

#[tokio::test(start_paused = true)]
async fn who_reads_slowly_gets_the_latest_state() {
    let (cell, drain) = (cell(), Drain::new());
    let mut events = stream(&cell, &drain);
    said(&mut events);
    for completed in 1..=1_000 {
        report(&cell, &format!("{completed}/1000"));
    }
    let next = saying(&mut events).await;
    assert_eq!(next.matches("event:").count(), 1);
    assert!(next.starts_with("id: 1000\n"), "{next}");
}

#[tokio::test(start_paused = true)]
async fn events_keep_their_distance() {
    let (cell, drain) = (cell(), Drain::new());
    let mut events = stream(&cell, &drain);
    said(&mut events);
    let began = tokio::time::Instant::now();
    for completed in 1..=10 {
        report(&cell, &format!("{completed}/10"));
        saying(&mut events).await;
    }
    assert_eq!(began.elapsed().as_millis(), 1_000);
}

#[tokio::test(start_paused = true)]
async fn silence_is_filled_with_comments() {
    let (cell, drain) = (cell(), Drain::new());
    let mut events = stream(&cell, &drain);
    said(&mut events);
    let began = tokio::time::Instant::now();
    for beats in 1..=3 {
        assert_eq!(saying(&mut events).await, ":\n\n");
        assert_eq!(began.elapsed(), PACE.beat * beats);
    }
}

#[tokio::test(start_paused = true)]
async fn who_comes_back_is_told_only_what_is_new() {
    let (cell, drain) = (cell(), Drain::new());
    report(&cell, "1/3");
    let mut events = stream(&cell, &drain).heard(Some(1));
    assert_eq!(said(&mut events).unwrap(), "retry: 1000\n:\n\n", "a sign of life");
    assert_eq!(said(&mut events), None);
    report(&cell, "2/3");
    assert!(saying(&mut events).await.starts_with("id: 2\n"));
    let mut late = stream(&cell, &drain).heard(Some(1));
    assert!(said(&mut late).unwrap().contains("id: 2\n"));
}

#[tokio::test(start_paused = true)]
async fn a_gateway_that_ends_ends_its_streams() {
    let (cell, drain) = (cell(), Drain::new());
    let mut events = stream(&cell, &drain);
    said(&mut events);
    drain.advance(Phase::Draining);
    assert_eq!(said(&mut events), None);
    drain.advance(Phase::Concluding);
    assert_eq!(said(&mut events).unwrap(), "");
}

#[test]
fn the_last_event_is_a_number_or_unknown() {
    let of = |value: &str| {
        let name = HeaderName::from_static("last-event-id");
        heard(&HeaderMap::from_iter([(name, HeaderValue::try_from(value).unwrap())]))
    };
    assert_eq!(heard(&HeaderMap::new()), None);
    assert_eq!((of("17"), of(" 3 ")), (Some(17), Some(3)));
    assert_eq!((of(""), of("-1"), of("x"), of("99999999999999999999")), (None, None, None, None));
}

#[test]
fn who_has_got_the_end_gets_204() {
    let response = nothing_more();
    assert_eq!(response.status(), StatusCode::NO_CONTENT);
    assert_eq!(response.headers()["cache-control"], "no-store");
}
