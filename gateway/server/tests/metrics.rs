//! The metrics are a contract: code, documentation and exposition say the same.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use downstream::{Audit, Protocol, Source};
use http::StatusCode;
use jiff::Timestamp;
use progress_gateway::metrics::labels::{
    Downgrade, EventKind, Format, Handshake, Label, Mode, OutcomeLabel, Reason, Refused, Signal, State,
    StoreFault, StoreOperation, Suppressed, UpstreamResult, Via,
};
use progress_gateway::metrics::{InFlight, Metrics, Watching, names};

const NOW: i64 = 1_795_361_400;
const NOW_SECONDS: f64 = 1_795_361_400.0;

fn fresh() -> Metrics {
    let now = Timestamp::from_second(NOW).unwrap();
    let metrics = Metrics::new(&["reports".to_owned()], &["origin".to_owned()], now).unwrap();
    metrics.connections.certificate("api.pem", 0);
    metrics
}

/// A sample of the exposition: name, labels, value.
struct Sample {
    name: String,
    labels: BTreeMap<String, String>,
    value: f64,
}

fn samples(text: &str) -> Vec<Sample> {
    text.lines().filter(|line| !line.starts_with('#')).map(sample).collect()
}

fn sample(line: &str) -> Sample {
    let (series, value) = line.rsplit_once(' ').unwrap();
    let (name, labels) = series.split_once('{').unwrap_or((series, "}"));
    let labels = labels.trim_end_matches('}').split(',').filter(|pair| !pair.is_empty());
    let labels = labels.map(|pair| {
        let (name, value) = pair.split_once('=').unwrap();
        (name.to_owned(), value.trim_matches('"').to_owned())
    });
    Sample { name: name.to_owned(), labels: labels.collect(), value: value.parse().unwrap() }
}

/// The value of one series, by its labels in any order.
fn value(metrics: &Metrics, name: &str, labels: &[(&str, &str)]) -> Option<f64> {
    let wanted: BTreeMap<String, String> =
        labels.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect();
    let samples = samples(&metrics.text().unwrap());
    samples.iter().find(|sample| sample.name == name && sample.labels == wanted).map(|sample| sample.value)
}

/// Name, type and labels of each row of the documentation.
fn documented() -> BTreeMap<String, (String, BTreeSet<String>)> {
    let file = Path::new(env!("CARGO_MANIFEST_DIR")).join("../docs/metrics.md");
    let text = fs::read_to_string(file).unwrap();
    let is_row = |line: &&str| line.starts_with("| `progress_gateway_") || line.starts_with("| `process_");
    let rows = text.lines().filter(is_row);
    rows.map(|row| {
        let cells: Vec<&str> = row.split('|').map(str::trim).collect();
        let labels = cells[3].split_whitespace().map(|label| label.trim_matches('`').to_owned());
        (cells[1].trim_matches('`').to_owned(), (cells[2].to_owned(), labels.collect()))
    })
    .collect()
}

#[test]
fn names_in_code_and_documentation_are_the_same() {
    let documented: BTreeSet<String> = documented().into_keys().collect();
    let in_code: BTreeSet<String> = names::ALL.iter().map(|name| (*name).to_owned()).collect();
    assert_eq!(in_code.len(), names::ALL.len(), "a name is there twice");
    assert_eq!(documented, in_code);
}

#[test]
fn a_fresh_registry_exposes_every_family_as_documented() {
    let text = fresh().text().unwrap();
    let samples = samples(&text);
    for (name, (kind, labels)) in documented() {
        assert!(text.contains(&format!("# TYPE {name} {kind}\n")), "{name} is not a {kind}");
        let series = if kind == "histogram" { format!("{name}_count") } else { name.clone() };
        let mine: Vec<&Sample> = samples.iter().filter(|sample| sample.name == series).collect();
        assert!(!mine.is_empty(), "{name} has no series");
        for sample in mine {
            let exposed: BTreeSet<String> = sample.labels.keys().cloned().collect();
            assert_eq!(exposed, labels, "{name}");
        }
    }
}

/// The other way round: what nobody has named is not there.
#[test]
fn nothing_is_exposed_that_has_no_name() {
    let text = fresh().text().unwrap();
    let exposed = text.lines().filter_map(|line| line.strip_prefix("# TYPE ")?.split(' ').next());
    let exposed: BTreeSet<&str> = exposed.collect();
    assert_eq!(exposed, names::ALL.iter().copied().collect());
}

/// What is read from the system at each scrape.
fn is_of_the_process(sample: &Sample) -> bool {
    sample.name.starts_with("process_")
}

