use std::net::SocketAddr;

use downstream::Security;
use http::Request;

use super::*;

const SERVICE: &str = "gateway";

fn parts(method: &Method, fields: &[(&'static str, &'static str)]) -> Parts {
    let mut request = Request::builder().method(method).uri("/").body(()).expect("a request");
    for (name, value) in fields {
        request.headers_mut().append(*name, HeaderValue::from_static(value));
    }
    request.into_parts().0
}

fn forward(parts: &mut Parts, peer: &str, trust: Trust) -> Result<(), NotForwarded> {
    let peer = SocketAddr::new(peer.parse().expect("an address"), 4711);
    forward_request(parts, Protocol::Http11, &mut Hop::new(peer, Security::Tls, trust, SERVICE.into()))
}

fn lines(fields: &HeaderMap) -> Vec<String> {
    let mut lines: Vec<_> =
        fields.iter().map(|(name, value)| format!("{name}: {}", value.to_str().expect("text"))).collect();
    lines.sort_unstable();
    lines
}

fn map(fields: &[(&'static str, &'static str)]) -> HeaderMap {
    parts(&Method::GET, fields).headers
}

/// FWH-01, FWH-04, FWH-06: the fields of a plain request.
#[test]
fn fwh_04_a_first_hop_is_told_in_both_ways() {
    let mut parts = parts(&Method::GET, &[("host", "api.example"), ("accept", "*/*")]);
    forward(&mut parts, "192.0.2.43", Trust::Untrusted).expect("forwarded");
    let expected = [
        "accept: */*",
        "forwarded: for=192.0.2.43;by=_gateway;host=api.example;proto=https",
        "host: api.example",
        "via: 1.1 gateway",
        "x-forwarded-for: 192.0.2.43",
        "x-forwarded-host: api.example",
        "x-forwarded-proto: https",
    ];
    assert_eq!(lines(&parts.headers), expected);
}

/// FWH-04: IPv6 bracketed and quoted, a host with a port quoted, mapped IPv4 as what it is.
#[test]
fn fwh_04_addresses_and_hosts_are_quoted_where_they_must_be() {
    let table = [
        ("2001:db8::1", "for=\"[2001:db8::1]\"", "2001:db8::1"),
        ("::ffff:192.0.2.1", "for=192.0.2.1", "192.0.2.1"),
    ];
    for (peer, node, plain) in table {
        let mut parts = parts(&Method::GET, &[("host", "api.example:8443")]);
        forward(&mut parts, peer, Trust::Untrusted).expect("forwarded");
        let forwarded = format!("{node};by=_gateway;host=\"api.example:8443\";proto=https");
        assert_eq!(parts.headers["forwarded"], forwarded);
        assert_eq!(parts.headers["x-forwarded-for"], plain);
    }
}

/// FWH-05: what an untrusted client says of its origin is not repeated; names that alias go too.
#[test]
fn fwh_05_h1_36_untrusted_chains_are_dropped() {
    let claims = [
        ("host", "api.example"),
        ("forwarded", "for=10.0.0.1;proto=https"),
        ("x-forwarded-for", "10.0.0.1"),
        ("x-forwarded-port", "443"),
        ("x-forwarded-prefix", "/admin"),
        ("x_forwarded_for", "10.0.0.1"),
    ];
    let mut parts = parts(&Method::GET, &claims);
    forward(&mut parts, "192.0.2.43", Trust::Untrusted).expect("forwarded");
    assert_eq!(parts.headers["x-forwarded-for"], "192.0.2.43");
    assert!(!lines(&parts.headers).concat().contains("10.0.0.1"));
    for gone in ["x-forwarded-port", "x-forwarded-prefix", "x_forwarded_for"] {
        assert!(!parts.headers.contains_key(gone), "{gone}");
    }
}

