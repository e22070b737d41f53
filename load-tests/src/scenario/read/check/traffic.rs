//! Arrivals and clients.

use std::collections::BTreeSet;
use std::str::FromStr as _;
use std::time::Duration;

use http::uri::PathAndQuery;
use http::{HeaderValue, Method};

use super::{Findings, MAXIMUM_WEIGHT};
use crate::arrival;
use crate::scenario::{Behaviour, ClientKind, Protocol, Scenario, Shape, Transport};

/// Requests a second. One worker of the generator begins some 100,000.
const MAXIMUM_RATE: f64 = 1_000_000.0;
/// Requests in one run: counters and histograms are exact far beyond it.
const MAXIMUM_ARRIVALS: f64 = 1e9;
/// Rates of `steps`.
const MAXIMUM_PARTS: usize = 1000;
/// Kinds of clients. Each is a row of the table.
const MAXIMUM_KINDS: usize = 64;
/// The columns that a name has in the table.
const MAXIMUM_NAME: usize = 40;
/// What one source address has ports for, several times over: with `sources` there may be more.
const MAXIMUM_CONNECTIONS: usize = 1_000_000;
/// What servers allow on one connection at the very most.
const MAXIMUM_STREAMS: usize = 100_000;
/// Source addresses of one kind of client.
const MAXIMUM_SOURCES: usize = 254;
/// The longest rest and the latest moment to leave: the gateway's default deadline.
const MAXIMUM_PAUSE: Duration = Duration::from_secs(3600);

/// `[arrival]`.
pub(super) fn arrival(scenario: &Scenario, findings: &mut Findings) {
    let during = scenario.arrival.during.unwrap_or(scenario.duration);
    if during.is_zero() || during > scenario.duration {
        let message = format!("is {during:?}; it has to be more than 0 and at most `duration`");
        findings.wrong("arrival.during", message);
    }
    match &scenario.arrival.shape {
        Shape::Constant { rate } | Shape::Poisson { rate } => positive("arrival.rate", *rate, findings),
        Shape::Ramp { from, to } => {
            findings.within("arrival.from", *from, 0.0..=MAXIMUM_RATE);
            findings.within("arrival.to", *to, 0.0..=MAXIMUM_RATE);
            if *from <= 0.0 && *to <= 0.0 {
                findings.wrong("arrival.to", "`from` and `to` are both 0: nothing would arrive");
            }
        }
        Shape::Steps { rates } => steps(rates, findings),
    }
    let expected = arrival::expected(&scenario.arrival.shape, during);
    if expected > MAXIMUM_ARRIVALS {
        findings
            .wrong("arrival", format!("asks for {expected:.0} requests; {MAXIMUM_ARRIVALS:.0} is the most"));
    }
}

fn steps(rates: &[f64], findings: &mut Findings) {
    for (index, rate) in rates.iter().enumerate() {
        findings.within(format!("arrival.rates[{index}]"), *rate, 0.0..=MAXIMUM_RATE);
    }
    if rates.len() > MAXIMUM_PARTS {
        findings.wrong("arrival.rates", format!("has more than {MAXIMUM_PARTS} rates"));
    }
    if !rates.iter().any(|rate| *rate > 0.0) {
        findings.wrong("arrival.rates", "no rate is above 0: nothing would arrive");
    }
}

fn positive(key: &str, rate: f64, findings: &mut Findings) {
    if !(rate > 0.0 && rate <= MAXIMUM_RATE) {
        findings.wrong(key, format!("is {rate}; it has to be above 0 and at most {MAXIMUM_RATE}"));
    }
}

/// `[[clients]]`.
pub(super) fn clients(clients: &[ClientKind], findings: &mut Findings) {
    if clients.is_empty() || clients.len() > MAXIMUM_KINDS {
        findings.wrong("clients", format!("has to have 1 to {MAXIMUM_KINDS} kinds"));
    } else if clients.iter().all(|client| client.weight == 0) {
        findings.wrong("clients", "every weight is 0: no client could be picked");
    }
    let mut names = BTreeSet::new();
    for (index, client) in clients.iter().enumerate() {
        let at = format!("clients[{index}]");
        if !names.insert(client.name.as_str()) {
            findings.wrong(format!("{at}.name"), format!("\"{}\" is taken: names are unique", client.name));
        }
        self::client(client, &at, findings);
    }
}

