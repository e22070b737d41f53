use std::sync::Mutex;

use tokio::time::Instant;

use super::*;

fn place(uri: &'static str) -> Result<Place, CallError> {
    Place::of(&Uri::from_static(uri))
}

#[test]
fn a_uri_names_a_place() {
    for (uri, host, port, scheme) in [
        ("http://a/b", "a", 80, Cover::Clear),
        ("https://a.example", "a.example", 443, Cover::Tls),
        ("https://[::1]:8443/x", "::1", 8443, Cover::Tls),
        ("http://127.0.0.1:1/", "127.0.0.1", 1, Cover::Clear),
    ] {
        let place = place(uri).expect(uri);
        assert_eq!((place.host.as_str(), place.port, place.scheme), (host, port, scheme), "{uri}");
    }
    for uri in ["/path", "ftp://a/", "a:1"] {
        assert!(matches!(place(uri), Err(CallError::Uri(_))), "{uri}");
    }
    assert!(matches!(place("http://a/").expect("a place").demand_tls(), Err(CallError::Cleartext)));
}

#[tokio::test(start_paused = true)]
async fn an_address_that_fails_makes_room_at_once() {
    let start = Instant::now();
    let here = Whereabouts::At(SocketAddr::from(([127, 0, 0, 1], 1)));
    let failed: Result<(), _> =
        place("http://a/").expect("a place").first(here, |_| async { Err(CallError::Slow) }).await;
    assert!(failed.is_err());
    assert_eq!(start.elapsed(), Duration::ZERO);
}

#[tokio::test(start_paused = true)]
async fn nobody_waits_for_ever() {
    let start = Instant::now();
    let tried = Mutex::new(0);
    let here = Whereabouts::At(SocketAddr::from(([127, 0, 0, 1], 1)));
    let connect = |_| {
        *tried.lock().expect("nobody panics") += 1;
        pending::<Result<(), CallError>>()
    };
    let failed = place("http://a/").expect("a place").first(here, connect).await;
    assert!(matches!(failed, Err(CallError::Slow)));
    assert_eq!((start.elapsed(), *tried.lock().expect("nobody panics")), (PATIENCE, 1));
}
