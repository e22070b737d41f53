//! Scenarios notice a broken gateway: the real one behind a relay that breaks one thing at a time.
//!
//! Each test runs `progress-load run` against the relay, and looks at the exit code and at the line
//! that says what is wrong. Without a mutation all is well, so it is the mutation that is noticed.

mod messages;
mod relay;
mod world;

use relay::Mutation;
use world::{Verdict, run};

/// Runs the scenario through `mutation`: exit code 1, and among the limits that were missed one that
/// begins as `what` and ends as `limit`, with a number between them.
async fn noticed(mutation: Mutation, what: &str, limit: &str) {
    let Verdict { code, printed } = run(mutation).await;
    assert_eq!(code, Some(1), "{mutation:?} went unnoticed:\n{printed}");
    let found = printed.lines().any(|line| {
        let missed = line.trim_start().strip_prefix("MISSED  ");
        let between = missed.and_then(|line| line.strip_prefix(what)?.strip_suffix(limit));
        between.is_some_and(|between| between.contains(|digit: char| digit.is_ascii_digit()))
    });
    assert!(found, "{mutation:?}: no line is \"{what} … {limit}\":\n{printed}");
}

#[tokio::test]
async fn a_healthy_gateway_passes() {
    let Verdict { code, printed } = run(Mutation::None).await;
    assert_eq!(code, Some(0), "{printed}");
}

#[tokio::test]
async fn dropped_heads_are_noticed() {
    noticed(Mutation::DropHeads, "heads per request ", ", at least 3").await;
}

#[tokio::test]
async fn a_broken_cadence_is_noticed() {
    noticed(Mutation::DelayHeads, "lateness p99 ", ", at most 400 ms").await;
}

#[tokio::test]
async fn a_head_to_http10_is_noticed() {
    noticed(Mutation::LeakToHttp10, "interim to http/1.0: ", " times to old, never right").await;
}

#[tokio::test]
async fn a_head_that_was_not_asked_for_is_noticed() {
    noticed(Mutation::SendUnasked, "interim unasked: ", " times to did not ask, never right").await;
}

#[tokio::test]
async fn progress_that_falls_is_noticed() {
    noticed(Mutation::LowerProgress, "progress fell: ", " times to asked, never right").await;
}

#[tokio::test]
async fn a_changed_result_is_noticed() {
    noticed(Mutation::ChangeContent, "wrong result: ", " times to asked, never right").await;
}

#[tokio::test]
async fn a_head_after_the_final_one_is_noticed() {
    let what = "protocol broken: octets after the end of the response: ";
    noticed(Mutation::SendAfterFinal, what, " times to asked, never right").await;
}

/// H11-05: in clear the end of a client's side is a half-close.
#[tokio::test]
async fn a_half_close_that_is_taken_for_a_departure_is_noticed() {
    noticed(Mutation::LeaveWithHalfClose, "failed ", " closed: closed before the end)").await;
}
