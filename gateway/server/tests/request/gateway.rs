//! Before a gateway, over every version of HTTP.

use std::fs;
use std::path::PathBuf;

use crate::program::{self, Said};
use crate::world::World;

const INTERIM: [(&str, &str); 3] = [("--http1.1", "HTTP/1.1"), ("--http2", "HTTP/2"), ("--http3", "HTTP/3")];
const ALL: [(&str, &str); 4] = [("--http1.0", "HTTP/1.0"), INTERIM[0], INTERIM[1], INTERIM[2]];

/// The value of a field of a head of `--json`.
fn field<'a>(head: &'a serde_json::Value, name: &str) -> &'a str {
    head["fields"][name][0].as_str().unwrap_or_default()
}

#[tokio::test]
async fn heads_are_shown_as_lines_and_the_content_is_all_of_the_output() {
    let world = World::new("lines").await;
    let url = format!("{}/jobs", world.base);
    for (version, name) in INTERIM {
        let run = program::start(&world.trusting(&[version, "-d", "order", &url]));
        let seen = world.origin.next().await;
        assert!(seen.head.starts_with("POST /jobs ") && seen.body == b"order", "{}", seen.head);
        seen.processing("Progress: 1/2 (Half of it)\r\n").respond("201 Created", "", "result");
        let Said { code, out, err } = run.said().await;
        assert_eq!((code, out.as_slice()), (Some(0), &b"result"[..]), "{version}: {err}");
        // The first 102 may have been followed by the final head at once.
        let last = err.lines().last().unwrap_or_default();
        assert!(last.contains(&format!("{name} 201 Created  1/2 (50 %) Half of it")), "{err}");
    }
}

#[tokio::test]
async fn news_comes_before_the_end() {
    let world = World::new("news").await;
    let url = format!("{}/jobs", world.base);
    for (version, name) in INTERIM {
        let run = program::start(&world.trusting(&[version, "--json", &url]));
        let seen = world.origin.next().await;
        assert!(!seen.head.contains("\r\nContent-Length"), "{}", seen.head);
        seen.processing("Progress: 1/3 (Eins)\r\n");
        // The gateway says it in a head of its own before it knows of the end.
        tokio::time::sleep(std::time::Duration::from_millis(300)).await;
        seen.respond("200 OK", "", "result");
        let said = run.said().await;
        assert_eq!(said.code, Some(0), "{version}: {}", said.err);
        assert_eq!(said.err, "", "--json leaves standard error alone");
        let heads = said.heads();
        let (last, interim) = heads.split_last().expect("a head");
        assert_eq!((&last["kind"], &last["status"]), (&"final".into(), &200.into()));
        assert!(interim.iter().all(|head| head["status"] == 102 && head["kind"] == "interim"), "{heads:?}");
        assert!(field(&interim[0], "location").starts_with(&world.base), "{interim:?}");
        let told = interim.iter().find(|head| !head["progress"].is_null()).expect("news");
        let progress = &told["progress"];
        assert_eq!((&progress["completed"], &progress["total"]), (&1.into(), &3.into()));
        assert_eq!((&progress["message"], &progress["percentComplete"]), (&"Eins".into(), &33.3.into()));
        assert!(heads.iter().all(|head| head["protocol"] == name && head["url"] == url), "{heads:?}");
        let times: Vec<_> = heads.iter().map(|head| head["elapsed"].as_f64().expect("seconds")).collect();
        assert!(times.is_sorted() && times[times.len() - 1] > 0.2, "{times:?}");
    }
}

#[tokio::test]
async fn a_202_is_followed_to_its_result() {
    let world = World::new("accepted").await;
    let url = format!("{}/jobs", world.base);
    for (version, _) in ALL {
        let wish = ["-H", "Prefer: respond-async", "-H", "Authorization: Basic bWU6bWU="];
        let arguments =
            world.trusting(&[&wish[..], &[version, "--json", "-o", "/dev/stderr", &url]].concat());
        let run = program::start(&arguments);
        let seen = world.origin.next().await;
        tokio::time::sleep(std::time::Duration::from_millis(300)).await;
        seen.processing("Progress: 1/2\r\n").respond("201 Created", "X-Kept: yes\r\n", "result");
        let said = run.said().await;
        assert_eq!((said.code, said.err.as_str()), (Some(0), "result"), "{version}: {}", said.text());
        let heads = said.heads();
        let finals: Vec<_> = heads.iter().filter(|head| head["kind"] == "final").collect();
        assert_eq!((&finals[0]["status"], &finals[0]["url"]), (&202.into(), &url.as_str().into()));
        let monitor = field(finals[0], "location");
        let last_look = heads.iter().rfind(|head| head["url"] == monitor).expect("it looks");
        assert_eq!((&last_look["status"], &last_look["method"]), (&200.into(), &"GET".into()));
        let result = finals[finals.len() - 1];
        assert_eq!((&result["status"], field(result, "x-kept")), (&201.into(), "yes"), "{heads:?}");
        if version == "--http1.0" {
            assert!(heads.iter().all(|head| head["kind"] == "final"), "{heads:?}");
        } else {
            let held = heads.iter().any(|head| head["kind"] == "interim" && head["url"] == monitor);
            assert!(held, "held with heads: {heads:?}");
        }
    }
}

