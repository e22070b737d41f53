//! Where requests go.

use std::fmt;
use std::str::FromStr;
use std::sync::Arc;

use http::Uri;
use http::uri::{Authority, Scheme};
use rustls_pki_types::ServerName;

use crate::client::{Target, TlsTarget};
use crate::scenario::{ClientKind, Protocol, Scenario, Transport};
use crate::trouble::Trouble;

/// A gateway that runs already.
#[derive(Clone, Debug)]
pub struct Remote {
    /// Where.
    pub url: TargetUrl,
    /// Whom to trust, if it speaks TLS.
    pub tls: Arc<rustls::ClientConfig>,
}

/// Where the clients of a run go.
#[derive(Clone, Debug)]
pub(super) struct Targets {
    pub(super) usual: Target,
    /// Where those go who want no TLS; a gateway that runs already has one place for all.
    pub(super) cleartext: Option<Target>,
}

/// `http://HOST[:PORT]` or `https://HOST[:PORT]`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TargetUrl {
    scheme: Scheme,
    authority: Authority,
}

/// Why a URL is no target. Whoever typed it can put it right.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum UrlError {
    /// No absolute URL of these schemes.
    #[error("has to be https://HOST[:PORT] or http://HOST[:PORT]")]
    Form,
    /// Paths come from the scenario.
    #[error("has to end after the port: paths come from the scenario")]
    Path,
}

impl FromStr for TargetUrl {
    type Err = UrlError;

    fn from_str(text: &str) -> Result<Self, UrlError> {
        let parts = text.parse::<Uri>().map_err(|_| UrlError::Form)?.into_parts();
        let (Some(scheme), Some(authority)) = (parts.scheme, parts.authority) else {
            return Err(UrlError::Form);
        };
        let known = scheme == Scheme::HTTP || scheme == Scheme::HTTPS;
        if !known || authority.host().is_empty() || authority.as_str().contains('@') {
            return Err(UrlError::Form);
        }
        if parts.path_and_query.is_some_and(|path| path != "/") {
            return Err(UrlError::Path);
        }
        Ok(Self { scheme, authority })
    }
}

impl fmt::Display for TargetUrl {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}://{}", self.scheme, self.authority)
    }
}

impl TargetUrl {
    /// Whether it is without TLS.
    pub fn is_cleartext(&self) -> bool {
        self.scheme == Scheme::HTTP
    }

    fn port(&self) -> u16 {
        let usual = if self.scheme == Scheme::HTTPS { 443 } else { 80 };
        self.authority.port_u16().unwrap_or(usual)
    }

    /// The host, an IPv6 address without its brackets.
    fn host(&self) -> &str {
        self.authority.host().trim_start_matches('[').trim_end_matches(']')
    }
}

impl Targets {
    /// Where clients of this kind go.
    pub(super) fn of(&self, client: &ClientKind) -> &Target {
        match client.transport {
            Transport::Tls => &self.usual,
            Transport::Cleartext => self.cleartext.as_ref().unwrap_or(&self.usual),
        }
    }
}

impl Remote {
    /// The name of the first kind of client that cannot reach such a target: HTTP/3 needs `https`.
    pub fn unreachable_by<'s>(&self, scenario: &'s Scenario) -> Option<&'s str> {
        let mut h3 = scenario.clients.iter().filter(|client| client.protocol == Protocol::H3);
        h3.next().filter(|_| self.url.is_cleartext()).map(|client| client.name.as_str())
    }

    /// Looks up its address; of several, the first.
    pub(super) async fn resolve(&self) -> Result<Target, Trouble> {
        let (host, port) = (self.url.host(), self.url.port());
        let found = tokio::net::lookup_host((host, port)).await;
        let address = found.map_err(Trouble::system("looking up the target"))?.next();
        let address = address.ok_or_else(|| Trouble::Unexpected {
            doing: "looking up the target",
            reason: format!("{host} has no address"),
        })?;
        Ok(Target { address, authority: self.url.authority.to_string(), tls: self.tls()? })
    }

    fn tls(&self) -> Result<Option<TlsTarget>, Trouble> {
        if self.url.is_cleartext() {
            return Ok(None);
        }
        let name = ServerName::try_from(self.url.host().to_owned());
        let name = name.map_err(Trouble::unexpected("looking up the target"))?;
        Ok(Some(TlsTarget { name, config: Arc::clone(&self.tls) }))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_target_is_a_scheme_a_host_and_a_port() {
        let url: TargetUrl = "https://gateway.example".parse().expect("a target");
        assert_eq!((url.host(), url.port()), ("gateway.example", 443));
        let url: TargetUrl = "http://[::1]:8080/".parse().expect("a target");
        assert_eq!((url.host(), url.port(), url.to_string()), ("::1", 8080, "http://[::1]:8080".to_owned()));
        for bad in ["gateway.example", "ftp://a", "https://", "https://a@b", ""] {
            assert_eq!(bad.parse::<TargetUrl>(), Err(UrlError::Form), "{bad}");
        }
        assert_eq!("https://a/b".parse::<TargetUrl>(), Err(UrlError::Path));
    }
}