fn client(client: &ClientKind, at: &str, findings: &mut Findings) {
    let letters = client.name.chars().count();
    if letters == 0 || letters > MAXIMUM_NAME || client.name.contains(char::is_control) {
        findings.wrong(format!("{at}.name"), format!("has to be 1 to {MAXIMUM_NAME} characters on one line"));
    }
    if client.name == "total" {
        findings.wrong(format!("{at}.name"), "\"total\" is the row of all clients together");
    }
    findings.within(format!("{at}.weight"), client.weight, 0..=MAXIMUM_WEIGHT);
    findings.within(format!("{at}.connections"), client.connections, 1..=MAXIMUM_CONNECTIONS);
    findings.within(format!("{at}.streams"), client.streams, 1..=MAXIMUM_STREAMS);
    findings.size(format!("{at}.content"), client.content.as_u64());
    if client.sources.len() > MAXIMUM_SOURCES {
        findings.wrong(format!("{at}.sources"), format!("has more than {MAXIMUM_SOURCES} addresses"));
    }
    if (client.protocol, client.transport) == (Protocol::H3, Transport::Cleartext) {
        findings.wrong(format!("{at}.transport"), "h3 is never in clear: leave it out");
    }
    request(client, at, findings);
    behaviour(client, at, findings);
}

fn request(client: &ClientKind, at: &str, findings: &mut Findings) {
    match Method::from_str(&client.method) {
        Ok(Method::CONNECT) | Err(_) => {
            findings.wrong(format!("{at}.method"), "has to be a method, and not CONNECT");
        }
        Ok(_) => {}
    }
    if !client.path.starts_with('/') || PathAndQuery::from_str(&client.path).is_err() {
        findings.wrong(format!("{at}.path"), "has to be a path that begins with / and is encoded for a URL");
    }
    if let Some(prefer) = &client.prefer
        && (prefer.is_empty() || HeaderValue::from_str(prefer).is_err())
    {
        findings.wrong(format!("{at}.prefer"), "cannot be a field value; leave it out to send no Prefer");
    }
    if let Some(accept) = &client.accept
        && (accept.is_empty() || HeaderValue::from_str(accept).is_err())
    {
        findings.wrong(format!("{at}.accept"), "cannot be a field value; leave it out to send no Accept");
    }
}

fn behaviour(client: &ClientKind, at: &str, findings: &mut Findings) {
    let least = Duration::from_millis(1);
    match client.behaviour {
        Behaviour::SlowReader { pause } => {
            findings.within(format!("{at}.behaviour.pause"), pause, least..=MAXIMUM_PAUSE);
        }
        Behaviour::Resets { within } => {
            findings.within(format!("{at}.behaviour.within"), within, least..=MAXIMUM_PAUSE);
        }
        Behaviour::Returns { within } => {
            findings.within(format!("{at}.behaviour.within"), within, least..=MAXIMUM_PAUSE);
            if client.protocol != Protocol::Http10 && !learns_a_location(client) {
                let message = "\"returns\" needs a `prefer` that gets it a status URI: \
                               processing, progress or respond-async";
                findings.wrong(format!("{at}.behaviour"), message);
            }
        }
        Behaviour::HalfCloses if !matches!(client.protocol, Protocol::Http10 | Protocol::Http11) => {
            let message = "\"half-closes\" is for http/1.0 and http/1.1: \
                           in h2 and h3 every request ends its side";
            findings.wrong(format!("{at}.behaviour"), message);
        }
        Behaviour::HalfCloses if client.transport == Transport::Tls => {
            let message = "\"half-closes\" needs `transport = \"cleartext\"`: \
                           over TLS the end of a client's side is its departure, and \"resets\" says so";
            findings.wrong(format!("{at}.behaviour"), message);
        }
        Behaviour::Patient | Behaviour::NeverReads | Behaviour::HalfCloses => {}
    }
}

fn learns_a_location(client: &ClientKind) -> bool {
    client.opted_in() || client.prefer.as_deref().is_some_and(|said| said.contains("respond-async"))
}
