//! Whether memory grows for good: a rate that neither a single step nor a level that is being filled can feign.

use std::time::Duration;

/// Stretches that a run is cut into. The estimate looks at all pairs of them: some 28,000.
const STRETCHES: usize = 240;
/// Seconds in an hour.
const HOUR: f64 = 3600.0;

/// Growth of memory in octets an hour, from moments and octets in the order of time.
///
/// The median of the slopes between all pairs of moments (Theil and Sen), which outliers and single steps do not
/// move. What fills up to a level, as an allocator's memory does, rises ever more slowly, while a leak goes on as it
/// began: so the slope is taken over the last three quarters and again over the last half, and the smaller one counts.
/// For what grows evenly both are the same.
pub(super) fn an_hour(readings: &[(Duration, u64)]) -> f64 {
    let stretches = stretches(readings);
    let from = |start: usize| slope(&stretches[start..]);
    from(stretches.len() / 4).min(from(stretches.len() / 2)) * HOUR
}

/// The median of each stretch, with the moment in the middle of it.
#[expect(clippy::cast_precision_loss, reason = "sizes stay far below 2^52")]
fn stretches(readings: &[(Duration, u64)]) -> Vec<(f64, f64)> {
    let length = readings.len().div_ceil(STRETCHES).max(1);
    let one = |stretch: &[(Duration, u64)]| {
        let (moment, _) = stretch[stretch.len() / 2];
        let mut octets: Vec<f64> = stretch.iter().map(|(_, octets)| *octets as f64).collect();
        (moment.as_secs_f64(), median(&mut octets).unwrap_or_default())
    };
    readings.chunks(length).map(one).collect()
}

/// In octets a second; 0 where there are no two moments.
fn slope(points: &[(f64, f64)]) -> f64 {
    let pairs = points.iter().enumerate().flat_map(|(index, one)| {
        let later = points[index + 1..].iter().filter(move |other| other.0 > one.0);
        later.map(move |other| (other.1 - one.1) / (other.0 - one.0))
    });
    median(&mut pairs.collect::<Vec<_>>()).unwrap_or_default()
}

fn median(values: &mut [f64]) -> Option<f64> {
    let middle = values.len() / 2;
    (!values.is_empty()).then(|| *values.select_nth_unstable_by(middle, f64::total_cmp).1)
}

#[cfg(test)]
mod tests {
    use super::*;

    const MB: f64 = 1e6;

    /// An hour of readings, one a second.
    #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "some megabytes")]
    fn hour(octets: impl Fn(f64) -> f64) -> Vec<(Duration, u64)> {
        let reading =
            |second: u32| (Duration::from_secs(second.into()), octets(f64::from(second) / HOUR) as u64);
        (0..3600).map(reading).collect()
    }

    #[test]
    fn a_leak_is_measured_whatever_comes_first() {
        let leak = hour(|at| 20.0 * MB + 3.0 * MB * at);
        assert!((an_hour(&leak) - 3.0 * MB).abs() < 0.01 * MB, "{}", an_hour(&leak));
        let warm = hour(|at| (100.0 * MB * at).min(20.0 * MB) + 3.0 * MB * at);
        assert!((an_hour(&warm) - 3.0 * MB).abs() < 0.01 * MB, "{}", an_hour(&warm));
    }

    #[test]
    fn a_leak_shows_through_the_waves_of_the_load() {
        let mut random = fastrand::Rng::with_seed(7);
        let noise: Vec<f64> = (0..3600).map(|_| random.f64()).collect();
        let waves = hour(|at| {
            let second = at * HOUR;
            let wave = (second / 30.0).sin();
            #[expect(
                clippy::cast_possible_truncation,
                clippy::cast_sign_loss,
                reason = "a second of the hour"
            )]
            let noise = noise[second.round() as usize];
            20.0 * MB + 2.0 * MB * at + MB * wave + MB * noise
        });
        assert!((an_hour(&waves) - 2.0 * MB).abs() < 0.5 * MB, "{}", an_hour(&waves));
    }

    #[test]
    fn what_fills_up_is_no_leak() {
        // Half of what is missing in each six minutes.
        let filling = hour(|at| 21.0 * MB + 3.0 * MB * (1.0 - 0.5_f64.powf(at * 10.0)));
        assert!(an_hour(&filling) < 0.2 * MB, "{}", an_hour(&filling));
        let step = hour(|at| if at < 0.8 { 20.0 * MB } else { 24.0 * MB });
        assert!(an_hour(&step).abs() < 1.0, "{}", an_hour(&step));
        let falling = hour(|at| 20.0 * MB - 2.0 * MB * at);
        assert!(an_hour(&falling) < -1.9 * MB, "{}", an_hour(&falling));
    }

    #[test]
    fn few_readings_say_nothing() {
        let leak = hour(|at| MB * at);
        assert!([0, 1].into_iter().all(|count| an_hour(&leak[..count]).abs() < 1e-9));
    }
}
