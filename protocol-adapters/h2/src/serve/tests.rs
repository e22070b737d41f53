use std::pin::Pin;
use std::time::Instant;

use downstream::{BodyError, Emission, Exchange, Refusal, RequestBody};
use http::Response;
use http_body_util::combinators::UnsyncBoxBody;

use super::*;

/// Does nothing, and its exchanges take `SIZE` octets for it.
#[derive(Clone)]
struct Mute<const SIZE: usize>;

struct MuteExchange<const SIZE: usize>([u8; SIZE]);

impl<const SIZE: usize> Handler for Mute<SIZE> {
    type Body = UnsyncBoxBody<Bytes, BodyError>;
    type Exchange = MuteExchange<SIZE>;

    fn open(&self, _: Request<RequestBody>, _: Opening) -> MuteExchange<SIZE> {
        MuteExchange([0; SIZE])
    }

    fn refuse(&self, _: Refusal, _: Protocol, _: &ConnectionInfo) -> Response<Bytes> {
        Response::default()
    }
}

impl<const SIZE: usize> Exchange for MuteExchange<SIZE> {
    type Body = UnsyncBoxBody<Bytes, BodyError>;

    fn poll_emission(
        self: Pin<&mut Self>,
        _: &mut Context<'_>,
        _: Window,
    ) -> Poll<Emission<UnsyncBoxBody<Bytes, BodyError>>> {
        assert!(self.0.iter().all(|octet| *octet == 0));
        Poll::Pending
    }

    fn interim_written(self: Pin<&mut Self>, _: Instant) {}
}

fn size_of_answer<H, F>(_: impl Fn(&Desk<H>, Stream) -> F) -> usize {
    size_of::<F>()
}

fn is_send(_: impl Future<Output = Result<(), ServeError>> + Send) {}

#[test]
fn a_held_exchange_takes_few_octets_beside_its_own() {
    let size = size_of_answer(receive::<Mute<0>>);
    eprintln!("an open exchange takes {size} octets beside the gateway's part");
    eprintln!("its responder takes {} of them", size_of::<StreamResponder>());
    assert!(size <= MAX_EXCHANGE, "{size}");
    assert_eq!(size_of_answer(receive::<Mute<1000>>), size + 1000, "the gateway's part is stored once");
}

#[test]
fn a_connection_may_be_served_on_any_thread() {
    let (_, io) = tokio::io::duplex(1);
    let address = ([127, 0, 0, 1], 0).into();
    let connection = Arc::new(ConnectionInfo {
        peer: address,
        local: address,
        security: downstream::Security::Tls,
        alt_svc: None,
        client_certificate: None,
    });
    let drain = downstream::Drain::new().watch();
    is_send(serve(
        io,
        Service { handler: Mute::<0>, connection, drain, limits: Arc::default(), ledger: None },
    ));
}

/// What an open exchange may take in its connection's roster, without the gateway's own part.
/// Held requests on HTTP/2 are promised to cost at most 6 KB, `h2`'s and the origin's side included.
const MAX_EXCHANGE: usize = 320;
