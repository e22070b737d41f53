//! Origins that break the rules or break off: what the client is told.

use downstream::BodyError;
use progress_gateway::config::Scheme;
use progress_gateway::upstream::{Outcome, UpstreamError};

use super::caller::{content, failure, get, interim, next, request, response, room, send, sized, stats};
use super::script::Origin;

/// What a call to an origin ends with that answers with these octets and closes.
async fn fault_of(octets: &str) -> UpstreamError {
    let origin = Origin::start().await;
    let room = room(Scheme::Http, &[origin.address]);
    let mut call = get(&room);
    let theirs = async {
        let mut wire = origin.accept().await;
        wire.head().await;
        wire.say(octets).await;
        wire
    };
    let ours = async {
        loop {
            match next(&mut call).await {
                Ok(event) => assert!(format!("{event:?}").starts_with("Informational"), "{event:?}"),
                Err(error) => return error,
            }
        }
    };
    let is_end = octets.is_empty() || octets == "HTTP/1.1 102 \r\n\r\n";
    let theirs = async {
        let wire = theirs.await;
        (!is_end).then_some(wire)
    };
    let (wire, error) = tokio::join!(theirs, ours);
    // Whatever is wrong, the connection is not kept (rule b).
    if let Some(wire) = wire {
        wire.closed().await;
    }
    assert_eq!((stats(&room).connections(), stats(&room).ended(Outcome::Failed)), (0, 1));
    error
}

/// I-05, I-13, I-14, I-15, I-18, U-02, U-06, FWD-09: 502 with the word for it.
#[tokio::test]
async fn every_fault_of_an_origin_has_its_word() {
    let table = [
        ("", "http_response_incomplete"),
        ("HTTP/1.1 102 \r\n\r\n", "http_response_incomplete"),
        ("HTTP/1.1 200 OK\r\nContent-Length: 1\r\nTransfer-Encoding: chunked\r\n\r\n", "http_protocol_error"),
        ("HTTP/1.1 200 OK\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\n", "http_protocol_error"),
        ("HTTP/1.1 101 Switching Protocols\r\nUpgrade: x\r\n\r\n", "http_protocol_error"),
        ("HTTP/1.1 099 \r\n\r\n", "http_protocol_error"),
        ("HTTP/1.1 600 \r\n\r\n", "http_protocol_error"),
        ("HTTP/1.1 102 \r\nProgress: 1\n\r\n", "http_protocol_error"),
        ("HTTP/1.1 102 \r\n\r\ncontent\r\n\r\n", "http_protocol_error"),
        ("SSH-2.0-OpenSSH\r\n\r\n", "http_protocol_error"),
    ];
    for (octets, word) in table {
        let error = fault_of(octets).await;
        assert_eq!((error.status().as_u16(), error.proxy_status()), (502, word), "{octets:?}");
    }
}

/// I-11.
#[tokio::test]
async fn i_11_a_giant_head_is_refused() {
    let error = fault_of(&format!("HTTP/1.1 102 \r\nX: {}\r\n\r\n", "a".repeat(40_000))).await;
    assert_eq!((error.status().as_u16(), error.proxy_status()), (502, "http_response_header_section_size"));
}

/// I-10, FWD-08.
#[tokio::test]
async fn i_10_a_flood_is_refused() {
    let error = fault_of(&format!("{}X", "HTTP/1.1 102 \r\n\r\n".repeat(12_000))).await;
    assert_eq!(error, UpstreamError::InterimFlood);
    assert_eq!((error.status().as_u16(), error.proxy_status()), (502, "http_protocol_error"));
}

/// U-03, U-04: content that breaks off never ends cleanly.
#[tokio::test]
async fn u_03_u_04_content_that_breaks_off() {
    for head in ["Content-Length: 5\r\n\r\nhell", "Transfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n"] {
        let origin = Origin::start().await;
        let room = room(Scheme::Http, &[origin.address]);
        let mut call = get(&room);
        let theirs = async {
            let mut wire = origin.accept().await;
            wire.head().await;
            wire.say(format!("HTTP/1.1 200 OK\r\n{head}")).await;
        };
        let (response, ()) = tokio::join!(response(&mut call), theirs);
        assert!(matches!(content(response).await, Err(BodyError::Origin(_))), "{head:?}");
        assert_eq!(stats(&room).connections(), 0);
    }
}

/// A client that breaks off is to blame itself.
#[tokio::test]
async fn a_broken_request_is_the_clients_fault() {
    let origin = Origin::start().await;
    let room = room(Scheme::Http, &[origin.address]);
    let broken = http_body_util::StreamBody::new(futures_util::stream::iter([Err(BodyError::TooLarge)]));
    let mut call = send(&room, request("POST", downstream::RequestBody::new(broken)));
    let (error, _wire) = tokio::join!(failure(&mut call), origin.accept());
    assert_eq!(error, UpstreamError::RequestBody(BodyError::TooLarge));
    assert_eq!((error.status().as_u16(), error.blame().as_str()), (413, "client"));
}

/// I-16: what follows a response spoils the connection, not the response.
#[tokio::test]
async fn i_16_heads_behind_the_response_spoil_the_connection_only() {
    let origin = Origin::start().await;
    let room = room(Scheme::Http, &[origin.address]);
    let mut call = send(&room, request("POST", sized("x")));
    let theirs = async {
        let mut wire = origin.accept().await;
        wire.head().await;
        wire.expect(b"x").await;
        wire.say("HTTP/1.1 102 \r\n\r\nHTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nokHTTP/1.1 102 \r\n\r\n")
            .await;
        wire
    };
    let ours = async {
        assert_eq!(interim(&mut call).await.0, 102);
        content(response(&mut call).await).await.expect("content").0
    };
    let (wire, text) = tokio::join!(theirs, ours);
    assert_eq!(text, "ok");
    wire.closed().await;
    assert_eq!(stats(&room).connections(), 0);
}
