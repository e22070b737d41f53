use std::net::{Ipv4Addr, SocketAddr};
use std::path::Path;

use http::HeaderValue;

use super::*;

fn draw(colours: Colours, draw: impl FnOnce(&mut Screen<'_>)) -> String {
    let mut out = Vec::new();
    draw(&mut Screen::new(&mut out, colours));
    String::from_utf8(out).expect("it is text")
}

fn head(status: u16, fields: &[(&'static str, &'static str)]) -> Response<()> {
    let mut head = Response::new(());
    *head.status_mut() = StatusCode::from_u16(status).expect("a status");
    head.headers_mut().extend(
        fields
            .iter()
            .map(|(name, value)| (http::HeaderName::from_static(name), HeaderValue::from_static(value))),
    );
    head
}

#[test]
fn heads_stand_under_each_other() {
    let drawn = draw(Colours::None, |screen| {
        screen.asking("HTTP/2", "POST /reports");
        let first = head(102, &[("location", "https://a/x"), ("date", "now"), ("progress", "1/5 (Rows)")]);
        screen.head(Duration::from_millis(104), &first);
        screen.head(Duration::from_millis(12_340), &head(102, &[]));
        let answer = head(201, &[("location", "/reports/1")]).map(|()| Bytes::new());
        screen.answer(Duration::from_secs(100), &answer, &Stop::Text("Report 1\n  total 7\n".to_owned()));
        screen.leg_over(&[]);
    });
    let expected = "
HTTP/2    POST /reports
     0.10 s  102  Progress: 1/5 (Rows)
                  Location: https://a/x
    12.34 s  102  (a sign of life)
   100.00 s  201  Location: /reports/1
                  | Report 1
                  |   total 7
          as promised
";
    assert_eq!(drawn, expected);
}

#[test]
fn documents_are_told_in_a_line() {
    let drawn = draw(Colours::None, |screen| {
        let answer = head(202, &[("retry-after", "1")]).map(|()| Bytes::new());
        let (status, message) = ("Running".to_owned(), Some("Rows".to_owned()));
        let stop = Stop::Document { status, percent: Some(40.4), message };
        screen.answer(Duration::from_secs(1), &answer, &stop);
        let stop = Stop::Document { status: "Succeeded".to_owned(), percent: None, message: None };
        screen.answer(Duration::from_secs(2), &head(200, &[]).map(|()| Bytes::new()), &stop);
        screen.leg_over(&["Location in the 202".to_owned()]);
    });
    let expected = "     1.00 s  202  Running 40 % (Rows)
                  Retry-After: 1
     2.00 s  200  Succeeded
          MISSED: Location in the 202
";
    assert_eq!(drawn, expected);
}

#[test]
fn colours_only_where_they_are_wanted() {
    let title = |colours| draw(colours, |screen| screen.verdict(Verdict::AsPromised));
    assert!(!title(Colours::None).contains('\u{1b}'));
    assert!(title(Colours::Ansi).contains("\u{1b}[32mEvery protocol"), "{:?}", title(Colours::Ansi));
}

#[test]
fn commands_name_the_real_ports_and_the_real_files() {
    let at = |port| SocketAddr::from((Ipv4Addr::LOCALHOST, port));
    let sights = Sights {
        origin: at(1),
        work: Duration::from_secs(5),
        base: "https://localhost:2",
        clear: at(3),
        admin: at(4),
        folder: Path::new("/tmp/demo"),
    };
    let drawn = draw(Colours::None, |screen| {
        screen.welcome(&sights);
        screen.suggestions(&sights);
    });
    for expected in [
        "http://127.0.0.1:1  works 5.0 s on a report",
        "curl -iN --http2 -H 'Prefer: processing, progress' --cacert /tmp/demo/certificate.pem \
         -d 'my sales' https://localhost:2/reports",
        "curl -i -0 --cacert /tmp/demo/certificate.pem -d 'my sales' https://localhost:2/reports",
        "curl -i http://127.0.0.1:3/plain",
        "http://127.0.0.1:4/metrics",
    ] {
        assert!(drawn.contains(expected), "{expected} is missing: {drawn}");
    }
}
