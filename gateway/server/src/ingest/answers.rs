//! What a callback is answered.

use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use downstream::RequestBody;
use http::header::{ALLOW, CACHE_CONTROL};
use http::request::Parts;
use http::{HeaderValue, Method, Request, Response, StatusCode};
use progress_core::event::Outcome;
use progress_core::operation::{Applied, OperationId, Phase};
use status_store::StoreError;

use super::content::{self, Unread};
use super::delivery::{self, Purposed, Undelivered};
use super::report::{self, Misreport};
use super::{Desk, message::Malformed};
use crate::metrics::labels::EventKind;
use crate::operations::{Admission, OperationCell, Purpose, Receipt, Seen, take_in};
use crate::problem::Problem;

/// Octets of a report (S-13).
const REPORT: usize = 8 * 1024;

/// How long a callback about an operation that is ending waits until that is stored.
const ENDING: Duration = Duration::from_secs(10);

/// Why a callback is not taken.
enum No {
    /// No token of ours, or a path of ours with nothing there: one answer for all (S-11).
    Unknown,
    Method(&'static str),
    /// The operation is over, or its response has come (S-12).
    Over,
    Canceled,
    TooOften,
    TooLong,
    BadReport(Misreport),
    BadMessage(Malformed),
    Unsuited,
    StoreFull,
    StoreFails,
    Broken,
}

impl Desk {
    pub(super) async fn answer(&self, request: Request<RequestBody>) -> Response<Bytes> {
        let (parts, body) = request.into_parts();
        match self.take(parts, body).await {
            Ok(()) => taken(),
            Err(no) => no.response(),
        }
    }

    async fn take(&self, parts: Parts, body: RequestBody) -> Result<(), No> {
        if parts.uri.query().is_some() {
            return Err(No::Unknown);
        }
        let (id, part) = self.address(parts.uri.path()).ok_or(No::Unknown)?;
        let (purpose, method) = match part {
            "" => (Purpose::Report, Method::POST),
            "/response" => (Purpose::Delivery, Method::PUT),
            _ => return Err(No::Unknown),
        };
        if parts.method != method {
            return Err(No::Method(if purpose == Purpose::Report { "POST" } else { "PUT" }));
        }
        let (cell, limit) = match self.listing.admit(id, purpose) {
            Admission::Admitted(cell, limit) => (cell, limit),
            Admission::TooOften => return Err(No::TooOften),
            Admission::NotRunning => return Err(self.why_over(id).await),
        };
        let taken = self.hear(purpose, (&parts, body), (&cell, limit)).await;
        if let Err(No::Over | No::Canceled) = taken {
            // The origin stops then. Were the end not stored, a gateway after this one would wait for its call.
            let over = tokio::time::timeout(ENDING, cell.over()).await;
            over.map_err(|_| No::StoreFails)?;
        }
        taken
    }

    /// Takes what a callback about the operation of `cell` says.
    async fn hear(
        &self,
        purpose: Purpose,
        (parts, body): (&Parts, RequestBody),
        (cell, limit): (&Arc<OperationCell>, u64),
    ) -> Result<(), No> {
        if let Some(no) = ended(cell) {
            return Err(no);
        }
        match purpose {
            Purpose::Report => self.report(parts, body, cell).await,
            Purpose::Delivery => {
                let purposed = Purposed { method: &cell.request.method, limit, operations: &self.operations };
                let response = delivery::read(&parts.headers, body, &purposed).await?;
                let told = cell.deliver(response).ok_or(No::Over)?;
                match told.await {
                    Ok(Receipt::Taken) => Ok(()),
                    Ok(Receipt::Refused) | Err(_) => Err(ended(cell).unwrap_or(No::Over)),
                }
            }
        }
    }

    async fn report(&self, parts: &Parts, body: RequestBody, cell: &Arc<OperationCell>) -> Result<(), No> {
        let content = content::whole(body, REPORT).await?;
        let heard = report::read(&parts.headers, &content).map_err(|misreport| {
            self.metrics.route(Some(cell.route)).operations.event(EventKind::Invalid);
            No::BadReport(misreport)
        })?;
        let applied = take_in(cell, &self.metrics, heard);
        if let Some(no) = ended(cell) {
            return Err(no);
        }
        if applied == Applied::Refused {
            return Err(No::Over);
        }
        cell.on_sign();
        Ok(())
    }

