//! Connections that end too early, or are never there.

use tokio::io::AsyncReadExt;
use tokio::net::TcpListener;

use crate::origin::Origin;
use crate::program;

const DOCUMENT: &str = r#"{"status":"Succeeded","resourceLocation":"/result"}"#;

#[tokio::test]
async fn a_server_that_resets_ends_with_2() {
    let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port is free");
    let url = format!("http://{}/", listener.local_addr().expect("it is bound"));
    for version in ["--http1.0", "--http1.1", "--http2"] {
        let run = program::start(&[version, &url]);
        let (mut stream, _) = listener.accept().await.expect("it comes");
        stream.read_u8().await.expect("it asks");
        // Closed with a reset, not in order.
        socket2::SockRef::from(&stream).set_linger(Some(std::time::Duration::ZERO)).expect("it is open");
        drop(stream);
        let said = run.said().await;
        assert_eq!((said.code, said.text()), (Some(2), ""), "{version}: {}", said.err);
        assert!(said.err.starts_with("progress-gateway: HTTP/"), "{version}: {}", said.err);
    }
}

#[tokio::test]
async fn nobody_there_ends_with_2() {
    let taken = std::net::TcpListener::bind("127.0.0.1:0").expect("a port is free");
    let free = taken.local_addr().expect("it is bound");
    drop(taken);
    for (url, complaint) in [
        (format!("http://{free}/"), "cannot connect"),
        (format!("https://{free}/"), "cannot connect"),
        ("http://no-such-host.invalid/".to_owned(), "no address"),
    ] {
        let said = program::start(&[&url]).said().await;
        assert_eq!((said.code, said.text()), (Some(2), ""), "{url}");
        assert!(said.err.contains(complaint), "{url}: {}", said.err);
    }
    let said = program::start(&["nowhere"]).said().await;
    assert_eq!(said.code, Some(2));
    assert!(said.err.contains("begins with http:// or https://"), "{}", said.err);
}

#[tokio::test]
async fn content_that_breaks_off_ends_with_2() {
    let server = Origin::start().await;
    let run = program::start(&["--json", &format!("http://{}/", server.address)]);
    let seen = server.next().await;
    seen.send("HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\nhal").close();
    let said = run.said().await;
    assert_eq!((said.code, said.heads().len()), (Some(2), 1), "{}", said.err);
}

/// What is out cannot be taken back: the result is not begun anew behind a part of it.
#[tokio::test]
async fn content_that_breaks_off_is_not_followed_by_another() {
    let server = Origin::start().await;
    let run = program::start(&[&format!("http://{}/", server.address)]);
    let seen = server.next().await;
    seen.processing("Location: /status\r\n");
    seen.send("HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\nhal").close();
    let said = run.said().await;
    assert_eq!((said.code, said.text()), (Some(2), "hal"), "{}", said.err);
    let hint = format!("its status document is http://{}/status\n", server.address);
    assert!(said.err.ends_with(&hint), "{}", said.err);
}

#[tokio::test]
async fn a_stream_that_is_reset_ends_with_2() {
    let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port is free");
    let url = format!("http://{}/", listener.local_addr().expect("it is bound"));
    let run = program::start(&["--http2", &url]);
    let (stream, _) = listener.accept().await.expect("it comes");
    let mut connection = h2::server::handshake(stream).await.expect("it speaks HTTP/2");
    let (request, mut respond) = connection.accept().await.expect("it asks").expect("a request");
    assert_eq!(request.headers()["prefer"], "processing, progress");
    respond.send_reset(h2::Reason::INTERNAL_ERROR);
    tokio::spawn(async move { while connection.accept().await.is_some() {} });
    let said = run.said().await;
    assert_eq!((said.code, said.text()), (Some(2), ""), "{}", said.err);
    assert!(said.err.starts_with("progress-gateway: HTTP/2: "), "{}", said.err);
}

#[tokio::test]
async fn time_that_is_up_ends_with_2() {
    let server = Origin::start().await;
    let run = program::start(&["--max-time", "1", &format!("http://{}/", server.address)]);
    let seen = server.next().await;
    let said = run.said().await;
    assert_eq!((said.code, said.err.as_str()), (Some(2), "progress-gateway: not over after 1 s\n"));
    drop(seen);
}

/// The operation outlives the connection: so does the program's interest in it.
#[tokio::test]
async fn a_connection_that_is_lost_after_a_status_uri_is_no_end() {
    let server = Origin::start().await;
    let run = program::start(&[&format!("http://{}/jobs", server.address)]);
    let seen = server.next().await;
    seen.processing("Location: /status\r\nProgress: 1/2\r\n").close();
    let seen = server.next().await;
    assert!(seen.head.starts_with("GET /status ") && seen.has("prefer"), "{}", seen.head);
    seen.close();
    let seen = server.next().await;
    assert!(seen.head.starts_with("GET /status "), "it asks again: {}", seen.head);
    seen.respond("200 OK", "", DOCUMENT);
    let seen = server.next().await;
    assert!(seen.head.starts_with("GET /result "), "{}", seen.head);
    seen.respond("200 OK", "", "done");
    let said = run.said().await;
    assert_eq!((said.code, said.text()), (Some(0), "done"), "{}", said.err);
}

#[tokio::test]
async fn polling_is_paced_by_retry_after() {
    let server = Origin::start().await;
    let start = tokio::time::Instant::now();
    let run = program::start(&["--http1.0", &format!("http://{}/jobs", server.address)]);
    server.next().await.respond("202 Accepted", "Location: /status\r\n", "");
    for retry in ["Retry-After: 1\r\n", "Retry-After: 0\r\n"] {
        let seen = server.next().await;
        assert!(seen.head.starts_with("GET /status HTTP/1.0\r\n") && !seen.has("prefer"), "{}", seen.head);
        seen.respond("202 Accepted", retry, "{}");
    }
    server.next().await.respond("200 OK", "", r#"{"status":"Failed"}"#);
    let said = run.said().await;
    // A failure that left nothing but its document.
    assert_eq!((said.code, said.text()), (Some(1), r#"{"status":"Failed"}"#), "{}", said.err);
    assert!(start.elapsed().as_secs_f64() >= 1.2, "{:?}", start.elapsed());
}

#[tokio::test]
async fn a_202_that_leads_nowhere_is_the_answer() {
    let server = Origin::start().await;
    let run = program::start(&[&format!("http://{}/", server.address)]);
    server.next().await.respond("202 Accepted", "", "later");
    let said = run.said().await;
    assert_eq!((said.code, said.text()), (Some(0), "later"), "{}", said.err);
}
