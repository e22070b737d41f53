//! Whom a request is for.

use downstream::Refusal;
use http::header::HOST;
use http::uri::Authority;
use http::{HeaderMap, HeaderValue};

/// Makes `host` say what `:authority` says (RFC 9113 8.3.1). Two that differ are refused (H2-16).
pub(super) fn settle(authority: Option<&Authority>, headers: &mut HeaderMap) -> Result<(), Refusal> {
    let mut lines = headers.get_all(HOST).iter();
    let host = lines.next();
    if lines.next().is_some() {
        return Err(Refusal::Malformed("more than one host"));
    }
    match (authority, host) {
        (Some(authority), Some(host)) => {
            check(authority)?;
            if !host.as_bytes().eq_ignore_ascii_case(authority.as_str().as_bytes()) {
                return Err(Refusal::Malformed("host is not :authority"));
            }
        }
        (Some(authority), None) => {
            check(authority)?;
            let host = HeaderValue::from_str(authority.as_str()).map_err(|_| MALFORMED)?;
            headers.insert(HOST, host);
        }
        (None, Some(host)) => check(&Authority::try_from(host.as_bytes()).map_err(|_| MALFORMED)?)?,
        (None, None) => return Err(Refusal::Malformed("neither :authority nor host")),
    }
    Ok(())
}

const MALFORMED: Refusal = Refusal::Malformed("the authority is malformed");

/// A host and perhaps a port: no user, no port that is none (H1-23).
fn check(authority: &Authority) -> Result<(), Refusal> {
    let host = authority.host();
    let port = authority.as_str().strip_prefix(host).ok_or(MALFORMED)?;
    let sound = match port.strip_prefix(':') {
        None => port.is_empty(),
        Some("") => true,
        Some(digits) => digits.bytes().all(|byte| byte.is_ascii_digit()) && digits.parse::<u16>().is_ok(),
    };
    if host.is_empty() || !sound { Err(MALFORMED) } else { Ok(()) }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn settled(authority: Option<&str>, hosts: &[&'static str]) -> Result<String, Refusal> {
        let authority = authority.map(|text| text.parse().expect("an authority"));
        let mut headers: HeaderMap =
            hosts.iter().map(|host| (HOST, HeaderValue::from_static(host))).collect();
        settle(authority.as_ref(), &mut headers)?;
        Ok(headers[HOST].to_str().expect("text").to_owned())
    }

    #[test]
    fn h2_16_authority_becomes_host_and_may_not_differ_from_it() {
        assert_eq!(settled(Some("a.example:8443"), &[]).as_deref(), Ok("a.example:8443"));
        assert_eq!(settled(None, &["a.example"]).as_deref(), Ok("a.example"));
        assert_eq!(settled(Some("a.example"), &["A.EXAMPLE"]).as_deref(), Ok("A.EXAMPLE"));
        assert!(settled(Some("a.example"), &["b.example"]).is_err());
        assert!(settled(Some("a.example"), &["a.example:443"]).is_err());
        assert!(settled(Some("a.example"), &["a.example", "a.example"]).is_err());
        assert!(settled(None, &[]).is_err());
    }

    #[test]
    fn h1_23_an_authority_is_a_host_and_perhaps_a_port() {
        assert!(settled(Some("user@a.example"), &[]).is_err());
        for host in ["[::1]", "[::1]:8080", "a.example:", "127.0.0.1:1"] {
            assert_eq!(settled(None, &[host]).as_deref(), Ok(host));
        }
        for host in
            ["", "user@a.example", "a.example:port", "a.example:65536", "a b", "a/b", "a#b", ":80", "a:+1"]
        {
            assert!(settled(None, &[host]).is_err(), "{host}");
        }
    }
}
