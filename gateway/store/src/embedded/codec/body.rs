//! The body of a record.

use std::collections::HashSet;
use std::path::Path;
use std::sync::{Arc, Mutex, PoisonError};

use http::{HeaderMap, HeaderName, HeaderValue, Method, StatusCode};
use progress_core::document::{RequestSummary, Times};
use progress_core::event::{Failure, Outcome, ResponseSummary};
use progress_core::language::LanguageTag;
use progress_core::operation::{EncodedProgress, OperationId, Phase, Snapshot};
use progress_core::progress::{Fraction, Label, Reported, Step};
use progress_core::status_uri::StatusPair;

use super::super::spool::{SpoolName, Spooled};
use super::wire::{Eye, Pen};
use crate::{Content, Record, StoredResponse};

/// Texts of failures that are kept for the life of the process. The gateway has about twenty, each a
/// constant; a store that was written by another version may have some more.
const MOST_WORDS: usize = 1_024;

pub(super) fn write(pen: &mut Pen, record: &Record) {
    pen.octets(record.route.as_bytes());
    pen.maybe(record.owner, |pen, owner| pen.0.extend(owner));
    write_request(pen, &record.request);
    pen.time(record.times.create);
    pen.time(record.times.update);
    pen.maybe(record.times.end, Pen::time);
    pen.maybe(record.times.expire, Pen::time);
    write_snapshot(pen, &record.snapshot);
    pen.maybe(record.response.as_deref(), write_response);
}

pub(super) fn read(eye: &mut Eye, id: OperationId, results: &Arc<Path>) -> Option<Record> {
    Some(Record {
        id,
        route: eye.text()?.into(),
        owner: eye.maybe(Eye::array)?,
        request: Arc::new(read_request(eye)?),
        times: Times {
            create: eye.time()?,
            update: eye.time()?,
            end: eye.maybe(Eye::time)?,
            expire: eye.maybe(Eye::time)?,
        },
        snapshot: Arc::new(read_snapshot(eye)?),
        response: eye.maybe(|eye| read_response(eye, results))?.map(Arc::new),
    })
}

fn write_request(pen: &mut Pen, request: &RequestSummary) {
    pen.octets(request.method.as_str().as_bytes());
    let base = request.target().len() - request.path().len();
    pen.octets(&request.target().as_bytes()[..base]);
    pen.octets(request.path().as_bytes());
}

fn read_request(eye: &mut Eye) -> Option<RequestSummary> {
    let method = Method::from_bytes(&eye.octets()?).ok()?;
    Some(RequestSummary::new(method, &eye.text()?, &eye.text()?))
}

fn write_snapshot(pen: &mut Pen, snapshot: &Snapshot) {
    pen.long(snapshot.revision);
    write_phase(pen, &snapshot.phase);
    pen.maybe(snapshot.progress.as_ref(), |pen, progress| write_reported(pen, &progress.reported));
    pen.long(snapshot.results.len() as u64);
    for pair in &snapshot.results {
        pen.short(pair.status);
        pen.octets(pair.uri.as_bytes());
    }
}

fn read_snapshot(eye: &mut Eye) -> Option<Snapshot> {
    let revision = eye.long()?;
    let phase = read_phase(eye)?;
    let progress = eye.maybe(read_reported)?.map(|reported| Arc::new(EncodedProgress::new(reported)));
    let pairs = eye.long()?;
    // Collected one by one: a wrong count runs out of octets, not out of memory.
    let results = (0..pairs).map(|_| Some(StatusPair { status: eye.short()?, uri: eye.text()? }));
    Some(Snapshot { revision, phase, progress, results: results.collect::<Option<_>>()? })
}

fn write_phase(pen: &mut Pen, phase: &Phase) {
    match phase {
        Phase::Running => pen.byte(0),
        Phase::Canceling => pen.byte(1),
        Phase::Finished(Outcome::Canceled) => pen.byte(2),
        Phase::Finished(Outcome::Responded(response)) => {
            pen.byte(3);
            pen.short(response.status.as_u16());
            pen.maybe(response.location.as_deref(), |pen, text| pen.octets(text.as_bytes()));
            pen.maybe(response.content_type.as_deref(), |pen, text| pen.octets(text.as_bytes()));
            pen.long(response.content_length);
        }
        Phase::Finished(Outcome::Failed(failure)) => {
            pen.byte(4);
            pen.octets(failure.code.as_bytes());
            pen.octets(failure.message.as_bytes());
            pen.short(failure.status.as_u16());
            pen.octets(failure.problem.as_bytes());
        }
    }
}