#[tokio::test]
async fn the_last_word_is_the_exit_code() {
    let world = World::new("codes").await;
    for (version, _) in ALL {
        for (status, path, expected) in [
            ("200 OK", "/", 0),
            ("204 No Content", "/", 0),
            ("302 Found", "/", 1),
            ("404 Not Found", "/", 1),
            ("500 Internal Server Error", "/jobs", 1),
        ] {
            let url = format!("{}{path}", world.base);
            let run = program::start(&world.trusting(&[version, &url]));
            world.origin.next().await.respond(status, "", if expected == 0 { "" } else { "why" });
            let said = run.said().await;
            assert_eq!(said.code, Some(expected), "{version} {status}: {}", said.err);
            assert_eq!(said.text(), if expected == 0 { "" } else { "why" }, "{version} {status}");
        }
    }
    // An operation that failed behind a 202.
    let url = format!("{}/jobs", world.base);
    let run = program::start(&world.trusting(&["-H", "Prefer: respond-async", &url]));
    let seen = world.origin.next().await;
    tokio::time::sleep(std::time::Duration::from_millis(300)).await;
    seen.respond("409 Conflict", "", "no");
    let said = run.said().await;
    assert_eq!((said.code, said.text()), (Some(1), "no"), "{}", said.err);
}

#[tokio::test]
async fn the_version_is_agreed_on_if_none_is_asked_for() {
    let world = World::new("versions").await;
    for (base, arguments, spoken) in [
        (&world.base, &[][..], "HTTP/2"),
        (&world.clear, &[], "HTTP/1.1"),
        (&world.clear, &["--http1.0"], "HTTP/1.0"),
        (&world.clear, &["--http2"], "HTTP/2"),
        (&world.base, &["--http1.1"], "HTTP/1.1"),
    ] {
        let run = program::start(&world.trusting(&[arguments, &["--json", base]].concat()));
        world.origin.next().await.respond("200 OK", "", "");
        let said = run.said().await;
        assert_eq!((said.code, said.heads().len()), (Some(0), 1), "{base} {arguments:?}: {}", said.err);
        assert_eq!(said.heads()[0]["protocol"], spoken, "{base} {arguments:?}");
    }
}

#[tokio::test]
async fn content_is_the_same_on_both_sides() {
    let world = World::new("content").await;
    let sent: Vec<u8> = (0..3_000_000_u32).map(|number| number.to_le_bytes()[number as usize % 3]).collect();
    let file = PathBuf::from(env!("CARGO_TARGET_TMPDIR")).join("request-content");
    fs::write(&file, &sent).expect("there is room for a file");
    let data = format!("@{}", file.display());
    for (version, _) in ALL {
        let run = program::start(&world.trusting(&[version, "-X", "PUT", "-d", &data, &world.base]));
        let seen = world.origin.next().await;
        assert!(seen.head.starts_with("PUT / ") && seen.body == sent, "{version}: {}", seen.head);
        seen.send(format!("HTTP/1.1 200 OK\r\nContent-Length: {}\r\n\r\n", sent.len())).send(&sent);
        let said = run.said().await;
        assert_eq!(said.code, Some(0), "{version}: {}", said.err);
        assert!(said.out == sent, "{version}: {} octets", said.out.len());
    }
}

#[tokio::test]
async fn a_certificate_that_is_not_trusted_ends_with_2_and_advice() {
    let world = World::new("trust").await;
    for version in ["--http1.1", "--http2", "--http3"] {
        let said = program::start(&[version, &world.base]).said().await;
        assert_eq!((said.code, said.text()), (Some(2), ""), "{version}");
        assert!(
            said.err.contains("not trusted") && said.err.contains("--insecure"),
            "{version}: {}",
            said.err
        );

        let run = program::start(&[version, "--insecure", &world.base]);
        world.origin.next().await.respond("200 OK", "", "fine");
        let said = run.said().await;
        assert_eq!((said.code, said.text()), (Some(0), "fine"), "{version}: {}", said.err);
    }
}

#[tokio::test]
async fn whoever_is_interrupted_is_told_where_to_look() {
    let world = World::new("interrupted").await;
    let url = format!("{}/jobs", world.base);
    for (signal, code) in [("INT", 130), ("TERM", 143)] {
        let run = program::start(&world.trusting(&[&url]));
        let seen = world.origin.next().await;
        seen.processing("Progress: 1/2\r\n");
        // Long enough for the first 102; nothing else tells when the program has it.
        tokio::time::sleep(std::time::Duration::from_millis(500)).await;
        run.signal(signal);
        let said = run.said().await;
        assert_eq!(said.code, Some(code), "{}", said.err);
        let hint = format!("its status document is {}/.operations/", world.base);
        assert!(said.err.lines().last().is_some_and(|line| line.contains(&hint)), "{}", said.err);
    }
}
