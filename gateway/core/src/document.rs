//! The status document (SDM-01 to SDM-13).

use std::fmt::Write;

use http::{Method, StatusCode};
use jiff::Timestamp;
use serde::Serialize;

use crate::event::{Failure, Outcome, ResponseSummary};
use crate::language::{LanguageTag, Languages};
use crate::operation::{OperationId, Phase, Snapshot};
use crate::progress::{Label, Reported};

/// The wall-clock times of an operation, all in UTC (SDM-07).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Times {
    /// When the request came in.
    pub create: Timestamp,
    /// When it was last heard of.
    pub update: Timestamp,
    /// When it ended.
    pub end: Option<Timestamp>,
    /// When its document will be gone (DOC-11).
    pub expire: Option<Timestamp>,
}

/// The request that an operation came from.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RequestSummary {
    /// The method.
    pub method: Method,
    target: Box<str>,
    /// Octets of the target before its path.
    base: usize,
}

/// Everything that a status document tells, borrowed from where it lives.
#[derive(Clone, Copy, Debug)]
pub struct StatusDocument<'a> {
    /// The operation.
    pub id: OperationId,
    /// Its status URI, absolute.
    pub uri: &'a str,
    /// Its latest state.
    pub snapshot: &'a Snapshot,
    /// The request.
    pub request: &'a RequestSummary,
    /// The times.
    pub times: Times,
    /// What its reader reads (L10-04).
    pub languages: &'a Languages,
}

/// The word for where an operation is (SDM-02).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize)]
pub enum Status {
    /// Accepted, and the origin has not been asked yet.
    NotStarted,
    /// The origin works on it.
    Running,
    /// Cancellation was asked for.
    Canceling,
    /// The origin answered below 400.
    Succeeded,
    /// The origin answered 400 or above, or not at all.
    Failed,
    /// It was cancelled.
    Canceled,
}

impl Status {
    /// All words, in the order of an operation's life.
    pub const ALL: [Self; 6] =
        [Self::NotStarted, Self::Running, Self::Canceling, Self::Succeeded, Self::Failed, Self::Canceled];

    /// The status of an operation in `phase`.
    pub fn of(phase: &Phase) -> Self {
        match phase {
            Phase::Running => Self::Running,
            Phase::Canceling => Self::Canceling,
            Phase::Finished(Outcome::Canceled) => Self::Canceled,
            Phase::Finished(outcome) if outcome.is_success() => Self::Succeeded,
            Phase::Finished(_) => Self::Failed,
        }
    }

    /// The word as it is written.
    pub const fn word(self) -> &'static str {
        match self {
            Self::NotStarted => "NotStarted",
            Self::Running => "Running",
            Self::Canceling => "Canceling",
            Self::Succeeded => "Succeeded",
            Self::Failed => "Failed",
            Self::Canceled => "Canceled",
        }
    }
}

impl RequestSummary {
    /// A request for a path with query, below the configured public base.
    pub fn new(method: Method, base: &str, path: &str) -> Self {
        Self { method, target: [base, path].concat().into(), base: base.len() }
    }

    /// The target as an absolute URI.
    pub fn target(&self) -> &str {
        &self.target
    }

    /// Path and query alone, for `Status-URI` (STU-01).
    pub fn path(&self) -> &str {
        &self.target[self.base..]
    }
}

