//! Servers that mean no good.

use crate::origin::Origin;
use crate::program;

/// SEC-08: escape sequences in a label, of both kinds, and text that turns its direction.
const HOSTILE: &str = "Progress: 1/2 UTF-8''%1B%5B31mred%C2%9B2J%07%E2%80%AEdone\r\n";

#[tokio::test]
async fn sec_08_labels_command_no_terminal() {
    let server = Origin::start().await;
    let url = format!("http://{}/", server.address);
    for arguments in [&[&*url][..], &["--json", &*url]] {
        let run = program::start(arguments);
        let seen = server.next().await;
        seen.processing(HOSTILE).processing("X: \u{9b}31m\r\n");
        seen.respond("200 OK", "", "fine\n");
        let said = run.said().await;
        assert_eq!(said.code, Some(0), "{}", said.err);
        for text in [said.text(), &said.err] {
            let commands = |letter: char| (letter.is_control() && letter != '\n') || letter == '\u{202e}';
            assert!(!text.contains(commands), "{text:?}");
        }
        let label = if arguments.len() == 1 { &said.err } else { said.text() };
        assert!(label.contains("[31mred"), "it is still told: {label}");
    }
}

#[tokio::test]
async fn sec_08_a_bar_on_a_terminal_obeys_nobody_else() {
    let server = Origin::start().await;
    let run = program::start_on_terminal(&[&format!("http://{}/", server.address)]);
    let seen = server.next().await;
    seen.processing(HOSTILE).respond("201 Created", "Progress: 2/2\r\n", "\u{1b}[31mred\u{9b}31m\n");
    let said = run.said().await;
    let shown = said.text();
    assert_eq!(said.code, Some(0), "{shown:?}");
    for part in [" 50 %  1/2 ", "[31mred 2J done", "HTTP/1.1 201 Created  2/2 (100 %)", "?[31mred"] {
        assert!(shown.contains(part), "{part}: {shown:?}");
    }
    // Those of the bar itself are others.
    for command in ["\u{1b}[31m", "\u{9b}", "\u{7}", "\u{202e}"] {
        assert!(!shown.contains(command), "{command:?}: {shown:?}");
    }
}

/// Credentials are for those that they were meant for.
#[tokio::test]
async fn sec_a_status_uri_elsewhere_gets_no_credentials() {
    let (server, other) = (Origin::start().await, Origin::start().await);
    let elsewhere = format!("Location: http://{}/status\r\n", other.address);
    for (location, follower, kept) in [("Location: /status\r\n", &server, true), (&*elsewhere, &other, false)]
    {
        let url = format!("http://{}/jobs", server.address);
        let run = program::start(&["-H", "Authorization: secret", "-H", "If-Match: \"a\"", "-d", "x", &url]);
        server.next().await.respond("202 Accepted", location, "");
        let seen = follower.next().await;
        assert!(seen.head.starts_with("GET /status "), "{}", seen.head);
        assert_eq!(seen.has("authorization"), kept, "{}", seen.head);
        assert!(!seen.has("if-match") && !seen.has("content-type"), "{}", seen.head);
        seen.respond("200 OK", "", "{\"status\":\"Succeeded\"}");
        assert_eq!(run.said().await.code, Some(0));
    }
}

/// A document without end is not kept.
#[tokio::test]
async fn a_status_document_without_end_is_given_up() {
    let server = Origin::start().await;
    let run = program::start(&[&format!("http://{}/jobs", server.address)]);
    server.next().await.respond("202 Accepted", "Location: /status\r\n", "");
    server.next().await.respond("200 OK", "", &"x".repeat(2 << 20));
    let said = run.said().await;
    assert_eq!((said.code, said.text()), (Some(2), ""), "{}", said.err);
    assert!(said.err.contains("does not end"), "{}", said.err);
}
