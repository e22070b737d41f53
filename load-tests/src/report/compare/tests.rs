//! What counts as a difference, what belongs together, and how it is told.

use super::{Comparison, Figure, Mark, Quantity, Reading, Wish, compare};
use crate::report::{Percentiles, RunReport, samples};

/// The steady run, and the same after `change`.
fn against(change: impl FnOnce(&mut RunReport)) -> Comparison {
    let first = samples::run("steady");
    let mut second = first.clone();
    change(&mut second);
    compare(&[first], &[second])
}

/// `GROUP: FIGURE` of all that has this mark.
fn marked(comparison: &Comparison, mark: Mark) -> Vec<String> {
    let groups = comparison.pairs.iter().flat_map(|pair| &pair.groups);
    let figures = groups.flat_map(|group| group.figures.iter().map(move |figure| (&group.name, figure)));
    let found = figures.filter(|(_, figure)| figure.mark() == mark);
    found.map(|(name, figure)| format!("{name}: {}", figure.what)).collect()
}

#[test]
fn a_run_is_no_worse_than_itself() {
    let same = against(|_| ());
    assert!(!same.worse() && !same.is_empty());
    assert!(same.figures().all(|figure| figure.mark() == Mark::Same));
    assert!(same.figures().count() > 30, "{same}");
    assert!(
        same.to_string().ends_with("0 worse in B, 0 better (beyond 20 % and what timers can tell)\n"),
        "{same}"
    );
}

#[test]
fn what_is_slower_beyond_the_noise_is_worse() {
    let slower = against(|run| run.clients[1].latency.p99 *= 1.21);
    assert_eq!(marked(&slower, Mark::Worse), ["h2 watchers: latency p99"]);
    assert!(slower.worse());
    let line = slower.to_string().lines().find(|line| line.ends_with("worse")).map(str::to_owned);
    assert_eq!(line.as_deref(), Some("    latency p99              898 ms       1.09 s    1.21  worse"));
    let noise = against(|run| run.clients[1].latency.p99 *= 1.19);
    assert!(!noise.worse());
    let faster = against(|run| run.clients[1].latency.p99 /= 2.0);
    assert_eq!(marked(&faster, Mark::Better), ["h2 watchers: latency p99"]);
    assert!(!faster.worse());
}

#[test]
fn what_timers_cannot_tell_is_no_difference() {
    let figure = |first: f64, second: f64| Figure {
        what: "lateness p99",
        quantity: Quantity::Time,
        wish: Wish::Less,
        slack: 0.001,
        first: Some(Reading { value: first, sound: true }),
        second: Some(Reading { value: second, sound: true }),
    };
    assert_eq!(figure(0.0, 0.0009).mark(), Mark::Same);
    assert_eq!(figure(0.0, 0.002).mark(), Mark::Worse);
    assert_eq!((figure(0.0, 0.0).ratio(), figure(0.0, 0.002).ratio()), (Some(1.0), None));
}

#[test]
fn a_handful_of_values_is_not_judged() {
    let handful = against(|run| {
        let clients = &mut run.clients[1];
        (clients.latency.count, clients.heads_per_request.count) = (99, 19);
        clients.latency.p99 *= 3.0;
        clients.heads_per_request.mean /= 3.0;
        let gateway = run.gateway.as_mut().unwrap();
        (gateway.cpu_seconds, gateway.cpu_per_head) = (0.19, Some(1.0));
    });
    assert!(!handful.worse());
    let expected = ["run: CPU per head", "h2 watchers: latency p99", "h2 watchers: heads per request"];
    assert_eq!(marked(&handful, Mark::Unsound), expected);
    assert!(handful.to_string().contains("  too few to tell\n"));
    let failed = against(|run| {
        run.clients[1].requests = 5;
        run.clients[1].failures.insert("reset".to_owned(), 1);
    });
    assert!(failed.worse(), "a failure is one however few requests there were");
}

#[test]
fn lost_heads_are_worse_and_more_heads_are_told() {
    let fewer = against(|run| run.total.heads_per_request.mean = 5.0);
    assert_eq!(marked(&fewer, Mark::Worse), ["total: heads per request"]);
    let more = against(|run| run.total.heads_per_request.mean = 50.0);
    assert_eq!(marked(&more, Mark::More), ["total: heads per request"]);
    assert!(!more.worse());
}

