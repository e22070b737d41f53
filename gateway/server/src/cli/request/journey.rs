//! The call, and the way from a 202 to the result.

mod leg;
mod reference;

use std::time::Duration;

use http::header::{
    ACCEPT, CONTENT_ENCODING, CONTENT_LANGUAGE, CONTENT_LOCATION, CONTENT_TYPE, IF_MATCH, IF_MODIFIED_SINCE,
    IF_NONE_MATCH, IF_RANGE, IF_UNMODIFIED_SINCE, LOCATION, RANGE, RETRY_AFTER,
};
use http::{HeaderMap, HeaderName, HeaderValue, Method, StatusCode, Uri};
use serde::Deserialize;
use tokio::time::sleep;

use super::order::{Order, PREFER, WISHES};
use super::teller::{Output, Teller};
use crate::client::{Call, CallError, Speech};
use downstream::Protocol;
use leg::{Leg, Seen, Wanted};

/// The pause between two looks at a status document that does not say.
const PAUSE: Duration = Duration::from_secs(1);
/// The shortest pause: `Retry-After: 0` is no reason to ask without end.
const SHORTEST_PAUSE: Duration = Duration::from_millis(200);
/// The longest pause that is kept to.
const LONGEST_PAUSE: Duration = Duration::from_secs(60);
/// The pauses after each failure in a row: time enough for a gateway to be started anew.
const FAILURES: [Duration; 4] =
    [Duration::from_millis(500), Duration::from_secs(1), Duration::from_secs(2), Duration::from_secs(4)];

/// How often a status document may be unavailable before that is the answer.
const REFUSALS: usize = 60;

/// `IDK-01`: the name of one request, not of those that follow it.
const IDEMPOTENCY_KEY: HeaderName = HeaderName::from_static("idempotency-key");
/// Fields that speak of the content, of its state or of this one request.
const OF_ONE_REQUEST: [HeaderName; 13] = [
    ACCEPT,
    CONTENT_ENCODING,
    CONTENT_LANGUAGE,
    CONTENT_LOCATION,
    CONTENT_TYPE,
    IDEMPOTENCY_KEY,
    IF_MATCH,
    IF_MODIFIED_SINCE,
    IF_NONE_MATCH,
    IF_RANGE,
    IF_UNMODIFIED_SINCE,
    PREFER,
    RANGE,
];

/// Whether the last word is a success.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Verdict {
    /// A final response of 2xx.
    Fine,
    /// Any other.
    Otherwise,
}

/// Our own document by its own name, or another's.
const DOCUMENT: HeaderValue =
    HeaderValue::from_static("application/vnd.progress-gateway.operation+json, application/json;q=0.9");

/// What is read of a status document.
#[derive(Debug, Default, Deserialize)]
#[serde(default, rename_all = "camelCase")]
struct Document {
    status: String,
    resource_location: Option<String>,
}

/// Makes the call and follows it to its end. `teller` is told of everything.
pub(super) async fn make(order: &Order, teller: &mut Teller) -> Result<Verdict, CallError> {
    let mut journey = Journey { order, teller };
    let uri = match journey.ask(&order.call, Wanted::Answer).await {
        Ok(seen) => match seen.monitor {
            Some(uri) => uri,
            None => return Ok(Verdict::of(seen.status)),
        },
        // The operation outlives the connection: whoever knows its status URI finds it again.
        Err(error) => match journey.teller.monitor() {
            Some(uri) if is_worth_another_try(&error) && journey.teller.output() == Output::Untouched => {
                let uri = uri.clone();
                journey.teller.note(&error);
                uri
            }
            _ => return Err(error),
        },
    };
    journey.follow(uri).await
}

struct Journey<'a> {
    order: &'a Order,
    teller: &'a mut Teller,
}

