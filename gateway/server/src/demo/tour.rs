//! One job over each protocol, and what has to be seen.

mod promises;

use std::time::Duration;

use bytes::Bytes;
use downstream::Protocol;
use http::header::{ACCEPT, CONTENT_TYPE, LOCATION, RETRY_AFTER};
use http::{HeaderName, HeaderValue, Method, Response, StatusCode};
use serde_json::Value;
use tokio::time::{Instant, sleep, timeout};

use super::client::{self, Call, Target};
use super::screen::{Screen, Stop};
use super::site::Site;
use super::{Verdict, origin};

/// Beyond the job itself: connecting, and a machine that is busy with other things.
const PATIENCE: Duration = Duration::from_secs(30);
/// How long to wait between two looks at a document that does not say.
const USUAL_RETRY: u64 = 1;
/// What a client sends that wants to be told, with labels as comments.
const WISHES: HeaderValue = HeaderValue::from_static("processing, progress");
const PREFER: HeaderName = HeaderName::from_static("prefer");

/// Visits all protocols, oldest first; says on `screen` what each has seen and what was missed.
pub(super) async fn take(site: &Site, screen: &mut Screen<'_>) -> Verdict {
    let patience = PATIENCE + site.sights().work;
    let mut verdict = Verdict::AsPromised;
    for protocol in Protocol::ALL {
        let mut leg = Leg { protocol, target: site.target(), start: Instant::now(), screen };
        let walked = timeout(patience, leg.walk()).await;
        let missed = walked.unwrap_or_else(|_| vec![format!("no end after {} s", patience.as_secs())]);
        screen.leg_over(&missed);
        if !missed.is_empty() {
            verdict = Verdict::Otherwise;
        }
    }
    verdict
}

/// One protocol's part of the tour.
struct Leg<'a, 'o> {
    protocol: Protocol,
    target: &'a Target,
    start: Instant,
    screen: &'a mut Screen<'o>,
}

/// What came of a call.
struct Seen {
    heads: Vec<Response<()>>,
    answer: Response<Bytes>,
}

impl Leg<'_, '_> {
    /// What was missed; empty if everything was as promised.
    async fn walk(&mut self) -> Vec<String> {
        let walked = if self.protocol.has_interim() { self.be_told().await } else { self.come_back().await };
        walked.unwrap_or_else(|failure| vec![failure])
    }

    fn title(&self) -> String {
        format!("sales of the quarter, over {}", name(self.protocol))
    }

    /// Asks to be told, and hears everything on one connection.
    async fn be_told(&mut self) -> Result<Vec<String>, String> {
        let mut order = self.order();
        order.fields.push((PREFER, WISHES));
        let seen = self.call(&order).await?;
        Ok(promises::told(&seen.heads, &seen.answer, &self.promised()))
    }

    /// Is sent away with a 202 and comes back until the report is done.
    async fn come_back(&mut self) -> Result<Vec<String>, String> {
        let accepted = self.call(&self.order()).await?;
        let mut missed = promises::accepted(&accepted.heads, &accepted.answer, &self.promised());
        let Some(uri) = field(&accepted.answer, &LOCATION).map(str::to_owned) else { return Ok(missed) };
        let Some(path) = uri.strip_prefix(self.target.base()) else { return Ok(missed) };
        let mut retry = retry_after(&accepted.answer);
        let document = loop {
            sleep(retry).await;
            let mut look = get(path);
            look.fields.push((ACCEPT, HeaderValue::from_static("application/json")));
            let seen = self.call(&look).await?;
            if seen.answer.status() != StatusCode::ACCEPTED {
                break seen;
            }
            retry = retry_after(&seen.answer);
        };
        missed.extend(promises::finished(&document.heads, &document.answer));
        let result = self.call(&get(&format!("{path}/result"))).await?;
        missed.extend(promises::result(&result.heads, &result.answer, &self.promised()));
        Ok(missed)
    }

    fn order(&self) -> Call {
        let text = HeaderValue::from_static("text/plain; charset=utf-8");
        Call {
            method: Method::POST,
            path: "/reports".to_owned(),
            fields: vec![(CONTENT_TYPE, text)],
            content: self.title().into(),
        }
    }

    fn promised(&self) -> promises::Promised<'_> {
        promises::Promised { base: self.target.base(), title: self.title() }
    }

    /// Makes a call and shows it as it goes.
    async fn call(&mut self, call: &Call) -> Result<Seen, String> {
        let Self { protocol, target, start, screen } = self;
        screen.asking(name(*protocol), &request_line(call));
        let mut heads = Vec::new();
        let mut hear = |head: &Response<()>| {
            screen.head(start.elapsed(), head);
            heads.push(head.clone());
        };
        let answer = client::call(*protocol, target, call, &mut hear).await;
        let answer = answer.map_err(|error| format!("no answer to {}: {error}", request_line(call)))?;
        screen.answer(start.elapsed(), &answer, &stop(&answer));
        Ok(Seen { heads, answer })
    }
}

fn get(path: &str) -> Call {
    Call { method: Method::GET, path: path.to_owned(), fields: Vec::new(), content: Bytes::new() }
}

fn request_line(call: &Call) -> String {
    let wishes = call.fields.iter().find(|(name, _)| *name == PREFER);
    let wishes = wishes.and_then(|(_, value)| value.to_str().ok()).map(|value| format!("   Prefer: {value}"));
    format!("{} {}{}", call.method, call.path, wishes.unwrap_or_default())
}

/// What to show of an answer's content: the report, or what a status document says.
fn stop(answer: &Response<Bytes>) -> Stop {
    match serde_json::from_slice::<Value>(answer.body()) {
        Ok(document) => Stop::Document {
            status: document["status"].as_str().unwrap_or("no status").to_owned(),
            percent: document["percentComplete"].as_f64(),
            message: document["progress"]["message"].as_str().map(str::to_owned),
        },
        Err(_) => Stop::Text(String::from_utf8_lossy(answer.body()).into_owned()),
    }
}

fn retry_after(answer: &Response<Bytes>) -> Duration {
    let seconds = field(answer, &RETRY_AFTER).and_then(|seconds| seconds.parse().ok());
    Duration::from_secs(seconds.unwrap_or(USUAL_RETRY))
}

fn field<'a, T>(response: &'a Response<T>, name: &HeaderName) -> Option<&'a str> {
    response.headers().get(name).and_then(|value| value.to_str().ok())
}

fn name(protocol: Protocol) -> &'static str {
    match protocol {
        Protocol::Http10 => "HTTP/1.0",
        Protocol::Http11 => "HTTP/1.1",
        Protocol::H2 => "HTTP/2",
        Protocol::H3 => "HTTP/3",
    }
}