impl StatusDocument<'_> {
    /// The document as JSON.
    pub fn json(&self) -> Vec<u8> {
        let status = Status::of(&self.snapshot.phase);
        let reported = self.snapshot.progress.as_ref().map(|progress| &progress.reported);
        let (response, error) = match &self.snapshot.phase {
            Phase::Finished(outcome) => self.ending(outcome),
            Phase::Running | Phase::Canceling => (None, None),
        };
        let id = self.id.to_string();
        let json = Json {
            name: format!("operations/{id}"),
            id,
            self_uri: self.uri,
            status,
            done: self.snapshot.is_finished(),
            percent_complete: reported.and_then(|reported| reported.fraction.percent()),
            progress: reported.map(|reported| ProgressJson::new(reported, self)),
            request: RequestJson { method: self.request.method.as_str(), target: self.request.target() },
            create_time: self.times.create,
            start_time: self.times.create,
            update_time: self.times.update,
            end_time: self.times.end,
            expire_time: self.times.expire,
            response,
            error,
            results: self
                .snapshot
                .results
                .iter()
                .map(|pair| ResultJson { uri: &pair.uri, status: pair.status })
                .collect(),
            resource_location: format!("{}/result", self.uri),
        };
        // Strings, numbers and lists cannot fail to serialize.
        serde_json::to_vec(&json).unwrap_or_default()
    }

    /// The document as one line of text (SDM-13): `Running 3/10 message`.
    pub fn text(&self) -> String {
        let mut line = Status::of(&self.snapshot.phase).word().to_owned();
        if let Some(progress) = &self.snapshot.progress {
            let _ = write!(line, " {}", progress.reported.fraction);
            if let Some(label) = self.label() {
                line.push(' ');
                line.push_str(&label.text);
            }
        }
        line.push('\n');
        line
    }

    /// What the operation is at, in the language of its reader (L10-01).
    pub fn label(&self) -> Option<&Label> {
        self.snapshot.progress.as_ref()?.reported.label_in(self.languages)
    }

    /// Why the operation did not succeed, in a sentence; `None`: it has not ended, or it did.
    pub fn error(&self) -> Option<&str> {
        match &self.snapshot.phase {
            Phase::Finished(outcome) => self.ending(outcome).1.map(|error| error.message),
            Phase::Running | Phase::Canceling => None,
        }
    }

    fn ending<'b>(&self, outcome: &'b Outcome) -> (Option<ResponseJson<'b>>, Option<ErrorJson<'b>>) {
        match outcome {
            Outcome::Responded(response) if outcome.is_success() => (Some(ResponseJson::new(response)), None),
            Outcome::Responded(response) => {
                let message = "The origin answered with an error; its response is the result.";
                let error = ErrorJson::new("OriginError", message, response.status);
                (Some(ResponseJson::new(response)), Some(error))
            }
            Outcome::Failed(failure) => (None, Some(ErrorJson::of_failure(failure, self.uri))),
            Outcome::Canceled => {
                let message = "The operation was cancelled before it ended.";
                (None, Some(ErrorJson::new("Canceled", message, StatusCode::CONFLICT)))
            }
        }
    }
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Json<'a> {
    id: String,
    name: String,
    #[serde(rename = "self")]
    self_uri: &'a str,
    status: Status,
    done: bool,
    percent_complete: Option<f64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    progress: Option<ProgressJson<'a>>,
    request: RequestJson<'a>,
    create_time: Timestamp,
    start_time: Timestamp,
    update_time: Timestamp,
    #[serde(skip_serializing_if = "Option::is_none")]
    end_time: Option<Timestamp>,
    #[serde(skip_serializing_if = "Option::is_none")]
    expire_time: Option<Timestamp>,
    #[serde(skip_serializing_if = "Option::is_none")]
    response: Option<ResponseJson<'a>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    error: Option<ErrorJson<'a>>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    results: Vec<ResultJson<'a>>,
    resource_location: String,
}

#[derive(Serialize)]
struct ProgressJson<'a> {
    completed: u64,
    total: Option<u64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    unit: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    message: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    language: Option<&'a str>,
    sequence: u64,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    steps: Vec<StepJson<'a>>,
}

impl<'a> ProgressJson<'a> {
    fn new(reported: &'a Reported, document: &StatusDocument<'a>) -> Self {
        let label = reported.label_in(document.languages);
        let step = |step: &'a crate::progress::Step| StepJson {
            completed: step.fraction.completed,
            total: step.fraction.total,
            unit: step.unit.as_deref(),
        };
        Self {
            completed: reported.fraction.completed,
            total: reported.fraction.total,
            unit: reported.unit.as_deref(),
            message: label.map(|label| label.text.as_str()),
            language: label.and_then(|label| label.language.as_ref()).map(LanguageTag::as_str),
            sequence: document.snapshot.revision,
            steps: reported.step.iter().map(step).collect(),
        }
    }
}

#[derive(Serialize)]
struct StepJson<'a> {
    completed: u64,
    total: Option<u64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    unit: Option<&'a str>,
}

#[derive(Serialize)]
struct RequestJson<'a> {
    method: &'a str,
    target: &'a str,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct ResponseJson<'a> {
    status: u16,
    #[serde(skip_serializing_if = "Option::is_none")]
    location: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    content_type: Option<&'a str>,
    content_length: u64,
}

impl<'a> ResponseJson<'a> {
    fn new(response: &'a ResponseSummary) -> Self {
        Self {
            status: response.status.as_u16(),
            location: response.location.as_deref(),
            content_type: response.content_type.as_deref(),
            content_length: response.content_length,
        }
    }
}

#[derive(Serialize)]
struct ErrorJson<'a> {
    code: &'a str,
    message: &'a str,
    status: u16,
    #[serde(skip_serializing_if = "Option::is_none")]
    problem: Option<serde_json::Value>,
}

impl<'a> ErrorJson<'a> {
    fn new(code: &'a str, message: &'a str, status: StatusCode) -> Self {
        Self { code, message, status: status.as_u16(), problem: None }
    }

    /// PRB-04: the problem's status is the operation's; the document itself is read with a 200.
    fn of_failure(failure: &'a Failure, instance: &str) -> Self {
        let problem = serde_json::json!({
            "type": problem_type(failure.problem),
            "title": failure.status.canonical_reason().unwrap_or("Error"),
            "status": failure.status.as_u16(),
            "detail": failure.message,
            "instance": instance,
        });
        Self { problem: Some(problem), ..Self::new(failure.code, failure.message, failure.status) }
    }
}

#[derive(Serialize)]
struct ResultJson<'a> {
    uri: &'a str,
    status: u16,
}

/// The absolute problem type for a short name (PRB-01): a stable identifier, not a page.
pub fn problem_type(name: &str) -> String {
    format!("tag:progress-gateway,2026:problem/{name}")
}

#[cfg(test)]
mod tests;
