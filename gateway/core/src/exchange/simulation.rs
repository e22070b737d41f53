//! Random courses, every invariant after every step. A failure prints its seed.

use std::time::{Duration, Instant};

use http::HeaderValue;

use super::tests::{ms, report, start};
use super::*;
use crate::operation::Operation;
use crate::prefer::Applied;
use crate::progress::Dialect;

/// A small generator: the same seed is the same course, on every machine.
struct Random(u64);

impl Random {
    fn below(&mut self, bound: u64) -> u64 {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        self.0 % bound
    }
}

#[derive(Default)]
struct Seen {
    heads: u32,
    last: Option<Instant>,
    over: bool,
}

#[derive(Clone, Copy)]
struct World {
    seed: u64,
    began: Instant,
    minimum: Duration,
    heartbeat: Duration,
    deferral: Option<Duration>,
    budget: Option<u32>,
    company: Company,
}

impl World {
    fn new(seed: u64, random: &mut Random) -> Self {
        let minimum = ms(1 + random.below(3_000));
        Self {
            seed,
            began: start(),
            minimum,
            heartbeat: Duration::from_secs(1 + random.below(30)).max(minimum),
            deferral: (random.below(2) == 0).then(|| ms(random.below(60_000))),
            budget: (random.below(4) == 0).then(|| 1 + u32::try_from(random.below(20)).unwrap()),
            company: if seed.is_multiple_of(3) { Company::Alone } else { Company::Shared },
        }
    }

    fn terms(&self) -> Terms {
        let cadence = Cadence {
            minimum_interval: self.minimum,
            heartbeat_interval: self.heartbeat,
            maximum_heads: self.budget,
            company: self.company,
        };
        Terms {
            heads: Some(HeadTerms { reader: Dialect::Plain.into(), cadence, applied: Applied::default() }),
            register_after: ms(100),
            deferral: self.deferral.map(|after| Deferral {
                after,
                because: Because::WaitElapsed,
                latest: None,
            }),
        }
    }

    /// INT-01, INT-12, INT-18 and LOC-01 as far as one head can break them.
    fn check_head(&self, seen: &mut Seen, due: &DueHead, now: Instant) {
        let seed = self.seed;
        assert!(!seen.over, "seed {seed}: a head after the end");
        assert!(due.due <= now, "seed {seed}: a head before it was due");
        let first = seen.heads == 0;
        assert_eq!(due.head.fields.contains_key(http::header::LOCATION), first, "seed {seed}: Location");
        if let Some(last) = seen.last {
            let gap = now - last;
            // A head that is up to a quantum late counts from when it was due.
            let floor = self.minimum.saturating_sub(ms(25));
            assert!(gap >= floor, "seed {seed}: heads only {gap:?} apart");
        }
        seen.heads += 1;
        seen.last = Some(now);
        assert!(self.budget.is_none_or(|budget| seen.heads <= budget), "seed {seed}: over the budget");
    }
}

fn run(seed: u64) {
    let mut random = Random(seed.wrapping_mul(0x9E37_79B9_7F4A_7C15) | 1);
    let world = World::new(seed, &mut random);
    let mut course = Course::new(world.terms());
    let mut operation = Operation::new();
    let mut seen = Seen::default();
    let mut now = world.began;
    course.on_received(now);
    for n in 0..400 {
        // Leap to the next deadline, or to a random event before it.
        let event_at = now + ms(random.below(4_000));
        let timeout = course.timeout();
        now = timeout.map_or(event_at, |at| at.max(now).min(event_at));
        if now == event_at && random.below(2) == 0 {
            course.on_snapshot(&report(&mut operation, n), now);
        }
        if random.below(16) == 0 {
            course.on_relayed(now);
            seen.heads += u32::from(seen.heads > 0);
            seen.last = seen.last.map(|_| now);
        }
        let withheld = match random.below(8) {
            0 => Some(Withheld::Stalled),
            1 => Some(Withheld::Unacknowledged),
            _ => None,
        };
        while let Some(step) = course.poll_step(now, withheld) {
            match step {
                Step::Register => {
                    let uri = HeaderValue::from_static("https://a/s");
                    course.on_registered(Some(Monitor::Location(uri)), world.began, now);
                }
                Step::Head(due) => {
                    assert!(withheld.is_none(), "seed {seed}: a head through a closed window");
                    world.check_head(&mut seen, &due, now);
                }
                Step::Defer(_) => {
                    assert!(world.deferral.is_some(), "seed {seed}: a 202 nobody asked for");
                    seen.over = true;
                }
            }
        }
        let spent = world.budget.is_some_and(|budget| seen.heads >= budget);
        if let (Some(last), false, None, false) = (seen.last, seen.over, withheld, spent) {
            assert!(now - last <= world.heartbeat, "seed {seed}: silent for {:?}", now - last);
        }
    }
}

#[test]
fn every_seed_keeps_the_invariants() {
    (0..256).for_each(run);
}
