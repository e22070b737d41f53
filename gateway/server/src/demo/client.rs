//! The gateway as a client of the demo calls it. Its certificate is verified like any other: it is
//! trusted because it is the one that this gateway was started with.

use std::io;
use std::net::SocketAddr;
use std::sync::Arc;

use bytes::Bytes;
use downstream::Protocol;
use http::{HeaderName, HeaderValue, Method, Response, uri};
use rustls::ClientConfig;
use rustls_pki_types::CertificateDer;

use crate::client::{self, CallError, Client, Speech, Whereabouts, Witness, trust};

/// Octets of an answer's content: a report or a status document.
const CONTENT: usize = 1024 * 1024;

/// Where the gateway is, and whom to trust.
#[derive(Debug)]
pub(super) struct Target {
    address: SocketAddr,
    authority: String,
    base: String,
    trust: Arc<ClientConfig>,
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

/// Makes a call; `hear` is told of each interim head.
pub(super) async fn call(
    protocol: Protocol,
    target: &Target,
    call: &Call,
    hear: Hear<'_>,
) -> Result<Response<Bytes>, CallError> {
    let uri = uri::Builder::new().scheme("https").authority(target.authority.as_str());
    let asked = client::Call {
        method: call.method.clone(),
        uri: uri.path_and_query(&call.path).build()?,
        host: None,
        fields: call.fields.iter().cloned().collect(),
        content: call.content.clone(),
    };
    let client = Client {
        speech: Speech::Only(protocol),
        whereabouts: Whereabouts::At(target.address),
        trust: Arc::clone(&target.trust),
    };
    let mut keeper = Keeper { hear, head: Response::new(()), content: Vec::new() };
    client.call(&asked, &mut keeper).await?;
    Ok(keeper.head.map(|()| keeper.content.into()))
}

/// Keeps the final response.
struct Keeper<'a> {
    hear: Hear<'a>,
    head: Response<()>,
    content: Vec<u8>,
}

impl Witness for Keeper<'_> {
    fn interim(&mut self, head: &Response<()>) -> io::Result<()> {
        (self.hear)(head);
        Ok(())
    }

    fn answered(&mut self, head: Response<()>) -> io::Result<()> {
        self.head = head;
        Ok(())
    }

    fn content(&mut self, octets: &[u8]) -> io::Result<()> {
        if self.content.len() + octets.len() > CONTENT {
            return Err(io::Error::other("it does not end"));
        }
        self.content.extend_from_slice(octets);
        Ok(())
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
        let base = format!("https://{authority}");
        Ok(Self { address, authority, base, trust: trust::given(certificates)? })
    }

    /// What every address of the gateway begins with, such as `https://localhost:8443`.
    pub(super) fn base(&self) -> &str {
        &self.base
    }
}
