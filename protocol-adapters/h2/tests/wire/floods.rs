//! Clients that ask for more than they should.

use std::time::Duration;

use h2_adapter::{Excess, ServeError};
use tokio::io::DuplexStream;

use crate::frames::{
    self, ACK, CANCEL, DATA, ENHANCE_YOUR_CALM, Frame, GOAWAY, PING, PRIORITY, REFUSED_STREAM, RST_STREAM,
    RawClient, SETTINGS,
};
use crate::script::{Event, Events, Step, scripted, silent, whole};
use crate::support::{Served, event, raw};

/// Opens streams and cancels each once it is being served, every `pace`, until the connection
/// ends or `count` are through.
async fn cancel(
    client: &mut RawClient<DuplexStream>,
    events: &mut Events,
    (count, pace): (u32, Duration),
) -> u32 {
    for done in 0..count {
        let stream = done * 2 + 1;
        if client.try_send(&[frames::get(stream, "/")]).await.is_err() {
            return done;
        }
        match tokio::time::timeout(Duration::from_secs(1), events.recv()).await {
            Ok(Some(Event::Opened(_))) => {}
            _ => return done,
        }
        tokio::time::sleep(pace).await;
        if client.try_send(&[frames::reset(stream, CANCEL)]).await.is_err() {
            return done;
        }
        assert_eq!(event(events).await, Event::Dropped);
    }
    count
}

async fn ended(served: Served) -> Excess {
    match served.await.expect("no panic") {
        Err(ServeError::Excess(excess)) => excess,
        other => panic!("{other:?}"),
    }
}

#[tokio::test(start_paused = true)]
async fn h2_02_paced_rapid_reset_ends_after_its_burst() {
    let (handler, mut events) = scripted(|_| Vec::new());
    let (mut client, served) = raw(handler).await;
    let done = cancel(&mut client, &mut events, (1_000, Duration::ZERO)).await;
    assert!((100..=102).contains(&done), "{done}");
    assert_eq!(client.until_closed().await, Some(ENHANCE_YOUR_CALM));
    assert_eq!(ended(served).await, Excess::Resets);
}

#[tokio::test(start_paused = true)]
async fn h2_02_requests_that_are_mostly_cancelled_at_once() {
    let (handler, mut events) = scripted(|_| Vec::new());
    let (mut client, served) = raw(handler).await;
    let done = cancel(&mut client, &mut events, (1_000, Duration::from_millis(40))).await;
    assert!((499..=502).contains(&done), "{done}");
    assert_eq!(client.until_closed().await, Some(ENHANCE_YOUR_CALM));
    assert_eq!(ended(served).await, Excess::PrematureResets);
}

#[tokio::test(start_paused = true)]
async fn h2_02_a_user_who_changes_their_mind_is_served() {
    let (handler, mut events) = scripted(|_| Vec::new());
    let (mut client, served) = raw(handler).await;
    assert_eq!(cancel(&mut client, &mut events, (1_000, Duration::from_secs(2))).await, 1_000);
    assert!(!served.is_finished());
}

#[tokio::test(start_paused = true)]
async fn h2_01_rapid_reset_in_one_burst() {
    let (handler, mut events) = scripted(|_| Vec::new());
    let (mut client, served) = raw(handler).await;
    let pair = |stream| [frames::get(stream, "/"), frames::reset(stream, CANCEL)];
    let flood: Vec<_> = (0..5_000).flat_map(|index| pair(index * 2 + 1)).collect();
    let _ = client.try_send(&flood).await;
    assert_eq!(client.until_closed().await, Some(ENHANCE_YOUR_CALM));
    assert!(served.await.expect("no panic").is_err());
    let mut opened = 0;
    while let Ok(event) = events.try_recv() {
        opened += usize::from(matches!(event, Event::Opened(_)));
    }
    assert_eq!(opened, 0, "what is already cancelled opens nothing");
}

#[tokio::test(start_paused = true)]
async fn h2_02_a_request_that_is_cancelled_before_it_is_seen_opens_nothing() {
    let (handler, mut events) = scripted(|_| vec![whole(200, "")]);
    let (mut client, _) = raw(handler).await;
    client.send(&[frames::get(1, "/regretted"), frames::reset(1, CANCEL), frames::get(3, "/wanted")]).await;
    assert_eq!(client.until_end(3).await.len(), 1, "nothing is said on the first");
    assert!(matches!(event(&mut events).await, Event::Opened(parts) if parts.target == "/wanted"));
}

