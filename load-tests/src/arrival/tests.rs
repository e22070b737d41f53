use std::time::Duration;

use super::{Schedule, expected};
use crate::scenario::{Arrival, Shape};

fn arrival(shape: Shape) -> Arrival {
    Arrival { shape, during: None }
}

fn starts(shape: Shape, seconds: f64, seed: u64) -> Vec<f64> {
    let schedule = Schedule::new(&arrival(shape), Duration::from_secs_f64(seconds), seed);
    schedule.map(|start| start.as_secs_f64()).collect()
}

#[test]
fn a_constant_rate_is_exact() {
    let starts = starts(Shape::Constant { rate: 50.0 }, 10.0, 1);
    assert_eq!(starts.len(), 500);
    assert_eq!((starts[0], starts[1], starts[499]), (0.0, 0.02, 9.98));
}

#[test]
fn rates_and_times_that_binary_fractions_cannot_hold_are_exact() {
    for (rate, seconds, count) in
        [(0.1, 30.0, 3), (0.1, 30.1, 4), (3.0, 0.1, 1), (7.0, 3.0, 21), (1e5, 1.1, 110_000)]
    {
        assert_eq!(starts(Shape::Constant { rate }, seconds, 1).len(), count, "{rate} for {seconds}");
    }
}

#[test]
fn a_ramp_adds_up_to_its_mean_rate() {
    let up = starts(Shape::Ramp { from: 0.0, to: 100.0 }, 10.0, 1);
    assert_eq!(up.len(), 500);
    assert_eq!(up.iter().filter(|start| **start < 5.0).count(), 125);
    let down = starts(Shape::Ramp { from: 100.0, to: 0.0 }, 10.0, 1);
    assert_eq!(down.len(), 500);
    assert_eq!(down.iter().filter(|start| **start < 5.0).count(), 375);
    let flat = starts(Shape::Ramp { from: 50.0, to: 50.0 }, 10.0, 1);
    assert_eq!(flat, starts(Shape::Constant { rate: 50.0 }, 10.0, 1));
}

#[test]
fn steps_last_equally_long() {
    let starts = starts(Shape::Steps { rates: vec![10.0, 0.0, 30.0] }, 6.0, 1);
    let within = |from: f64, to: f64| starts.iter().filter(|start| (from..to).contains(*start)).count();
    assert_eq!((within(0.0, 2.0), within(2.0, 4.0), within(4.0, 6.0)), (20, 0, 60));
}

#[test]
fn what_arrives_for_a_while_stops_then() {
    let arrival = Arrival { shape: Shape::Constant { rate: 10.0 }, during: Some(Duration::from_secs(2)) };
    assert_eq!(Schedule::new(&arrival, Duration::from_secs(60), 1).count(), 20);
    assert_eq!(Schedule::new(&arrival, Duration::from_secs(1), 1).count(), 10, "a shorter run cuts it");
}

#[test]
fn random_gaps_are_the_same_for_a_seed_and_others_for_another() {
    let of = |seed| starts(Shape::Poisson { rate: 100.0 }, 10.0, seed);
    assert_eq!(of(1), of(1));
    assert_ne!(of(1), of(2));
}

/// The mean of the gaps is the rate's inverse and their deviation as large as the mean: what makes a
/// process of Poisson's out of them. Seeds are fixed, so the bounds of five deviations cannot be hit by chance.
#[test]
fn random_gaps_are_exponential() {
    for seed in 0..20 {
        let starts = starts(Shape::Poisson { rate: 200.0 }, 100.0, seed);
        let gaps: Vec<f64> = starts.windows(2).map(|pair| pair[1] - pair[0]).collect();
        #[expect(clippy::cast_precision_loss, reason = "there are some 20,000")]
        let count = gaps.len() as f64;
        assert!((count - 20_000.0).abs() < 5.0 * 20_000_f64.sqrt(), "seed {seed}: {count}");
        let mean = gaps.iter().sum::<f64>() / count;
        let deviation = (gaps.iter().map(|gap| (gap - mean).powi(2)).sum::<f64>() / count).sqrt();
        assert!((mean - 0.005).abs() < 0.000_25, "seed {seed}: {mean}");
        assert!((deviation / mean - 1.0).abs() < 0.05, "seed {seed}: {deviation}");
    }
}

/// Whatever the shape: starts are in order and within the time, and an even shape has as many as its rates add up to,
/// in every prefix of it.
#[test]
fn any_shape_is_in_order_and_within_its_time() {
    let seed = fastrand::u64(..);
    let mut random = fastrand::Rng::with_seed(seed);
    for round in 0..300 {
        let mut rate = || random.f64() * 10_f64.powi(random.i32(-1..4));
        let shape = match round % 4 {
            0 => Shape::Constant { rate: rate() + 0.01 },
            1 => Shape::Poisson { rate: rate() + 0.01 },
            2 => Shape::Ramp { from: rate(), to: rate() },
            _ => Shape::Steps { rates: (0..7).map(|_| rate()).collect() },
        };
        let seconds = 0.1 + random.f64() * 20.0;
        let starts = starts(shape.clone(), seconds, random.u64(..));
        let told = format!("seed {seed} round {round}: {shape:?} for {seconds}");
        assert!(starts.windows(2).all(|pair| pair[0] <= pair[1]), "{told}");
        assert!(starts.iter().all(|start| (0.0..seconds).contains(start)), "{told}");
        if !matches!(shape, Shape::Poisson { .. }) {
            let area = expected(&shape, Duration::from_secs_f64(seconds));
            #[expect(clippy::cast_precision_loss, reason = "there are less than 10^6")]
            let count = starts.len() as f64;
            assert!((count - area).abs() <= 1.0, "{told}: {count} of {area}");
        }
    }
}
