//! A request head: from the field section of a HEADERS frame to an [`http::Request`].
//!
//! What RFC 9114 sections 4.1.2 to 4.3.1 call malformed ends the stream with `H3_MESSAGE_ERROR`
//! . What is well-formed and still not served is refused with a response.

use bytes::BytesMut;
use downstream::{Limits, Refusal};
use http::header::{CONTENT_LENGTH, COOKIE, EXPECT, HOST, TE};
use http::uri::{Authority, PathAndQuery, Uri};
use http::{HeaderMap, HeaderName, HeaderValue, Method, Request, Version};

use crate::qpack::{Line, Lines, Undecodable};

/// What every field line counts for beside its octets (RFC 9114 section 4.2.2).
const LINE_SIZE: usize = 32;

/// A request without its content.
#[derive(Debug)]
pub(crate) struct Head {
    /// Method, target in origin form, and fields; `Host` holds the authority.
    pub(crate) request: Request<()>,
    /// What `content-length` says.
    pub(crate) content_length: Option<u64>,
    /// Whether the client waits for a `100 (Continue)`.
    pub(crate) awaits_continue: bool,
}

/// Why a field section is not a request head; the client is to blame.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum NoHead {
    /// It cannot be decoded: ends the connection.
    Undecodable,
    /// It is malformed: ends the stream.
    Malformed(&'static str),
    /// It is answered with an error. The method is that of the request, if it is known.
    Refused(Refusal, Option<Method>),
}

use NoHead::Malformed;

/// Reads the head of a request.
///
/// # Errors
///
/// See [`NoHead`].
pub(crate) fn read(section: &[u8], limits: &Limits) -> Result<Head, NoHead> {
    let mut draft = Draft::new(limits);
    let mut lines = Lines::new(section)?;
    while let Some(line) = lines.next()? {
        draft.line(line)?;
    }
    draft.finish()
}

/// Checks a trailer section, which is then dropped.
///
/// # Errors
///
/// It cannot be decoded, or it holds what no trailer section may (RFC 9114 section 4.3).
pub(crate) fn check_trailers(section: &[u8]) -> Result<(), NoHead> {
    let mut lines = Lines::new(section)?;
    while let Some(line) = lines.next()? {
        if line.name.starts_with(b":") {
            return Err(Malformed("a pseudo-header field in the trailer section"));
        }
        let name = name(line)?;
        HeaderValue::from_bytes(line.value).map_err(|_| BAD_VALUE)?;
        if is_connection_specific(&name) || name == TE {
            return Err(Malformed("a connection-specific field in the trailer section"));
        }
    }
    Ok(())
}

/// Whether HTTP/3 has no place for the field (RFC 9114 section 4.2). `TE` is apart.
pub(crate) fn is_connection_specific(name: &HeaderName) -> bool {
    const NAMES: [&str; 5] = ["connection", "keep-alive", "proxy-connection", "transfer-encoding", "upgrade"];
    NAMES.contains(&name.as_str())
}