impl Journey<'_> {
    /// Asks for the status document until the operation has ended, then for what came of it.
    async fn follow(&mut self, uri: Uri) -> Result<Verdict, CallError> {
        self.teller.following(&uri);
        let call = self.look(&uri);
        let mut refusals = 0;
        let seen = loop {
            let seen = self.insist(&call).await?;
            match seen.status {
                StatusCode::ACCEPTED | StatusCode::TOO_MANY_REQUESTS => sleep(pause(&seen.fields)).await,
                // It cannot be told at the moment.
                StatusCode::SERVICE_UNAVAILABLE if refusals < REFUSALS => {
                    refusals += 1;
                    sleep(pause(&seen.fields)).await;
                }
                _ => break seen,
            }
        };
        let document: Document = serde_json::from_slice(&seen.content).unwrap_or_default();
        let result = match seen.status {
            StatusCode::OK => document.resource_location,
            StatusCode::SEE_OTHER => text(&seen.fields, &LOCATION).map(str::to_owned),
            _ => None,
        };
        if let Some(result) = result.and_then(|result| reference::resolve(&uri, &result)) {
            let call = self.fetch(result);
            return Ok(Verdict::of(self.ask(&call, Wanted::Result).await?.status));
        }
        // There is no more to be had than this.
        self.teller.content(&seen.content).map_err(CallError::Output)?;
        let has_failed = ["Failed", "Canceled"].contains(&document.status.as_str());
        Ok(if has_failed { Verdict::Otherwise } else { Verdict::of(seen.status) })
    }

    /// Asks, and again if the connection fails: a gateway that is started anew still knows.
    async fn insist(&mut self, call: &Call) -> Result<Seen, CallError> {
        let mut pauses = FAILURES.into_iter();
        loop {
            let error = match self.ask(call, Wanted::Document).await {
                Err(error) if is_worth_another_try(&error) => error,
                ended => return ended,
            };
            let Some(pause) = pauses.next() else { return Err(error) };
            self.teller.note(&error);
            sleep(pause).await;
        }
    }

    async fn ask(&mut self, call: &Call, wanted: Wanted) -> Result<Seen, CallError> {
        let mut leg = Leg::new(self.teller, call, wanted);
        self.order.client.call(call, &mut leg).await?;
        Ok(leg.seen())
    }

    /// A look at the status document, held if the version has interim heads.
    fn look(&self, uri: &Uri) -> Call {
        let mut call = self.fetch(uri.clone());
        call.fields.insert(ACCEPT, DOCUMENT);
        if self.order.client.speech != Speech::Only(Protocol::Http10) {
            call.fields.insert(PREFER, WISHES);
        }
        call
    }

    fn fetch(&self, uri: Uri) -> Call {
        let asked = &self.order.call;
        let mut fields = HeaderMap::new();
        // Credentials and whatever else tells an owner are for those that they were meant for.
        if reference::is_same_origin(&asked.uri, asked.host.as_ref(), &uri) {
            fields.clone_from(&asked.fields);
            for name in &OF_ONE_REQUEST {
                fields.remove(name);
            }
            if let Some(accept) = asked.fields.get(ACCEPT) {
                fields.insert(ACCEPT, accept.clone());
            }
        }
        Call { method: Method::GET, uri, host: None, fields, content: bytes::Bytes::new() }
    }
}

impl Verdict {
    fn of(status: StatusCode) -> Self {
        if status.is_success() { Self::Fine } else { Self::Otherwise }
    }
}

/// Whether it may be the connection's fault, or the moment's.
fn is_worth_another_try(error: &CallError) -> bool {
    matches!(
        error,
        CallError::Connect { .. }
            | CallError::H1(_)
            | CallError::Content(_)
            | CallError::H2(_)
            | CallError::Quic(_)
            | CallError::H3(_)
    )
}

fn pause(fields: &HeaderMap) -> Duration {
    let told = text(fields, &RETRY_AFTER).and_then(|seconds| seconds.trim().parse().ok());
    told.map_or(PAUSE, Duration::from_secs).clamp(SHORTEST_PAUSE, LONGEST_PAUSE)
}

fn text<'a>(fields: &'a HeaderMap, name: &HeaderName) -> Option<&'a str> {
    fields.get(name).and_then(|value| value.to_str().ok())
}