#[test]
fn the_process_is_told_as_it_is() {
    let metrics = fresh();
    let told = |name| value(&metrics, name, &[]).unwrap();
    let memory = told(names::PROCESS_RESIDENT_MEMORY_BYTES);
    assert!(memory > 100_000.0 && memory < told(names::PROCESS_VIRTUAL_MEMORY_BYTES), "{memory}");
    let open = told(names::PROCESS_OPEN_FDS);
    assert!(open >= 3.0 && open < told(names::PROCESS_MAX_FDS), "{open}");
    assert!(told(names::PROCESS_THREADS) >= 1.0);
    let began = told(names::PROCESS_START_TIME_SECONDS);
    let now = status_store::clock::now().as_second();
    // It is reckoned from the boot, which is known to the second.
    assert!((began - f64::from(u32::try_from(now).unwrap())).abs() < 3_600.0, "{began} at {now}");
    let files: Vec<_> = (0..20).map(|_| fs::File::open(env!("CARGO_MANIFEST_DIR")).unwrap()).collect();
    assert!(told(names::PROCESS_OPEN_FDS) >= open + 10.0, "{} files more than {open}", files.len());
}

#[test]
fn a_fresh_registry_is_at_zero() {
    const SET: [&str; 3] = [
        names::BUILD_INFO,
        names::CONFIG_LAST_RELOAD_SUCCESSFUL,
        names::CONFIG_LAST_RELOAD_TIMESTAMP_SECONDS,
    ];
    let metrics = fresh();
    for sample in samples(&metrics.text().unwrap()) {
        let is_set = SET.contains(&sample.name.as_str()) || is_of_the_process(&sample);
        assert!(is_set || sample.value == 0.0, "{} {:?}", sample.name, sample.labels);
    }
    assert_eq!(value(&metrics, SET[1], &[]), Some(1.0));
    assert_eq!(value(&metrics, SET[2], &[]), Some(NOW_SECONDS));
    let build = samples(&metrics.text().unwrap()).into_iter().find(|sample| sample.name == SET[0]).unwrap();
    assert_eq!(build.labels["version"], env!("CARGO_PKG_VERSION"));
    assert!((build.value - 1.0).abs() < f64::EPSILON);
}

#[test]
fn known_label_values_exist_from_the_start() {
    let metrics = fresh();
    for protocol in Protocol::ALL {
        let wire = ("protocol", protocol.label());
        for route in [("route", "reports"), ("route", "none")] {
            for reason in Suppressed::ALL {
                let labels = [wire, route, ("reason", reason.text())];
                assert_eq!(value(&metrics, names::INTERIM_SUPPRESSED_TOTAL, &labels), Some(0.0));
            }
            for reason in ["accepted", "progress", "heartbeat"] {
                let labels = [wire, route, ("source", "generated"), ("reason", reason), ("status", "102")];
                assert_eq!(value(&metrics, names::INTERIM_RESPONSES_TOTAL, &labels), Some(0.0));
            }
        }
        let heads = format!("{}_bucket", names::INTERIM_HEADS_PER_REQUEST);
        for bound in ["0", "1", "2", "5", "8", "10", "20", "50", "100", "200", "500", "+Inf"] {
            assert_eq!(value(&metrics, &heads, &[wire, ("le", bound)]), Some(0.0), "{bound}");
        }
    }
}

/// One event of each kind. What counts while it lives is returned.
fn count_one_of_each(metrics: &Metrics) -> (InFlight, Watching) {
    let second = Duration::from_secs(1);
    let route = metrics.route(Some(0));
    let exchange = route.exchange(Protocol::H2);
    let in_flight = exchange.opened();
    exchange.answered(Mode::Async, StatusCode::ACCEPTED, second);
    exchange.answered(Mode::Plain, StatusCode::NOT_FOUND, second);
    exchange.interim(Reason::Progress, StatusCode::PROCESSING);
    exchange.interim(Reason::Relayed, StatusCode::from_u16(104).unwrap());
    exchange.withheld(Suppressed::Stalled);
    route.operations.ended(OutcomeLabel::Failed, second);
    route.operations.event(EventKind::Regressed);
    let cadence = metrics.cadence(Protocol::H3);
    cadence.first_signal(Signal::Interim, second);
    cadence.interval(Reason::Heartbeat, second);
    cadence.lateness(second);
    cadence.heads(3);
    (0..5).for_each(|_| cadence.written());
    cadence.acknowledged(Source::Quic, second);
    cadence.acknowledged(Source::H2Ping, second);
    cadence.lost(2);
    let watching = metrics.operations.watch(Via::Poll);
    metrics.operations.in_state(State::Running, 7);
    metrics.operations.downgraded(Downgrade::Drain);
    metrics.operations.document(Format::Json, StatusCode::NOT_FOUND);
    metrics.upstream(0).unwrap().ended_in_all(UpstreamResult::ServerError, 5);
    metrics.upstream(0).unwrap().ended_in_all(UpstreamResult::ServerError, 4);
    metrics.connections.handshake(Protocol::H2, Handshake::Timeout);
    metrics.connections.refused(Refused::Maximum);
    metrics.store.did(StoreOperation::Find, second);
    metrics.store.failed(StoreOperation::Find, StoreFault::Missing);
    metrics.config.refused();
    (in_flight, watching)
}

