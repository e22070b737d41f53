//! What a client does from its arrival to the end, by its behaviour.

use std::rc::Rc;
use std::time::Duration;

use fastrand::Rng;
use tokio::sync::Notify;
use tokio::time::sleep;

use crate::client::{Ask, PROTOCOL, Pool};
use crate::scenario::{After202, Behaviour, Watch};

use super::entry::{Close, Entry, Failed};
use super::follow::{Operation, path_of};
use super::leg::{ACCEPTED, Answer, Leg, Moments, Wanted};
use super::setting::{Kind, OptedIn};
use super::shared::Duty;

/// One arrival: which it is, and what is random about it.
pub(super) struct Arrival {
    pub(super) number: u64,
    pub(super) random: Rng,
}

/// Attends to an arrival until it has ended.
pub(super) async fn attend(kind: Rc<Kind>, mut entry: Entry, arrival: Arrival) {
    let how = match (kind.client().watch, &kind.client().behaviour) {
        (Watch::Shared, _) => watch(&kind, &mut entry, arrival.number).await,
        (Watch::Own, Behaviour::Resets { within }) => {
            let within = *within;
            reset(&kind, &mut entry, (arrival, within)).await
        }
        (Watch::Own, Behaviour::Returns { within }) => {
            let within = *within;
            leave_and_return(&kind, &mut entry, (arrival, within)).await
        }
        (Watch::Own, _) => stay(&kind, &mut entry, arrival.number).await,
    };
    entry.end(how.into());
}

/// Sends one request and hears all that comes.
pub(super) async fn send(pool: &Pool, ask: &Ask, leg: &mut Leg<'_>) -> Result<Answer, Failed> {
    pool.exchange(ask, leg)
        .await
        .map_err(|failure| Failed { kind: failure.kind(), words: failure.to_string() })?;
    leg.whole();
    leg.answer.ok_or_else(|| Failed { kind: PROTOCOL, words: "ended without a final head".to_owned() })
}

/// The request itself, with the client's own preference.
fn first_leg<'a>(kind: &Kind, entry: &'a mut Entry, (ask, moments): (&'a Ask, &'a Moments)) -> Leg<'a> {
    entry.heads = (kind.opted_in() == OptedIn::Yes).then_some(0);
    Leg::new(entry, kind.hearing(kind.opted_in(), kind.response(&ask.path)), moments)
}

/// Waits for the response, and after a 202 as the scenario says.
async fn stay(kind: &Kind, entry: &mut Entry, number: u64) -> Result<Close, Failed> {
    let ask = kind.ask(number);
    let moments = Moments::default();
    let mut leg = first_leg(kind, entry, (&ask, &moments));
    let answer = match send(&kind.pool, &ask, &mut leg).await {
        Err(failed) if failed.kind == "closed" && kind.may_be_taken_for_gone() => {
            return Ok(Close::AsIntended);
        }
        answer => answer?,
    };
    let location = leg.location.take();
    drop(leg);
    if answer.status == ACCEPTED && kind.client().after_202 == After202::Follow {
        let operation = Operation::new(kind, location.as_deref(), &ask.path)?;
        operation.follow(&kind.pool, entry, (None, OptedIn::No)).await?;
    }
    Ok(Close::Answered)
}

/// Leaves for good at a random moment after the request was sent, or has its answer before.
async fn reset(
    kind: &Kind,
    entry: &mut Entry,
    (arrival, within): (Arrival, Duration),
) -> Result<Close, Failed> {
    let ask = kind.ask(arrival.number);
    let moments = Moments::default();
    let mut leg = first_leg(kind, entry, (&ask, &moments));
    tokio::select! {
        answer = send(&kind.pool, &ask, &mut leg) => answer.map(|_| Close::Answered),
        () = random_moment(&moments.sent, arrival.random, within) => Ok(Close::AsIntended),
    }
}

/// Leaves at a random moment once the status URI is known, and comes back to it.
async fn leave_and_return(
    kind: &Kind,
    entry: &mut Entry,
    (arrival, within): (Arrival, Duration),
) -> Result<Close, Failed> {
    let ask = kind.ask(arrival.number);
    let moments = Moments::default();
    let mut leg = first_leg(kind, entry, (&ask, &moments));
    let mut moment = std::pin::pin!(random_moment(&moments.located, arrival.random, within));
    let answer = tokio::select! {
        answer = send(&kind.pool, &ask, &mut leg) => Some(answer?),
        () = &mut moment => None,
    };
    let location = leg.location.take();
    drop(leg);
    match answer {
        Some(answer) if answer.status != ACCEPTED => return Ok(Close::Answered),
        Some(_) if location.is_some() => moment.await,
        Some(_) | None => {}
    }
    let operation = Operation::new(kind, location.as_deref(), &ask.path)?;
    operation.follow(&kind.fresh_pool(), entry, kind.waiting()).await?;
    Ok(Close::Answered)
}

/// Makes the operation that all clients of this kind watch, or watches it.
async fn watch(kind: &Kind, entry: &mut Entry, number: u64) -> Result<Close, Failed> {
    let shared = &kind.setting.shared[kind.index];
    let moments = Moments::default();
    match shared.duty() {
        Duty::Make(maker) => {
            let ask = kind.preferring(number, "respond-async, wait=0");
            let mut leg = Leg::new(entry, kind.hearing(OptedIn::No, kind.response(&ask.path)), &moments);
            let answer = send(&kind.pool, &ask, &mut leg).await?;
            let location = leg.location.as_deref().and_then(path_of);
            let location = location.filter(|_| answer.status == ACCEPTED).ok_or_else(|| Failed {
                kind: "no operation",
                words: format!("{} without a status URI to `respond-async, wait=0`", answer.status),
            })?;
            maker.made(&location);
        }
        Duty::Watch => {
            let path = shared.path().await?;
            let ask = kind.reading(path.to_string());
            entry.heads = (kind.opted_in() == OptedIn::Yes).then_some(0);
            let mut leg = Leg::new(entry, kind.hearing(kind.opted_in(), Wanted::Code), &moments);
            send(&kind.pool, &ask, &mut leg).await?;
        }
    }
    Ok(Close::Answered)
}

/// Some time within `within` after `what` has happened.
async fn random_moment(what: &Notify, mut random: Rng, within: Duration) {
    what.notified().await;
    sleep(within.mul_f64(random.f64())).await;
}
