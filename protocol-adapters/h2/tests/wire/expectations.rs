//! `Expect: 100-continue`.

use downstream::{BodyError, Limits};

use crate::frames::{self, DATA, END_STREAM, Frame, HEADERS, NO_ERROR, RST_STREAM};
use crate::script::{Event, Step, head, scripted, silent, whole};
use crate::support::{event, raw, raw_with, service};

fn expecting(value: &'static str) -> Frame {
    let mut fields = frames::request("POST", "/");
    fields.push(("expect", value));
    frames::headers(1, 0, &fields)
}

#[tokio::test(start_paused = true)]
async fn x08_the_100_comes_with_the_first_read_and_102s_after_the_content() {
    let (handler, mut events) =
        scripted(|_| vec![Step::Read, Step::Say(head(102, &[])), Step::Say(head(102, &[])), whole(200, "")]);
    let (mut client, _) = raw(handler).await;
    client.send(&[expecting("100-continue")]).await;
    let first = client.next().await.expect("the 100");
    assert_eq!((first.kind, first.ends_stream(), frames::status(&first)), (HEADERS, false, 100));
    let Event::Opened(parts) = event(&mut events).await else { panic!("not opened") };
    assert!(parts.awaits_continue);

    client.send(&[Frame::new(DATA, 0, 1, [0; 10]), Frame::new(DATA, END_STREAM, 1, [0; 10])]).await;
    let seen = client.until_end(1).await;
    assert_eq!(seen.len(), 3, "102, 102, 200");
    assert_eq!(frames::status(&seen[0]), 102);
    assert_eq!(frames::status(&seen[2]), 200);
    assert_eq!(event(&mut events).await, Event::Read(Ok(20)));
}

#[tokio::test(start_paused = true)]
async fn exp_04_no_100_for_content_that_is_already_there() {
    let (mut client, _) = raw(silent(|_| vec![Step::Read, whole(200, "")])).await;
    client.send(&[expecting("100-continue"), Frame::new(DATA, END_STREAM, 1, [0; 10])]).await;
    let seen = client.until_end(1).await;
    assert_eq!(seen.len(), 1);
    assert_eq!(frames::status(&seen[0]), 200);
}

#[tokio::test(start_paused = true)]
async fn exp_01_no_100_before_a_refusal() {
    let (mut client, _) = raw(silent(|_| vec![whole(403, "")])).await;
    client.send(&[expecting("100-Continue")]).await;
    let seen = client.until_end(1).await;
    assert_eq!(seen.len(), 1);
    assert_eq!(frames::status(&seen[0]), 403);
    assert_eq!(client.next().await, Some(Frame::new(RST_STREAM, 0, 1, NO_ERROR.to_be_bytes())));
}

#[tokio::test(start_paused = true)]
async fn exp_07_other_expectations_are_refused() {
    for value in ["102-processing", "y 100-continue", "100-continue, x", ""] {
        let (mut client, _) = raw(silent(|_| vec![whole(200, "")])).await;
        client.send(&[expecting(value)]).await;
        assert_eq!(frames::status(&client.until_end(1).await[0]), 417, "{value}");
    }
}

#[tokio::test(start_paused = true)]
async fn an_expectation_without_content_is_ignored() {
    let (handler, mut events) = scripted(|_| vec![Step::Read, whole(200, "")]);
    let (mut client, _) = raw(handler).await;
    let head = expecting("100-continue");
    client.send(&[Frame { flags: head.flags | END_STREAM, ..head }]).await;
    let seen = client.until_end(1).await;
    assert_eq!((seen.len(), frames::status(&seen[0])), (1, 200));
    assert!(matches!(event(&mut events).await, Event::Opened(parts) if !parts.awaits_continue));
    assert_eq!(event(&mut events).await, Event::Read(Ok(0)));
}

#[tokio::test(start_paused = true)]
async fn the_100_that_was_asked_for_comes_once() {
    let (handler, mut events) = scripted(|_| vec![Step::Sip, Step::Sip, Step::Read, whole(200, "")]);
    let limits = Limits { body_size: 25, ..Limits::default() };
    let (mut client, _) = raw_with(service(handler, limits), &[]).await;
    client.send(&[expecting("100-continue")]).await;
    assert_eq!(frames::status(&client.next().await.expect("the 100")), 100);
    for _ in 0..2 {
        client.send(&[Frame::new(DATA, 0, 1, [0; 10])]).await;
        while !matches!(event(&mut events).await, Event::Read(Ok(10))) {}
    }
    client.send(&[Frame::new(DATA, 0, 1, [0; 10])]).await;
    assert_eq!(event(&mut events).await, Event::Read(Err(BodyError::TooLarge)));
    let seen = client.until_end(1).await;
    assert_eq!((seen.len(), frames::status(&seen[0])), (1, 200), "no second 100");
}
