//! When gateways are killed.

use std::collections::VecDeque;
use std::sync::Mutex;
use std::time::Duration;

use fastrand::Rng;
use progress_gateway::operations::point::Point;

use crate::life::Plan;

/// Plans for a number of lives, to be taken by whoever is next.
#[derive(Debug)]
pub struct Schedule(Mutex<VecDeque<Plan>>);

impl Schedule {
    /// Two of three kills happen at a point, each point in its turn; the others at random.
    pub fn new(kills: usize, rng: &mut Rng) -> Self {
        let points = Point::ALL.map(Point::name).into_iter().chain(status_store::point::ALL);
        let mut points = points.cycle();
        let mut plan = |index: usize| match (index % 3, rng.u8(0..8)) {
            (0 | 1, _) => Plan::At(points.next().expect("it goes round"), rng.u32(1..5)),
            (_, 0) => Plan::Early(Duration::from_millis(rng.u64(0..40))),
            _ => Plan::After(rng.usize(1..60), Duration::from_millis(rng.u64(0..5))),
        };
        Self(Mutex::new((0..kills).map(&mut plan).collect()))
    }

    pub fn next(&self) -> Option<Plan> {
        self.0.lock().unwrap().pop_front()
    }
}
