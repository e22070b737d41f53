//! Scripted exchanges against a recording responder, on a clock that leaps.

mod script;

use std::time::Duration;

use script::{Script, Step, Wire, act};
use tokio::time::sleep;

use super::*;
use crate::Window;

fn ms(milliseconds: u64) -> Duration {
    Duration::from_millis(milliseconds)
}

#[tokio::test(start_paused = true)]
async fn int_01_heads_go_out_in_order_then_the_final_response_then_nothing() {
    let wire = Wire::new();
    let script = Script::new(
        &wire,
        [
            (100, Step::Head("1/3")),
            (200, Step::Head("2/3")),
            (300, Step::Final(201)),
            (400, Step::Head("3/3")),
        ],
    );
    assert_eq!(drive(script, wire.responder(), None).await, Ending::Answered);
    sleep(ms(1000)).await;
    assert_eq!(
        wire.log(),
        [
            "100 interim 102 1/3",
            "100 written",
            "200 interim 102 2/3",
            "200 written",
            "300 final 201 content",
            "300 exchange dropped",
        ]
    );
}

#[tokio::test(start_paused = true)]
async fn a_response_that_is_there_at_once_needs_no_head() {
    let wire = Wire::new();
    let script = Script::new(&wire, [(0, Step::Final(204))]);
    assert_eq!(drive(script, wire.responder(), None).await, Ending::Answered);
    assert_eq!(wire.log(), ["0 final 204 content", "0 exchange dropped"]);
}

#[tokio::test(start_paused = true)]
async fn a_departure_drops_the_exchange_at_once() {
    let wire = Wire::new();
    let script = Script::new(&wire, [(100, Step::Head("1/3")), (9000, Step::Final(200))]);
    let ending = act(drive(script, wire.responder(), None), async {
        sleep(ms(150)).await;
        wire.depart();
    });
    assert_eq!(ending.await, Ending::Departed);
    assert_eq!(wire.log(), ["100 interim 102 1/3", "100 written", "150 exchange dropped"]);
}

#[tokio::test(start_paused = true)]
async fn nothing_is_said_to_a_client_that_left_before_it_was_due() {
    let wire = Wire::new();
    wire.depart();
    let script = Script::new(&wire, [(0, Step::Head("1/3")), (0, Step::Final(200))]);
    assert_eq!(drive(script, wire.responder(), None).await, Ending::Departed);
    assert_eq!(wire.log(), ["0 exchange dropped"]);
}

#[tokio::test(start_paused = true)]
async fn int_13_heads_are_withheld_while_the_client_does_not_read_and_the_newest_wins() {
    let wire = Wire::new();
    wire.set_window(Window::Stalled);
    let script = Script::new(
        &wire,
        [
            (100, Step::Head("1/4")),
            (200, Step::Head("2/4")),
            (300, Step::Head("3/4")),
            (500, Step::Final(200)),
        ],
    );
    let ending = act(drive(script, wire.responder(), None), async {
        sleep(ms(250)).await;
        wire.set_window(Window::Open);
    });
    assert_eq!(ending.await, Ending::Answered);
    assert_eq!(
        wire.log(),
        [
            "250 interim 102 2/4",
            "250 written",
            "300 interim 102 3/4",
            "300 written",
            "500 final 200 content",
            "500 exchange dropped",
        ]
    );
}

#[tokio::test(start_paused = true)]
async fn int_18_only_the_final_response_passes_a_closed_window() {
    for closed in [Window::Stalled, Window::Unacknowledged] {
        let wire = Wire::new();
        wire.set_window(closed);
        let script = Script::new(&wire, [(100, Step::Head("1/2")), (200, Step::Final(200))]);
        assert_eq!(drive(script, wire.responder(), None).await, Ending::Answered);
        assert_eq!(wire.log(), ["200 final 200 content", "200 exchange dropped"], "{closed:?}");
        assert!(wire.windows_seen().iter().all(|seen| *seen == closed), "the exchange is told which");
    }
}

#[tokio::test(start_paused = true)]
async fn a_head_counts_as_written_when_the_transport_has_taken_it() {
    let wire = Wire::new();
    wire.write_slowly(ms(40));
    let script = Script::new(&wire, [(100, Step::Head("1/2")), (110, Step::Final(200))]);
    assert_eq!(drive(script, wire.responder(), None).await, Ending::Answered);
    assert_eq!(
        wire.log(),
        ["100 interim 102 1/2", "140 written", "140 final 200 content", "140 exchange dropped"]
    );
}

#[tokio::test(start_paused = true)]
async fn an_exchange_that_waits_already_is_not_asked_again_behind_its_head() {
    let steps = || [(100, Step::Head("1/2")), (200, Step::Head("2/2")), (300, Step::Final(200))];
    let usual = Wire::new();
    assert_eq!(drive(Script::new(&usual, steps()), usual.responder(), None).await, Ending::Answered);
    let foreseen = Wire::new();
    let foreseeing = Script::new(&foreseen, steps()).foreseeing();
    assert_eq!(drive(foreseeing, foreseen.responder(), None).await, Ending::Answered);
    assert_eq!(foreseen.log(), usual.log());
    assert_eq!((usual.windows_seen().len(), foreseen.windows_seen().len()), (6, 4));
}

