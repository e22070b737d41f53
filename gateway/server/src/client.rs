//! A client for every version of HTTP: one call on a connection of its own, each head as it comes.
//!
//! | room | does |
//! |---|---|
//! | `reach` | the way to a server: its addresses, TCP, TLS and which protocol it ends in |
//! | `http1`, `http2`, `http3` | a call over each wire |
//! | `trust` | whose certificates are taken |
//!
//! The demo's tour and `progress-gateway request` are made of it.

mod http1;
mod http2;
mod http3;
mod reach;
pub(crate) mod trust;

use std::io;
use std::net::SocketAddr;
use std::sync::Arc;

use bytes::Bytes;
use downstream::{BodyError, Protocol};
use h1_adapter::client::ClientError;
use http::uri::Authority;
use http::{HeaderMap, Method, Request, Response, Uri};
use rustls::ClientConfig;

use reach::Place;

/// Which version of HTTP to speak.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Speech {
    /// HTTP/2 or HTTP/1.1, whichever the server prefers; HTTP/1.1 in cleartext.
    Negotiated,
    /// This one. HTTP/2 in cleartext is spoken without asking (RFC 9113 3.3).
    Only(Protocol),
}

/// Where a server is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Whereabouts {
    /// Where its name leads to.
    ByName,
    /// Here, whatever its name says.
    At(SocketAddr),
}

/// How calls are made.
#[derive(Clone, Debug)]
pub(crate) struct Client {
    pub(crate) speech: Speech,
    pub(crate) whereabouts: Whereabouts,
    /// Roots and verification; which protocols are offered is set by each call.
    pub(crate) trust: Arc<ClientConfig>,
}

/// What to ask.
#[derive(Clone, Debug)]
pub(crate) struct Call {
    pub(crate) method: Method,
    /// With scheme and authority.
    pub(crate) uri: Uri,
    /// Whom the request names, if it is not the URI's authority.
    pub(crate) host: Option<Authority>,
    pub(crate) fields: HeaderMap,
    pub(crate) content: Bytes,
}

/// Is told of a call as it goes. An error ends the call.
pub(crate) trait Witness {
    /// There is a connection, and this is spoken on it.
    fn connected(&mut self, _protocol: Protocol) {}
    /// An interim head has come.
    fn interim(&mut self, head: &Response<()>) -> io::Result<()>;
    /// The final head has come.
    fn answered(&mut self, head: Response<()>) -> io::Result<()>;
    /// Some of the final response's content has come.
    fn content(&mut self, octets: &[u8]) -> io::Result<()>;
}

/// Why a call has no whole answer.
#[derive(Debug, thiserror::Error)]
pub(crate) enum CallError {
    /// Operator: the URI names no server.
    #[error("{0}: an http or https URI with a host is needed")]
    Uri(Uri),
    /// Operator: HTTP/3 is never cleartext.
    #[error("HTTP/3 needs an https URI")]
    Cleartext,
    /// Operator or network: the name leads nowhere.
    #[error("{host}: no address: {error}")]
    Lookup { host: String, error: io::Error },
    /// Server or network: nobody takes the connection.
    #[error("{address}: cannot connect: {error}")]
    Connect { address: SocketAddr, error: io::Error },
    /// Server or network: there is no connection in time.
    #[error("no connection within {} s", reach::PATIENCE.as_secs())]
    Slow,
    /// Server or operator: its certificate is not one to be trusted.
    #[error("the server's certificate is not trusted: {0}")]
    Untrusted(String),
    /// Server: TLS failed otherwise.
    #[error("TLS: {0}")]
    Tls(String),
    /// Server: it speaks something else.
    #[error("the server does not speak {0}")]
    Unspoken(&'static str),
    /// Server: HTTP/1 failed.
    #[error("HTTP/1: {0}")]
    H1(#[from] ClientError),
    /// Server: the content broke off.
    #[error("{0}")]
    Content(#[from] BodyError),
    /// Server: HTTP/2 failed.
    #[error("HTTP/2: {0}")]
    H2(#[from] h2::Error),
    /// Server or network: QUIC failed.
    #[error("QUIC: {0}")]
    Quic(String),
    /// Server: HTTP/3 failed.
    #[error("HTTP/3: {0}")]
    H3(String),
    /// Machine: no socket for HTTP/3.
    #[error("no socket: {0}")]
    Socket(io::Error),
    /// Operator: what is asked for is no request.
    #[error("no request: {0}")]
    Request(#[from] http::Error),
    /// Machine: whoever is told takes no more.
    #[error("cannot write what was received: {0}")]
    Output(io::Error),
}

impl Client {
    /// Makes a call; `witness` is told of each head and of the content. Dropping it ends the call.
    pub(crate) async fn call(&self, call: &Call, witness: &mut dyn Witness) -> Result<(), CallError> {
        let place = Place::of(&call.uri)?;
        if self.speech == Speech::Only(Protocol::H3) {
            return http3::call(self, &place, call, witness).await;
        }
        let (stream, protocol) = reach::stream(self, &place).await?;
        witness.connected(protocol);
        match protocol {
            Protocol::H2 => http2::call(stream, call, witness).await,
            _ => http1::call(protocol, stream, call, witness).await,
        }
    }
}

impl Call {
    /// Whom the request names.
    fn authority(&self) -> Option<&Authority> {
        self.host.as_ref().or_else(|| self.uri.authority())
    }

    /// The head for a wire on which the URI names the server.
    fn request(&self) -> Result<Request<()>, CallError> {
        let mut parts = self.uri.clone().into_parts();
        parts.authority = self.authority().cloned();
        let mut request = Request::new(());
        *request.method_mut() = self.method.clone();
        *request.uri_mut() = Uri::from_parts(parts).map_err(http::Error::from)?;
        request.headers_mut().clone_from(&self.fields);
        Ok(request)
    }
}
