use super::*;

fn now() -> Instant {
    tokio::time::Instant::now().into_std()
}

fn cancelled(count: u32, lived: Duration) -> Resets {
    let mut resets = Resets::default();
    (0..count).for_each(|_| resets.note(lived));
    resets
}

const LONG: Duration = Duration::from_secs(5);

#[test]
fn h2_01_a_burst_of_one_hundred_passes_and_no_more() {
    let (mut budget, now) = (ResetBudget::default(), now());
    assert_eq!(budget.charge(cancelled(100, LONG), now), Ok(()));
    assert_eq!(budget.charge(cancelled(1, LONG), now), Err(Excess::Resets));
}

#[test]
fn h2_02_thirty_three_a_second_pass_for_ever() {
    let (mut budget, mut now) = (ResetBudget::default(), now());
    for _ in 0..10_000 {
        assert_eq!(budget.charge(cancelled(1, LONG), now), Ok(()));
        now += REFILL;
    }
}

#[test]
fn h2_02_forty_a_second_run_out_of_the_burst() {
    let (mut budget, mut now) = (ResetBudget::default(), now());
    let mut passed = 0;
    while budget.charge(cancelled(1, LONG), now).is_ok() {
        passed += 1;
        now += Duration::from_millis(25);
        assert!(passed < 1_000, "never refused");
    }
    assert!(passed > 400, "refused after {passed}");
}

#[test]
fn h2_02_more_than_half_of_five_hundred_cancelled_within_a_second() {
    let (mut budget, mut now) = (ResetBudget::default(), now());
    for stream in 1..=600 {
        budget.opened();
        now += Duration::from_secs(1);
        let verdict = budget.charge(cancelled(1, Duration::from_millis(10)), now);
        assert_eq!(verdict.is_err(), stream >= 500, "stream {stream}: {verdict:?}");
    }
}

#[test]
fn h2_02_late_cancellations_are_only_counted_by_the_bucket() {
    let (mut budget, mut now) = (ResetBudget::default(), now());
    for _ in 0..2_000 {
        budget.opened();
        now += Duration::from_secs(1);
        assert_eq!(budget.charge(cancelled(1, PREMATURE), now), Ok(()));
    }
}
