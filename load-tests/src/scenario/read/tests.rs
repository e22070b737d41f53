use std::time::Duration;

use super::{Length, ScenarioError, read};
use crate::scenario::{After202, Behaviour, Fault, Protocol, Reports, Shape, Watch};

/// Every kind of table and key once.
const WHOLE: &str = r#"
summary = "One line"
about = "More"
duration = "10s"
grace = "1s"
seed = 7

[arrival]
shape = "constant"
rate = 50
during = "9s"

[[clients]]
name = "one"
weight = 2
protocol = "http/1.1"
method = "POST"
path = "/jobs/x"
prefer = "processing"
content = "4KiB"
connections = 3
streams = 4
behaviour = { kind = "slow-reader", pause = "200ms" }
after-202 = "follow"
watch = "shared"
sources = ["127.0.0.1", "127.0.0.2"]

[[clients]]
name = "two"
protocol = "h3"

[origin]
protocol = "h2c"

[[origin.jobs]]
hints = 1
steps = 2
every = "500ms"
jitter = 0.5
reports = "nothing"
label = "part"
status = 201
content = "1MiB"
fault = { kind = "flood", heads = 9 }

[gateway]
workers = 2
progress = { heartbeat-interval = "2s" }
store = { retention = "1m" }

[quick]
duration = "2s"
arrival.rate = 5
arrival.during = "1s"

[quick.expect]
failed = 3

[expect]
failed = 0
longest-silence = "3s"
memory-per-held = "20KB"
"#;

/// The only mistake of `WHOLE` with one text exchanged for another, as it is printed.
#[track_caller]
fn refusal(from: &str, to: &str) -> String {
    assert!(WHOLE.contains(from), "{from}");
    match read(&WHOLE.replacen(from, to, 1), "x.toml", Length::Full) {
        Ok(scenario) => panic!("was read: {scenario:?}"),
        Err(error) => error.to_string(),
    }
}

#[test]
fn a_whole_file_is_read() {
    let scenario = read(WHOLE, "x", Length::Full).unwrap();
    assert_eq!((scenario.name.as_str(), scenario.seed), ("x", 7));
    assert_eq!(scenario.duration, Duration::from_secs(10));
    assert_eq!(scenario.arrival.shape, Shape::Constant { rate: 50.0 });
    assert_eq!(scenario.arrival.during, Some(Duration::from_secs(9)));
    let [one, two] = scenario.clients.as_slice() else { panic!("two clients") };
    assert_eq!((one.weight, one.connections, one.streams), (2, 3, 4));
    assert_eq!(one.behaviour, Behaviour::SlowReader { pause: Duration::from_millis(200) });
    assert_eq!((one.after_202, one.watch), (After202::Follow, Watch::Shared));
    assert_eq!(one.sources.len(), 2);
    assert_eq!((two.protocol, two.weight, two.path.as_str()), (Protocol::H3, 1, "/"));
    assert_eq!((&two.behaviour, two.watch), (&Behaviour::Patient, Watch::Own));
    let job = &scenario.origin.jobs[0];
    assert_eq!((job.hints, job.steps, job.status, job.reports), (1, 2, 201, Reports::Nothing));
    assert_eq!((job.content.as_u64(), &job.fault), (1 << 20, &Fault::Flood { heads: 9 }));
    assert_eq!(scenario.gateway.progress["heartbeat-interval"].as_str(), Some("2s"));
    assert_eq!(scenario.gateway.store["retention"].as_str(), Some("1m"));
    assert_eq!(scenario.expect.failed, Some(0));
    assert_eq!(scenario.expect.memory_per_held.map(|size| size.as_u64()), Some(20_000));
}

#[test]
fn quick_is_laid_over_the_rest() {
    let scenario = read(WHOLE, "x", Length::Quick).unwrap();
    assert_eq!((scenario.duration, scenario.grace), (Duration::from_secs(2), Duration::from_secs(1)));
    assert_eq!(scenario.arrival.shape, Shape::Constant { rate: 5.0 });
    assert_eq!(scenario.arrival.during, Some(Duration::from_secs(1)));
    assert_eq!(scenario.expect.failed, Some(3));
    assert_eq!(scenario.expect.longest_silence, Some(Duration::from_secs(3)), "tables merge");
    assert_eq!(scenario.clients.len(), 2);
}

