use std::path::Path;

use http::{HeaderMap, Request};
use status_store::random_id;

use super::*;
use crate::operations::{Beginning, Listing};
use crate::routes::{Matched, Routes};

fn cell() -> Arc<OperationCell> {
    let request = progress_core::document::RequestSummary::new(http::Method::POST, "https://a", "/jobs");
    let (route_name, request) = ("jobs".into(), Arc::new(request));
    let beginning = Beginning { route: 0, route_name, request, owner: None, place: None };
    OperationCell::new(beginning, status_store::clock::now())
}

/// An operation whose origin may call back, and what ends it.
fn listed() -> (Arc<OperationCell>, crate::operations::Listed) {
    let cell = cell();
    let listed = Arc::new(Listing::default()).list(random_id().unwrap(), &cell, 1).unwrap();
    (cell, listed)
}

fn place(location: &str) -> Place {
    let fields = HeaderMap::from_iter([(http::header::LOCATION, location.parse().unwrap())]);
    let cell = cell();
    let asked = Asked { request: &cell.request, host: "a", base: "https://a" };
    Place::created(&fields, asked).expect(location)
}

/// Whether a request for `uri` of `host` is for something that is watched.
fn finds(created: &Created, host: &str, uri: &str) -> bool {
    let text = r#"
public-url = "https://a"
[[listeners]]
address = "127.0.0.1:0"
[[upstreams]]
name = "o"
servers = ["http://127.0.0.1:1"]
[[routes]]
name = "named"
match = { path = "/named", host = "b" }
upstream = "o"
[[routes]]
name = "any"
upstream = "o"
"#;
    let routes = Routes::new(crate::config::parse(text, Path::new("t.toml")).unwrap().routes);
    let (parts, ()) = Request::get(uri).header("host", host).body(()).unwrap().into_parts();
    let Matched::Route(route) = routes.find(&parts) else { panic!("no route: {uri}") };
    created.find(&parts, route).is_some()
}

#[test]
fn cre_03_a_resource_is_watched_as_long_as_its_operation_runs() {
    let created = Arc::new(Created::default());
    assert!(!finds(&created, "a", "/files/7"));
    let (cell, listed) = listed();
    created.watch(place("/files/%37?v=1"), &cell);
    assert!(finds(&created, "a", "/./files/7?v=1"));
    assert!(finds(&created, "c:81", "/files/7?v=1"), "its route tells no host from another");
    for other in ["/files/7", "/files/7?v=2", "/files/8?v=1", "/files/7/?v=1"] {
        assert!(!finds(&created, "a", other), "{other}");
    }
    drop(listed);
    assert!(!finds(&created, "a", "/files/7?v=1"));
    assert_eq!(created.places().len(), 0);
    assert_eq!(Arc::strong_count(&cell), 1, "nothing keeps it");
}

#[test]
fn a_route_that_names_its_host_has_resources_of_its_own() {
    let created = Arc::new(Created::default());
    let (cell, _listed) = listed();
    created.watch(place("/named/7"), &cell);
    assert!(finds(&created, "a", "/named/7"));
    assert!(!finds(&created, "b", "/named/7"));
}

#[test]
fn the_latest_operation_of_a_place_is_the_one() {
    let created = Arc::new(Created::default());
    let (older, older_listed) = listed();
    let (newer, newer_listed) = listed();
    created.watch(place("/files/7"), &older);
    created.watch(place("/files/7"), &newer);
    drop(older_listed);
    assert!(finds(&created, "a", "/files/7"), "the older one takes nothing of the newer's away");
    drop(newer_listed);
    assert!(!finds(&created, "a", "/files/7"));
}

#[test]
fn what_no_origin_calls_about_is_not_watched() {
    let created = Arc::new(Created::default());
    created.watch(place("/files/7"), &cell());
    assert!(!finds(&created, "a", "/files/7"), "nothing would ever end that");
}

#[test]
fn watched_resources_are_bounded() {
    let created = Arc::new(Created::default());
    let operations: Vec<_> = (0..=WATCHED).map(|_| listed()).collect();
    for (number, (cell, _)) in operations.iter().enumerate() {
        created.watch(place(&format!("/{number}")), cell);
    }
    assert!(finds(&created, "a", "/0"));
    assert!(!finds(&created, "a", &format!("/{WATCHED}")));
    drop(operations);
    assert_eq!(created.count.load(Ordering::Relaxed), 0);
}