#[test]
fn a_shorter_run_has_not_lost_heads() {
    let shorter = against(|run| {
        run.seconds /= 2.0;
        run.total.interim.values_mut().for_each(|heads| *heads /= 2);
    });
    let total: Vec<String> =
        marked(&shorter, Mark::Worse).into_iter().filter(|what| what.contains("total")).collect();
    assert!(total.is_empty(), "{total:?}");
}

#[test]
fn a_missed_limit_and_a_wrong_head_are_worse_however_few() {
    let missed = against(|run| run.violations.push("latency p99 is 9 s, at most 8 s".to_owned()));
    assert_eq!(marked(&missed, Mark::Worse), ["run: limits missed"]);
    let (mut ten, mut eleven) = (samples::run("steady"), samples::run("steady"));
    ten.violations = vec![String::new(); 10];
    eleven.violations = vec![String::new(); 11];
    assert!(compare(&[ten], &[eleven]).worse(), "not noise, though a tenth");
    let wrong = against(|run| {
        run.clients[3].wrongs.insert("interim to http/1.0".to_owned(), 1);
    });
    assert_eq!(marked(&wrong, Mark::Worse), ["old clients: never right"]);
}

#[test]
fn cpu_memory_and_failures_are_compared() {
    let costly = against(|run| {
        let gateway = run.gateway.as_mut().unwrap();
        gateway.cpu_per_head = gateway.cpu_per_head.map(|cpu| cpu * 2.0);
        gateway.cpu_per_request = gateway.cpu_per_request.map(|cpu| cpu * 2.0);
        gateway.resident_per_held = gateway.resident_per_held.map(|size| size * 2.0);
        run.total.failures.insert("connect".to_owned(), 200);
    });
    let expected = ["run: CPU per head", "run: CPU per request", "run: RSS per held", "total: failures"];
    assert_eq!(marked(&costly, Mark::Worse), expected);
    let refusing = against(|run| {
        run.total.codes = [(200, 2000), (503, 398)].into();
        run.total.shed = 24;
        run.total.latency.p50 /= 10.0;
    });
    assert_eq!(marked(&refusing, Mark::Worse), ["total: codes not 2xx", "total: shed"]);
}

#[test]
fn what_one_run_lacks_is_said_and_not_judged() {
    let other = against(|run| {
        run.gateway = None;
        run.total.cadence = Percentiles::default();
        run.clients.remove(0);
        run.seed = 2;
        run.quick = true;
    });
    assert!(!other.worse());
    let gone = marked(&other, Mark::Gone);
    assert_eq!(
        gone,
        ["run: CPU per head", "run: CPU per request", "run: RSS per held", "total: cadence p99"]
    );
    let said = other.to_string();
    for expected in [
        "  (another length: A 60 s, B 60 s (--quick))\n",
        "  (another seed: A 1, B 2)\n",
        "  (clients `h1 watchers` are in A alone)\n",
        " –       –  gone\n",
    ] {
        assert!(said.contains(expected), "{expected:?} is not in\n{said}");
    }
    let old = samples::run("steady");
    assert_eq!(marked(&compare(&[samples::bare("steady")], &[old]), Mark::New).len(), 14);
}

#[test]
fn runs_belong_together_by_name_whatever_their_order() {
    let (steady, soak) = (samples::run("steady"), samples::run("soak"));
    let mut slow = soak.clone();
    slow.total.latency.p50 *= 2.0;
    let comparison = compare(&[steady, soak], &[slow, samples::run("new one")]);
    assert_eq!(marked(&comparison, Mark::Worse), ["total: latency p50"]);
    assert_eq!(comparison.only_first, ["steady"]);
    assert_eq!(comparison.only_second, ["new one"]);
    assert!(comparison.to_string().contains("steady: in A alone\nnew one: in B alone\n"));
}

#[test]
fn files_without_a_common_scenario_are_no_success() {
    let nothing = compare(&[samples::run("a")], &[samples::run("b")]);
    assert!(nothing.is_empty() && !nothing.worse());
    assert!(nothing.to_string().starts_with("no scenario is in both files: nothing to compare\n"));
}
