//! What all workers share, and what each makes of a kind of client.

use std::sync::Arc;
use std::time::Duration;

use http::{HeaderMap, HeaderName, HeaderValue, Method};

use crate::client::{Ask, Ending, Pool, PoolLimits, Reading};
use crate::scenario::{Behaviour, ClientKind, Protocol, Scenario};

use super::Plan;
use super::leg::{Asked, Hearing, Wanted};
use super::shared::Shared;
use super::target::Targets;
use super::worker::Share;

/// `heartbeat-interval` of a gateway that was not told another.
const HEARTBEAT: Duration = Duration::from_secs(10);
/// RFC 7240.
const PREFER: HeaderName = HeaderName::from_static("prefer");

/// What all workers share.
#[derive(Debug)]
pub(super) struct Setting {
    pub(super) scenario: Scenario,
    targets: Targets,
    numbering: Numbering,
    heartbeat: Duration,
    /// What a 102 is to those who asked for none.
    unasked: Asked,
    /// One for each kind of client.
    pub(super) shared: Vec<Shared>,
}

/// Whether each request has a path of its own.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Numbering {
    /// Its number follows the path as a further segment. Content depends on the path, so that a result
    /// of another request is noticed.
    Numbered,
    /// The path stands as it is: somebody else's origin need not know such paths.
    Plain,
}

/// A kind of client on one worker.
#[derive(Debug)]
pub(super) struct Kind {
    /// Its place in the scenario.
    pub(super) index: usize,
    pub(super) setting: Arc<Setting>,
    /// Its connections.
    pub(super) pool: Pool,
    limits: PoolLimits,
    ask: Ask,
}

impl Setting {
    pub(super) fn new(plan: &Plan, targets: Targets) -> Self {
        let scenario = plan.scenario.clone();
        let progress = &scenario.gateway.progress;
        let said = |key: &str| progress.get(key).and_then(toml::Value::as_str);
        let heartbeat = said("heartbeat-interval").and_then(|text| text.parse().ok());
        let heartbeat =
            heartbeat.map_or(HEARTBEAT, |said: humantime_serde::re::humantime::Duration| said.into());
        Self {
            targets,
            numbering: if plan.remote.is_none() { Numbering::Numbered } else { Numbering::Plain },
            heartbeat,
            unasked: if said("interim") == Some("always") { Asked::Anyway } else { Asked::No },
            shared: scenario.clients.iter().map(|_| Shared::default()).collect(),
            scenario,
        }
    }
}

impl Kind {
    /// Its share of the connections is at least one.
    pub(super) fn new(setting: &Arc<Setting>, index: usize, share: Share) -> Self {
        let client = &setting.scenario.clients[index];
        let limits = PoolLimits {
            connections: (client.connections / share.count).max(1),
            streams: client.streams,
            sources: client.sources.clone(),
        };
        Self {
            index,
            setting: Arc::clone(setting),
            pool: Pool::new(client.protocol, setting.targets.of(client).clone(), limits.clone()),
            limits,
            ask: ask(client),
        }
    }

    pub(super) fn client(&self) -> &ClientKind {
        &self.setting.scenario.clients[self.index]
    }

    /// A pool of its own for somebody who comes back.
    pub(super) fn fresh_pool(&self) -> Pool {
        let limits = PoolLimits { connections: 1, streams: 1, ..self.limits.clone() };
        Pool::new(self.client().protocol, self.setting.targets.of(self.client()).clone(), limits)
    }

    /// The request as the scenario has it. `number` is that of the arrival.
    pub(super) fn ask(&self, number: u64) -> Ask {
        let path = match self.setting.numbering {
            Numbering::Numbered => numbered(&self.ask.path, number),
            Numbering::Plain => self.ask.path.clone(),
        };
        Ask { path, ..self.ask.clone() }
    }

    /// The same with another preference.
    pub(super) fn preferring(&self, number: u64, preference: &'static str) -> Ask {
        let mut ask = self.ask(number);
        ask.fields.insert(PREFER, HeaderValue::from_static(preference));
        ask
    }

