//! Tables of right and wrong addresses.

use proptest::prelude::*;

use super::*;

#[test]
fn server_addresses() {
    let table = [
        ("http://10.0.0.5:3000", Scheme::Http, "10.0.0.5", 3000, "10.0.0.5:3000"),
        ("http://Origin.Example", Scheme::Http, "origin.example", 80, "origin.example"),
        ("h2c://[::1]:50051", Scheme::H2c, "::1", 50051, "[::1]:50051"),
        ("https://origin.example/", Scheme::Https, "origin.example", 443, "origin.example"),
        ("https://origin_1.example:8443", Scheme::Https, "origin_1.example", 8443, "origin_1.example:8443"),
    ];
    for (text, scheme, host, port, authority) in table {
        let server = ServerAddress::parse(text).expect(text);
        assert_eq!((server.scheme, server.host.as_str(), server.port), (scheme, host, port), "{text}");
        assert_eq!(server.authority(), authority);
        assert_eq!(ServerAddress::parse(&server.to_string()), Ok(server));
    }
}

#[test]
fn what_is_no_server_address() {
    let table = [
        "",
        "http",
        "http:",
        "http://",
        "http:///x",
        "ftp://a",
        "HTTP://a",
        "http://a:0",
        "http://a:65536",
        "http://a:",
        "http://a:x",
        "http://a:+1",
        "http://a:1:2",
        "http://u@a",
        "http://[::1",
        "http://::1",
        "http://a/b",
        "http://a?q",
        "http://a#f",
        "http://a b",
        "http://-a",
        "http://a..b",
        "http://1.2.3",
        "http://256.1.1.1",
        "unix:/socket",
    ];
    for text in table {
        assert!(ServerAddress::parse(text).is_err(), "{text:?}");
    }
    let message = ServerAddress::parse("10.0.0.5:3000").expect_err("no scheme");
    assert_eq!(message, r#""10.0.0.5:3000" has no scheme, write "http://10.0.0.5:3000""#);
}

#[test]
fn public_urls_lose_their_last_slash() {
    let table = [
        ("https://api.example", "https://api.example"),
        ("https://API.example/", "https://api.example"),
        ("http://localhost:8080", "http://localhost:8080"),
        ("https://api.example/base/", "https://api.example/base"),
        ("https://[2001:DB8::1]:8443/a/b", "https://[2001:db8::1]:8443/a/b"),
    ];
    for (text, url) in table {
        assert_eq!(PublicUrl::parse(text).expect(text).as_str(), url);
    }
    let wrong =
        ["", "/", "api.example", "//api.example", "ftp://a", "https://", "https://a?q=1", "https://a#f"];
    for text in wrong.into_iter().chain([
        "https://u:p@a",
        "https://a b",
        "https://a/b c",
        "https://a//b",
        "https://ä",
    ]) {
        assert!(PublicUrl::parse(text).is_err(), "{text:?}");
    }
}

#[test]
fn prefixes_contain_what_they_name() {
    let contains = |prefix: &str, address: &str| {
        IpPrefix::parse(prefix).expect(prefix).contains(address.parse().expect(address))
    };
    assert!(contains("10.0.0.0/8", "10.255.1.2"));
    assert!(contains("10.0.0.0/8", "::ffff:10.1.2.3"));
    assert!(!contains("10.0.0.0/8", "11.0.0.1"));
    assert!(contains("127.0.0.1", "127.0.0.1"));
    assert!(!contains("127.0.0.1", "127.0.0.2"));
    assert!(contains("0.0.0.0/0", "203.0.113.9"));
    assert!(!contains("0.0.0.0/0", "2001:db8::1"));
    assert!(contains("fd00::/8", "fdab::1"));
    assert!(!contains("fd00::/8", "fe00::1"));
    for text in ["", "10.0.0.0/33", "10.0.0.0/", "10.0.0.0/+8", "10.0.0/8", "::/129", "localhost"] {
        assert!(IpPrefix::parse(text).is_err(), "{text:?}");
    }
    let message = IpPrefix::parse("10.0.0.5/8").expect_err("host bits");
    assert_eq!(message, r#""10.0.0.5/8" has address bits after its first 8, write "10.0.0.0/8""#);
}

#[test]
fn hosts_with_and_without_brackets() {
    assert_eq!(host_in_url("API.Example").as_deref(), Ok("api.example"));
    assert_eq!(host_in_url("[::1]").as_deref(), Ok("[::1]"));
    assert!(host_in_url("api.example:443").is_err());
    assert!(host_in_url("*.example").is_err());
    assert_eq!(host_name("::1").as_deref(), Ok("::1"));
    assert_eq!(host_name("LocalHost").as_deref(), Ok("localhost"));
    assert!(host_name("").is_err());
}

proptest! {
    #[test]
    fn any_text_is_read_without_panic(text in "(https?://|h2c://)?[\\PC\\[\\]:/.@?#0-9a-f]{0,40}") {
        let _ = (ServerAddress::parse(&text), PublicUrl::parse(&text), IpPrefix::parse(&text));
        let _ = (host_in_url(&text), host_name(&text), socket_address(&text));
    }
}