#[test]
fn quick_replaces_arrays_whole() {
    let text = format!("{WHOLE}\n[[quick.clients]]\nname = \"only\"\nprotocol = \"h2\"\n");
    assert_eq!(read(&text, "x", Length::Quick).unwrap().clients.len(), 1);
    assert_eq!(read(&text, "x", Length::Full).unwrap().clients.len(), 2);
}

#[test]
fn what_is_no_field_value_is_refused() {
    let said = refusal("prefer = \"processing\"", "prefer = \"\"");
    assert!(said.contains(": clients[0].prefer: cannot be a field value"), "{said}");
    let said = refusal("weight = 2", "weight = 2\naccept = \"text/html\\n\"");
    assert!(said.contains(": clients[0].accept: cannot be a field value"), "{said}");
}

#[test]
fn unknown_keys_are_named_with_their_place() {
    let said = refusal("weight = 2", "wieght = 2");
    assert!(
        said.starts_with("x.toml:15:1: clients[0].wieght: unknown field `wieght`, expected one of"),
        "{said}"
    );
    let said = refusal("seed = 7", "sed = 7");
    assert!(said.starts_with("x.toml:6:1: sed: unknown field `sed`"), "{said}");
    let said = refusal("pause = \"200ms\"", "pause = \"200ms\", puase = 1");
    assert!(said.starts_with("x.toml:23:"), "{said}");
    assert!(said.contains(": clients[0].behaviour.puase: unknown field"), "{said}");
    let said = refusal("rate = 50", "rate = 50\nrat = 3");
    assert!(said.starts_with("x.toml:11:1: arrival.rat: unknown field"), "{said}");
    let said = refusal("heads = 9", "heads = 9, head = 1");
    assert!(said.contains(": origin.jobs[0].fault.head: unknown field"), "{said}");
}

#[test]
fn unknown_keys_inside_quick_are_errors_whatever_is_asked_for() {
    let said = refusal("[quick.expect]\nfailed", "[quick.expect]\nfialed");
    assert!(said.starts_with("x.toml:57:1: quick.expect.fialed: unknown field `fialed`"), "{said}");
    let said = refusal("arrival.rate = 5\n", "arrival.rat = 5\n");
    assert!(said.contains(": quick.arrival.rat: unknown field"), "{said}");
    let said = refusal("[quick.expect]", "[quick.quick]");
    assert!(said.contains(": quick.quick: unknown field `quick`"), "{said}");
}

#[test]
fn quick_has_to_be_a_table() {
    assert_eq!(
        read("quick = 5", "x", Length::Full).unwrap_err().to_string(),
        "x:1:1: quick: has to be a table: [quick]"
    );
}

#[test]
fn values_of_the_wrong_type_are_named_with_their_place() {
    let said = refusal("grace = \"1s\"", "grace = \"soon\"");
    assert!(said.starts_with("x.toml:5:9: grace: invalid value: string \"soon\""), "{said}");
    let said = refusal("weight = 2", "weight = -2");
    assert!(said.starts_with("x.toml:15:10: clients[0].weight: invalid value: integer `-2`"), "{said}");
    let said = refusal("\"http/1.1\"", "\"http/9\"");
    assert!(
        said.contains(": clients[0].protocol: unknown variant `http/9`, expected one of `http/1.0`"),
        "{said}"
    );
    let said = refusal("\"127.0.0.2\"", "\"nowhere\"");
    assert!(said.contains(": clients[0].sources[1]: invalid IP address syntax"), "{said}");
    let said = refusal("protocol = \"h3\"\n", "");
    assert!(said.starts_with("x.toml:28:1: clients[1]: missing field `protocol`"), "{said}");
}