    /// To get what lies at `path`, with the client's own preference.
    pub(super) fn reading(&self, path: String) -> Ask {
        Ask { method: Method::GET, path, content: 0, ..self.ask.clone() }
    }

    /// To get what lies at `path`, and nothing else.
    pub(super) fn fetch(path: String, preference: Option<&'static str>) -> Ask {
        let mut fields = HeaderMap::new();
        if let Some(preference) = preference {
            fields.insert(PREFER, HeaderValue::from_static(preference));
        }
        Ask { method: Method::GET, path, fields, content: 0, reading: Reading::Freely, ending: Ending::Open }
    }

    /// What is right to hear for whoever asked for interim heads, or did not.
    pub(super) fn hearing<'a>(&self, opted_in: OptedIn, answer: Wanted<'a>) -> Hearing<'a> {
        Hearing {
            protocol: self.client().protocol,
            asked: if opted_in == OptedIn::Yes { Asked::Yes } else { self.setting.unasked },
            heartbeat: (self.ask.reading == Reading::Freely).then_some(self.setting.heartbeat),
            answer,
        }
    }

    /// Whether the request itself asks for interim heads.
    pub(super) fn opted_in(&self) -> OptedIn {
        if self.client().opted_in() { OptedIn::Yes } else { OptedIn::No }
    }

    /// What there is to compare with the final response of a request for `path`.
    pub(super) fn response<'a>(&self, path: &'a str) -> Wanted<'a> {
        if self.ask.method == Method::HEAD { Wanted::Code } else { Wanted::Response(path) }
    }

    /// Whether a server may close without an answer: over TLS the end of a client's side is its departure (H11-05: RFC 8446 6.1 lets
    /// it be otherwise, but a client that has gone looks the same), while in cleartext it still listens. Scenarios half-close in
    /// clear, so it is a `--target` alone where this can be.
    pub(super) fn may_be_taken_for_gone(&self) -> bool {
        self.client().behaviour == Behaviour::HalfCloses
            && self.setting.targets.of(self.client()).tls.is_some()
    }

    /// The preference of those who come back to wait for the end.
    pub(super) fn waiting(&self) -> (Option<&'static str>, OptedIn) {
        match self.client().protocol {
            Protocol::Http10 => (None, OptedIn::No),
            _ => (Some("processing"), OptedIn::Yes),
        }
    }
}

/// Whether a request asks for interim heads.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum OptedIn {
    Yes,
    No,
}

fn ask(client: &ClientKind) -> Ask {
    let mut fields = HeaderMap::new();
    if let Some(prefer) = &client.prefer {
        let value = HeaderValue::from_str(prefer).expect("the scenario was checked when it was read");
        fields.insert(PREFER, value);
    }
    if let Some(accept) = &client.accept {
        let value = HeaderValue::from_str(accept).expect("the scenario was checked when it was read");
        fields.insert(http::header::ACCEPT, value);
    }
    Ask {
        method: client.method.parse().expect("the scenario was checked when it was read"),
        path: client.path.clone(),
        fields,
        content: client.content.as_u64(),
        reading: match client.behaviour {
            Behaviour::SlowReader { pause } => Reading::Slowly(pause),
            Behaviour::NeverReads => Reading::Never,
            _ => Reading::Freely,
        },
        ending: match client.behaviour {
            Behaviour::HalfCloses => Ending::HalfClosed,
            _ => Ending::Open,
        },
    }
}

/// `/jobs/report?all` with the number 7 is `/jobs/report/7?all`.
fn numbered(path: &str, number: u64) -> String {
    let (path, query) = path.split_at(path.find('?').unwrap_or(path.len()));
    format!("{}/{number}{query}", path.trim_end_matches('/'))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_number_is_a_further_segment() {
        assert_eq!(numbered("/jobs/report?all", 7), "/jobs/report/7?all");
        assert_eq!(numbered("/", 0), "/0");
        assert_eq!(numbered("/jobs/", 12), "/jobs/12");
    }
}
