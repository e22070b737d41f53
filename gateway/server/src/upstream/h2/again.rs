//! The head of a request that may be sent once more.

use downstream::RequestBody;
use http::request::Parts;
use http::{HeaderName, HeaderValue, Method, Request, Uri};

/// The head of a request without content, packed: it is kept as long as the origin is silent, and
/// hardly ever needed.
#[derive(Debug)]
pub(super) struct Again {
    method: Method,
    /// Lines: the target, then each field as name, mark and value. No part contains the end of a
    /// line, and no name a mark.
    lines: Box<[u8]>,
}

/// Stands before a value.
const PUBLIC: u8 = b':';

/// Stands before a value that no table may remember: the next hop is told so too (RFC 7541 6.2.3).
const SENSITIVE: u8 = b';';

impl Again {
    /// Copies a head in origin form.
    pub(super) fn of(parts: &Parts) -> Self {
        let target = parts.uri.path_and_query().map_or("/", |target| target.as_str());
        let fields = parts.headers.iter();
        let size: usize = fields.map(|(name, value)| name.as_str().len() + value.len() + 2).sum();
        let mut lines = Vec::with_capacity(target.len() + size);
        lines.extend_from_slice(target.as_bytes());
        for (name, value) in &parts.headers {
            lines.push(b'\n');
            lines.extend_from_slice(name.as_str().as_bytes());
            lines.push(if value.is_sensitive() { SENSITIVE } else { PUBLIC });
            lines.extend_from_slice(value.as_bytes());
        }
        Self { method: parts.method.clone(), lines: lines.into() }
    }

    /// The request once more; `None` cannot happen: every line was read from a request.
    pub(super) fn request(self) -> Option<Request<RequestBody>> {
        let mut lines = self.lines.split(|octet| *octet == b'\n');
        let mut request = Request::new(RequestBody::empty());
        *request.method_mut() = self.method;
        *request.uri_mut() = Uri::try_from(lines.next()?).ok()?;
        for line in lines {
            let mark = line.iter().position(|octet| matches!(*octet, PUBLIC | SENSITIVE))?;
            let name = HeaderName::from_bytes(&line[..mark]).ok()?;
            let mut value = HeaderValue::from_bytes(&line[mark + 1..]).ok()?;
            value.set_sensitive(line[mark] == SENSITIVE);
            request.headers_mut().append(name, value);
        }
        Some(request)
    }
}

#[cfg(test)]
mod tests {
    use http_body::Body;

    use super::*;

    #[test]
    fn asy_04_what_comes_out_is_what_went_in() {
        for target in ["/a/b?c=d&e", "*"] {
            let request = Request::builder()
                .method("PROPFIND")
                .uri(target)
                .header("host", "api.example:8443")
                .header("x-twice", "one")
                .header("x-twice", "")
                .header("x-odd", HeaderValue::from_bytes(b"a:b \xff\tc").unwrap())
                .body(())
                .unwrap();
            let (parts, ()) = request.into_parts();
            let again = Again::of(&parts).request().unwrap();
            assert_eq!((again.method(), again.uri()), (&parts.method, &parts.uri));
            assert_eq!(again.headers(), &parts.headers);
            assert!(again.body().is_end_stream());
        }
    }

    #[test]
    fn h2x_06_what_no_table_may_remember_is_so_the_second_time_too() {
        let (mut parts, ()) = Request::get("/").header("x-open", "a;b").body(()).unwrap().into_parts();
        let mut secret = HeaderValue::from_static("a:b;c");
        secret.set_sensitive(true);
        parts.headers.insert("authorization", secret);
        let again = Again::of(&parts).request().unwrap();
        assert_eq!(again.headers(), &parts.headers);
        let is_sensitive = |name: &str| again.headers()[name].is_sensitive();
        assert_eq!((is_sensitive("authorization"), is_sensitive("x-open")), (true, false));
    }
}
