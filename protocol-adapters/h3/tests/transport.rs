//! The endpoint's configuration.

mod support;

use std::net::Ipv4Addr;
use std::sync::Arc;

use downstream::Limits;
use h3_adapter::{Admission, ConfigError, HALF_OPEN, admission, server_config};
use support::client::{connected_from, endpoint};
use support::script::ok;
use support::{Gateway, tls, within};

#[test]
fn q06_early_data_is_refused() {
    let (mut config, _) = tls();
    config.max_early_data_size = u32::MAX;
    let refused = server_config(Arc::new(config), &Limits::default());
    assert!(matches!(refused, Err(ConfigError::EarlyData)));
}

#[test]
fn t08_alpn_is_h3_and_nothing_else() {
    for protocols in [vec![], vec![b"h2".to_vec()], vec![b"h3".to_vec(), b"h2".to_vec()]] {
        let (mut config, _) = tls();
        config.alpn_protocols = protocols;
        let refused = server_config(Arc::new(config), &Limits::default());
        assert!(matches!(refused, Err(ConfigError::Alpn)));
    }
}

#[tokio::test]
async fn q01_q02_addresses_are_proved_when_many_handshakes_are_open() {
    let gateway = Gateway::start(|_| vec![ok("x")]);
    let client = endpoint(&gateway, quinn::TransportConfig::default());
    // A server of the same key, which decides as a listener would.
    let server =
        quinn::Endpoint::server(gateway.config(), (Ipv4Addr::LOCALHOST, 0).into()).expect("a socket");
    let address = server.local_addr().expect("an address");
    let connecting = client.connect(address, "localhost").expect("a name");
    let listening = async {
        let first = server.accept().await.expect("it is open");
        assert_eq!(admission(&first, HALF_OPEN), Admission::Accept);
        assert_eq!(admission(&first, HALF_OPEN + 1), Admission::Retry);
        first.retry().expect("it has not been proved");
        let second = server.accept().await.expect("it is open");
        assert!(second.remote_address_validated());
        assert_eq!(admission(&second, HALF_OPEN + 1), Admission::Accept, "once is enough");
        second.await
    };
    let (served, connected) = within(async { tokio::join!(listening, connecting) }).await;
    served.expect("a connection");
    connected.expect("a connection");
}

#[tokio::test]
async fn q14_a_client_may_open_eight_unidirectional_streams() {
    let gateway = Gateway::start(|_| vec![ok("x")]);
    let client = endpoint(&gateway, quinn::TransportConfig::default());
    let connection = connected_from(&client, &gateway).await;
    let mut streams = Vec::new();
    while let Some(stream) = futures_util::FutureExt::now_or_never(connection.open_uni()) {
        streams.push(stream.expect("it is open"));
    }
    assert_eq!(streams.len(), 8);
}
