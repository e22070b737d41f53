//! PRG-03 to PRG-07 and PRP-10: one point after another.

use progress_core::progress::{MAX_COUNT, Reported, Step, Succession};

use crate::{fraction, label, labelled, reported};

fn after(previous: &Reported, next: Reported) -> Succession {
    next.succeed(Some(previous))
}

#[test]
fn the_first_point_is_taken_as_it_is() {
    let first = labelled(0, 10, label("Queued"));
    assert_eq!(first.clone().succeed(None), Succession { reported: first, regressed: false });
}

#[test]
fn prg_03_completed_never_falls_and_the_attempt_is_told() {
    let Succession { reported: next, regressed } =
        after(&reported(7, 10), labelled(5, 10, label("retrying")));
    assert_eq!(next, labelled(7, 10, label("retrying")));
    assert!(regressed);
    assert!(!after(&reported(7, 10), reported(7, 10)).regressed);
}

#[test]
fn prg_04_05_06_totals_stay_grow_and_shrink_to_completed() {
    assert_eq!(after(&reported(7, 10), reported(8, 12)).reported, reported(8, 12));
    assert_eq!(after(&reported(7, 10), reported(8, 9)).reported, reported(8, 9));
    assert_eq!(after(&reported(7, 10), reported(7, 3)).reported, reported(7, 7));
    assert_eq!(after(&reported(7, 10), reported(5, 6)).reported, reported(7, 7), "of the kept count");
    assert_eq!(after(&reported(7, 10), reported(8, None)).reported, reported(8, 10));
    assert_eq!(after(&reported(7, 10), reported(30, None)).reported, reported(30, 30));
    assert_eq!(after(&reported(7, None), reported(8, None)).reported, reported(8, None));
    assert_eq!(after(&reported(7, None), reported(8, 9)).reported, reported(8, 9));
}

#[test]
fn prg_07_counts_saturate_without_counting_as_a_regression() {
    let Succession { reported: top, regressed } = after(&reported(1, 2), reported(u64::MAX, u64::MAX));
    assert_eq!(top, reported(MAX_COUNT, MAX_COUNT));
    assert!(!regressed);
    assert!(!after(&top, reported(u64::MAX - 1, None)).regressed);
}

#[test]
fn prg_08_nothing_to_do_stays_so_until_there_is_something() {
    let nothing = reported(0, 0);
    assert_eq!(nothing.clone().succeed(None).reported, nothing);
    assert_eq!(after(&nothing, reported(0, 4)).reported, reported(0, 4));
}

#[test]
fn g02_prp_10_label_and_step_are_those_of_the_new_point() {
    let step = |completed| Some(Step { fraction: fraction(completed, 4), unit: Some("bytes".to_owned()) });
    let first = Reported { step: step(3), ..labelled(1, 10, label("a")) };
    assert_eq!(after(&first, reported(2, 10)).reported, reported(2, 10));
    let second = Reported { step: step(0), ..reported(2, 10) };
    assert_eq!(after(&first, second.clone()), Succession { reported: second, regressed: false });
    let beyond = Reported { step: step(9), ..reported(2, 10) };
    assert_eq!(after(&first, beyond).reported.step.unwrap().fraction, fraction(9, 9));
}
