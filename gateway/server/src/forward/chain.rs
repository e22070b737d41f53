//! `Forwarded` and `X-Forwarded-*`, both from one chain (FWH-04 to FWH-06, RFC 7239).

use std::fmt::{self, Write as _};
use std::net::{IpAddr, SocketAddr};

use http::{HeaderMap, HeaderName, HeaderValue, header};

use super::Hop;

pub(super) const X_FORWARDED_FOR: HeaderName = HeaderName::from_static("x-forwarded-for");
pub(super) const X_FORWARDED_HOST: HeaderName = HeaderName::from_static("x-forwarded-host");
pub(super) const X_FORWARDED_PROTO: HeaderName = HeaderName::from_static("x-forwarded-proto");

/// Hops that a trusted peer may tell of; a longer chain is as good as none.
const MAXIMUM_HOPS: usize = 32;

/// The hops of a request so far, the client first.
#[derive(Debug, Default, PartialEq, Eq)]
pub(super) struct Chain {
    /// As `Forwarded` has them, joined.
    forwarded: String,
    /// As `X-Forwarded-For` has them, joined.
    nodes: String,
    /// What the first hop says of the client's own request.
    first: First,
}

#[derive(Debug, Default, PartialEq, Eq)]
struct First {
    proto: Option<String>,
    host: Option<String>,
}

/// Whether a field tells of hops; all such fields are replaced by our own.
pub(super) fn is_field(name: &str) -> bool {
    name == "forwarded" || name.starts_with("x-forwarded-")
}

// === impl Chain ===

impl Chain {
    /// The chain that a trusted peer tells of. `Forwarded` wins over `X-Forwarded-*`; what cannot be
    /// read tells nothing. `None`: it tells of no hop.
    pub(super) fn read(fields: &HeaderMap) -> Option<Self> {
        let read = if fields.contains_key(header::FORWARDED) {
            Self::read_forwarded(fields)
        } else {
            Self::read_legacy(fields)
        };
        read.filter(|chain| *chain != Self::default())
    }

    /// Adds the hop from the peer to this gateway.
    pub(super) fn append(mut self, hop: &Hop, host: Option<&HeaderValue>) -> Self {
        let host = host.and_then(|host| host.to_str().ok());
        separated(&mut self.forwarded).push_str(&hop.element(host));
        // Writing to a string does not fail.
        let _ = write!(separated(&mut self.nodes), "{}", hop.node());
        self.first.proto.get_or_insert_with(|| hop.proto().to_owned());
        self.first.host = self.first.host.or_else(|| host.map(str::to_owned));
        self
    }

    /// Writes all fields.
    pub(super) fn write(self, fields: &mut HeaderMap) {
        let lines = [
            (header::FORWARDED, Some(self.forwarded)),
            (X_FORWARDED_FOR, Some(self.nodes)),
            (X_FORWARDED_PROTO, self.first.proto),
            (X_FORWARDED_HOST, self.first.host),
        ];
        for (name, value) in lines {
            if let Some(Ok(value)) = value.map(HeaderValue::try_from) {
                fields.insert(name, value);
            }
        }
    }

    fn read_forwarded(fields: &HeaderMap) -> Option<Self> {
        let mut chain = Self::default();
        let mut hops = 0_usize;
        for line in fields.get_all(header::FORWARDED) {
            for element in split(line.to_str().ok()?, ',').map(str::trim).filter(|e| !e.is_empty()) {
                let mut node = None;
                for pair in split(element, ';').map(str::trim).filter(|pair| !pair.is_empty()) {
                    let (name, value) = pair.split_once('=')?;
                    let value = unquoted(value)?;
                    match name.to_ascii_lowercase().as_str() {
                        "for" => node = Some(Node::parse(&value)?),
                        "proto" if hops == 0 => chain.first.proto = Some(known_proto(&value)?),
                        "host" if hops == 0 => chain.first.host = Some(known_host(&value)?),
                        _ => {}
                    }
                }
                let _ = write!(separated(&mut chain.nodes), "{}", node.unwrap_or(Node::unknown()));
                separated(&mut chain.forwarded).push_str(element);
                hops += 1;
            }
        }
        (hops <= MAXIMUM_HOPS).then_some(chain)
    }

