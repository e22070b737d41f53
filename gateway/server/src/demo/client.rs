//! One call over one protocol, on a connection of its own. The gateway's certificate is verified
//! like any other: it is trusted because it is the one that this gateway was started with.

mod http1;
mod http2;
mod http3;

use std::io;
use std::net::SocketAddr;
use std::sync::Arc;

use bytes::Bytes;
use downstream::Protocol;
use http::{HeaderName, HeaderValue, Method, Response, Uri, uri};
use rustls::crypto::ring::default_provider;
use rustls::{ClientConfig, RootCertStore};
use rustls_pki_types::{CertificateDer, ServerName};
use tokio::net::TcpStream;
use tokio_rustls::TlsConnector;
use tokio_rustls::client::TlsStream;

/// Octets of an answer's content: a report or a status document.
const CONTENT: usize = 1024 * 1024;

/// Where the gateway is, and whom to trust.
#[derive(Debug)]
pub(super) struct Target {
    address: SocketAddr,
    authority: String,
    base: String,
    roots: Arc<RootCertStore>,
}

/// What to ask.
#[derive(Clone, Debug)]
pub(super) struct Call {
    pub(super) method: Method,
    /// The path; every path of the demo is fit to be one.
    pub(super) path: String,
    pub(super) fields: Vec<(HeaderName, HeaderValue)>,
    pub(super) content: Bytes,
}

/// Hears each interim head when it comes.
pub(super) type Hear<'a> = &'a mut dyn FnMut(&Response<()>);

/// Why a call has no answer.
#[derive(Debug, thiserror::Error)]
pub(super) enum CallError {
    /// The connection failed, or what came over it was no HTTP/1.
    #[error("{0}")]
    Io(#[from] io::Error),
    /// The gateway did not prove itself, or TLS failed otherwise.
    #[error("TLS: {0}")]
    Tls(#[from] rustls::Error),
    /// HTTP/2 failed.
    #[error("HTTP/2: {0}")]
    H2(#[from] h2::Error),
    /// QUIC failed.
    #[error("QUIC: {0}")]
    Quic(String),
    /// HTTP/3 failed.
    #[error("HTTP/3: {0}")]
    H3(String),
    /// What is asked for is no request: a defect of the demo.
    #[error("no request: {0}")]
    Request(#[from] http::Error),
    /// The content is too long to be a report.
    #[error("the content does not end")]
    TooLong,
}

/// Makes a call; `hear` is told of each interim head.
pub(super) async fn call(
    protocol: Protocol,
    target: &Target,
    call: &Call,
    hear: Hear<'_>,
) -> Result<Response<Bytes>, CallError> {
    match protocol {
        Protocol::Http10 => http1::call(http1::Version::V10, target, call, hear).await,
        Protocol::Http11 => http1::call(http1::Version::V11, target, call, hear).await,
        Protocol::H2 => http2::call(target, call, hear).await,
        Protocol::H3 => http3::call(target, call, hear).await,
    }
}

// === impl Target ===

impl Target {
    /// The gateway at `address`, called `authority`, that shows one of `certificates`.
    pub(super) fn new(
        address: SocketAddr,
        authority: String,
        certificates: Vec<CertificateDer<'static>>,
    ) -> Result<Self, rustls::Error> {
        let mut roots = RootCertStore::empty();
        for certificate in certificates {
            roots.add(certificate)?;
        }
        let base = format!("https://{authority}");
        Ok(Self { address, authority, base, roots: Arc::new(roots) })
    }

    /// What every address of the gateway begins with, such as `https://localhost:8443`.
    pub(super) fn base(&self) -> &str {
        &self.base
    }

    fn uri(&self, path: &str) -> Result<Uri, http::Error> {
        let uri = uri::Builder::new().scheme("https").authority(self.authority.as_str());
        uri.path_and_query(path).build()
    }

    fn host(&self) -> &str {
        self.authority.split(':').next().unwrap_or_default()
    }

    fn tls(&self, alpn: &[u8]) -> Result<ClientConfig, rustls::Error> {
        let config = ClientConfig::builder_with_provider(Arc::new(default_provider()))
            .with_safe_default_protocol_versions()?
            .with_root_certificates(Arc::clone(&self.roots));
        let mut config = config.with_no_client_auth();
        config.alpn_protocols = vec![alpn.to_vec()];
        Ok(config)
    }

    /// A TLS connection that has agreed on `alpn`.
    async fn connect(&self, alpn: &[u8]) -> Result<TlsStream<TcpStream>, CallError> {
        let connector = TlsConnector::from(Arc::new(self.tls(alpn)?));
        let name = ServerName::try_from(self.host().to_owned()).map_err(io::Error::other)?;
        let stream = TcpStream::connect(self.address).await?;
        let stream = connector.connect(name, stream).await?;
        if stream.get_ref().1.alpn_protocol() != Some(alpn) {
            return Err(CallError::Io(io::Error::other("the gateway chose another protocol")));
        }
        Ok(stream)
    }
}