#[test]
fn syntax_errors_are_named_with_their_place() {
    let said = refusal("seed = 7", "seed = ");
    assert!(said.starts_with("x.toml:6:"), "{said}");
}

#[test]
fn keys_of_another_kind_do_not_go_together() {
    let said = refusal("rate = 50", "rate = 50\nfrom = 3");
    assert!(said.ends_with(": arrival: `from` does not go with \"constant\": remove it"), "{said}");
    let said = refusal("kind = \"slow-reader\"", "kind = \"resets\"");
    assert!(said.contains(": clients[0].behaviour: `within` is missing: \"resets\" needs it"), "{said}");
    let said = refusal("kind = \"flood\"", "kind = \"hang\"");
    assert!(said.contains(": origin.jobs[0].fault: `heads` does not go with \"hang\""), "{said}");
}

#[test]
fn values_out_of_range_are_named_with_their_place() {
    for (from, to, expected) in [
        (
            "rate = 50",
            "rate = 0",
            "x.toml:10:1: arrival.rate: is 0; it has to be above 0 and at most 1000000",
        ),
        (
            "rate = 5\n",
            "rate = -5\n",
            "x.toml:53:9: quick.arrival.rate: is -5; it has to be above 0 and at most 1000000",
        ),
        (
            "rate = 50",
            "rate = nan",
            "x.toml:10:1: arrival.rate: is NaN; it has to be above 0 and at most 1000000",
        ),
        (
            "jitter = 0.5",
            "jitter = 1.5",
            "x.toml:39:1: origin.jobs[0].jitter: is 1.5; it has to be from 0.0 to 1.0",
        ),
        (
            "during = \"9s\"",
            "during = \"11s\"",
            "x.toml:11:1: arrival.during: is 11s; it has to be more than 0 and at most `duration`",
        ),
        (
            "status = 201",
            "status = 102",
            "x.toml:42:1: origin.jobs[0].status: is 102; it has to be from 200 to 599",
        ),
        (
            "connections = 3",
            "connections = 0",
            "x.toml:21:1: clients[0].connections: is 0; it has to be from 1 to 1000000",
        ),
        (
            "name = \"two\"",
            "name = \"one\"",
            "x.toml:29:1: clients[1].name: \"one\" is taken: names are unique",
        ),
        ("\"POST\"", "\"CONNECT\"", "x.toml:17:1: clients[0].method: has to be a method, and not CONNECT"),
        ("workers = 2", "workers = 0", "x.toml:47:1: gateway.workers: is 0; it has to be from 1 to 256"),
    ] {
        assert_eq!(refusal(from, to), expected);
    }
}

#[test]
fn somebody_has_to_ask_and_to_be_asked() {
    let none = "clients = []\nsummary = \"s\"\nabout = \"a\"\nduration = \"1s\"\n[arrival]\nshape = \"constant\"\nrate = 1\n";
    assert_eq!(
        read(none, "x", Length::Full).unwrap_err().to_string(),
        "x:1:1: clients: has to have 1 to 64 kinds"
    );
    let text =
        WHOLE.replace("weight = 2", "weight = 0").replace("name = \"two\"", "name = \"two\"\nweight = 0");
    let said = read(&text, "x", Length::Full).unwrap_err().to_string();
    assert!(said.ends_with(": clients: every weight is 0: no client could be picked"), "{said}");
    let text = WHOLE.replace("hints = 1", "hints = 1\nweight = 0");
    let said = read(&text, "x", Length::Full).unwrap_err().to_string();
    assert!(said.contains(": origin.jobs: every weight is 0"), "{said}");
}

#[test]
fn every_value_that_is_wrong_is_named_in_the_order_of_the_file() {
    let text = WHOLE
        .replace("jitter = 0.5", "jitter = 2")
        .replace("rate = 50", "rate = 0")
        .replace("status = 201", "status = 1");
    let error: ScenarioError = read(&text, "x", Length::Quick).unwrap_err();
    let keys: Vec<&str> = error.mistakes.iter().map(|mistake| mistake.key.as_str()).collect();
    assert_eq!(keys, ["arrival.rate", "origin.jobs[0].jitter", "origin.jobs[0].status"]);
    assert_eq!(error.to_string().lines().count(), 3);
}

