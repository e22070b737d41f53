use std::future::poll_fn;

use status_store::Quota;

use super::*;

fn piece(octets: usize) -> Bytes {
    Bytes::from(vec![b'x'; octets])
}

async fn next(reader: &mut RecordingReader) -> Option<Result<Bytes, BodyError>> {
    let frame = poll_fn(|cx| reader.poll_frame(cx)).await?;
    Some(frame.map(|frame| frame.into_data().unwrap_or_default()))
}

fn is_waiting(reader: &mut RecordingReader) -> bool {
    reader.poll_frame(&Context::from_waker(Waker::noop())).is_pending()
}

fn room(recording: &Recording) -> Poll<Result<(), Pointless>> {
    recording.poll_room(&Context::from_waker(Waker::noop()))
}

#[tokio::test]
async fn a_kept_result_does_not_wait_for_its_reader() {
    let quota = Quota::new(1_000_000);
    let recording = Recording::new(1_000_000);
    let mut reader = recording.reader(None);
    for _ in 0..10 {
        assert_eq!(room(&recording), Poll::Ready(Ok(())));
        recording.push(piece(50_000), |octets| quota.reserve(octets));
    }
    assert_eq!(next(&mut reader).await.unwrap().unwrap().len(), 50_000);
    recording.end(Ok(None));
    let (content, length) = recording.kept();
    assert_eq!((content.len(), length), (500_000, 500_000));
    for _ in 0..9 {
        assert!(next(&mut reader).await.is_some());
    }
    assert!(next(&mut reader).await.is_none());
    drop(content);
    assert_eq!(quota.used(), 0);
}

#[tokio::test]
async fn g_01_the_last_piece_is_recorded_before_it_is_read() {
    let quota = Quota::new(1_000_000);
    let recording = Recording::new(1_000_000);
    let mut reader = recording.reader(Some(110));
    recording.push(piece(100), |octets| quota.reserve(octets));
    recording.push_last(piece(10), |octets| quota.reserve(octets));
    assert_eq!(next(&mut reader).await.unwrap().unwrap().len(), 100);
    assert!(is_waiting(&mut reader));
    assert_eq!(recording.kept().1, 110);
    assert!(is_waiting(&mut reader));
    recording.end(Ok(None));
    assert_eq!(next(&mut reader).await.unwrap().unwrap().len(), 10);
    assert!(next(&mut reader).await.is_none());
}

#[tokio::test]
async fn d_08_a_result_that_is_too_long_still_streams_and_holds_the_origin_back() {
    let quota = Quota::new(1_000_000);
    let recording = Recording::new(100_000);
    let mut reader = recording.reader(None);
    let mut pushed = 0;
    while room(&recording) == Poll::Ready(Ok(())) {
        recording.push(piece(10_000), |octets| quota.reserve(octets));
        pushed += 1;
    }
    assert!(pushed <= 18, "the origin waits: {pushed}");
    let mut read = 0;
    while read < pushed {
        assert_eq!(next(&mut reader).await.unwrap().unwrap().len(), 10_000);
        read += 1;
    }
    assert_eq!(room(&recording), Poll::Ready(Ok(())));
    assert!(is_waiting(&mut reader));
    recording.end(Ok(None));
    assert!(matches!(recording.kept().0, Content::NotKept));
    assert_eq!(quota.used(), 0, "room is given back at once");
}

#[tokio::test]
async fn a_full_store_keeps_nothing_and_streams_all() {
    let quota = Quota::new(5);
    let recording = Recording::new(1_000);
    let mut reader = recording.reader(None);
    recording.push(piece(10), |octets| quota.reserve(octets));
    recording.end(Ok(None));
    assert_eq!(next(&mut reader).await.unwrap().unwrap().len(), 10);
    assert!(next(&mut reader).await.is_none());
    assert!(matches!(recording.kept().0, Content::NotKept));
}

#[test]
fn nothing_is_read_on_for_nobody() {
    let recording = Recording::new(10);
    let reader = recording.reader(None);
    recording.push(piece(20), |_| None);
    drop(reader);
    assert_eq!(room(&recording), Poll::Ready(Err(Pointless)));
}

#[tokio::test]
async fn u_03_a_break_reaches_the_reader_after_what_was_there() {
    let quota = Quota::new(100);
    let recording = Recording::new(100);
    let mut reader = recording.reader(None);
    recording.push(piece(3), |octets| quota.reserve(octets));
    recording.end(Err(BodyError::Origin("reset")));
    assert_eq!(next(&mut reader).await.unwrap().unwrap().len(), 3);
    assert!(next(&mut reader).await.unwrap().is_err());
    assert!(next(&mut reader).await.is_none());
}
