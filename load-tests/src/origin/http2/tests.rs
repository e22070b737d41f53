//! The origin over HTTP/2, seen by h2's own client.

use bytesize::ByteSize;
use http::HeaderMap;

use super::*;
use crate::origin::Running;
use crate::origin::content::Checker;
use crate::scenario::{Fault, Origin, OriginProtocol};

/// What came of one request for `/jobs/a`.
struct Seen {
    interim: Vec<(u16, Option<String>)>,
    fields: HeaderMap,
    content: Vec<u8>,
    error: Option<h2::Error>,
}

fn running(job: Job) -> Running {
    let origin = Origin { protocol: OriginProtocol::H2c, jobs: vec![job] };
    Running::start(&origin, 1).expect("an origin")
}

fn quick(steps: u32) -> Job {
    Job { steps, every: Duration::from_millis(1), ..Job::default() }
}

async fn exchange(origin: &Running) -> Seen {
    let stream = TcpStream::connect(origin.address()).await.expect("a connection");
    let (requests, connection) = h2::client::handshake(stream).await.expect("HTTP/2");
    let connection = tokio::spawn(connection);
    let mut requests = requests.ready().await.expect("a stream");
    let request = Request::post("http://o/jobs/a").body(()).expect("a request");
    let (mut response, mut content) = requests.send_request(request, false).expect("sent");
    content.send_data(Bytes::from_static(b"content"), true).expect("sent");
    let mut seen = Seen { interim: Vec::new(), fields: HeaderMap::new(), content: Vec::new(), error: None };
    while let Some(Ok(head)) = poll_fn(|context| response.poll_informational(context)).await {
        let field = head.headers().get(PROGRESS).or(head.headers().get(LINK));
        let field = field.map(|value| value.to_str().expect("ASCII").to_owned());
        seen.interim.push((head.status().as_u16(), field));
    }
    match response.await {
        Ok(head) => {
            seen.fields = head.headers().clone();
            let mut body = head.into_body();
            while let Some(piece) = body.data().await {
                match piece {
                    Ok(piece) => {
                        body.flow_control().release_capacity(piece.len()).expect("capacity");
                        seen.content.extend_from_slice(&piece);
                    }
                    Err(error) => {
                        seen.error = Some(error);
                        break;
                    }
                }
            }
        }
        Err(error) => seen.error = Some(error),
    }
    connection.abort();
    seen
}

#[tokio::test]
async fn steps_are_told_and_the_content_follows() {
    let job = Job { hints: 1, content: ByteSize::b(300_000), label: Some("part".to_owned()), ..quick(3) };
    let origin = running(job);
    let seen = exchange(&origin).await;
    let told = |status, field: &str| (status, Some(field.to_owned()));
    assert_eq!(seen.interim, [told(103, HINT), told(102, "1/3 \"part\""), told(102, "2/3 \"part\"")]);
    let mut checker = Checker::of("/jobs/a", &seen.fields).expect("announced");
    checker.take(&seen.content);
    assert!(checker.is_right() && seen.content.len() == 300_000);
    assert_eq!(seen.fields[CONTENT_LENGTH], "300000");
    assert!(seen.error.is_none());
    let counts = origin.counts();
    assert_eq!((counts.requests, counts.interim, counts.responses), (1, 3, 1));
}

#[tokio::test]
async fn a_length_may_stay_unsaid() {
    let origin = running(Job { framing: Framing::Chunked, content: ByteSize::b(9), ..quick(0) });
    let seen = exchange(&origin).await;
    assert!(!seen.fields.contains_key(CONTENT_LENGTH) && seen.content.len() == 9);
}

#[tokio::test]
async fn a_flood_comes_at_once() {
    let origin = running(Job { fault: Fault::Flood { heads: 1000 }, ..quick(2) });
    let seen = exchange(&origin).await;
    assert_eq!(seen.interim.len(), 1001);
    assert_eq!(seen.interim[999].1.as_deref(), Some("1000/1002"));
    assert!(seen.error.is_none());
}

#[tokio::test]
async fn faults_are_errors_of_the_stream() {
    for (fault, reason) in [
        (Fault::Reset, Reason::INTERNAL_ERROR),
        (Fault::Close, Reason::NO_ERROR),
        (Fault::Truncate, Reason::PROTOCOL_ERROR),
        (Fault::Garbage, Reason::PROTOCOL_ERROR),
    ] {
        let origin = running(Job { fault: fault.clone(), content: ByteSize::b(10), ..quick(2) });
        let seen = exchange(&origin).await;
        let error = seen.error.unwrap_or_else(|| panic!("{fault:?} was not noticed"));
        assert_eq!(error.reason(), Some(reason), "{fault:?}");
        assert_eq!(origin.counts().faults, 1);
    }
}