/// FWH-05: one chain, told twice, never two that disagree.
#[test]
fn fwh_05_a_trusted_chain_is_continued() {
    type Row = (&'static [(&'static str, &'static str)], [&'static str; 4]);
    let table: [Row; 7] = [
        (
            &[("forwarded", "for=\"[2001:db8::1]:80\";proto=http;host=a.example, for=_hidden")],
            [
                "for=\"[2001:db8::1]:80\";proto=http;host=a.example, for=_hidden, ",
                "2001:db8::1, _hidden, ",
                "http",
                "a.example",
            ],
        ),
        (
            &[("x-forwarded-for", "192.0.2.1, 2001:db8::7"), ("x-forwarded-proto", "HTTP")],
            [
                "for=192.0.2.1;proto=http, for=\"[2001:db8::7]\", ",
                "192.0.2.1, 2001:db8::7, ",
                "http",
                "in.example",
            ],
        ),
        (
            &[("x-forwarded-for", "192.0.2.1:99"), ("x-forwarded-host", "a.example:1")],
            ["for=192.0.2.1;host=\"a.example:1\", ", "192.0.2.1, ", "https", "a.example:1"],
        ),
        // Forwarded wins where both are there.
        (
            &[("forwarded", "for=192.0.2.1"), ("x-forwarded-for", "198.51.100.7")],
            ["for=192.0.2.1, ", "192.0.2.1, ", "https", "in.example"],
        ),
        (&[("forwarded", "secret=\"a, b;c\"")], ["secret=\"a, b;c\", ", "unknown, ", "https", "in.example"]),
        // What cannot be read tells nothing.
        (&[("forwarded", "for=<script>")], ["", "", "https", "in.example"]),
        (&[("x-forwarded-for", "1.2.3.4, what")], ["", "", "https", "in.example"]),
    ];
    let ours = "for=10.9.9.9;by=_gateway;host=in.example;proto=https";
    for (claims, [forwarded, nodes, proto, host]) in table {
        let mut parts = parts(&Method::GET, &[("host", "in.example")]);
        for (name, value) in claims {
            let name = HeaderName::try_from(*name).expect("a name");
            parts.headers.append(name, HeaderValue::try_from(*value).expect("a value"));
        }
        forward(&mut parts, "10.9.9.9", Trust::Trusted).expect("forwarded");
        assert_eq!(parts.headers["forwarded"], format!("{forwarded}{ours}"), "{claims:?}");
        assert_eq!(parts.headers["x-forwarded-for"], format!("{nodes}10.9.9.9"), "{claims:?}");
        assert_eq!(parts.headers["x-forwarded-proto"], proto, "{claims:?}");
        assert_eq!(parts.headers["x-forwarded-host"], host, "{claims:?}");
    }
}

#[test]
fn a_trusted_chain_has_a_bound() {
    let mut parts = parts(&Method::GET, &[]);
    let long = vec!["10.0.0.1"; 33].join(",");
    parts.headers.insert("x-forwarded-for", HeaderValue::try_from(long).expect("a value"));
    forward(&mut parts, "10.9.9.9", Trust::Trusted).expect("forwarded");
    assert_eq!(parts.headers["x-forwarded-for"], "10.9.9.9");
}

/// FWH-02.
#[test]
fn fwh_02_a_loop_is_not_forwarded() {
    let mut parts = parts(&Method::GET, &[("via", "1.1 a, 2 gateway")]);
    let before = lines(&parts.headers);
    assert_eq!(forward(&mut parts, "::1", Trust::Untrusted), Err(NotForwarded::Loop));
    assert_eq!(lines(&parts.headers), before);
}

