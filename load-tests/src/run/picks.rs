//! Who arrives when: the schedule, with a kind of client and a seed for each arrival.

use std::time::Duration;

use fastrand::Rng;

use crate::arrival::Schedule;
use crate::scenario::Scenario;

/// Keeps the choice of clients apart from the gaps between arrivals, which begin with the seed itself.
const CHOICE: u64 = 0x63_6c69_656e_7473;

/// All arrivals of a run, the same on every worker.
pub(super) struct Picks {
    schedule: Schedule,
    number: u64,
    random: Rng,
    /// Sums of the weights up to and with each kind.
    upto: Vec<u64>,
}

/// An arrival.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Pick {
    pub(super) number: u64,
    /// The intended start, from the beginning of the run.
    pub(super) offset: Duration,
    /// Its kind, by the place in the scenario.
    pub(super) kind: usize,
    /// Begins what is random about it.
    pub(super) seed: u64,
}

impl Picks {
    pub(super) fn new(scenario: &Scenario) -> Self {
        let mut sum = 0;
        let weights = scenario.clients.iter().map(|client| u64::from(client.weight));
        Self {
            schedule: Schedule::new(&scenario.arrival, scenario.duration, scenario.seed),
            number: 0,
            random: Rng::with_seed(scenario.seed ^ CHOICE),
            upto: weights
                .map(|weight| {
                    sum += weight;
                    sum
                })
                .collect(),
        }
    }
}

impl Iterator for Picks {
    type Item = Pick;

    fn next(&mut self) -> Option<Pick> {
        let offset = self.schedule.next()?;
        let all = *self.upto.last()?;
        let place = self.random.u64(0..all.max(1));
        let kind = self.upto.partition_point(|upto| *upto <= place).min(self.upto.len() - 1);
        let pick = Pick { number: self.number, offset, kind, seed: self.random.u64(..) };
        self.number += 1;
        Some(pick)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::scenario::{Length, bundled, read};

    fn real(count: usize) -> f64 {
        f64::from(u32::try_from(count).expect("few"))
    }

    #[test]
    fn kinds_are_picked_by_their_weights_and_the_same_for_a_seed() {
        let file = bundled().iter().find(|file| file.name == "disconnect-and-return").expect("it is bundled");
        let scenario = read(file.text, file.name, Length::Full).expect("it can be read");
        let picks: Vec<Pick> = Picks::new(&scenario).collect();
        assert_eq!(picks, Picks::new(&scenario).collect::<Vec<_>>());
        let sum: f64 = scenario.clients.iter().map(|client| f64::from(client.weight)).sum();
        for (index, client) in scenario.clients.iter().enumerate() {
            let share = real(picks.iter().filter(|pick| pick.kind == index).count()) / real(picks.len());
            let meant = f64::from(client.weight) / sum;
            assert!((share - meant).abs() < 0.04, "{}: {share} is not {meant}", client.name);
        }
        let other = Scenario { seed: scenario.seed + 1, ..scenario };
        assert_ne!(picks, Picks::new(&other).collect::<Vec<_>>());
    }
}