#[test]
fn a_quick_run_takes_five_seconds_at_most() {
    let said = refusal("duration = \"2s\"", "duration = \"4001ms\"");
    assert!(said.starts_with("x.toml:52:1: quick.duration: with `grace` it is 5.001s"), "{said}");
    let plain = WHOLE.split("[quick]").next().unwrap();
    assert!(read(plain, "x", Length::Full).is_ok(), "a file needs no [quick]");
    let said = read(plain, "x", Length::Quick).unwrap_err().to_string();
    assert!(said.contains("shorten both in [quick]"), "{said}");
}

#[test]
fn behaviours_need_a_protocol_and_a_preference_that_fit() {
    let said = refusal("protocol = \"h3\"", "protocol = \"h3\"\nbehaviour = { kind = \"half-closes\" }");
    assert!(said.contains(": clients[1].behaviour: \"half-closes\" is for http/1.0 and http/1.1"), "{said}");
    let half = "protocol = \"http/1.1\"\nbehaviour = { kind = \"half-closes\" }";
    let said = refusal("protocol = \"h3\"", half);
    assert!(
        said.contains(": clients[1].behaviour: \"half-closes\" needs `transport = \"cleartext\"`"),
        "{said}"
    );
    let clear = WHOLE.replace("protocol = \"h3\"", &format!("{half}\ntransport = \"cleartext\""));
    assert!(read(&clear, "x", Length::Full).is_ok());
    let said = refusal("protocol = \"h3\"", "protocol = \"h3\"\ntransport = \"cleartext\"");
    assert!(said.contains(": clients[1].transport: h3 is never in clear"), "{said}");
    let said = refusal(
        "protocol = \"h3\"",
        "protocol = \"h3\"\nbehaviour = { kind = \"returns\", within = \"1s\" }",
    );
    assert!(said.contains(": clients[1].behaviour: \"returns\" needs a `prefer`"), "{said}");
}

#[test]
fn what_is_counted_goes_with_the_time_that_is_measured() {
    let limits = |text: &str, seconds| {
        let mut scenario = read(text, "x", Length::Full).unwrap();
        scenario.last(Duration::from_secs(seconds));
        assert_eq!(scenario.duration, Duration::from_secs(seconds));
        (scenario.expect.minimum_requests, scenario.expect.failed)
    };
    let text = WHOLE.replace("[expect]\nfailed = 0", "[expect]\nminimum-requests = 400\nfailed = 10");
    let whole = text.replace("during = \"9s\"\n", "");
    assert_eq!(limits(&whole, 20), (Some(800), Some(20)));
    assert_eq!(limits(&whole, 5), (Some(200), Some(5)));
    assert_eq!(limits(&text, 60), (Some(400), Some(10)), "nobody arrives after the first 9 s");
    assert_eq!(limits(WHOLE, 60), (None, Some(0)));
    let random = whole.replace("shape = \"constant\"", "shape = \"poisson\"");
    assert_eq!(limits(&random, 5), (Some(200 - 42), Some(5 + 6)), "three standard deviations");
}

/// Reading is total: it neither panics nor hangs on what a file may be.
#[test]
fn a_file_with_a_part_taken_out_is_read_or_refused() {
    let seed = fastrand::u64(..);
    let mut random = fastrand::Rng::with_seed(seed);
    for _ in 0..2000 {
        let (from, to) = (random.usize(..WHOLE.len()), random.usize(..WHOLE.len()));
        let text = format!("{}{}", &WHOLE[..from.min(to)], &WHOLE[from.max(to)..]);
        if let Err(error) = read(&text, "x", Length::Quick) {
            assert!(!error.mistakes.is_empty(), "seed {seed}");
            let lines = text.lines().count() + 1;
            assert!(error.mistakes.iter().all(|mistake| mistake.line <= lines), "seed {seed}: {error}");
        }
    }
}
