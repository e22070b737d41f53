use std::str;

use tokio::io::AsyncReadExt;
use tokio::time::Instant;

use super::*;

/// Sends `request` to a desk without a socket; what comes back, each write with its time.
async fn ask(desk: &Desk, method: Method, path: &str, content: &'static str) -> Vec<(u128, String)> {
    let head = Request::builder().method(method).uri(path).body(()).expect("a request");
    let (mut writer, mut reader) = tokio::io::duplex(4096);
    let start = Instant::now();
    let answering = async {
        let answered = desk.answer(&head, &Bytes::from_static(content.as_bytes()), &mut writer).await;
        drop(writer);
        answered
    };
    let reading = async {
        let mut writes = Vec::new();
        let mut room = [0; 4096];
        loop {
            let octets = reader.read(&mut room).await.expect("the pipe is open");
            if octets == 0 {
                return writes;
            }
            let text = str::from_utf8(&room[..octets]).expect("it is text").to_owned();
            writes.push((start.elapsed().as_millis(), text));
        }
    };
    let (answered, writes) = tokio::join!(answering, reading);
    answered.expect("the pipe is open");
    writes
}

#[tokio::test(start_paused = true)]
async fn a_report_takes_five_steps_and_is_kept() {
    let desk = Desk { step: Duration::from_secs(1), shelf: Shelf::default() };
    let writes = ask(&desk, Method::POST, "/reports", "sales").await;
    let times: Vec<_> = writes.iter().map(|(time, _)| *time).collect();
    assert_eq!(times, [400, 1400, 2400, 3400, 4400, 5000]);
    assert_eq!(writes[2].1, "HTTP/1.1 102 Processing\r\nProgress: 3/5 (Summing up)\r\n\r\n");
    let (head, report) = writes[5].1.split_once("\r\n\r\n").expect("a head");
    assert!(head.starts_with("HTTP/1.1 201 Created\r\nLocation: /reports/1\r\n"), "{head}");
    assert_eq!(report, text(1, "sales"));

    let again = ask(&desk, Method::GET, "/reports/1", "").await;
    assert!(again[0].1.starts_with("HTTP/1.1 200 OK\r\n") && again[0].1.ends_with(report), "{again:?}");
    let head = ask(&desk, Method::HEAD, "/reports/1", "").await;
    assert!(head[0].1.ends_with("\r\n\r\n"), "{head:?}");
    assert!(ask(&desk, Method::GET, "/reports/2", "").await[0].1.starts_with("HTTP/1.1 404 "));
    assert!(ask(&desk, Method::GET, "/plain", "").await[0].1.starts_with("HTTP/1.1 200 OK\r\n"));
}

#[test]
fn old_reports_make_room() {
    let shelf = Shelf::default();
    let numbers: Vec<_> = (0..101).map(|_| shelf.file(b"").0).collect();
    assert_eq!(numbers.last(), Some(&101));
    assert_eq!(shelf.read("1"), None);
    assert_eq!(shelf.read("2"), Some(text(2, "untitled")));
    assert_eq!(shelf.read("two"), None);
}

#[test]
fn a_title_cannot_break_the_report() {
    let long = "x".repeat(1000);
    assert_eq!(text(1, " a\nb\u{1b}[31m "), text(1, "ab[31m"));
    assert!(text(1, &long).len() < 200);
}

#[tokio::test]
async fn it_keeps_connections_and_answers_what_is_asked() {
    let origin = Origin::start(Duration::from_millis(5)).await.expect("a port is free");
    assert_eq!(origin.work(), Duration::from_millis(25));
    let mut stream = TcpStream::connect(origin.address()).await.expect("it listens");
    let (reader, mut writer) = stream.split();
    let mut reader = BufReader::new(reader);
    for request in [
        "GET /plain HTTP/1.1\r\nHost: a\r\n\r\n",
        "POST /reports HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nsales\r\n0\r\n\r\n",
        "POST /reports HTTP/1.1\r\nHost: a\r\nExpect: 100-continue\r\nContent-Length: 5\r\n\r\nsales",
    ] {
        writer.write_all(request.as_bytes()).await.expect("it reads");
        let mut interim = Vec::new();
        let (status, length) = loop {
            let (status, length) = response(&mut reader).await;
            if status >= 200 {
                break (status, length);
            }
            interim.push(status);
        };
        let content = http1::content(&mut reader, Framing::Length(length)).await.expect("content");
        match (request.starts_with("POST"), request.contains("Expect")) {
            (true, expecting) => {
                let told = if expecting { vec![100, 102, 102, 102, 102, 102] } else { vec![102; 5] };
                assert_eq!(interim, told);
                assert!(content.starts_with(b"Report "), "{content:?}");
            }
            (false, _) => assert_eq!((interim.len(), status), (0, 200)),
        }
    }
}

/// The status of the next response, and the length of its content.
async fn response<R: AsyncBufRead + Unpin>(reader: &mut R) -> (u16, usize) {
    let (mut head, mut length) = (String::new(), 0);
    while !head.ends_with("\r\n\r\n") {
        let start = head.len();
        assert_ne!(reader.read_line(&mut head).await.expect("text"), 0, "a head breaks off: {head}");
        if let Some(value) = head[start..].strip_prefix("Content-Length: ") {
            length = value.trim().parse().expect("a length");
        }
    }
    (head[9..12].parse().expect("a status"), length)
}
