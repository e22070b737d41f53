use super::is_host;

#[test]
fn h1_23_hosts() {
    for good in
        ["a", "a.example", "a:80", "a:", "127.0.0.1:8080", "[::1]", "[2001:db8::1]:443", "a%2Db", "a_b"]
    {
        assert!(is_host(good.as_bytes()), "{good}");
    }
    for bad in [
        "",
        ":80",
        "u@a",
        "a b",
        "a#",
        "a/b",
        "a?",
        "a:x",
        "a:65536",
        "a:123456",
        "a:80:80",
        "[::1",
        "[::1]80",
        "[::1]:x",
        "[a]",
        "::1",
        "a%2",
        "a%zz",
        "a,b:c",
        "ä",
        "a\\b",
        "<a>",
        "[v1.a]",
        "[fe80::1%25eth0]",
    ] {
        assert!(!is_host(bad.as_bytes()), "{bad}");
    }
}
