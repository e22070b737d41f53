//! Hosts, servers, public URLs and address prefixes.

use std::fmt;
use std::net::{IpAddr, Ipv6Addr, SocketAddr};

use super::paths::is_path;

/// How the gateway speaks to a server of an upstream.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Scheme {
    /// `http://`: HTTP/1.1 in cleartext.
    Http,
    /// `h2c://`: HTTP/2 in cleartext by prior knowledge.
    H2c,
    /// `https://`: TLS; ALPN decides between HTTP/2 and HTTP/1.1.
    Https,
}

/// A server of an upstream.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct ServerAddress {
    /// How it is spoken to.
    pub scheme: Scheme,
    /// A DNS name in lower case or an IP address; IPv6 without brackets, as a resolver takes it.
    pub host: String,
    /// Never 0; 80 or 443 where the file names none.
    pub port: u16,
}

/// The base of every status URI: an absolute `http` or `https` URL with no query, no fragment and
/// no slash at its end (LOC-03).
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct PublicUrl(String);

/// An IP address or a CIDR prefix (FWH-05).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct IpPrefix {
    address: IpAddr,
    length: u8,
}

/// The address of a listener.
pub(in crate::config) fn socket_address(text: &str) -> Result<SocketAddr, String> {
    text.parse().map_err(|_| {
        format!(
            "{text:?} is not an address, write IP:PORT such as \"127.0.0.1:8080\", \"0.0.0.0:443\" or \"[::]:443\""
        )
    })
}

/// The host of a request: no port, lower case, IPv6 in brackets.
pub(in crate::config) fn host_in_url(text: &str) -> Result<String, String> {
    parse_host(text).map(|host| in_url(&host)).ok_or_else(|| {
        format!(
            "{text:?} is not a host, write a name or an IP address without a port, such as \"api.example\""
        )
    })
}

/// A name or address that a certificate speaks for.
pub(in crate::config) fn host_name(text: &str) -> Result<String, String> {
    let host = text.parse::<IpAddr>().ok().map(|address| address.to_string());
    host.or_else(|| parse_host(text)).ok_or_else(|| {
        format!("{text:?} is not a name for a certificate, write a DNS name or an IP address such as \"localhost\"")
    })
}

// === impl Scheme ===

impl Scheme {
    const ALL: [Self; 3] = [Self::Http, Self::H2c, Self::Https];

    /// As it stands before `://`.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Http => "http",
            Self::H2c => "h2c",
            Self::Https => "https",
        }
    }

    fn default_port(self) -> u16 {
        match self {
            Self::Http | Self::H2c => 80,
            Self::Https => 443,
        }
    }
}

// === impl ServerAddress ===

impl ServerAddress {
    /// The form for the schema.
    pub(in crate::config) const PATTERN: &'static str = "^(http|h2c|https)://[^/?#@]+/?$";

    /// Reads `http://HOST[:PORT]`, `h2c://…` or `https://…`.
    pub(in crate::config) fn parse(text: &str) -> Result<Self, String> {
        let forms = "write http://HOST:PORT, h2c://HOST:PORT or https://HOST:PORT";
        let Some((scheme, rest)) = text.split_once("://") else {
            let guess = format!("http://{text}");
            let meant = Self::parse(&guess).map_or_else(|_| forms.to_owned(), |_| format!("write {guess:?}"));
            return Err(format!("{text:?} has no scheme, {meant}"));
        };
        let Some(scheme) = Scheme::ALL.into_iter().find(|known| known.as_str() == scheme) else {
            return Err(format!("{text:?} has an unknown scheme, {forms}"));
        };
        let authority = rest.strip_suffix('/').unwrap_or(rest);
        if let Some((server, _)) = authority.split_once(['/', '?', '#']) {
            let server = format!("{}://{server}", scheme.as_str());
            return Err(format!("{text:?} has more than a host and port, write {server:?}"));
        }
        match split_authority(authority) {
            Some((_, Some(0))) | None => Err(format!("{text:?} is not a server address, {forms}")),
            Some((host, port)) => Ok(Self { scheme, host, port: port.unwrap_or(scheme.default_port()) }),
        }
    }

    /// `HOST:PORT` for the `Host` field or `:authority`, IPv6 in brackets; without the scheme's own port.
    pub fn authority(&self) -> String {
        let host = in_url(&self.host);
        if self.port == self.scheme.default_port() { host } else { format!("{host}:{}", self.port) }
    }
}

impl fmt::Display for ServerAddress {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}://{}", self.scheme.as_str(), self.authority())
    }
}

// === impl PublicUrl ===

impl PublicUrl {
    /// The form for the schema.
    pub(in crate::config) const PATTERN: &'static str = "^https?://[^/?#@]+(/[^?#]*)?$";

