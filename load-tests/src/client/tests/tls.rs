//! TLS under HTTP/1.1: trust, resumption, and ends.

use std::rc::Rc;
use std::sync::Arc;

use rustls::HandshakeKind;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio_rustls::TlsAcceptor;

use super::{Identity, Seen, Served, exchange, get, identity, limits, listen, run, secured};
use crate::client::{Failure, Pool, TlsTarget, trust};
use crate::scenario::Protocol;

/// Answers one request on each connection, and tells how its handshake went.
fn script(
    identity: &Identity,
    response: &'static str,
    kinds: Seen<HandshakeKind>,
) -> impl Fn(tokio::net::TcpStream, usize) -> Served + 'static {
    let acceptor = TlsAcceptor::from(Arc::new(identity.config.clone()));
    move |tcp, _| {
        let (acceptor, kinds) = (acceptor.clone(), Rc::clone(&kinds));
        Box::pin(async move {
            let Ok(mut tls) = acceptor.accept(tcp).await else { return };
            kinds.borrow_mut().extend(tls.get_ref().1.handshake_kind());
            let mut request = [0; 1024];
            let _ = tls.read(&mut request).await;
            tls.write_all(response.as_bytes()).await.expect("it is read");
            tls.flush().await.expect("it is read");
            // TCP ends, TLS does not.
        })
    }
}

const WHOLE: &str = "HTTP/1.1 102 Processing\r\n\r\nHTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok";

#[test]
fn sessions_are_resumed_and_certificates_verified() {
    run(async {
        let (identity, kinds) = (identity(&[b"http/1.1"]), Seen::default());
        let address = listen(script(&identity, WHOLE, Rc::clone(&kinds))).await;
        let pool = Pool::new(Protocol::Http10, secured(address, &identity.pem), limits(1, 1));
        for _ in 0..3 {
            assert_eq!(exchange(&pool, &get("/")).await.0, Ok(()));
        }
        let resumed = HandshakeKind::Resumed;
        assert_eq!(*kinds.borrow(), [HandshakeKind::Full, resumed, resumed]);
    });
}

#[test]
fn strangers_are_refused_unless_anybody_will_do() {
    run(async {
        let (identity, other) = (identity(&[]), identity(&[]));
        let address = listen(script(&identity, WHOLE, Seen::default())).await;
        let mut target = secured(address, &other.pem);
        let pool = Pool::new(Protocol::Http11, target.clone(), limits(1, 1));
        let ended = exchange(&pool, &get("/")).await.0;
        assert!(matches!(ended, Err(Failure::Connect(_))), "{ended:?}");

        let name = "elsewhere.example".try_into().expect("a name");
        target.tls = Some(TlsTarget { name, config: trust::anybody().expect("TLS") });
        let pool = Pool::new(Protocol::Http11, target, limits(1, 1));
        assert_eq!(exchange(&pool, &get("/")).await.0, Ok(()));
    });
}

#[test]
fn content_that_ends_with_tcp_alone_may_have_been_cut_short() {
    run(async {
        let identity = identity(&[]);
        let address = listen(script(&identity, "HTTP/1.1 200 OK\r\n\r\nhalf", Seen::default())).await;
        let pool = Pool::new(Protocol::Http11, secured(address, &identity.pem), limits(1, 1));
        assert_eq!(exchange(&pool, &get("/")).await.0, Err(Failure::Closed));
    });
}

#[test]
fn who_does_not_speak_it_is_told_apart() {
    run(async {
        let identity = identity(&[]);
        let address = listen(script(&identity, WHOLE, Seen::default())).await;
        let pool = Pool::new(Protocol::H2, secured(address, &identity.pem), limits(1, 1));
        let expected = Failure::Connect("the peer does not speak h2".to_owned());
        assert_eq!(exchange(&pool, &get("/")).await.0, Err(expected));
    });
}

#[test]
fn roots_come_from_pem_only() {
    assert!(matches!(trust::given(b"no PEM"), Err(trust::TrustError::Pem(_))));
    let broken = b"-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n";
    assert!(matches!(trust::given(broken), Err(trust::TrustError::Root(_))));
}
