//! What origins are told of a client connection: worked out once, for all of its requests.

use std::fmt::Write as _;
use std::net::{IpAddr, SocketAddr};
use std::sync::{Arc, Mutex, PoisonError};

use downstream::{ConnectionInfo, Protocol, Security};
use http::{HeaderMap, HeaderValue, header};

use super::chain::{self, Node, Value, X_FORWARDED_FOR, X_FORWARDED_HOST, X_FORWARDED_PROTO};
use super::via;

/// Hosts longer than any name of the DNS are not remembered: a connection shall not keep much.
const MAXIMUM_REMEMBERED: usize = 255 + ":65535".len();

/// A client connection, as the origin is told of it.
#[derive(Debug)]
pub struct Hop {
    /// Who sends the requests, without a port.
    peer: IpAddr,
    security: Security,
    trust: Trust,
    /// Our pseudonym: a token.
    service_name: Arc<str>,
    /// `X-Forwarded-For`.
    node: Option<HeaderValue>,
    /// `Via`, for the version of the request before.
    via: Option<(Protocol, HeaderValue)>,
    /// `Forwarded`, for the host of the request before.
    forwarded: Option<(Option<Box<str>>, HeaderValue)>,
}

/// Whether a peer is one of the trusted proxies, whose chain is continued (FWH-05). What anybody else
/// says of its own origin is dropped, and so are names with `_`, which some origins cannot tell from
/// `-` (H1-36).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Trust {
    /// It is.
    Trusted,
    /// It is anybody else.
    Untrusted,
}

/// The hop of the connection that has asked last. A wire has a handler of its own for each connection,
/// so that it is found here again; whoever clones the handler begins without.
#[derive(Debug, Default)]
pub struct LastHop(Mutex<Option<Box<Known>>>);

#[derive(Debug)]
struct Known {
    connection: Arc<ConnectionInfo>,
    hop: Hop,
}

// === impl LastHop ===

impl LastHop {
    /// Does something with the hop of a connection, which `make` makes if it is not this one.
    pub fn with<T>(
        &self,
        connection: &Arc<ConnectionInfo>,
        make: impl FnOnce() -> Hop,
        then: impl FnOnce(&mut Hop) -> T,
    ) -> T {
        // What is remembered is whole after each assignment.
        let mut last = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        match &mut *last {
            Some(known) if Arc::ptr_eq(&known.connection, connection) => then(&mut known.hop),
            last => {
                let known = Known { connection: Arc::clone(connection), hop: make() };
                then(&mut last.insert(Box::new(known)).hop)
            }
        }
    }
}

impl Clone for LastHop {
    fn clone(&self) -> Self {
        Self::default()
    }
}

// === impl Hop ===

impl Hop {
    /// Requests from `peer` to the gateway with this pseudonym.
    pub fn new(peer: SocketAddr, security: Security, trust: Trust, service_name: Arc<str>) -> Self {
        let peer = peer.ip().to_canonical();
        let node = HeaderValue::try_from(Node::Address(peer).to_string()).ok();
        Self { peer, security, trust, service_name, node, via: None, forwarded: None }
    }

    pub(super) fn trust(&self) -> Trust {
        self.trust
    }

    pub(super) fn service_name(&self) -> &str {
        &self.service_name
    }