    /// What is said of an operation that does not run.
    async fn why_over(&self, id: OperationId) -> No {
        let phase = match self.operations.find(id).await {
            Ok(Seen::Running(cell)) => cell.snapshot().phase.clone(),
            // It is not known here yet.
            Ok(Seen::Finished(record)) if record.times.end.is_none() => return No::StoreFails,
            Ok(Seen::Finished(record)) => record.snapshot.phase.clone(),
            Ok(Seen::Expired { .. } | Seen::Unknown) | Err(StoreError::Corrupt | StoreError::Missing) => {
                return No::Over;
            }
            Err(StoreError::Unavailable | StoreError::Full) => return No::StoreFails,
        };
        no_more(&phase).unwrap_or(No::Over)
    }
}

/// Why nothing is taken for an operation, if it is so.
fn ended(cell: &OperationCell) -> Option<No> {
    no_more(&cell.snapshot().phase)
}

fn no_more(phase: &Phase) -> Option<No> {
    match phase {
        Phase::Running => None,
        Phase::Canceling | Phase::Finished(Outcome::Canceled) => Some(No::Canceled),
        Phase::Finished(_) => Some(No::Over),
    }
}

fn taken() -> Response<Bytes> {
    let mut response = Response::new(Bytes::new());
    *response.status_mut() = StatusCode::NO_CONTENT;
    response.headers_mut().insert(CACHE_CONTROL, HeaderValue::from_static("no-store"));
    response
}

// === impl No ===

impl No {
    fn response(&self) -> Response<Bytes> {
        let (status, name, detail) = self.words();
        let problem = Problem::new(status, name, detail);
        let mut response = match self {
            Self::TooOften | Self::StoreFull | Self::StoreFails => problem.retry_after(1).response(),
            _ => problem.response(),
        };
        if let Self::Method(allowed) = self {
            response.headers_mut().insert(ALLOW, HeaderValue::from_static(allowed));
        }
        response
    }

    fn words(&self) -> (StatusCode, &'static str, &'static str) {
        match self {
            Self::Unknown => (StatusCode::NOT_FOUND, "unknown-callback", "Nobody waits for a callback here."),
            Self::Method(_) => (
                StatusCode::METHOD_NOT_ALLOWED,
                "method-not-allowed",
                "POST the URL to report; PUT its /response to finish.",
            ),
            Self::Over => (
                StatusCode::CONFLICT,
                "operation-over",
                "The operation has ended, or has its response; nothing more is taken.",
            ),
            Self::Canceled => {
                (StatusCode::CONFLICT, "canceled", "The operation was canceled; work on it can stop.")
            }
            Self::TooOften => (
                StatusCode::TOO_MANY_REQUESTS,
                "too-many-callbacks",
                "More than 10 callbacks a second came for this operation.",
            ),
            Self::TooLong => (
                StatusCode::PAYLOAD_TOO_LARGE,
                "callback-too-large",
                "A report has at most 8 KiB, a response the route's maximum-result.",
            ),
            Self::BadReport(misreport) => {
                (StatusCode::UNPROCESSABLE_ENTITY, "bad-report", misreport.detail())
            }
            Self::BadMessage(Malformed(how)) => (StatusCode::UNPROCESSABLE_ENTITY, "bad-message", how),
            Self::Unsuited => (
                StatusCode::UNSUPPORTED_MEDIA_TYPE,
                "unsuited-content",
                "A response comes whole, without Content-Range, and message/http without Content-Encoding.",
            ),
            Self::StoreFull => (
                StatusCode::INSUFFICIENT_STORAGE,
                "no-room",
                "There is no room for the response at the moment.",
            ),
            Self::StoreFails => (
                StatusCode::SERVICE_UNAVAILABLE,
                "store-unavailable",
                "It cannot be told at the moment what has become of the operation.",
            ),
            Self::Broken => (StatusCode::BAD_REQUEST, "malformed", "The content broke off."),
        }
    }
}

impl From<Unread> for No {
    fn from(unread: Unread) -> Self {
        match unread {
            Unread::TooLong => Self::TooLong,
            Unread::Broken => Self::Broken,
        }
    }
}

impl From<Undelivered> for No {
    fn from(undelivered: Undelivered) -> Self {
        match undelivered {
            Undelivered::Unread(unread) => unread.into(),
            Undelivered::Malformed(malformed) => Self::BadMessage(malformed),
            Undelivered::Unsuited => Self::Unsuited,
            Undelivered::NoRoom => Self::StoreFull,
        }
    }
}
