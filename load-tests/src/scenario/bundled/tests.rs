use std::collections::BTreeSet;
use std::fs;
use std::path::PathBuf;
use std::time::Duration;

use super::bundled;
use crate::scenario::{
    After202, Behaviour, ClientKind, Fault, Length, Protocol, Reports, Scenario, Watch, read,
};

fn scenario(name: &str, length: Length) -> Scenario {
    let found = bundled().iter().find(|file| file.name == name).expect("it is bundled");
    read(found.text, name, length).unwrap_or_else(|error| panic!("{error}"))
}

#[test]
fn every_file_of_the_directory_is_bundled_and_nothing_else() {
    let directory = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("scenarios");
    let files: BTreeSet<String> = fs::read_dir(directory)
        .unwrap()
        .map(|entry| entry.unwrap().file_name().into_string().unwrap())
        .collect();
    let bundled: BTreeSet<String> = bundled().iter().map(|file| format!("{}.toml", file.name)).collect();
    assert_eq!(files, bundled);
}

#[test]
fn the_names_that_interface_section_9_promises_are_there() {
    for name in
        "steady held-http11 held-h2 held-h3 mixed-protocols http10-downgrade wait-storm many-watchers \
                 slow-reader interim-flood disconnect-and-return origin-faults plain-proxy soak"
            .split_whitespace()
    {
        assert!(bundled().iter().any(|file| file.name == name), "{name}");
    }
}

#[test]
fn all_can_be_read_in_both_lengths_and_a_quick_one_takes_five_seconds() {
    for file in bundled() {
        for length in [Length::Full, Length::Quick] {
            let read = read(file.text, file.name, length).unwrap_or_else(|error| panic!("{error}"));
            assert_eq!(read.name, file.name);
            let whole = read.duration + read.grace;
            let expected = if length == Length::Quick {
                ..=Duration::from_secs(5)
            } else {
                ..=Duration::from_secs(3700)
            };
            assert!(expected.contains(&whole), "{} {length:?} takes {whole:?}", file.name);
        }
    }
}

/// What arrives last has time to end before the run does, as far as the origin's jobs go.
#[test]
fn the_slowest_job_that_is_not_meant_to_hang_fits_into_what_is_left() {
    for file in bundled() {
        for length in [Length::Full, Length::Quick] {
            let scenario = scenario(file.name, length);
            let arriving = scenario.arrival.during.unwrap_or(scenario.duration);
            let left = (scenario.duration + scenario.grace).saturating_sub(arriving);
            for job in &scenario.origin.jobs {
                let slowest = job.every.mul_f64(f64::from(job.steps) * (1.0 + job.jitter));
                let watched = |client: &&ClientKind| client.watch == Watch::Shared;
                let path =
                    |client: &ClientKind| job.path.as_ref().is_none_or(|path| client.path.starts_with(path));
                let shared =
                    scenario.clients.iter().filter(|client| path(client)).all(|client| watched(&client));
                // An operation that all share began with the first arrival.
                let left = if shared { left + arriving } else { left };
                assert!(slowest < left, "{} {length:?}: {slowest:?} does not fit into {left:?}", file.name);
            }
        }
    }
}

#[test]
fn each_says_what_must_not_fail_and_how_much_there_must_be() {
    for file in bundled() {
        let scenario = scenario(file.name, Length::Full);
        assert!(scenario.expect.failed.is_some(), "{}", file.name);
        assert!(scenario.expect.shed == Some(0), "{}", file.name);
        assert!(scenario.expect.success_share.is_some(), "{}", file.name);
        let minimum = scenario.expect.minimum_requests.unwrap();
        let arriving = scenario.arrival.during.unwrap_or(scenario.duration);
        let expected = crate::arrival::expected(&scenario.arrival.shape, arriving);
        #[expect(clippy::cast_precision_loss, reason = "both are small")]
        let share = minimum as f64 / expected;
        assert!((0.8..=1.0).contains(&share), "{}: {minimum} of {expected}", file.name);
    }
}

#[test]
fn mixed_protocols_does_everything_that_dashboards_show() {
    let mixed = scenario("mixed-protocols", Length::Quick);
    let some = |what: &str, found: bool| assert!(found, "nobody {what}");
    for protocol in [Protocol::Http10, Protocol::Http11, Protocol::H2, Protocol::H3] {
        some(protocol.name(), mixed.clients.iter().any(|client| client.protocol == protocol));
    }
    for protocol in [Protocol::Http11, Protocol::H2, Protocol::H3] {
        let asks = |client: &&ClientKind| client.protocol == protocol && client.opted_in();
        some("asks for heads", mixed.clients.iter().any(|client| asks(&client)));
    }
    let clients = &mixed.clients;
    some("is plain", clients.iter().any(|client| !client.path.starts_with("/jobs/")));
    some("does not ask", clients.iter().any(|c| c.prefer.is_none() && c.path.starts_with("/jobs/")));
    some("follows", clients.iter().any(|client| client.after_202 == After202::Follow));
    some("watches", clients.iter().any(|client| client.watch == Watch::Shared));
    some("leaves", clients.iter().any(|client| matches!(client.behaviour, Behaviour::Resets { .. })));
    some("returns", clients.iter().any(|client| matches!(client.behaviour, Behaviour::Returns { .. })));
    let jobs = &mixed.origin.jobs;
    some("is relayed", jobs.iter().any(|job| job.hints > 0));
    some("is silent", jobs.iter().any(|job| job.reports == Reports::Nothing));
    some("fails", jobs.iter().any(|job| job.fault != Fault::None));
    some("is refused", jobs.iter().any(|job| job.status >= 400));
}