/// FWH-03.
#[test]
fn fwh_03_max_forwards_counts_down_where_it_means_something() {
    let table = [
        (Method::OPTIONS, "0", Err(NotForwarded::MaxForwards)),
        (Method::TRACE, " 0 ", Err(NotForwarded::MaxForwards)),
        (Method::OPTIONS, "1", Ok("0")),
        (Method::OPTIONS, "100000", Ok("255")),
        (Method::OPTIONS, "many", Ok("many")),
        (Method::GET, "0", Ok("0")),
    ];
    for (method, value, expected) in table {
        let mut parts = parts(&method, &[("max-forwards", value)]);
        let result = forward(&mut parts, "::1", Trust::Untrusted);
        assert_eq!(result, expected.map(|_| ()), "{method} {value}");
        if let Ok(left) = expected {
            assert_eq!(parts.headers["max-forwards"], left, "{method} {value}");
        }
    }
}

/// FWH-07, H1-35: what belongs to the connection goes, what decides stays.
#[test]
fn fwh_07_h1_35_connection_fields_go_and_protected_ones_stay() {
    let mut fields = map(&[
        ("connection", "close, X-Hop , authorization, traceparent, tracestate"),
        ("connection", "x-other, ,\u{21}"),
        ("x-hop", "1"),
        ("x-other", "1"),
        ("authorization", "Bearer x"),
        ("traceparent", "00-1-2-00"),
        ("tracestate", "a=1"),
        ("keep-alive", "timeout=5"),
        ("proxy-connection", "close"),
        ("te", "trailers"),
        ("transfer-encoding", "chunked"),
        ("upgrade", "h2c"),
        ("http2-settings", "AAMAAABkAAQAAP__"),
        ("x-kept", "1"),
    ]);
    remove_connection_fields(&mut fields);
    let kept = ["authorization: Bearer x", "traceparent: 00-1-2-00", "tracestate: a=1", "x-kept: 1"];
    assert_eq!(lines(&fields), kept);
}

/// Our own words are ours, in both directions (U-12).
#[test]
fn u_12_reserved_names_are_removed() {
    let forged = [
        ("operation-id", "1"),
        ("progress-callback", "http://evil"),
        ("operation-completion", "callback"),
        ("status-uri", "200 /x"),
        ("proxy-status", "origin; error=x"),
        ("progress", "1/2"),
    ];
    let mut parts = parts(&Method::GET, &forged);
    forward(&mut parts, "::1", Trust::Trusted).expect("forwarded");
    let mut response = map(&forged);
    response.insert("forwarded", HeaderValue::from_static("for=1.2.3.4"));
    clean_response(&mut response);
    assert_eq!(lines(&response), ["progress: 1/2", "proxy-status: origin; error=x"]);
    for gone in ["operation-id", "progress-callback", "operation-completion", "status-uri"] {
        assert!(!parts.headers.contains_key(gone), "{gone}");
    }
}

/// FWD-05, FWD-06, I-08: what is left of an interim head, by status.
#[test]
fn i_08_interim_heads_keep_what_they_are_for() {
    let all = [
        ("progress", "1/2"),
        ("location", "/x"),
        ("link", "</a.css>; rel=preload"),
        ("upload-offset", "5"),
        ("upload-limit", "max-size=9"),
        ("set-cookie", "a=b"),
        ("content-length", "0"),
        ("connection", "x-hop"),
        ("x-hop", "1"),
        ("server-timing", "a"),
        ("operation-id", "1"),
    ];
    let table: [(u16, &[&str]); 4] = [
        (102, &["progress: 1/2"]),
        (
            103,
            &[
                "link: </a.css>; rel=preload",
                "location: /x",
                "progress: 1/2",
                "server-timing: a",
                "upload-limit: max-size=9",
                "upload-offset: 5",
            ],
        ),
        (104, &["location: /x", "upload-limit: max-size=9", "upload-offset: 5"]),
        (
            199,
            &[
                "link: </a.css>; rel=preload",
                "location: /x",
                "progress: 1/2",
                "server-timing: a",
                "upload-limit: max-size=9",
                "upload-offset: 5",
            ],
        ),
    ];
    for (status, left) in table {
        let mut fields = map(&all);
        clean_interim(StatusCode::from_u16(status).expect("a status"), &mut fields);
        assert_eq!(lines(&fields), left, "{status}");
    }
}
