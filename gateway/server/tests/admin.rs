//! The admin listener over real sockets.

use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use downstream::{Drain, Phase};
use http::Method;
use progress_core::document::RequestSummary;
use progress_core::event::Outcome;
use progress_gateway::admin::{self, Watched};
use progress_gateway::listen::SideDoor;
use progress_gateway::metrics::Metrics;
use progress_gateway::operations::{Beginning, OperationCell, Operations, Origin};
use serde_json::{Value, json};
use status_store::{Bounds, MemoryStore, Store};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

struct Admin {
    door: SideDoor,
    metrics: Arc<Metrics>,
    operations: Arc<Operations>,
    drain: Drain,
}

fn operations(metrics: &Arc<Metrics>) -> Arc<Operations> {
    let bounds =
        Bounds { maximum_operations: 2_000, maximum_size: 1 << 30, retention: Duration::from_secs(60) };
    let origin = Origin::new(Some("https://api.example"), "/.operations/");
    Operations::new(Store::Memory(MemoryStore::new(bounds)), origin, Arc::clone(metrics))
}

/// An operation of a route: its cell and its id.
async fn begun(admin: &Admin, route: &str, owner: Option<[u8; 32]>) -> (Arc<OperationCell>, String) {
    let request = RequestSummary::new(Method::POST, "https://api.example", "/reports/7?key=owl-query");
    let (route_name, request) = (route.into(), Arc::new(request));
    let beginning = Beginning { route: 0, route_name, request, owner, place: None };
    let cell = OperationCell::new(beginning, status_store::clock::now());
    assert!(cell.begin_registration());
    let id = admin.operations.register(&cell).await.expect("there is room").id;
    (cell, id.to_string())
}

fn page(content: &str) -> Value {
    serde_json::from_str(content).unwrap_or_else(|error| panic!("{error}: {content}"))
}

/// The shortened ids of a page.
fn ids(page: &Value) -> Vec<&str> {
    let listed = page["operations"].as_array().unwrap().iter();
    listed.map(|operation| operation["id"].as_str().unwrap()).collect()
}

impl Admin {
    fn open() -> Self {
        let metrics = Arc::new(Metrics::new(&[], &[], status_store::clock::now()).unwrap());
        let drain = Drain::new();
        let address = SocketAddr::from(([127, 0, 0, 1], 0));
        let operations = operations(&metrics);
        let watched = Watched { metrics: Arc::clone(&metrics), operations: Arc::clone(&operations) };
        let door = admin::open(address, watched, drain.clone()).unwrap();
        Self { door, metrics, operations, drain }
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
async fn operations_are_listed_as_they_are() {
    let admin = Admin::open();
    let (head, content) = admin.request("GET", "/operations").await;
    assert!(head.contains("\r\ncontent-type: application/json"), "{head}");
    assert!(head.contains("\r\ncache-control: no-store"), "{head}");
    assert_eq!(page(&content), json!({ "operations": [] }));
    let (cell, id) = begun(&admin, "jobs", Some([7; 32])).await;
    let (_, content) = admin.request("GET", "/operations").await;
    let running = &page(&content)["operations"][0];
    assert_eq!((&running["id"], &running["route"]), (&json!(id[..6]), &json!("jobs")));
    assert_eq!((&running["state"], &running["owned"]), (&json!("Running"), &json!(true)));
    assert_eq!((&running["method"], &running["endTime"]), (&json!("POST"), &Value::Null));
    assert_eq!(running["target"], "https://api.example/reports/7");
    cell.cancel();
    let (_, content) = admin.request("GET", "/operations").await;
    assert_eq!(page(&content)["operations"][0]["state"], "Canceling", "as it is now, not as it was stored");
    admin.operations.finish(&cell, Outcome::Canceled, None).await;
    let (_, content) = admin.request("GET", "/operations?state=canceled").await;
    let ended = &page(&content)["operations"][0];
    assert!(ended["endTime"].is_string() && ended["expireTime"].is_string(), "{ended}");
    for secret in [&id[6..], "owl-query", "0707", "7,7"] {
        assert!(!content.contains(secret), "S-03: {secret} is in {content}");
    }
}

#[tokio::test]
async fn pages_leave_nothing_out_and_say_it_once() {
    let admin = Admin::open();
    let mut begun_here = Vec::new();
    for n in 0..1_250 {
        let (_, id) = begun(&admin, if n % 500 == 0 { "rare" } else { "jobs" }, None).await;
        begun_here.push(id[..6].to_owned());
    }
    begun_here.sort();
    for (filter, count) in [("limit=100", 1_250), ("limit=1000", 1_250), ("limit=2&route=rare", 3)] {
        let (mut seen, mut after) = (Vec::new(), String::new());
        loop {
            let (_, content) = admin.request("GET", &format!("/operations?{filter}{after}")).await;
            let page = page(&content);
            seen.extend(ids(&page).into_iter().map(str::to_owned));
            let Some(next) = page["next"].as_str() else { break };
            assert_eq!(next.len(), 10, "no capability");
            after = format!("&after={next}");
        }
        assert_eq!(seen.len(), count, "{filter}");
        if count == begun_here.len() {
            assert_eq!(seen, begun_here, "{filter}");
        }
    }
}

#[tokio::test]
async fn a_listing_that_cannot_be_is_refused() {
    let admin = Admin::open();
    for query in ["state=Done", "limit=0", "limit=many", "after=x", "offset=1"] {
        let (head, content) = admin.request("GET", &format!("/operations?{query}")).await;
        assert!(head.starts_with("http/1.1 400 "), "{query}: {head}");
        assert!(content.ends_with('\n') && content.len() > 10, "{query}: {content}");
    }
    assert!(admin.request("DELETE", "/operations").await.0.starts_with("http/1.1 405 "));
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