/// Everything that is not zero, without buckets and sums: name, labels in the order of their names,
/// value.
fn counted(metrics: &Metrics) -> Vec<String> {
    let mut seen: Vec<String> = samples(&metrics.text().unwrap())
        .iter()
        .filter(|sample| sample.value != 0.0 && !sample.name.ends_with("_bucket"))
        .filter(|sample| !is_of_the_process(sample))
        .map(|sample| {
            let name = sample.name.trim_start_matches("progress_gateway_");
            let labels: Vec<&str> = sample.labels.values().map(String::as_str).collect();
            format!("{name} {} {}", labels.join(" "), sample.value)
        })
        .filter(|line| !line.starts_with("build_info") && !line.starts_with("config_last_reload_t"))
        .filter(|line| !line.contains("_sum "))
        .collect();
    seen.sort();
    seen
}

/// Each event is counted where it belongs and nowhere else.
#[test]
fn what_is_counted_shows() {
    let metrics = fresh();
    let alive = count_one_of_each(&metrics);
    assert_eq!(
        counted(&metrics),
        [
            "connections_refused_total maximum 1",
            "downgrades_total drain 1",
            "first_signal_seconds_count h3 interim 1",
            "interim_acknowledgement_seconds_count h3 quic 1",
            "interim_heads_per_request_count h3 1",
            "interim_interval_seconds_count h3 heartbeat 1",
            "interim_lateness_seconds_count h3 1",
            "interim_responses_total h2 progress reports generated 102 1",
            "interim_responses_total h2 relayed reports relayed 104 1",
            "interim_suppressed_total h2 stalled reports 1",
            "interim_unacknowledged h3 1",
            "operation_duration_seconds_count failed reports 1",
            "operation_watchers poll 1",
            "operations running 7",
            "operations_total failed reports 1",
            "request_duration_seconds_count async h2 reports 1",
            "request_duration_seconds_count plain h2 reports 1",
            "requests_in_flight h2 reports 1",
            "requests_total 202 async h2 reports 1",
            "requests_total 404 plain h2 reports 1",
            "status_document_requests_total 404 json 1",
            "store_duration_seconds_count find 1",
            "store_errors_total missing find 1",
            "store_operations_total find 1",
            "tls_handshakes_total h2 timeout 1",
            "upstream_events_total regressed reports 1",
            "upstream_requests_total 5xx origin 5",
        ]
    );
    drop(alive);
    let in_flight = [("protocol", "h2"), ("route", "reports")];
    assert_eq!(value(&metrics, names::REQUESTS_IN_FLIGHT, &in_flight), Some(0.0));
    assert_eq!(value(&metrics, names::OPERATION_WATCHERS, &[("via", "poll")]), Some(0.0));
}

#[test]
fn requests_without_a_route_have_one_of_their_own() {
    let metrics = fresh();
    metrics.route(None).exchange(Protocol::Http11).answered(
        Mode::Plain,
        StatusCode::NOT_FOUND,
        Duration::ZERO,
    );
    let labels = [("protocol", "http11"), ("route", "none"), ("mode", "plain"), ("code", "404")];
    assert_eq!(value(&metrics, names::REQUESTS_TOTAL, &labels), Some(1.0));
}

#[test]
fn gauges_can_be_set_at_each_scrape() {
    let metrics = fresh();
    let scrapes = Arc::new(AtomicU64::new(0));
    let counted = Arc::clone(&scrapes);
    metrics.on_scrape(Box::new(move || {
        counted.fetch_add(1, Ordering::Relaxed);
    }));
    metrics.text().unwrap();
    metrics.text().unwrap();
    assert_eq!(scrapes.load(Ordering::Relaxed), 2);
}

#[test]
fn two_gateways_count_apart() {
    let (one, other) = (fresh(), fresh());
    one.connections.panicked();
    assert_eq!(value(&one, names::CONNECTION_PANICS_TOTAL, &[]), Some(1.0));
    assert_eq!(value(&other, names::CONNECTION_PANICS_TOTAL, &[]), Some(0.0));
}
