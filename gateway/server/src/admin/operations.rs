//! `GET /operations`: what operators see of operations (interface: listing).
//!
//! Nothing here lets an operator act for a client: ids are cut short, targets have no query, and of an owner
//! it only says that there is one (S-03).

mod query;

use jiff::Timestamp;
use progress_core::document::{RequestSummary, Status, Times};
use progress_core::event::Outcome;
use progress_core::operation::{OperationId, Phase, Snapshot};
use serde::Serialize;

use crate::operations::{Operations, Seen};
use query::Cursor;
pub(super) use query::Query;

/// Operations that one request looks at: what a filter leaves out is looked at, too.
const LOOKED_AT: usize = 1_000;

/// A page of operations, in the order of their ids, which is none.
#[derive(Debug, Serialize)]
pub(super) struct Page {
    operations: Vec<Listed>,
    /// The next page's `after`; without it this is the last page. A page with a filter may be short, or
    /// empty, and not the last.
    #[serde(skip_serializing_if = "Option::is_none")]
    next: Option<Cursor>,
}

/// What is told of one operation.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
struct Listed {
    id: String,
    route: String,
    state: Status,
    method: String,
    target: String,
    owned: bool,
    completed: Option<u64>,
    total: Option<u64>,
    create_time: Timestamp,
    update_time: Timestamp,
    end_time: Option<Timestamp>,
    expire_time: Option<Timestamp>,
    /// The status of the origin's final response.
    code: Option<u16>,
    /// Why there is none.
    error: Option<&'static str>,
}

/// The page that `query` asks for.
pub(super) async fn page(operations: &Operations, query: &Query) -> Page {
    let Some(from) = query.from() else { return Page { operations: Vec::new(), next: None } };
    let ids = operations.page(from, LOOKED_AT);
    let mut listed = Vec::new();
    let mut last = None;
    let mut looked_at = 0;
    for id in &ids {
        if listed.len() == query.limit {
            break;
        }
        looked_at += 1;
        last = Some(*id);
        // What cannot be read at the moment, or has just ended its time, is left out.
        let found = operations.find(*id).await.ok().and_then(|seen| Listed::of(*id, seen));
        listed.extend(found.filter(|found| query.takes(&found.route, found.state)));
    }
    let is_last = looked_at == ids.len() && ids.len() < LOOKED_AT;
    Page { operations: listed, next: last.filter(|_| !is_last).map(Cursor::of) }
}

impl Listed {
    fn of(id: OperationId, seen: Seen) -> Option<Self> {
        match seen {
            Seen::Running(cell) => {
                let (snapshot, times) = cell.shown();
                let kept = (&*cell.route_name, cell.owner.is_some());
                Some(Self::new(id, kept, &cell.request, (&snapshot, times)))
            }
            Seen::Finished(record) => {
                let kept = (&*record.route, record.owner.is_some());
                Some(Self::new(id, kept, &record.request, (&record.snapshot, record.times)))
            }
            Seen::Expired { .. } | Seen::Unknown => None,
        }
    }

    fn new(
        id: OperationId,
        (route, owned): (&str, bool),
        request: &RequestSummary,
        (snapshot, times): (&Snapshot, Times),
    ) -> Self {
        let fraction = snapshot.progress.as_ref().map(|progress| progress.reported.fraction);
        let (code, error) = match &snapshot.phase {
            Phase::Finished(Outcome::Responded(response)) => (Some(response.status.as_u16()), None),
            Phase::Finished(Outcome::Failed(failure)) => (None, Some(failure.code)),
            Phase::Finished(Outcome::Canceled) | Phase::Running | Phase::Canceling => (None, None),
        };
        Self {
            id: id.short(),
            route: route.to_string(),
            state: Status::of(&snapshot.phase),
            method: request.method.to_string(),
            target: without_query(request.target()).to_owned(),
            owned,
            completed: fraction.map(|fraction| fraction.completed),
            total: fraction.and_then(|fraction| fraction.total),
            create_time: times.create,
            update_time: times.update,
            end_time: times.end,
            expire_time: times.expire,
            code,
            error,
        }
    }
}

fn without_query(target: &str) -> &str {
    target.split(['?', '#']).next().unwrap_or_default()
}