    fn read_legacy(fields: &HeaderMap) -> Option<Self> {
        let mut chain = Self::default();
        let only = |name: HeaderName| {
            let value = fields.get(name)?.to_str().ok()?;
            value.split(',').next().map(str::trim).filter(|value| !value.is_empty())
        };
        chain.first.proto = only(X_FORWARDED_PROTO).and_then(known_proto);
        chain.first.host = only(X_FORWARDED_HOST).and_then(known_host);
        let mut hops = 0_usize;
        for line in fields.get_all(X_FORWARDED_FOR) {
            for node in line.to_str().ok()?.split(',').map(str::trim).filter(|node| !node.is_empty()) {
                let node = Node::parse(node)?;
                let _ = write!(separated(&mut chain.nodes), "{node}");
                let _ = write!(separated(&mut chain.forwarded), "for={}", node.in_forwarded());
                if hops == 0 {
                    if let Some(host) = &chain.first.host {
                        let _ = write!(chain.forwarded, ";host={}", Value(host));
                    }
                    if let Some(proto) = &chain.first.proto {
                        let _ = write!(chain.forwarded, ";proto={proto}");
                    }
                }
                hops += 1;
            }
        }
        (hops <= MAXIMUM_HOPS).then_some(chain)
    }
}

fn separated(list: &mut String) -> &mut String {
    if !list.is_empty() {
        list.push_str(", ");
    }
    list
}

fn known_proto(value: &str) -> Option<String> {
    let value = value.to_ascii_lowercase();
    matches!(value.as_str(), "http" | "https").then_some(value)
}

fn known_host(value: &str) -> Option<String> {
    let is_host = !value.is_empty()
        && value.chars().all(|c| c.is_ascii_alphanumeric() || "-._~!$&'()*+;=:[]%".contains(c));
    is_host.then(|| value.to_owned())
}

/// Splits at a separator that stands outside quotes.
fn split(text: &str, separator: char) -> impl Iterator<Item = &str> {
    let mut is_quoted = false;
    let mut is_escaped = false;
    text.split(move |c| {
        match c {
            _ if is_escaped => is_escaped = false,
            '\\' if is_quoted => is_escaped = true,
            '"' => is_quoted = !is_quoted,
            _ => return c == separator && !is_quoted,
        }
        false
    })
}

/// A token, or what a quoted string means. None of the values that are looked at needs an escape.
fn unquoted(value: &str) -> Option<String> {
    match value.strip_prefix('"') {
        Some(rest) => rest.strip_suffix('"').filter(|inner| !inner.contains(['"', '\\'])).map(str::to_owned),
        None => (!value.is_empty() && value.chars().all(is_token)).then(|| value.to_owned()),
    }
}

/// RFC 7239 6.3.
pub(super) fn is_obfuscated(c: char) -> bool {
    c.is_ascii_alphanumeric() || matches!(c, '.' | '_' | '-')
}

/// RFC 9110 5.6.2.
fn is_token(c: char) -> bool {
    c.is_ascii_alphanumeric() || "!#$%&'*+-.^_`|~".contains(c)
}

/// A parameter's value, quoted if it must be.
pub(super) struct Value<'a>(pub(super) &'a str);

impl fmt::Display for Value<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if !self.0.is_empty() && self.0.chars().all(is_token) {
            return f.write_str(self.0);
        }
        f.write_char('"')?;
        for c in self.0.chars() {
            if matches!(c, '"' | '\\') {
                f.write_char('\\')?;
            }
            f.write_char(c)?;
        }
        f.write_char('"')
    }
}

/// Who a hop comes from, without a port. Prints as in `X-Forwarded-For`.
pub(super) enum Node {
    Address(IpAddr),
    /// `unknown` or an obfuscated identifier.
    Name(String),
}

impl Node {
    fn unknown() -> Self {
        Self::Name("unknown".to_owned())
    }

    fn parse(text: &str) -> Option<Self> {
        if let Ok(address) = text.parse::<IpAddr>() {
            return Some(Self::Address(address));
        }
        if let Ok(address) = text.parse::<SocketAddr>() {
            return Some(Self::Address(address.ip()));
        }
        if let Some(inner) = text.strip_prefix('[').and_then(|text| text.strip_suffix(']')) {
            return inner.parse::<IpAddr>().ok().map(Self::Address);
        }
        let is_name = text.eq_ignore_ascii_case("unknown")
            || (text.starts_with('_') && text.len() > 1 && text.chars().all(is_obfuscated));
        is_name.then(|| Self::Name(text.to_owned()))
    }

    pub(super) fn in_forwarded(&self) -> InForwarded<'_> {
        InForwarded(self)
    }
}

/// A node as in `Forwarded`: IPv6 in brackets *and* quotes (FWH-04).
pub(super) struct InForwarded<'a>(&'a Node);

impl fmt::Display for InForwarded<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.0 {
            Node::Address(IpAddr::V6(address)) => write!(f, "\"[{address}]\""),
            node => node.fmt(f),
        }
    }
}

impl fmt::Display for Node {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Address(address) => write!(f, "{address}"),
            Self::Name(name) => f.write_str(name),
        }
    }
}
