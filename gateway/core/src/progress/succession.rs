//! One progress point after another: the rules that span all heads of an operation.

use super::{Fraction, Reported, Step};

/// A progress point that was put after the one before it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Succession {
    /// What the operation says from now on.
    pub reported: Reported,
    /// The sender reported less than before, and the higher count was kept. Worth counting; the rest
    /// of the point is good.
    pub regressed: bool,
}

impl Reported {
    /// Puts this point after `previous`, what the operation said last.
    ///
    /// Completed never falls (PRG-03). The total is never below completed (PRG-04), never vanishes once
    /// there is one (PRG-05), and may otherwise grow and shrink (PRG-06). Counts saturate at
    /// [`MAX_COUNT`](super::MAX_COUNT) (PRG-07). Everything else is as this point says: a label or a
    /// step that it does not name is gone, and a step may begin anew (PRP-10).
    pub fn succeed(self, previous: Option<&Reported>) -> Succession {
        let last = previous.map(|previous| previous.fraction.settled());
        let given = self.fraction.settled();
        let floor = last.map_or(0, |last| last.completed);
        let fraction = Fraction {
            completed: given.completed.max(floor),
            total: given.total.or(last.and_then(|last| last.total)),
        };
        let step = self.step.map(|step| Step { fraction: step.fraction.settled(), ..step });
        Succession {
            reported: Reported { fraction: fraction.settled(), step, ..self },
            regressed: given.completed < floor,
        }
    }
}
