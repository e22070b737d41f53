//! Every wire on the port where it belongs.

use std::collections::BTreeSet;

use progress_gateway::config::{Protocol, Protocols};
use tokio::io::{AsyncReadExt, AsyncWriteExt};

use crate::clients::{Http2, http1, tcp, tls};
use crate::gateway::Gateway;

#[tokio::test]
async fn http1_over_tls_with_alpn_and_without() {
    let gateway = Gateway::over_tls(Protocols::OVER_TLS);
    for alpn in [&["http/1.1"][..], &[]] {
        let response = http1(tls(&gateway, alpn).await.unwrap(), "/").await;
        assert!(response.starts_with("HTTP/1.1 200 "), "{response}");
        assert!(response.contains(" http11 Tls "), "{response}");
    }
    gateway.until("tls_handshakes_total{protocol=\"http11\",result=\"success\"}", 2.0).await;
    gateway.until("connections{protocol=\"http11\"}", 0.0).await;
}

#[tokio::test]
async fn http2_over_tls() {
    let gateway = Gateway::over_tls(Protocols::OVER_TLS);
    let mut client = Http2::new(tls(&gateway, &["h2", "http/1.1"]).await.unwrap()).await;
    let (status, content) = client.get("/").await;
    assert_eq!(status, 200);
    assert!(content.contains(" h2 Tls "), "{content}");
    gateway.until("connections{protocol=\"h2\"}", 1.0).await;
    drop(client);
    gateway.until("connections{protocol=\"h2\"}", 0.0).await;
}

#[tokio::test]
async fn http1_and_h2c_share_a_port() {
    let gateway = Gateway::cleartext();
    let response = http1(tcp(gateway.address()).await, "/").await;
    assert!(response.contains(" http11 Cleartext "), "{response}");
    let mut client = Http2::new(tcp(gateway.address()).await).await;
    let (status, content) = client.get("/").await;
    assert_eq!(status, 200);
    assert!(content.contains(" h2 Cleartext "), "{content}");
}

#[tokio::test]
async fn requests_that_begin_like_the_preface_are_http1() {
    let gateway = Gateway::cleartext();
    for method in ["PUT", "PROPFIND", "P"] {
        let mut client = tcp(gateway.address()).await;
        let request =
            format!("{method} / HTTP/1.1\r\nHost: a\r\nContent-Length: 0\r\nConnection: close\r\n\r\n");
        let (first, rest) = request.split_at(1);
        client.write_all(first.as_bytes()).await.unwrap();
        client.write_all(rest.as_bytes()).await.unwrap();
        let mut response = String::new();
        client.read_to_string(&mut response).await.unwrap();
        assert!(response.starts_with("HTTP/1.1 200 "), "{method}: {response}");
    }
}

#[tokio::test]
async fn alt_svc_announces_http3_with_the_real_port_over_tls_only() {
    let gateway = Gateway::over_tls(Protocols::OVER_TLS);
    let expected = format!("alt-svc Some(\"h3=\\\":{}\\\"; ma=86400\")", gateway.address().port());
    let response = http1(tls(&gateway, &["http/1.1"]).await.unwrap(), "/").await;
    assert!(response.ends_with(&expected), "{response}");
    let mut client = Http2::new(tls(&gateway, &["h2"]).await.unwrap()).await;
    assert!(client.get("/").await.1.ends_with(&expected));

    let without = Gateway::over_tls([Protocol::Http1, Protocol::H2].into_iter().collect());
    assert!(http1(tls(&without, &[]).await.unwrap(), "/").await.ends_with("alt-svc None"));
    let cleartext = Gateway::cleartext();
    assert!(http1(tcp(cleartext.address()).await, "/").await.ends_with("alt-svc None"));
}

#[tokio::test]
async fn t08_unknown_alpn_is_refused_and_h2_only_takes_no_client_without() {
    let gateway = Gateway::over_tls(Protocols::OVER_TLS);
    let error = tls(&gateway, &["spdy/3"]).await.unwrap_err().to_string();
    assert!(error.contains("NoApplicationProtocol"), "{error}");
    gateway.until("tls_handshakes_total{protocol=\"http11\",result=\"no_protocol\"}", 1.0).await;

    let h2_only = Gateway::over_tls([Protocol::H2].into_iter().collect());
    let mut client = tls(&h2_only, &[]).await.unwrap();
    let mut nothing = Vec::new();
    // Closed without a word, or with an error for the missing goodbye.
    let _ = client.read_to_end(&mut nothing).await;
    assert!(nothing.is_empty());
}

#[tokio::test]
async fn http1_octets_after_h2_was_negotiated_end_the_connection() {
    let gateway = Gateway::over_tls(Protocols::OVER_TLS);
    let mut client = tls(&gateway, &["h2"]).await.unwrap();
    client.write_all(b"GET / HTTP/1.1\r\nHost: localhost\r\n\r\n").await.unwrap();
    let mut answer = Vec::new();
    let _ = client.read_to_end(&mut answer).await;
    assert!(!answer.starts_with(b"HTTP/"), "{answer:?}");
    gateway.until("connections{protocol=\"h2\"}", 0.0).await;
    assert!(gateway.opened.try_recv().is_err(), "nothing of it is a request");
}

#[tokio::test]
async fn plain_http_on_the_tls_port_gets_an_alert_and_harms_nobody() {
    let gateway = Gateway::over_tls(Protocols::OVER_TLS);
    let mut client = tcp(gateway.address()).await;
    client.write_all(b"GET / HTTP/1.1\r\nHost: localhost\r\n\r\n").await.unwrap();
    let mut answer = Vec::new();
    client.read_to_end(&mut answer).await.unwrap();
    assert_eq!(answer.first(), Some(&21), "an alert record: {answer:?}");
    gateway.until("tls_handshakes_total{protocol=\"http11\",result=\"not_tls\"}", 1.0).await;
    assert!(http1(tls(&gateway, &[]).await.unwrap(), "/").await.starts_with("HTTP/1.1 200 "));
}

#[tokio::test]
async fn all_workers_serve() {
    let gateway = Gateway::cleartext();
    let mut workers = BTreeSet::new();
    // The kernel spreads connections by a hash: that 100 of them go to one of two is 1 in 2^99.
    for _ in 0..100 {
        let response = http1(tcp(gateway.address()).await, "/").await;
        workers.extend(response.lines().last().and_then(|line| line.split(' ').nth(1)).map(str::to_owned));
        if workers.len() == 2 {
            return;
        }
    }
    panic!("only {workers:?} served");
}

#[tokio::test]
async fn two_gateways_in_one_process_know_nothing_of_each_other() {
    let (one, other) = (Gateway::cleartext(), Gateway::cleartext());
    assert_ne!(one.address(), other.address());
    let mut client = Http2::new(tcp(one.address()).await).await;
    client.get("/").await;
    one.until("connections{protocol=\"h2\"}", 1.0).await;
    other.until("connections{protocol=\"h2\"}", 0.0).await;
    other.running.stop();
    assert_eq!(client.get("/").await.0, 200);
}