    /// Reads an absolute `http` or `https` URL; slashes at its end do not count.
    ///
    /// # Errors
    /// What is wrong and what would be right, in one line.
    pub fn parse(text: &str) -> Result<Self, String> {
        let example = "write an absolute URL such as \"https://api.example\"";
        let known = text.split_once("://").filter(|(scheme, _)| ["http", "https"].contains(scheme));
        let Some((scheme, rest)) = known else {
            return Err(format!("{text:?} is not an absolute http or https URL, {example}"));
        };
        if rest.contains(['?', '#']) {
            return Err(format!("{text:?} has a query or a fragment, write the URL without it"));
        }
        let (authority, path) = rest.split_at(rest.find('/').unwrap_or(rest.len()));
        let path = path.trim_end_matches('/');
        let authority = split_authority(authority).filter(|_| path.is_empty() || is_path(path));
        let Some((host, port)) = authority else {
            return Err(format!("{text:?} is not a URL, {example}"));
        };
        let port = port.map(|port| format!(":{port}")).unwrap_or_default();
        Ok(Self(format!("{scheme}://{}{port}{path}", in_url(&host))))
    }

    /// The URL without a slash at its end.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for PublicUrl {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

// === impl IpPrefix ===

impl IpPrefix {
    /// The form for the schema.
    pub(in crate::config) const PATTERN: &'static str = "^[0-9A-Fa-f.:]+(/[0-9]{1,3})?$";

    /// Reads an IP address or a CIDR prefix.
    pub(in crate::config) fn parse(text: &str) -> Result<Self, String> {
        let wrong = || {
            format!(
                "{text:?} is not an address or a prefix, write one such as \"127.0.0.1\", \"10.0.0.0/8\" or \"fd00::/8\""
            )
        };
        let (address, length) = text.split_once('/').map_or((text, None), |(a, l)| (a, Some(l)));
        let address: IpAddr = address.parse().map_err(|_| wrong())?;
        let width = if address.is_ipv4() { 32 } else { 128 };
        let is_number = |length: &&str| length.bytes().all(|byte| byte.is_ascii_digit());
        let length = match length {
            Some(length) => Some(length).filter(is_number).and_then(|length| length.parse().ok()),
            None => Some(width),
        };
        let length = length.filter(|length| *length <= width).ok_or_else(wrong)?;
        let prefix = Self { address, length };
        let network = prefix.network();
        if network == address {
            return Ok(prefix);
        }
        Err(format!("{text:?} has address bits after its first {length}, write \"{network}/{length}\""))
    }

    /// Whether `address` lies within the prefix; an IPv4 address in an IPv6 coat is an IPv4 address.
    pub fn contains(&self, address: IpAddr) -> bool {
        let address = address.to_canonical();
        address.is_ipv4() == self.address.is_ipv4()
            && Self { address, length: self.length }.network() == self.address
    }

    /// The address with every bit after the prefix cleared.
    fn network(self) -> IpAddr {
        match self.address {
            IpAddr::V4(address) => {
                let mask = u32::MAX.checked_shl(32 - u32::from(self.length)).unwrap_or(0);
                IpAddr::V4((address.to_bits() & mask).into())
            }
            IpAddr::V6(address) => {
                let mask = u128::MAX.checked_shl(128 - u32::from(self.length)).unwrap_or(0);
                IpAddr::V6((address.to_bits() & mask).into())
            }
        }
    }
}

impl fmt::Display for IpPrefix {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}/{}", self.address, self.length)
    }
}

// === hosts ===

/// `HOST[:PORT]`, the host as [`parse_host`] gives it.
fn split_authority(text: &str) -> Option<(String, Option<u16>)> {
    let end_of_host = text.find(']').map_or(0, |bracket| bracket + 1);
    let colon = text[end_of_host..].find(':').map(|colon| end_of_host + colon);
    let (host, port) = text.split_at(colon.unwrap_or(text.len()));
    let port = match port.strip_prefix(':') {
        Some(digits) if digits.bytes().all(|byte| byte.is_ascii_digit()) => Some(digits.parse().ok()?),
        Some(_) => return None,
        None => None,
    };
    Some((parse_host(host)?, port))
}

/// A DNS name in lower case, an IPv4 address, or an IPv6 address without the brackets it had.
fn parse_host(text: &str) -> Option<String> {
    if let Some(inside) = text.strip_prefix('[') {
        let address: Ipv6Addr = inside.strip_suffix(']')?.parse().ok()?;
        return Some(address.to_string());
    }
    let is_label = |label: &str| {
        (1..=63).contains(&label.len())
            && !label.starts_with('-')
            && !label.ends_with('-')
            && label.bytes().all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_'))
    };
    // RFC 1035 section 2.3.4: 255 octets on the wire, which is 253 characters.
    let is_name = text.len() <= 253 && text.split('.').all(is_label);
    // A name whose last label is a number is an address or nothing (WHATWG URL, "ends in a number").
    let ends_in_number = text.rsplit('.').next().is_some_and(|last| last.bytes().all(|b| b.is_ascii_digit()));
    let is_right = is_name && (!ends_in_number || text.parse::<std::net::Ipv4Addr>().is_ok());
    is_right.then(|| text.to_ascii_lowercase())
}

/// A host as it stands in a URL.
fn in_url(host: &str) -> String {
    if host.contains(':') { format!("[{host}]") } else { host.to_owned() }
}

#[cfg(test)]
mod tests;
