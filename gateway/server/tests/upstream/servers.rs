//! Choosing among servers, and passive health (U-01, U-11).

use std::net::SocketAddr;
use std::time::Duration;

use progress_gateway::config::{Scheme, UpstreamSettings};
use progress_gateway::upstream::{Outcome, UpstreamError, Upstreams};

use super::caller::{answer, failure, get, nudge, request, room, send, settings, sized, stats};
use super::script::{OK, Origin};

/// An address that refuses.
async fn nobody() -> SocketAddr {
    Origin::start().await.address
}

async fn serve(origin: &Origin) {
    let mut wire = origin.accept().await;
    wire.head().await;
    wire.say(OK).await;
    tokio::spawn(wire.closed());
}

/// Servers take turns.
#[tokio::test]
async fn servers_take_turns() {
    let origins = [Origin::start().await, Origin::start().await, Origin::start().await];
    let addresses: Vec<_> = origins.iter().map(|origin| origin.address).collect();
    let room = room(Scheme::Http, &addresses);
    for origin in &origins {
        let mut call = get(&room);
        tokio::join!(answer(&mut call), serve(origin));
    }
    // And begin again; the connections are still there.
    let mut call = get(&room);
    nudge(&mut call).await;
    assert!(origins[0].is_alone().await);
    assert_eq!((stats(&room).healthy(), stats(&room).servers()), (3, 3));
}

/// U-01: a server that refuses is passed over at once, whatever the method: nothing was sent.
#[tokio::test]
async fn u_01_the_next_server_is_tried() {
    let origin = Origin::start().await;
    let room = room(Scheme::Http, &[nobody().await, nobody().await, origin.address]);
    let mut call = send(&room, request("POST", sized("x")));
    tokio::join!(answer(&mut call), serve(&origin));
    assert_eq!(stats(&room).healthy(), 1);
    assert_eq!(stats(&room).ended(Outcome::Failed), 0);
    // They are left alone for a while: the turn of either goes to the one that is up.
    for _ in 0..2 {
        let mut call = get(&room);
        nudge(&mut call).await;
        assert!(origin.is_alone().await);
        drop(call);
        let mut call = get(&room);
        tokio::join!(answer(&mut call), serve(&origin));
    }
}

/// U-01: with all servers down each request finds out anew, quickly, and recovery is noticed.
#[tokio::test]
async fn u_01_all_servers_down() {
    let room = room(Scheme::Http, &[nobody().await]);
    for n in 1..=3 {
        let error = failure(&mut get(&room)).await;
        assert_eq!(error, UpstreamError::ConnectionRefused);
        assert_eq!((error.status().as_u16(), error.proxy_status()), (502, "connection_refused"));
        assert_eq!(stats(&room).ended(Outcome::Failed), n);
    }
    assert_eq!(stats(&room).healthy(), 0);
}

/// A server that comes back is used again, and counts as healthy.
#[tokio::test]
async fn a_server_that_comes_back_is_used() {
    let listener = std::net::TcpListener::bind("127.0.0.1:0").expect("a port");
    let address = listener.local_addr().expect("bound");
    drop(listener);
    let room = room(Scheme::Http, &[address]);
    assert_eq!(failure(&mut get(&room)).await, UpstreamError::ConnectionRefused);
    let origin = Origin::start_at(address).await;
    let mut call = get(&room);
    tokio::join!(answer(&mut call), serve(&origin));
    assert_eq!(stats(&room).healthy(), 1);
}

fn one(settings: UpstreamSettings) -> Upstreams {
    Upstreams::new(&[settings]).expect("an upstream")
}

/// U-01: DNS.
#[tokio::test]
async fn u_01_a_name_that_does_not_resolve() {
    let mut settings = settings(Scheme::Http, &[nobody().await]);
    settings.servers[0].host = "no-such-name.invalid".to_owned();
    let error = failure(&mut get(&one(settings))).await;
    assert!(matches!(error, UpstreamError::DnsError | UpstreamError::DnsTimeout), "{error}");
}

/// A name with an address that refuses and one that does not: both are tried.
#[tokio::test]
async fn a_name_stands_for_all_its_addresses() {
    let origin = Origin::start().await;
    let mut settings = settings(Scheme::Http, &[origin.address]);
    settings.servers[0].host = "localhost".to_owned();
    let room = one(settings);
    let mut call = get(&room);
    tokio::join!(answer(&mut call), serve(&origin));
}

/// U-01: a handshake that does not end counts against the connect timeout.
#[tokio::test]
async fn u_01_a_server_that_takes_no_connection_in_time() {
    let origin = Origin::start().await;
    let mut settings = settings(Scheme::Https, &[origin.address]);
    settings.connect_timeout = Duration::from_millis(50);
    let room = one(settings);
    let mut call = get(&room);
    let theirs = async {
        // The hello is taken and never answered.
        origin.accept().await.closed().await;
    };
    let (error, ()) = tokio::join!(failure(&mut call), theirs);
    assert_eq!(error, UpstreamError::ConnectTimeout);
    assert_eq!((error.status().as_u16(), error.proxy_status()), (504, "connection_timeout"));
    assert_eq!((stats(&room).healthy(), stats(&room).connections()), (0, 0));
}
