//! G-01: a gateway that is killed, wherever it is, has broken no promise that a client heard.
//!
//! The test starts a whole gateway in a process of its own (this program once more), lets clients do
//! all that clients do, and kills it with kill -9: at each named point of an operation's life
//! (`progress_gateway::operations::point`), or at random, also while it starts. An oracle writes down
//! every id and every state that a client has seen. The next gateway on the same store must know each
//! of them, tell the truth about it, show what was final octet for octet as before, and tell nobody
//! else anything. The origin outlives all gateways and knows what it has really sent.
//!
//! 200 kills; `PROGRESS_GATEWAY_KILLS=10000` asks for more, `PROGRESS_GATEWAY_KILLS_SEED` for the same
//! choices again, as far as the machine's own timing lets them be the same.

#![expect(unreachable_pub, reason = "the modules of a test are its own")]

mod child;
mod client;
mod job;
mod life;
mod oracle;
mod origin;
mod people;
mod schedule;
mod world;

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use fastrand::Rng;
use tokio::task::JoinSet;

use crate::life::{Keeping, Plan};
use crate::oracle::Offence;
use crate::schedule::Schedule;
use crate::world::World;

/// Worlds at a time: one waits for progress to be noted while another works.
const WORLDS: usize = 4;

/// Lives on one store; then another is begun, because each life looks at all that was told before it.
const LIVES: usize = 10;

/// How many operations came to which end.
type Tally = BTreeMap<&'static str, usize>;

/// Those that ended by callback after the gateway in which they began had died.
const LATER: &str = "delivered to a later gateway";

/// Those that a later gateway asked for once more.
const AGAIN: &str = "asked for again";

fn number(name: &str, default: u64) -> u64 {
    let given = std::env::var(name).ok();
    given.map_or(default, |value| value.parse().unwrap_or_else(|_| panic!("{name} is a number")))
}

/// Lives on one store after another until the schedule is empty.
async fn live(schedule: Arc<Schedule>, mut rng: Rng) -> Result<Tally, (Plan, Offence)> {
    let mut tally = Tally::new();
    while let Some(first) = schedule.next() {
        let mut world = World::new(Keeping::Durable, rng.fork()).await;
        let rest = std::iter::from_fn(|| schedule.next()).take(LIVES - 1);
        for plan in std::iter::once(first).chain(rest).chain([Plan::Inspected]) {
            world.live(plan).await.map_err(|offence| (plan, offence))?;
        }
        for (end, count) in world.tally() {
            *tally.entry(end).or_default() += count;
        }
    }
    Ok(tally)
}

#[tokio::test]
async fn g_01_what_a_client_was_told_survives_kill_9() {
    if child::is_child() {
        return child::live().await;
    }
    let seed = number("PROGRESS_GATEWAY_KILLS_SEED", Rng::new().u64(..));
    let kills = usize::try_from(number("PROGRESS_GATEWAY_KILLS", 200)).expect("a number of kills");
    let mut rng = Rng::with_seed(seed);
    let schedule = Arc::new(Schedule::new(kills, &mut rng));
    let mut worlds = JoinSet::new();
    for _ in 0..WORLDS {
        worlds.spawn(live(Arc::clone(&schedule), rng.fork()));
    }
    let mut tally = Tally::new();
    while let Some(lived) = worlds.join_next().await {
        match lived.expect("a world does not panic") {
            Ok(ends) => ends.into_iter().for_each(|(end, count)| *tally.entry(end).or_default() += count),
            Err((plan, offence)) => panic!("seed {seed}, after a life that was to end {plan:?}: {offence:?}"),
        }
    }
    eprintln!("seed {seed}, {kills} kills: {tally:?}");
    for end in ["Succeeded", "Failed", "Interrupted", "Canceled", "forgotten", LATER, AGAIN] {
        assert!(tally.contains_key(end), "seed {seed}: no operation was {end}: {tally:?}");
    }
}

/// The control: the same, with a store that keeps nothing. It must be found out.
#[tokio::test]
async fn g_01_a_store_that_keeps_nothing_is_found_out() {
    let seed = number("PROGRESS_GATEWAY_KILLS_SEED", Rng::new().u64(..));
    let mut world = World::new(Keeping::Volatile, Rng::with_seed(seed)).await;
    let lived = world.live(Plan::After(20, Duration::ZERO)).await;
    assert_eq!(lived, Ok(()), "seed {seed}: nothing is wrong before a gateway has died");
    let lived = world.live(Plan::Inspected).await;
    assert!(matches!(lived, Err(Offence::Lost(_))), "seed {seed}: {lived:?}");
}
