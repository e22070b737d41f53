//! From the field lines of a head to a map, with what belongs to the connection set apart.

use bytes::Bytes;
use http::{HeaderMap, HeaderName, HeaderValue};

use super::scan::{Fault, is_token, trim};

/// Field lines of a head that are ever parsed, whatever the configured limit: the parser's table
/// lies on the stack.
const FIELDS: usize = 256;

/// Most heads fit into this table, which is cheaper to clear.
const FEW_FIELDS: usize = 32;

/// Room for what is added when a head is passed on (`Via`, `Forwarded`, `X-Forwarded-*`): growing a
/// map costs more than reading most fields of it.
const ADDED_FIELDS: usize = 5;

/// Octets of a field name; above: 431 (H1-28). The longest registered name has 50.
const NAME_SIZE: usize = 1024;

/// Options of all `Connection` lines of a head. Real ones have up to three.
const OPTIONS: usize = 32;

/// Field lines, read.
#[derive(Debug)]
pub(crate) struct Section {
    /// Everything end-to-end, values untouched but for SP and HTAB around them.
    pub(crate) fields: HeaderMap,
    /// What the fields say about the connection and the framing.
    pub(crate) controls: Controls,
}

/// What a head's fields say about this connection and this message's framing.
#[derive(Debug, Default)]
pub(crate) struct Controls {
    pub(crate) transfer_encoding: Lines,
    /// Also in the fields.
    pub(crate) content_length: Lines,
    /// Also in the fields.
    pub(crate) host: Lines,
    /// Also in the fields.
    pub(crate) expect: Lines,
    pub(crate) te: Lines,
    pub(crate) connection: Options,
}

/// The lines of a field that should come at most once.
#[derive(Debug, Default)]
pub(crate) enum Lines {
    #[default]
    None,
    One(HeaderValue),
    Several,
}

/// The options of `Connection` (RFC 9110 7.6.1).
#[derive(Debug, Default)]
pub(crate) struct Options {
    pub(crate) close: bool,
    pub(crate) keep_alive: bool,
    /// Fields that are for this connection only. Bound: [`OPTIONS`].
    pub(crate) named: Vec<HeaderName>,
    count: usize,
}

/// Which names are let through.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Names {
    /// Any token.
    Any,
    /// None with `_`: some readers cannot tell it from `-` (H1-36).
    WithoutUnderscore,
}

/// Reads field lines up to and including the empty line. `section` has passed the scan.
pub(crate) fn read(section: &Bytes, limit: usize, names: Names) -> Result<Section, Fault> {
    let mut few = [httparse::EMPTY_HEADER; FEW_FIELDS];
    match httparse::parse_headers(section, &mut few) {
        Err(httparse::Error::TooManyHeaders) => {
            let mut many = [httparse::EMPTY_HEADER; FIELDS];
            collect(section, httparse::parse_headers(section, &mut many), limit, names)
        }
        parsed => collect(section, parsed, limit, names),
    }
}

type Parsed<'h, 'b> = httparse::Result<(usize, &'h [httparse::Header<'b>])>;

fn collect(section: &Bytes, parsed: Parsed<'_, '_>, limit: usize, names: Names) -> Result<Section, Fault> {
    let lines = match parsed {
        Ok(httparse::Status::Complete((_, lines))) if lines.len() <= limit => lines,
        Ok(httparse::Status::Complete(_)) | Err(httparse::Error::TooManyHeaders) => {
            return Err(Fault::TooLarge);
        }
        Err(httparse::Error::HeaderName) => return Err(Fault::Malformed("a field name is not a token")),
        _ => return Err(Fault::Malformed("a field line is malformed")),
    };
    let mut fields = HeaderMap::with_capacity(lines.len() + ADDED_FIELDS);
    let mut controls = Controls::default();
    for line in lines {
        if line.name.len() > NAME_SIZE {
            return Err(Fault::TooLarge);
        }
        if names == Names::WithoutUnderscore && line.name.contains('_') {
            continue;
        }
        let name = HeaderName::from_bytes(line.name.as_bytes())
            .map_err(|_| Fault::Malformed("a field name is not a token"))?;
        let value = HeaderValue::from_maybe_shared(share(section, line.value))
            .map_err(|_| Fault::Malformed("a field value has a control character"))?;
        if controls.note(&name, &value)? == Reach::EndToEnd {
            fields.append(name, value);
        }
    }
    Ok(Section { fields, controls })
}

