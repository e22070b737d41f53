//! L10-01 to L10-05: labels in several languages.

use serde_json::Value;

use crate::client::{Ask, Heard, Wire};
use crate::world::{World, path_of};

const BOTH: &str = "Progress: 1/2 UTF-8'en'Checking%20sizes UTF-8'de'Gr%C3%B6%C3%9Fe%20pr%C3%BCfen\r\n";

/// The label of a document, and its language, as the content and the fields tell it.
fn label(heard: &Heard) -> (String, String, String) {
    let document: Value = serde_json::from_slice(&heard.body).expect("JSON");
    let told = |name: &str| document["progress"][name].as_str().unwrap_or_default().to_owned();
    (told("message"), told("language"), heard.last.field("content-language").to_owned())
}

fn in_language(text: &str, tag: &str) -> (String, String, String) {
    (text.to_owned(), tag.to_owned(), tag.to_owned())
}

/// X16: the request chooses for its heads, and each later reader for himself.
pub async fn x16_each_reader_has_a_language(wire: Wire) {
    let world = World::new().await;
    let ask = Ask::post("/jobs", "x").field("accept-language", "de;q=0.9, en;q=0.8");
    let mut talk = world.begin(wire, ask.prefer("processing, progress"));
    let seen = world.origin.next().await;
    seen.processing(BOTH);
    let first = talk.interim().await;
    let path = path_of(first.field("location"));
    let mut told = first.field("progress").to_owned();
    while told.is_empty() {
        talk.interim().await.field("progress").clone_into(&mut told);
    }
    assert_eq!(told, "1/2 UTF-8'de'Gr%C3%B6%C3%9Fe%20pr%C3%BCfen");

    let english = world.ask(wire, Ask::get(&path).field("accept-language", "en")).await;
    assert_eq!(label(&english), in_language("Checking sizes", "en"));
    assert!(english.last.field("vary").contains("Accept-Language"), "L10-04");
    assert_eq!(english.last.field("progress"), "1/2 UTF-8'en'Checking%20sizes");
    let german = world.ask(wire, Ask::get(&path).field("accept-language", "fr, de-CH;q=0.5")).await;
    assert_eq!(label(&german), in_language("Größe prüfen", "de"));
    assert_ne!(english.last.field("etag"), german.last.field("etag"), "they are two representations");
    let nobodys = world.ask(wire, Ask::get(&path)).await;
    assert_eq!(label(&nobodys), in_language("Checking sizes", "en"), "the origin's first");
    let line = Ask::get(&path).field("accept", "text/plain").field("accept-language", "de");
    assert_eq!(world.ask(wire, line).await.body, "Running 1/2 Größe prüfen\n");
    let page = Ask::get(&path).field("accept", "text/html").field("accept-language", "de");
    let page = world.ask(wire, page).await;
    let html = String::from_utf8_lossy(&page.body);
    assert!(html.contains("lang=\"de\">Größe prüfen</bdi>"), "{html}");
    assert_eq!(page.last.field("content-language"), "", "the page is English around it");

    seen.respond("200 OK", "Content-Language: en\r\n", "done");
    let last = talk.rest().await.last;
    assert_eq!(last.field("content-language"), "en", "L10-02: the origin's own");
    assert_eq!(last.field("progress"), "1/2 UTF-8'de'Gr%C3%B6%C3%9Fe%20pr%C3%BCfen");
    let stream = Ask::get(&path).field("accept", "text/event-stream").field("accept-language", "de");
    let events = world.ask(wire, stream).await;
    let events = String::from_utf8_lossy(&events.body);
    assert!(events.contains("\"language\":\"de\""), "{events}");
}

/// What has no tag is of no language, whatever its reader would like.
pub async fn l10_05_no_language_is_guessed(wire: Wire) {
    let world = World::new().await;
    let ask = Ask::post("/jobs", "x").field("accept-language", "de");
    let mut talk = world.begin(wire, ask.prefer("processing"));
    let seen = world.origin.next().await;
    seen.processing("Progress: 1/2 (Checking sizes)\r\n");
    let first = talk.interim().await;
    let path = path_of(first.field("location"));
    let mut told = first.field("progress").to_owned();
    while told.is_empty() {
        talk.interim().await.field("progress").clone_into(&mut told);
    }
    assert_eq!(told, "1/2 \"Checking sizes\"");
    let read = world.ask(wire, Ask::get(&path).field("accept-language", "de")).await;
    assert_eq!(label(&read), in_language("Checking sizes", ""));
    seen.respond("200 OK", "", "done");
    assert_eq!(talk.rest().await.last.status, 200);
}
