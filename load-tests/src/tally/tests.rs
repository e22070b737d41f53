use std::time::Duration;

use super::{Ended, Interim, Slice, Spread, Tally};

const MS: Duration = Duration::from_millis(1);

fn interim(gap: Option<Duration>, lateness: Option<Duration>) -> Interim {
    Interim { status: 102, gap, lateness }
}

/// One exchange of kind 0 with two heads, and one of kind 1 that fails.
fn small() -> Tally {
    let mut tally = Tally::new(2);
    tally.begun(0, MS);
    tally.first_signal(0, 10 * MS);
    tally.interim(0, interim(None, None));
    tally.interim(0, interim(Some(1000 * MS), Some(60 * MS)));
    tally.answered(0, 200);
    tally.received(0, 17);
    tally.silence(0, 1000 * MS);
    tally.ended(0, Ended::Answered { latency: 1500 * MS, heads: Some(2) });
    tally.begun(1, 3 * MS);
    tally.wrong(1, "wrong result");
    tally.ended(1, Ended::Failed { kind: "reset", words: "reset by the peer: 8".to_owned() });
    tally
}

#[test]
fn merging_adds_every_member() {
    let mut both = small();
    let mut other = small();
    other.shed(1);
    other.begun(1, MS);
    other.silence(0, 2000 * MS);
    both.merge(&other);
    both.begun(1, MS);
    both.ended(1, Ended::Unfinished);
    both.begun(1, MS);
    both.ended(1, Ended::AsIntended);

    let total = both.total();
    assert_eq!((total.requests, total.completed, total.unfinished, total.shed), (7, 3, 1, 1));
    assert_eq!(both.in_flight(), 1);
    assert_eq!((both.requests(), both.heads()), (7, 4));
    assert_eq!(total.failures, [("reset".to_owned(), 2)].into());
    assert_eq!(total.codes, [(200, 2)].into());
    assert_eq!(total.interim, [(102, 4)].into());
    assert_eq!(total.received, 34);
    assert_eq!(total.wrongs, [("wrong result".to_owned(), 2)].into());
    assert_eq!(total.late, 2);
    assert!((total.longest_silence - 2.0).abs() < 1e-9);
    assert_eq!((total.cadence.count, total.lateness.count, total.first_signal.count), (2, 2, 2));
    assert_eq!((total.latency.count, total.heads_per_request.count), (2, 2));
    assert!((total.heads_per_request.mean - 2.0).abs() < 1e-9);
    assert_eq!(both.start_delay().counts().count, 7);
    assert_eq!(both.words()["reset"], "reset by the peer: 8");
}

#[test]
fn a_slice_is_what_came_since_the_last() {
    let mut tally = small();
    let mut slice = Slice::default();
    tally.drain(&mut slice);
    assert_eq!((slice.requests, slice.heads), (2, 2));
    assert_eq!(slice.latency.counts().count, 1);
    slice.clear();
    tally.drain(&mut slice);
    assert_eq!((slice.requests, slice.heads), (0, 0));
    assert_eq!(slice.latency.percentile(99.0), None);
    assert_eq!(tally.total().requests, 2, "the sums stay");
}

#[test]
fn percentiles_are_right_to_three_digits_and_stay_within_the_bounds() {
    let mut spread = Spread::default();
    (1..=1000).for_each(|n| spread.record(n * MS));
    let seconds = spread.seconds();
    for (is, should) in [(seconds.p50, 0.5), (seconds.p99, 0.99), (seconds.max, 1.0), (seconds.mean, 0.5005)]
    {
        assert!((is - should).abs() <= should / 1000.0, "{is} is not {should}");
    }
    let mut long = Spread::default();
    long.record(Duration::from_secs(1_000_000));
    assert!((long.seconds().max - 7200.0).abs() < 8.0, "{}", long.seconds().max);
}