fn read_phase(eye: &mut Eye) -> Option<Phase> {
    Some(match eye.byte()? {
        0 => Phase::Running,
        1 => Phase::Canceling,
        2 => Phase::Finished(Outcome::Canceled),
        3 => Phase::Finished(Outcome::Responded(ResponseSummary {
            status: StatusCode::from_u16(eye.short()?).ok()?,
            location: eye.maybe(Eye::text)?,
            content_type: eye.maybe(Eye::text)?,
            content_length: eye.long()?,
        })),
        4 => Phase::Finished(Outcome::Failed(Failure {
            code: lasting(eye.text()?),
            message: lasting(eye.text()?),
            status: StatusCode::from_u16(eye.short()?).ok()?,
            problem: lasting(eye.text()?),
        })),
        _ => return None,
    })
}

fn write_reported(pen: &mut Pen, reported: &Reported) {
    write_fraction(pen, &reported.fraction);
    pen.maybe(reported.unit.as_deref(), |pen, unit| pen.octets(unit.as_bytes()));
    pen.maybe(reported.label.as_ref(), |pen, label| {
        pen.octets(label.text.as_bytes());
        pen.maybe(label.language.as_ref(), |pen, language| pen.octets(language.as_str().as_bytes()));
    });
    pen.maybe(reported.step.as_ref(), |pen, step| {
        write_fraction(pen, &step.fraction);
        pen.maybe(step.unit.as_deref(), |pen, unit| pen.octets(unit.as_bytes()));
    });
}

fn read_reported(eye: &mut Eye) -> Option<Reported> {
    Some(Reported {
        fraction: read_fraction(eye)?,
        unit: eye.maybe(Eye::text)?,
        label: eye.maybe(|eye| {
            let text = eye.text()?;
            let language = eye.maybe(|eye| LanguageTag::parse(&eye.text()?))?;
            Some(Label { text, language })
        })?,
        step: eye.maybe(|eye| Some(Step { fraction: read_fraction(eye)?, unit: eye.maybe(Eye::text)? }))?,
    })
}

fn write_fraction(pen: &mut Pen, fraction: &Fraction) {
    pen.long(fraction.completed);
    pen.maybe(fraction.total, Pen::long);
}

fn read_fraction(eye: &mut Eye) -> Option<Fraction> {
    Some(Fraction { completed: eye.long()?, total: eye.maybe(Eye::long)? })
}

fn write_response(pen: &mut Pen, response: &StoredResponse) {
    pen.short(response.status.as_u16());
    pen.long(response.fields.len() as u64);
    for (name, value) in &response.fields {
        pen.octets(name.as_str().as_bytes());
        pen.octets(value.as_bytes());
    }
    match &response.content {
        Content::NotKept => pen.byte(0),
        Content::Kept { pieces, .. } => {
            pen.byte(1);
            pen.octets(&pieces.concat());
        }
        Content::File(spooled) => {
            pen.byte(2);
            pen.0.extend(spooled.name().to_bytes());
            pen.long(spooled.len());
        }
    }
}

fn read_response(eye: &mut Eye, results: &Arc<Path>) -> Option<StoredResponse> {
    let status = StatusCode::from_u16(eye.short()?).ok()?;
    let mut fields = HeaderMap::new();
    for _ in 0..eye.long()? {
        let name = HeaderName::from_bytes(&eye.octets()?).ok()?;
        fields.try_append(name, HeaderValue::from_bytes(&eye.octets()?).ok()?).ok()?;
    }
    let content = match eye.byte()? {
        0 => Content::NotKept,
        1 => Content::Kept { pieces: vec![eye.octets()?], room: None },
        2 => {
            let name = SpoolName::from_bytes(eye.array()?)?;
            Content::File(Spooled::new(Arc::clone(results), name, eye.long()?))
        }
        _ => return None,
    };
    Some(StoredResponse { status, fields, content })
}

/// A text that lasts as long as the process, as a failure's words do. Each is kept once, and at most
/// [`MOST_WORDS`] of them; what comes later is told as unnamed.
fn lasting(text: String) -> &'static str {
    static WORDS: Mutex<Option<HashSet<&'static str>>> = Mutex::new(None);
    let mut guard = WORDS.lock().unwrap_or_else(PoisonError::into_inner);
    let words = guard.get_or_insert_default();
    if let Some(word) = words.get(text.as_str()) {
        return word;
    }
    if words.len() >= MOST_WORDS {
        return "Unnamed";
    }
    let word: &'static str = Box::leak(text.into_boxed_str());
    words.insert(word);
    word
}