    /// The scheme of the client's requests.
    pub(super) fn proto(&self) -> &'static str {
        match self.security {
            Security::Cleartext => "http",
            Security::Tls => "https",
        }
    }

    /// The client, as in `X-Forwarded-For`.
    pub(super) fn node(&self) -> Node {
        Node::Address(self.peer)
    }

    /// The element of `Forwarded` for this hop (FWH-04).
    pub(super) fn element(&self, host: Option<&str>) -> String {
        let mut element = format!("for={};by=_", self.node().in_forwarded());
        element.extend(self.service_name.chars().map(|c| if chain::is_obfuscated(c) { c } else { '-' }));
        if let Some(host) = host {
            // Writing to a string does not fail.
            let _ = write!(element, ";host={}", Value(host));
        }
        element.push_str(";proto=");
        element.push_str(self.proto());
        element
    }

    /// Adds what is told of a request that has come straight from its client.
    pub(super) fn tell(&mut self, fields: &mut HeaderMap) {
        let host = fields.get(header::HOST).filter(|host| host.to_str().is_ok()).cloned();
        if let Some(forwarded) = self.forwarded(host.as_ref().and_then(|host| host.to_str().ok())) {
            fields.insert(header::FORWARDED, forwarded);
        }
        if let Some(node) = &self.node {
            fields.insert(X_FORWARDED_FOR, node.clone());
        }
        fields.insert(X_FORWARDED_PROTO, HeaderValue::from_static(self.proto()));
        if let Some(host) = host {
            fields.insert(X_FORWARDED_HOST, host);
        }
    }

    /// Our element of `Via` (FWH-01).
    pub(super) fn via(&mut self, protocol: Protocol) -> Option<HeaderValue> {
        match &self.via {
            Some((known, via)) if *known == protocol => Some(via.clone()),
            _ => {
                let via = via::element(protocol, &self.service_name)?;
                self.via = Some((protocol, via.clone()));
                Some(via)
            }
        }
    }

    fn forwarded(&mut self, host: Option<&str>) -> Option<HeaderValue> {
        match &self.forwarded {
            Some((known, forwarded)) if known.as_deref() == host => Some(forwarded.clone()),
            _ => {
                let forwarded = HeaderValue::try_from(self.element(host)).ok()?;
                if host.is_none_or(|host| host.len() <= MAXIMUM_REMEMBERED) {
                    self.forwarded = Some((host.map(Box::from), forwarded.clone()));
                }
                Some(forwarded)
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn connection(peer: [u8; 4]) -> Arc<ConnectionInfo> {
        let peer = SocketAddr::from((peer, 4711));
        Arc::new(ConnectionInfo {
            peer,
            local: peer,
            security: Security::Tls,
            alt_svc: None,
            client_certificate: None,
        })
    }

    fn told(last: &LastHop, connection: &Arc<ConnectionInfo>, host: &str) -> HeaderMap {
        let mut fields = HeaderMap::new();
        fields.insert(header::HOST, HeaderValue::try_from(host).expect("a host"));
        let make = || Hop::new(connection.peer, connection.security, Trust::Untrusted, "gateway".into());
        last.with(connection, make, |hop| hop.tell(&mut fields));
        fields
    }

    /// FWH-04: what is remembered of one request never stands in another one that differs.
    #[test]
    fn fwh_04_a_hop_is_remembered_for_its_connection_and_host_only() {
        let last = LastHop::default();
        let (one, other) = (connection([192, 0, 2, 1]), connection([192, 0, 2, 2]));
        let long = "a".repeat(MAXIMUM_REMEMBERED + 1);
        for (connection, host) in
            [(&one, "a"), (&one, "a"), (&one, "b"), (&one, &long), (&one, "b"), (&other, "b"), (&one, "b")]
        {
            let fields = told(&last, connection, host);
            let peer = connection.peer.ip();
            let forwarded = format!("for={peer};by=_gateway;host={host};proto=https");
            assert_eq!(fields["forwarded"], forwarded);
            assert_eq!(fields["x-forwarded-for"], peer.to_string());
            assert_eq!(fields["x-forwarded-host"], host);
        }
        let known = last.0.lock().expect("not poisoned");
        let (host, _) = known.as_ref().expect("a hop").hop.forwarded.as_ref().expect("a host");
        assert_eq!(host.as_deref(), Some("b"));
    }

    #[test]
    fn fwh_01_the_version_is_the_one_received() {
        let peer = SocketAddr::from(([192, 0, 2, 1], 4711));
        let mut hop = Hop::new(peer, Security::Tls, Trust::Untrusted, "gateway".into());
        for (protocol, via) in
            Protocol::ALL.into_iter().zip(["1.0 gateway", "1.1 gateway", "2 gateway", "3 gateway"])
        {
            assert_eq!(hop.via(protocol).expect("a value"), via);
            assert_eq!(hop.via(protocol).expect("a value"), via);
        }
    }
}