#[tokio::test(start_paused = true)]
async fn h2x_08_only_what_was_never_opened_is_refused() {
    let (handler, mut events) = scripted(|_| Vec::new());
    let (mut client, served) = raw(handler).await;
    let gets: Vec<_> = (0..103).map(|index| frames::get(index * 2 + 1, "/")).collect();
    client.send(&gets).await;
    for stream in [201, 203, 205] {
        let refused = client.next().await;
        assert_eq!(refused, Some(Frame::new(RST_STREAM, 0, stream, REFUSED_STREAM.to_be_bytes())));
    }
    let opened = std::iter::from_fn(|| events.try_recv().ok()).count();
    assert_eq!(opened, 100);
    assert!(!served.is_finished());
}

#[tokio::test(start_paused = true)]
async fn h2_04_resets_that_the_client_provokes() {
    let (mut client, served) = raw(silent(|_| Vec::new())).await;
    let provoke = |stream| [frames::get(stream, "/"), frames::window(stream, 0)];
    let flood: Vec<_> = (0..200).flat_map(|index| provoke(index * 2 + 1)).collect();
    let _ = client.try_send(&flood).await;
    let mut resets = 0;
    while let Some(frame) = client.next().await {
        resets += usize::from(frame.kind == RST_STREAM);
        if frame.kind == GOAWAY {
            break;
        }
    }
    assert!(resets <= 100, "{resets}");
    client.until_closed().await;
    assert!(served.await.expect("no panic").is_err());
}

#[tokio::test(start_paused = true)]
async fn h2_06_floods_of_control_frames() {
    let floods = [
        frames::ping(),
        frames::settings(&[(3, 100)]),
        Frame::new(SETTINGS, ACK, 0, []),
        frames::window(0, 1),
        Frame::new(PRIORITY, 0, 9, [0, 0, 0, 0, 1]),
        Frame::new(0x42, 0, 0, *b"grease"),
        frames::reset(1, CANCEL),
    ];
    for frame in floods {
        let (handler, mut events) = scripted(|_| Vec::new());
        let (mut client, served) = raw(handler).await;
        client.send(&[frames::get(1, "/"), frames::get(3, "/")]).await;
        assert!(matches!(event(&mut events).await, Event::Opened(_)));
        let _ = client.try_send(&vec![frame.clone(); 3_000]).await;
        let code = client.until_closed().await;
        let result = served.await.expect("no panic");
        // `h2` has a word of its own on acknowledgements that nobody asked for.
        if frame.kind == SETTINGS && frame.flags & ACK != 0 {
            assert!(result.is_err(), "{frame:?}");
            continue;
        }
        assert_eq!(code, Some(ENHANCE_YOUR_CALM), "{frame:?}");
        assert!(matches!(result, Err(ServeError::Excess(Excess::ControlFrames))), "{frame:?}: {result:?}");
    }
}

#[tokio::test(start_paused = true)]
async fn h2_06_keep_alive_pings_are_no_flood() {
    let (mut client, served) = raw(silent(|_| vec![Step::Wait(Duration::from_secs(100_000))])).await;
    client.send(&[frames::get(1, "/")]).await;
    for _ in 0..20_000 {
        client.send(&[frames::ping()]).await;
        assert_eq!(client.next().await.map(|frame| frame.kind), Some(PING));
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    assert!(!served.is_finished());
}

#[tokio::test(start_paused = true)]
async fn h2_06_windows_of_a_download_are_no_flood() {
    const FRAMES: usize = 2_000;
    let script = || {
        let chunk = bytes::Bytes::from(vec![0; 4_096]);
        let frames = (0..FRAMES).map(|_| Ok(http_body::Frame::data(chunk.clone()))).collect();
        vec![crate::script::answer(200, frames)]
    };
    let (mut client, served) = raw(silent(move |_| script())).await;
    client.send(&[frames::get(1, "/")]).await;
    let mut updates = 0;
    while let Some(frame) = client.next().await {
        if frame.kind == DATA && !frame.payload.is_empty() {
            let size = u32::try_from(frame.payload.len()).expect("a frame");
            client.send(&[frames::window(0, size), frames::window(1, size)]).await;
            updates += 2;
        }
        if frame.ends_stream() {
            break;
        }
    }
    assert!(updates > 2_000, "{updates}");
    assert!(!served.is_finished());
}

#[tokio::test(start_paused = true)]
async fn h2_08_a_flood_of_small_data_frames() {
    let (mut client, served) =
        raw(silent(|_| vec![Step::Wait(Duration::from_secs(600)), whole(200, "")])).await;
    client.send(&[frames::headers(1, 0, &frames::request("POST", "/"))]).await;
    for _ in 0..100 {
        if client.try_send(&vec![Frame::new(DATA, 0, 1, [0]); 100]).await.is_err() {
            break;
        }
    }
    assert_eq!(client.until_closed().await, Some(ENHANCE_YOUR_CALM));
    assert!(served.await.expect("no panic").is_err());
}