#[tokio::test(start_paused = true)]
async fn what_wakes_an_exchange_while_its_head_is_written_is_not_lost() {
    let wire = Wire::new();
    wire.write_slowly(ms(40));
    let script = Script::new(&wire, [(100, Step::Head("1/2")), (110, Step::Final(200))]).foreseeing();
    assert_eq!(drive(script, wire.responder(), None).await, Ending::Answered);
    assert_eq!(wire.log()[1..], ["140 written", "140 final 200 content", "140 exchange dropped"]);
}

#[tokio::test(start_paused = true)]
async fn a_head_that_cannot_be_written_ends_the_exchange() {
    let wire = Wire::new();
    wire.break_writes();
    let script = Script::new(&wire, [(100, Step::Head("1/2")), (200, Step::Final(200))]);
    assert_eq!(drive(script, wire.responder(), None).await, Ending::Departed);
    assert_eq!(wire.log(), ["100 interim 102 1/2", "100 exchange dropped"]);
}

#[tokio::test(start_paused = true)]
async fn a_final_response_that_cannot_be_written_is_a_departure() {
    let wire = Wire::new();
    wire.break_writes();
    let script = Script::new(&wire, [(100, Step::Final(200))]);
    assert_eq!(drive(script, wire.responder(), None).await, Ending::Departed);
    assert_eq!(wire.log(), ["100 final 200 content", "100 exchange dropped"]);
}

#[tokio::test(start_paused = true)]
async fn exp_01_a_100_goes_out_once_when_the_content_is_read_and_has_not_come() {
    let wire = Wire::new();
    let script = Script::new(&wire, [(50, Step::Read), (200, Step::Head("1/2")), (300, Step::Final(200))]);
    let expectation = wire.expect_continue();
    let ending = act(drive(script, wire.responder(), Some(expectation)), async {
        sleep(ms(80)).await;
        wire.send_content("part");
        sleep(ms(20)).await;
        wire.send_content("rest");
        wire.end_content();
    });
    assert_eq!(ending.await, Ending::Answered);
    assert_eq!(
        wire.log(),
        [
            "50 interim 100 ",
            "80 read part",
            "100 read rest",
            "200 interim 102 1/2",
            "200 written",
            "300 final 200 content",
            "300 exchange dropped",
        ],
        "the exchange is not told of a head that was not its own"
    );
}

#[tokio::test(start_paused = true)]
async fn exp_04_no_100_when_the_content_is_already_there() {
    let wire = Wire::new();
    wire.send_content("early");
    let script = Script::new(&wire, [(50, Step::Read), (100, Step::Final(200))]);
    let expectation = wire.expect_continue();
    let ending = act(drive(script, wire.responder(), Some(expectation)), async {
        sleep(ms(80)).await;
        wire.end_content();
    });
    assert_eq!(ending.await, Ending::Answered);
    assert_eq!(wire.log(), ["50 read early", "100 final 200 content", "100 exchange dropped"]);
}

#[tokio::test(start_paused = true)]
async fn exp_03_no_100_when_the_answer_does_not_need_the_content() {
    let wire = Wire::new();
    let script = Script::new(&wire, [(50, Step::Final(403))]);
    let expectation = wire.expect_continue();
    assert_eq!(drive(script, wire.responder(), Some(expectation)).await, Ending::Answered);
    assert_eq!(wire.log(), ["50 final 403 content", "50 exchange dropped"]);
}

/// A client that waits for the 100 reads, so it is not held back by heads it has not acknowledged.
#[tokio::test(start_paused = true)]
async fn a_100_is_sent_whatever_the_window_is() {
    let wire = Wire::new();
    wire.set_window(Window::Unacknowledged);
    let script = Script::new(&wire, [(0, Step::Read), (100, Step::Final(200))]);
    let expectation = wire.expect_continue();
    let ending = act(drive(script, wire.responder(), Some(expectation)), async {
        sleep(ms(10)).await;
        wire.end_content();
    });
    assert_eq!(ending.await, Ending::Answered);
    assert_eq!(wire.log(), ["0 interim 100 ", "100 final 200 content", "100 exchange dropped"]);
}

#[tokio::test(start_paused = true)]
async fn a_100_that_cannot_be_written_ends_the_exchange() {
    let wire = Wire::new();
    wire.break_writes();
    let script = Script::new(&wire, [(10, Step::Read), (100, Step::Final(200))]);
    let expectation = wire.expect_continue();
    assert_eq!(drive(script, wire.responder(), Some(expectation)).await, Ending::Departed);
    assert_eq!(wire.log(), ["10 interim 100 ", "10 exchange dropped"]);
}
