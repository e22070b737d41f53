//! The oracle itself: it must see each kind of broken promise.

use super::{Asked, Offence, Sight, Stands, Survived, Told};
use crate::client::{Answer, Head};
use crate::job::{Job, Kind};
use crate::origin::Deed;

fn sight(kind: Kind) -> Sight {
    let job = Job { kind, number: 7 };
    let (asked, survived) = (Asked::Nothing, Survived::No);
    Sight { job, owner: "Bearer alice", born: 1, told: Told::Running, asked, survived }
}

fn answer(status: u16, body: impl Into<Vec<u8>>) -> Answer {
    Answer { head: Head { status, fields: vec!["date: now".into()] }, body: body.into() }
}

const SUCCEEDED: &str = r#"{"status":"Succeeded","response":{"status":200}}"#;
const FAILED: &str = r#"{"status":"Failed","response":{"status":500}}"#;
const INTERRUPTED: &str = r#"{"status":"Failed","error":{"code":"Interrupted"}}"#;
const CANCELED: &str = r#"{"status":"Canceled","error":{"code":"Canceled"}}"#;

fn untrue(judged: &Result<Stands, Offence>) -> bool {
    matches!(judged, Err(Offence::Untrue(_)))
}

#[test]
fn a_lost_id_is_seen() {
    let judged = sight(Kind::Slow).judge(answer(404, ""), 2, None);
    assert!(matches!(judged, Err(Offence::Lost(_))), "{judged:?}");
    let judged = sight(Kind::Slow).judge(answer(410, ""), 2, None);
    assert!(matches!(judged, Err(Offence::Lost(_))), "{judged:?}");
    let deleted = Sight { asked: Asked::Delete, ..sight(Kind::Slow) }.judge(answer(410, ""), 2, None);
    assert_eq!(deleted, Ok(Stands::Gone));
}

#[test]
fn a_guessed_end_is_seen() {
    assert_eq!(sight(Kind::Slow).judge(answer(200, SUCCEEDED), 2, Some(Deed::Sent)), Ok(Stands::Ended));
    assert!(untrue(&sight(Kind::Slow).judge(answer(200, SUCCEEDED), 2, None)));
    assert!(untrue(&sight(Kind::Slow).judge(answer(200, FAILED), 2, Some(Deed::Sent))));
    assert!(untrue(&sight(Kind::Endless).judge(answer(200, SUCCEEDED), 2, Some(Deed::Sent))));
    assert!(untrue(&sight(Kind::Slow).judge(answer(200, CANCELED), 2, None)));
    assert_eq!(sight(Kind::Failing).judge(answer(200, FAILED), 1, Some(Deed::Sent)), Ok(Stands::Ended));
}

#[test]
fn an_interruption_needs_a_death() {
    assert_eq!(sight(Kind::Slow).judge(answer(200, INTERRUPTED), 2, None), Ok(Stands::Ended));
    assert!(untrue(&sight(Kind::Slow).judge(answer(200, INTERRUPTED), 1, None)));
    let job = Job { kind: Kind::Slow, number: 7 };
    let answered = Sight { told: Told::Answered(200, job.content()), ..sight(Kind::Slow) };
    assert!(untrue(&answered.clone().judge(answer(200, INTERRUPTED), 2, Some(Deed::Sent))));
    assert!(matches!(answered.clone().judge(answer(202, ""), 2, None), Err(Offence::Changed(_))));
}

#[test]
fn only_what_is_called_back_about_runs_on() {
    assert!(untrue(&sight(Kind::Slow).judge(answer(202, ""), 2, None)));
    assert_eq!(sight(Kind::Slow).judge(answer(202, ""), 1, None), Ok(Stands::Running));
    assert!(untrue(&sight(Kind::Again).judge(answer(200, INTERRUPTED), 2, None)));
    let mut calling = sight(Kind::Calling);
    assert_eq!(calling.judge(answer(202, ""), 2, None), Ok(Stands::Running));
    assert!(untrue(&calling.clone().judge(answer(200, INTERRUPTED), 3, None)));
    assert!(untrue(&calling.clone().judge(answer(202, ""), 3, Some(Deed::Taken))));
    assert!(untrue(&sight(Kind::Calling).judge(answer(200, INTERRUPTED), 2, Some(Deed::Taken))));
}

#[test]
fn what_was_final_stays_as_it_was() {
    let mut ended = sight(Kind::Slow);
    ended.judge(answer(200, SUCCEEDED), 1, Some(Deed::Sent)).unwrap();
    assert_eq!(ended.judge(answer(200, SUCCEEDED), 2, Some(Deed::Sent)), Ok(Stands::Ended));
    let judged = ended.judge(answer(200, INTERRUPTED), 2, Some(Deed::Sent));
    assert!(matches!(judged, Err(Offence::Changed(_))), "{judged:?}");
    ended.compare(answer(200, ended.job.content())).unwrap();
    ended.compare(answer(200, ended.job.content())).unwrap();
    assert!(matches!(ended.compare(answer(200, "else")), Err(Offence::Changed(_))));
    assert!(matches!(ended.judge(answer(202, ""), 2, None), Err(Offence::Changed(_))));
    let mut forgotten = Sight { told: Told::Forgotten, ..sight(Kind::Slow) };
    assert!(matches!(forgotten.judge(answer(200, SUCCEEDED), 2, None), Err(Offence::Changed(_))));
}

#[test]
fn a_result_that_the_origin_never_sent_is_seen() {
    let mut ended = sight(Kind::Slow);
    ended.judge(answer(200, SUCCEEDED), 1, Some(Deed::Sent)).unwrap();
    assert!(matches!(ended.compare(answer(200, "else")), Err(Offence::Untrue(_))));
}