fn share(section: &Bytes, part: &[u8]) -> Bytes {
    if part.is_empty() { Bytes::new() } else { section.slice_ref(part) }
}

/// How far a field goes.
#[derive(PartialEq, Eq)]
enum Reach {
    Connection,
    EndToEnd,
}

// === impl Controls ===

impl Controls {
    /// Takes note of a field. Connection-specific ones end here (FWH-07).
    fn note(&mut self, name: &HeaderName, value: &HeaderValue) -> Result<Reach, Fault> {
        match name.as_str() {
            "connection" => self.connection.read(value)?,
            "transfer-encoding" => self.transfer_encoding.add(value),
            "te" => self.te.add(value),
            // H1-27: no switch of protocols is offered.
            "keep-alive" | "proxy-connection" | "upgrade" | "http2-settings" => {}
            other => {
                match other {
                    "content-length" => self.content_length.add(value),
                    "host" => self.host.add(value),
                    "expect" => self.expect.add(value),
                    // H1-15: where octets above ASCII could be read in two ways.
                    "prefer" | "progress" if !value.as_bytes().is_ascii() => {
                        return Err(Fault::Malformed("octets above ASCII where only ASCII is allowed"));
                    }
                    _ => {}
                }
                return Ok(Reach::EndToEnd);
            }
        }
        Ok(Reach::Connection)
    }

    /// Whether the sender of a request takes trailers (RFC 9110 10.1.4).
    pub(crate) fn takes_trailers(&self) -> bool {
        matches!(&self.te, Lines::One(value) if list(value.as_bytes()).any(|t| t.eq_ignore_ascii_case(b"trailers")))
    }
}

// === impl Lines ===

impl Lines {
    fn add(&mut self, value: &HeaderValue) {
        *self = match self {
            Self::None => Self::One(value.clone()),
            Self::One(_) | Self::Several => Self::Several,
        };
    }
}

// === impl Options ===

impl Options {
    fn read(&mut self, value: &HeaderValue) -> Result<(), Fault> {
        for option in list(value.as_bytes()).filter(|option| !option.is_empty()) {
            self.count += 1;
            if self.count > OPTIONS || !is_token(option) {
                return Err(Fault::Malformed("malformed Connection"));
            }
            if option.eq_ignore_ascii_case(b"close") {
                self.close = true;
            } else if option.eq_ignore_ascii_case(b"keep-alive") {
                self.keep_alive = true;
            } else if let Ok(name) = HeaderName::from_bytes(option) {
                self.named.push(name);
            }
        }
        Ok(())
    }
}

/// The elements of a list, trimmed; empty ones too.
pub(crate) fn list(value: &[u8]) -> impl Iterator<Item = &[u8]> {
    value.split(|octet| *octet == b',').map(trim)
}

/// Whether a `Connection` option may not name this field: it would hide the field from us, or from
/// the origin, that decides who asks for what (H1-35).
pub(crate) fn is_protected(name: &HeaderName) -> bool {
    let name = name.as_str();
    matches!(
        name,
        "authorization"
            | "proxy-authorization"
            | "cookie"
            | "host"
            | "prefer"
            | "progress"
            | "idempotency-key"
            | "expect"
            | "content-length"
            | "transfer-encoding"
            | "forwarded"
            | "via"
            | "x-real-ip"
    ) || name.starts_with("x-forwarded-")
}
