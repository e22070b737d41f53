//! The admin listener over real sockets.

use std::net::SocketAddr;
use std::sync::Arc;

use downstream::{Drain, Phase};
use progress_gateway::admin;
use progress_gateway::listen::SideDoor;
use progress_gateway::metrics::Metrics;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

struct Admin {
    door: SideDoor,
    metrics: Arc<Metrics>,
    drain: Drain,
}

impl Admin {
    fn open() -> Self {
        let metrics = Arc::new(Metrics::new(&[], &[], status_store::clock::now()).unwrap());
        let drain = Drain::new();
        let address = SocketAddr::from(([127, 0, 0, 1], 0));
        let door = admin::open(address, Arc::clone(&metrics), drain.clone()).unwrap();
        Self { door, metrics, drain }
    }

    /// Head and content of a response.
    async fn request(&self, method: &str, target: &str) -> (String, String) {
        let mut io = TcpStream::connect(self.door.local_addr()).await.unwrap();
        let request = format!("{method} {target} HTTP/1.1\r\nHost: admin\r\nConnection: close\r\n\r\n");
        io.write_all(request.as_bytes()).await.unwrap();
        let mut response = String::new();
        io.read_to_string(&mut response).await.unwrap();
        let (head, content) = response.split_once("\r\n\r\n").unwrap();
        (head.to_ascii_lowercase(), content.to_owned())
    }
}

#[tokio::test]
async fn metrics_are_in_the_text_format() {
    let admin = Admin::open();
    admin.metrics.connections.panicked();
    for target in ["/metrics", "/metrics?collect=all"] {
        let (head, content) = admin.request("GET", target).await;
        assert!(head.starts_with("http/1.1 200 "), "{head}");
        assert!(head.contains("\r\ncontent-type: text/plain; version=0.0.4; charset=utf-8"), "{head}");
        assert!(content.contains("\nprogress_gateway_connection_panics_total 1\n"), "{content}");
        assert!(content.ends_with('\n'));
    }
}

#[tokio::test]
async fn head_has_the_fields_of_get_and_no_content() {
    let admin = Admin::open();
    for target in ["/metrics", "/livez", "/readyz"] {
        let (head, content) = admin.request("HEAD", target).await;
        assert!(head.starts_with("http/1.1 200 "), "{head}");
        assert!(head.contains("\r\ncontent-length: "), "{head}");
        assert_eq!(content, "");
    }
}

#[tokio::test]
async fn g19_readiness_ends_with_the_drain_and_life_does_not() {
    let admin = Admin::open();
    assert!(admin.request("GET", "/readyz").await.0.starts_with("http/1.1 200 "));
    for phase in [Phase::Draining, Phase::Concluding] {
        admin.drain.advance(phase);
        let (head, content) = admin.request("GET", "/readyz").await;
        assert!(head.starts_with("http/1.1 503 "), "{head}");
        assert_eq!(content, "draining\n");
        assert!(admin.request("GET", "/livez").await.0.starts_with("http/1.1 200 "));
    }
}

#[tokio::test]
async fn anything_else_is_refused() {
    let admin = Admin::open();
    for (method, target, status) in [
        ("GET", "/", "404"),
        ("GET", "/metrics/", "404"),
        ("POST", "/metrics", "405"),
        ("DELETE", "/readyz", "405"),
        ("POST", "/elsewhere", "404"),
    ] {
        let (head, _) = admin.request(method, target).await;
        assert!(head.starts_with(&format!("http/1.1 {status} ")), "{method} {target}: {head}");
        assert_eq!(head.contains("\r\nallow: get, head"), status == "405", "{head}");
    }
    let mut io = TcpStream::connect(admin.door.local_addr()).await.unwrap();
    io.write_all(b"nonsense\r\n\r\n").await.unwrap();
    let mut response = String::new();
    io.read_to_string(&mut response).await.unwrap();
    assert!(response.starts_with("HTTP/1.1 400 "), "{response}");
}

#[tokio::test]
async fn dropping_it_closes_it() {
    let admin = Admin::open();
    let address = admin.door.local_addr();
    drop(admin);
    while TcpStream::connect(address).await.is_ok() {
        tokio::task::yield_now().await;
    }
}
