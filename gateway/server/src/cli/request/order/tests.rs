use clap::Parser;

use super::*;

#[derive(Parser)]
struct Line {
    #[command(flatten)]
    args: RequestArgs,
}

fn order(words: &[&str]) -> Result<Order, String> {
    let line = Line::try_parse_from([&["request"], words].concat()).map_err(|error| error.to_string())?;
    Order::from_args(line.args, Terminal::No).map_err(|error| error.to_string())
}

fn field<'a>(order: &'a Order, name: &str) -> Option<&'a str> {
    order.call.fields.get(name).map(|value| value.to_str().expect("text"))
}

#[test]
fn nothing_but_a_url_opts_in() {
    let order = order(&["http://a/b?c"]).expect("an order");
    assert_eq!((&order.call.method, order.call.uri.to_string().as_str()), (&Method::GET, "http://a/b?c"));
    assert_eq!(field(&order, "prefer"), Some("processing, progress"));
    assert_eq!(field(&order, "content-type"), None);
    assert_eq!((order.client.speech, order.showing), (Speech::Negotiated, Showing::Lines));
}

#[test]
fn what_is_given_takes_the_place_of_what_is_usual() {
    let words = ["http://a/", "-H", "Prefer: respond-async", "-H", "X: 1", "-H", "x:2", "-H", "Accept:"];
    let order = order(&[&words[..], &["-H", "Host: b:1", "-d", "-", "-X", "PUT", "--http2"]].concat());
    let order = order.expect("an order");
    assert_eq!(field(&order, "prefer"), Some("respond-async"));
    assert_eq!((field(&order, "accept"), field(&order, "host")), (None, None));
    assert_eq!(order.call.host.expect("a host"), "b:1");
    assert_eq!(order.call.fields.get_all("x").iter().collect::<Vec<_>>(), ["1", "2"]);
    assert_eq!((order.call.method, order.call.content), (Method::PUT, Bytes::from_static(b"-")));
    assert_eq!(order.client.speech, Speech::Only(Protocol::H2));
}

#[test]
fn content_comes_from_a_file_and_makes_a_post() {
    let order = order(&["http://a/", "-d", concat!("@", env!("CARGO_MANIFEST_DIR"), "/Cargo.toml")]);
    let order = order.expect("an order");
    assert_eq!(order.call.method, Method::POST);
    assert!(order.call.content.starts_with(b"[package]"));
    assert_eq!(field(&order, "content-type"), Some("application/x-www-form-urlencoded"));
}

#[test]
fn what_makes_no_request_is_said() {
    for (words, complaint) in [
        (&["a/b"][..], "begins with http:// or https://"),
        (&["ftp://a/"], "begins with http:// or https://"),
        (&["http://a b/"], "not a URL"),
        (&["https://me:secret@a/"], "credentials"),
        (&["http://a/", "--http3"], "HTTP/3 needs https://"),
        (&["http://a/", "--http2", "--http3"], "cannot be used with"),
        (&["http://a/", "-k", "--cacert", "x"], "cannot be used with"),
        (&["http://a/", "-X", "a b"], "not a method"),
        (&["http://a/", "-H", "nocolon"], "Name: value"),
        (&["http://a/", "-H", "a: b\nc: d"], "Name: value"),
        (&["http://a/", "-H", "Content-Length: 7"], "in its own way"),
        (&["http://a/", "-d", "@/nonexistent/file"], "/nonexistent/file"),
        (&["http://a/", "--cacert", "/nonexistent/file"], "/nonexistent/file"),
        (&["http://a/", "--max-time", "0"], "0 is not in"),
    ] {
        let error = order(words).expect_err("no order");
        assert!(error.contains(complaint), "{words:?}: {error}");
    }
}
