//! Asks connections with unacknowledged heads what has become of them.
//!
//! The kernel does not say when an acknowledgement comes, so it has to be asked. One task per worker
//! asks for all of its connections, and only for those whose client owes an answer: a connection that
//! waits is not woken for it. There is no such task while nobody owes anything.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use downstream::{OctetLedger, Rest};

/// How often heads are asked for that were written just now: so exact is
/// `interim_acknowledgement_seconds`.
const PACE: Duration = Duration::from_millis(10);

/// How long that is, in which most clients answer.
const YOUNG: Duration = Duration::from_millis(250);

/// How often older ones are asked for: so exact is `interim_unacknowledged`.
const SLOW_PACE: Duration = Duration::from_millis(50);

/// One worker's connections with unacknowledged heads.
#[derive(Debug, Default)]
pub(super) struct Sweep(Mutex<Waiting>);

#[derive(Debug, Default)]
struct Waiting {
    /// Bound: the worker's connections; each is in here once.
    ledgers: Vec<Asked>,
    running: bool,
}

#[derive(Debug)]
struct Asked {
    ledger: Arc<OctetLedger>,
    due: Instant,
}

impl Sweep {
    /// Asks for `ledger` from now on, until nothing is left to ask. To be called within the runtime.
    pub(super) fn add(self: &Arc<Self>, ledger: &Arc<OctetLedger>) {
        let due = now() + PACE;
        let mut waiting = self.lock();
        waiting.ledgers.push(Asked { ledger: Arc::clone(ledger), due });
        if !std::mem::replace(&mut waiting.running, true) {
            drop(waiting);
            tokio::spawn(Arc::clone(self).run());
        }
    }

    async fn run(self: Arc<Self>) {
        let shift = Shift(&self);
        loop {
            // Whoever comes meanwhile may be young.
            tokio::time::sleep(PACE).await;
            let asked = std::mem::take(&mut self.lock().ledgers);
            let left = ask(asked, now());
            let mut waiting = self.lock();
            // Those that came meanwhile, behind those that are left.
            let come = std::mem::replace(&mut waiting.ledgers, left);
            waiting.ledgers.extend(come);
            if waiting.ledgers.is_empty() {
                *waiting = Waiting::default();
                std::mem::forget(shift);
                return;
            }
        }
    }

    fn lock(&self) -> MutexGuard<'_, Waiting> {
        // A panic leaves at worst connections that are not asked for.
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// The task's turn. If a panic ends it, the next who comes begins another.
struct Shift<'s>(&'s Sweep);

impl Drop for Shift<'_> {
    fn drop(&mut self) {
        self.0.lock().running = false;
    }
}

/// Asks for all that are due; returns those that have heads left.
fn ask(mut asked: Vec<Asked>, now: Instant) -> Vec<Asked> {
    asked.retain_mut(|asked| {
        if asked.due > now {
            return true;
        }
        match asked.ledger.settle(now) {
            Rest::Nothing => false,
            Rest::Heads { youngest } => {
                let is_young = now.saturating_duration_since(youngest) < YOUNG;
                asked.due = now + if is_young { PACE } else { SLOW_PACE };
                true
            }
        }
    });
    asked
}

fn now() -> Instant {
    tokio::time::Instant::now().into_std()
}
