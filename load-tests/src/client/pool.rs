//! A pool of connections to one target, over one version of HTTP.

use std::rc::Rc;

use super::http1::{Http1, Version};
use super::http2::Http2;
use super::http3::Http3;
use super::mux::Mux;
use super::{Ask, Failure, PoolLimits, Target, Witness};
use crate::scenario::Protocol;

/// A pool: a handle, of which there may be many. It belongs to one thread, and to a `LocalSet` there. Its connections
/// end with the last handle.
///
/// Connections are made when they are needed, and an existing one with room goes before a new one. Requests
/// that find no room are served in turn. HTTP/1.0, requests whose answer is read slowly or never, and those
/// after which an HTTP/1.x client ends its side take a connection of their own, which counts as well.
#[derive(Clone, Debug)]
pub struct Pool(Wire);

#[derive(Clone, Debug)]
enum Wire {
    Http1(Rc<Http1>),
    Http2(Rc<Mux<Http2>>),
    Http3(Rc<Mux<Http3>>),
}

impl Pool {
    /// A pool without connections.
    #[expect(clippy::needless_pass_by_value, reason = "it is the pool's from here on")]
    pub fn new(protocol: Protocol, target: Target, limits: PoolLimits) -> Self {
        Self(match protocol {
            Protocol::Http10 => Wire::Http1(Rc::new(Http1::new(Version::Http10, &target, limits))),
            Protocol::Http11 => Wire::Http1(Rc::new(Http1::new(Version::Http11, &target, limits))),
            Protocol::H2 => Wire::Http2(Rc::new(Mux::new(&target, &limits))),
            Protocol::H3 => Wire::Http3(Rc::new(Mux::new(&target, &limits))),
        })
    }

    /// Sends a request and tells `witness` of all that comes back, until the response has come to its end.
    ///
    /// A request for which nothing was done is sent again: on HTTP/2 and 3 if the peer says so, on HTTP/1.1
    /// if the method is idempotent and a connection that had been used before closed without a word.
    ///
    /// # Errors
    ///
    /// See [`Failure`]. To drop the future is to abort the exchange.
    pub async fn exchange(&self, ask: &Ask, witness: &mut dyn Witness) -> Result<(), Failure> {
        match &self.0 {
            Wire::Http1(pool) => pool.exchange(ask, witness).await,
            Wire::Http2(pool) => pool.exchange(ask, witness).await,
            Wire::Http3(pool) => pool.exchange(ask, witness).await,
        }
    }
}
