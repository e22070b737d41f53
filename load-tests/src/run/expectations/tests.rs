use super::*;
use crate::report::samples;

const MS: Duration = Duration::from_millis(1);

fn missed(expect: &Expect, run: &RunReport) -> Vec<String> {
    let words = [("reset", "reset by the peer: 8".to_owned())].into();
    violations(expect, run, &Facts { words: &words, cut_short: false, planned: MS })
}

fn expecting(set: impl FnOnce(&mut Expect)) -> Expect {
    let mut expect = Expect::default();
    set(&mut expect);
    expect
}

/// Every limit, just missed: the line, and how to ask for it.
#[test]
fn each_limit_that_is_missed_is_a_line() {
    type Set = fn(&mut Expect);
    let cases: &[(&str, Set)] = &[
        ("requests 2,400, at least 2,401", |e| e.minimum_requests = Some(2401)),
        ("failed 2, at most 1 (2 reset: reset by the peer: 8)", |e| e.failed = Some(1)),
        ("unfinished 4, at most 3", |e| e.unfinished = Some(3)),
        ("shed 5, at most 0", |e| e.shed = Some(0)),
        ("heads per request 10, at least 10.5", |e| e.minimum_heads_per_request = Some(10.5)),
        ("most heads of one request 210, at most 200", |e| e.maximum_heads_per_request = Some(200.0)),
        ("longest silence 2.03 s, at most 2 s", |e| e.longest_silence = Some(2000 * MS)),
        ("lateness p99 1 ms, at most 900 µs", |e| e.lateness_p99 = Some(MS * 9 / 10)),
        ("share of late heads 0.0139 %, at most 0.01 %", |e| e.late_share = Some(0.0001)),
        ("first signal p99 70.2 ms, at most 70 ms", |e| e.first_signal_p99 = Some(70 * MS)),
        ("latency p99 1.12 s, at most 1 s", |e| e.latency_p99 = Some(1000 * MS)),
        ("share of 2xx 99.7 %, at least 100 %", |e| e.success_share = Some(1.0)),
        ("share of 202 0 %, at least 10 %", |e| e.accepted_share = Some(0.1)),
        ("share of 502, 503 and 504 0.33 %, at least 1 %", |e| e.gateway_error_share = Some(0.01)),
        ("memory per held exchange 9.2 KiB, at most 9 KiB", |e| {
            e.memory_per_held = Some(bytesize::ByteSize::kib(9));
        }),
        ("CPU per head 17.5 µs, at most 10 µs", |e| e.cpu_per_head = Some(Duration::from_micros(10))),
        ("CPU per request 175 µs, at most 100 µs", |e| e.cpu_per_request = Some(MS / 10)),
        ("memory grown 8 MiB, at most 7 MiB", |e| e.memory_growth = Some(bytesize::ByteSize::mib(7))),
        ("descriptors left open 3, at most 2", |e| e.descriptor_growth = Some(2)),
    ];
    let mut run = samples::run("steady");
    (run.total.unfinished, run.total.shed) = (4, 5);
    if let Some(gateway) = &mut run.gateway {
        gateway.descriptors = (14, 17 + gateway.origin_connections);
    }
    for (line, set) in cases {
        assert_eq!(missed(&expecting(set), &run), [*line]);
    }
    assert_eq!(missed(&Expect::default(), &run), [""; 0], "what is not named is not looked at");
}

#[test]
fn what_is_never_right_needs_no_limit() {
    let mut run = samples::run("steady");
    run.clients[1].wrongs.insert("interim unasked".to_owned(), 12);
    assert_eq!(missed(&Expect::default(), &run), ["interim unasked: 12 times to h2 watchers, never right"]);
    let mut run = samples::run("origin-faults");
    run.clients[0].failures = [(PROTOCOL.to_owned(), 3)].into();
    let words = [(PROTOCOL, "protocol broken: octets after the end".to_owned())].into();
    let expect = expecting(|expect| expect.failed = Some(1000));
    let said = violations(&expect, &run, &Facts { words: &words, cut_short: false, planned: MS });
    assert_eq!(said, ["protocol broken: octets after the end: 3 times to h1 watchers, never right"]);
}

#[test]
fn a_limit_on_what_never_came_is_missed() {
    let mut run = samples::run("steady");
    run.total = Row { requests: 5, ..Row::default() };
    let expect = expecting(|expect| {
        (expect.lateness_p99, expect.late_share) = (Some(MS), Some(0.1));
        (expect.first_signal_p99, expect.latency_p99) = (Some(MS), Some(2 * MS));
    });
    let expected = [
        "lateness p99 unknown, for there was none, at most 1 ms",
        "share of late heads unknown, for there was none, at most 10 %",
        "first signal p99 unknown, for there was none, at most 1 ms",
        "latency p99 unknown, for there was none, at most 2 ms",
    ];
    assert_eq!(missed(&expect, &run), expected);
}

#[test]
fn growth_by_the_hour_is_looked_at_in_long_runs() {
    let expect = expecting(|expect| expect.memory_growth_per_hour = Some(bytesize::ByteSize::kib(1)));
    let mut run = samples::run("soak");
    assert_eq!(missed(&expect, &run), [""; 0]);
    run.seconds = 600.0;
    assert_eq!(missed(&expect, &run), ["memory grows in an hour 305 KiB, at most 1 KiB"]);
}

#[test]
fn a_run_that_was_stopped_is_not_as_expected() {
    let run = samples::run("steady");
    let facts = Facts { words: &BTreeMap::new(), cut_short: true, planned: Duration::from_secs(90) };
    assert_eq!(violations(&Expect::default(), &run, &facts), ["stopped after 60 s of 90 s"]);
}

#[test]
fn nothing_is_expected_of_what_somebody_else_uses() {
    let expect = expecting(|expect| expect.cpu_per_head = Some(Duration::ZERO));
    assert_eq!(missed(&expect, &samples::bare("steady")), [""; 0]);
}
