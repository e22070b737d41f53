//! The body of a record.

use std::collections::HashSet;
use std::path::Path;
use std::sync::{Arc, Mutex, PoisonError};

use http::{Method, StatusCode};
use progress_core::document::{RequestSummary, Times};
use progress_core::event::{Failure, Outcome, ResponseSummary};
use progress_core::language::LanguageTag;
use progress_core::operation::{EncodedProgress, OperationId, Phase, Snapshot};
use progress_core::progress::{Fraction, Label, Reported, Step, Translations};
use progress_core::status_uri::StatusPair;

use super::wire::{Eye, Pen};
use super::{Summary, message};
use crate::{Record, RequestKey, Sequel};

/// Texts of failures that are kept for the life of the process. The gateway has about twenty, each a
/// constant; a store that was written by another version may have some more.
const MOST_WORDS: usize = 1_024;

pub(super) fn write(pen: &mut Pen, record: &Record) {
    pen.octets(record.route.as_bytes());
    write_request(pen, &record.request);
    pen.time(record.times.create);
    pen.time(record.times.update);
    pen.maybe(record.times.end, Pen::time);
    pen.maybe(record.times.expire, Pen::time);
    write_snapshot(pen, &record.snapshot);
    pen.maybe(record.response.as_deref(), message::write_response);
    pen.maybe(record.key.and_then(|key| key.fingerprint), |pen, fingerprint| pen.0.extend(fingerprint));
    write_sequel(pen, &record.sequel);
}

/// `known` is what is told in front of the body.
pub(super) fn read(eye: &mut Eye, known: (OperationId, Summary), results: &Arc<Path>) -> Option<Record> {
    let (id, Summary { owner, digest, .. }) = known;
    Some(Record {
        id,
        route: eye.text()?.into(),
        owner,
        request: Arc::new(read_request(eye)?),
        times: Times {
            create: eye.time()?,
            update: eye.time()?,
            end: eye.maybe(Eye::time)?,
            expire: eye.maybe(Eye::time)?,
        },
        snapshot: Arc::new(read_snapshot(eye)?),
        response: eye.maybe(|eye| message::read_response(eye, results))?.map(Arc::new),
        key: read_key(eye, digest)?,
        sequel: read_sequel(eye)?,
    })
}

/// The outer `None`: it cannot be read. There is no fingerprint without a digest.
#[expect(clippy::option_option, reason = "absent and unreadable are two things")]
fn read_key(eye: &mut Eye, digest: Option<[u8; 32]>) -> Option<Option<RequestKey>> {
    match (digest, eye.maybe(Eye::array)?) {
        (Some(digest), fingerprint) => Some(Some(RequestKey { digest, fingerprint })),
        (None, None) => Some(None),
        (None, Some(_)) => None,
    }
}

fn write_sequel(pen: &mut Pen, sequel: &Sequel) {
    match sequel {
        Sequel::Interrupted => pen.byte(0),
        Sequel::Canceled => pen.byte(3),
        Sequel::Call { until } => {
            pen.byte(1);
            pen.time(*until);
        }
        Sequel::Resend(request) => {
            pen.byte(2);
            message::write_request(pen, request);
        }
    }
}

fn read_sequel(eye: &mut Eye) -> Option<Sequel> {
    Some(match eye.byte()? {
        0 => Sequel::Interrupted,
        1 => Sequel::Call { until: eye.time()? },
        3 => Sequel::Canceled,
        2 => Sequel::Resend(Arc::new(message::read_request(eye)?)),
        _ => return None,
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
    pen.maybe(reported.label.as_ref(), write_label);
    let texts = reported.translations.as_deref().map_or(&[][..], Translations::texts);
    pen.long(texts.len() as u64);
    for label in texts {
        write_label(pen, label);
    }
    pen.maybe(reported.step.as_ref(), |pen, step| {
        write_fraction(pen, &step.fraction);
        pen.maybe(step.unit.as_deref(), |pen, unit| pen.octets(unit.as_bytes()));
    });
}

fn read_reported(eye: &mut Eye) -> Option<Reported> {
    let (fraction, unit) = (read_fraction(eye)?, eye.maybe(Eye::text)?);
    let label = eye.maybe(read_label)?;
    let texts: Vec<Label> = (0..eye.long()?).map(|_| read_label(eye)).collect::<Option<_>>()?;
    let translations = label.as_ref().and_then(|label| Translations::of(label, texts));
    let step = eye.maybe(|eye| Some(Step { fraction: read_fraction(eye)?, unit: eye.maybe(Eye::text)? }))?;
    Some(Reported { fraction, unit, label, translations, step })
}

fn write_label(pen: &mut Pen, label: &Label) {
    pen.octets(label.text.as_bytes());
    pen.maybe(label.language.as_ref(), |pen, language| pen.octets(language.as_str().as_bytes()));
}

fn read_label(eye: &mut Eye) -> Option<Label> {
    let text = eye.text()?;
    let language = eye.maybe(|eye| LanguageTag::parse(&eye.text()?))?;
    Some(Label { text, language })
}

fn write_fraction(pen: &mut Pen, fraction: &Fraction) {
    pen.long(fraction.completed);
    pen.maybe(fraction.total, Pen::long);
}

fn read_fraction(eye: &mut Eye) -> Option<Fraction> {
    Some(Fraction { completed: eye.long()?, total: eye.maybe(Eye::long)? })
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