/// A head of which some lines have been read.
struct Draft<'l> {
    limits: &'l Limits,
    method: Option<Method>,
    scheme: Option<Scheme>,
    authority: Option<Authority>,
    target: Option<PathAndQuery>,
    /// Bound: `limits.head_size` and `limits.head_fields`.
    fields: HeaderMap,
    /// All cookie lines, joined (RFC 9114 section 4.2.1).
    cookies: BytesMut,
    content_length: Option<u64>,
    stage: Stage,
    size: usize,
    /// The first limit that was broken. What follows is still read, and not kept: malformed is
    /// malformed, and a response to HEAD must be known as one.
    refusal: Option<Refusal>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Scheme {
    Http,
    Other,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Stage {
    Pseudo,
    Fields,
}

const BAD_VALUE: NoHead = Malformed("a field value with a character that no value has");
const REPEATED: NoHead = Malformed("a pseudo-header field twice");

impl<'l> Draft<'l> {
    fn new(limits: &'l Limits) -> Self {
        Self {
            limits,
            method: None,
            scheme: None,
            authority: None,
            target: None,
            fields: HeaderMap::new(),
            cookies: BytesMut::new(),
            content_length: None,
            stage: Stage::Pseudo,
            size: 0,
            refusal: None,
        }
    }

    fn line(&mut self, line: Line<'_>) -> Result<(), NoHead> {
        self.size += line.name.len() + line.value.len() + LINE_SIZE;
        if self.size > self.limits.head_size {
            self.refuse(Refusal::HeadTooLarge);
        }
        if line.name.starts_with(b":") {
            if self.stage == Stage::Fields {
                return Err(Malformed("a pseudo-header field after a regular one"));
            }
            self.pseudo(line)
        } else {
            self.stage = Stage::Fields;
            self.field(line)
        }
    }

    fn pseudo(&mut self, line: Line<'_>) -> Result<(), NoHead> {
        match line.name {
            b":method" => {
                let method =
                    Method::from_bytes(line.value).map_err(|_| Malformed("a method that is none"))?;
                set(&mut self.method, method)
            }
            b":scheme" => {
                let is_http = [b"https".as_slice(), b"http"].contains(&line.value);
                set(&mut self.scheme, if is_http { Scheme::Http } else { Scheme::Other })
            }
            b":authority" => set(&mut self.authority, authority(line.value)?),
            b":path" => {
                let target = self.target(line.value)?;
                set(&mut self.target, target)
            }
            _ => Err(Malformed("an unknown pseudo-header field")),
        }
    }

    fn target(&mut self, value: &[u8]) -> Result<PathAndQuery, NoHead> {
        // Visible ASCII only: no controls, no blanks, no fragment.
        if !value.iter().all(|octet| octet.is_ascii_graphic() && *octet != b'#') {
            return Err(Malformed("a path with a character that no URI has"));
        }
        if value.len() > self.limits.target_size {
            // It says more than that the head is too large.
            self.refusal = Some(Refusal::TargetTooLong);
            return Ok(PathAndQuery::from_static("/"));
        }
        if value != b"*" && !value.starts_with(b"/") {
            return Err(Malformed("a path that does not begin with a slash"));
        }
        PathAndQuery::try_from(value).map_err(|_| Malformed("a path that is none"))
    }

    fn field(&mut self, line: Line<'_>) -> Result<(), NoHead> {
        let name = name(line)?;
        let value = HeaderValue::from_bytes(line.value).map_err(|_| BAD_VALUE)?;
        if is_connection_specific(&name) {
            return Err(Malformed("a connection-specific field"));
        }
        if name == TE {
            // It says something about this connection only, which every HTTP/3 client can.
            let trailers = value.as_bytes().eq_ignore_ascii_case(b"trailers");
            return if trailers { Ok(()) } else { Err(Malformed("a TE other than trailers")) };
        }
        if name == HOST && self.fields.contains_key(HOST) {
            return Err(Malformed("a Host field twice"));
        }
        if name == CONTENT_LENGTH {
            self.content_length(&value)?;
        }
        if self.refusal.is_some() || name.as_str().contains('_') {
            // `a_b` and `a-b` are one name to those who turn names into variables.
            return Ok(());
        }
        if name == COOKIE {
            if !self.cookies.is_empty() {
                self.cookies.extend_from_slice(b"; ");
            }
            self.cookies.extend_from_slice(value.as_bytes());
        } else if self.fields.len() >= self.limits.head_fields || self.fields.try_append(name, value).is_err()
        {
            self.refuse(Refusal::HeadTooLarge);
        }
        Ok(())
    }

    fn content_length(&mut self, value: &HeaderValue) -> Result<(), NoHead> {
        const BAD: NoHead = Malformed("a content-length that is none, or one too many");
        let digits = value.as_bytes();
        if digits.is_empty() || !digits.iter().all(u8::is_ascii_digit) || self.content_length.is_some() {
            return Err(BAD);
        }
        let length = value.to_str().ok().and_then(|digits| digits.parse().ok()).ok_or(BAD)?;
        self.content_length = Some(length);
        Ok(())
    }

    fn refuse(&mut self, refusal: Refusal) {
        self.refusal.get_or_insert(refusal);
    }

    fn finish(mut self) -> Result<Head, NoHead> {
        let Some(method) = self.method.take() else { return Err(Malformed("no method")) };
        let target = self.whole_target(&method)?;
        let host = self.host()?;
        if method == Method::TRACE {
            // It would show what proxies on the way have added (RFC 9110 section 9.3.8).
            self.refuse(Refusal::NotImplemented("TRACE is not served"));
        }
        let awaits_continue = match self.fields.get(EXPECT) {
            None => false,
            Some(value) if value.as_bytes().eq_ignore_ascii_case(b"100-continue") => true,
            Some(_) => {
                self.refuse(Refusal::ExpectationFailed);
                false
            }
        };
        if self.content_length.is_some_and(|length| length > self.limits.body_size) {
            self.refuse(Refusal::ContentTooLarge);
        }
        if let Some(refusal) = self.refusal {
            return Err(NoHead::Refused(refusal, Some(method)));
        }
        if !self.cookies.is_empty() {
            let cookies = HeaderValue::from_maybe_shared(self.cookies.freeze()).map_err(|_| BAD_VALUE)?;
            self.fields.insert(COOKIE, cookies);
        }
        self.fields.insert(HOST, host);
        let mut request = Request::new(());
        *request.method_mut() = method;
        *request.uri_mut() = Uri::from(target);
        *request.version_mut() = Version::HTTP_3;
        *request.headers_mut() = self.fields;
        Ok(Head { request, content_length: self.content_length, awaits_continue })
    }

    /// Scheme and path, of which CONNECT has none (RFC 9114 section 4.4).
    fn whole_target(&mut self, method: &Method) -> Result<PathAndQuery, NoHead> {
        match (method, self.scheme, self.target.take()) {
            (&Method::CONNECT, None, None) if self.authority.is_some() => {
                self.refuse(Refusal::NotImplemented("CONNECT is not served here"));
                Ok(PathAndQuery::from_static("/"))
            }
            (&Method::CONNECT, ..) => Err(Malformed("a CONNECT with more or less than an authority")),
            (_, None, _) => Err(Malformed("no scheme")),
            (_, _, None) => Err(Malformed("no path")),
            (_, Some(scheme), Some(target)) => {
                if scheme == Scheme::Other {
                    self.refuse(Refusal::Malformed("the scheme is not one that is served here"));
                }
                if target == "*" && method != Method::OPTIONS {
                    return Err(Malformed("a path of * without OPTIONS"));
                }
                Ok(target)
            }
        }
    }

    /// The authority, from `:authority` or else from `Host` (RFC 9114 section 4.3.1).
    fn host(&mut self) -> Result<HeaderValue, NoHead> {
        match (self.authority.take(), self.fields.remove(HOST)) {
            (None, None) if self.refusal.is_some() => Ok(HeaderValue::from_static("")),
            (None, None) => Err(Malformed("no authority")),
            (None, Some(host)) => {
                if authority(host.as_bytes()).is_err() {
                    self.refuse(Refusal::Malformed("the Host field is not an authority"));
                }
                Ok(host)
            }
            (Some(authority), host) => {
                if host
                    .is_some_and(|host| !host.as_bytes().eq_ignore_ascii_case(authority.as_str().as_bytes()))
                {
                    self.refuse(Refusal::Malformed("the authority and the Host field differ"));
                }
                HeaderValue::from_str(authority.as_str()).map_err(|_| BAD_VALUE)
            }
        }
    }
}

impl From<Undecodable> for NoHead {
    fn from(_: Undecodable) -> Self {
        Self::Undecodable
    }
}

/// A field name; HTTP/3 knows lower case only.
fn name(line: Line<'_>) -> Result<HeaderName, NoHead> {
    HeaderName::from_lowercase(line.name).map_err(|_| Malformed("a field name that is none"))
}

/// A host with an optional port, and no user information.
fn authority(value: &[u8]) -> Result<Authority, NoHead> {
    const BAD: NoHead = Malformed("an authority that is none");
    if value.contains(&b'@') {
        return Err(BAD);
    }
    Authority::try_from(value).map_err(|_| BAD)
}

fn set<T>(place: &mut Option<T>, value: T) -> Result<(), NoHead> {
    if place.replace(value).is_some() { Err(REPEATED) } else { Ok(()) }
}

#[cfg(test)]
mod tests;
