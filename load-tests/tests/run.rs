//! `progress-load` as people use it: scenarios through the real gateway, files, exit codes.
//!
//! The gateway has to lie beside `progress-load`: `cargo build --release -p progress-gateway` puts it there.

use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};

use progress_load::report::{RunReport, json};
use rustix::process::{Pid, Signal, kill_process};

const PROGRAM: &str = env!("CARGO_BIN_EXE_progress-load");

fn progress_load(arguments: &[&str]) -> Output {
    Command::new(PROGRAM).args(arguments).output().expect("progress-load can be run")
}

fn text(octets: &[u8]) -> String {
    String::from_utf8_lossy(octets).into_owned()
}

/// A temporary directory, which goes with its handle.
struct Directory(PathBuf);

impl Directory {
    fn new(name: &str) -> Self {
        let directory = std::env::temp_dir().join(format!("progress-load-{name}-{}", std::process::id()));
        std::fs::create_dir_all(&directory).expect("a directory");
        Self(directory)
    }

    fn file(&self, name: &str) -> String {
        self.0.join(name).to_string_lossy().into_owned()
    }
}

impl Drop for Directory {
    fn drop(&mut self) {
        // What is left in a temporary directory is left to its owner.
        let _ = std::fs::remove_dir_all(&self.0);
    }
}

/// Runs scenarios in their short form; what was measured, and what was printed.
fn run(names: &[&str]) -> (Vec<RunReport>, String) {
    let gateway = Path::new(PROGRAM).with_file_name("progress-gateway");
    assert!(
        gateway.is_file(),
        "{} is missing: build it with `cargo build --release -p progress-gateway`",
        gateway.display()
    );
    let directory = Directory::new(names[0]);
    let (file, page) = (directory.file("runs.json"), directory.file("page.html"));
    let arguments = [&["run", "--quick", "--json", &file, "--report", &page], names].concat();
    let output = progress_load(&arguments);
    let printed = text(&output.stdout) + &text(&output.stderr);
    assert_eq!(output.status.code(), Some(0), "{printed}");
    let page = std::fs::read_to_string(&page).expect("a page was written");
    assert!(names.iter().all(|name| page.contains(name)), "the page lacks a run");
    (json::read(Path::new(&file)).expect("runs were written"), printed)
}

#[test]
fn two_scenarios_run_one_after_the_other_through_the_real_gateway() {
    let (reports, printed) = run(&["steady", "disconnect-and-return"]);
    let [steady, returns] = reports.as_slice() else { panic!("not two reports: {printed}") };
    assert_eq!((steady.scenario.as_str(), returns.scenario.as_str()), ("steady", "disconnect-and-return"));

    assert_eq!(steady.clients.len(), 3);
    for row in &steady.clients {
        assert!(row.requests > 0 && row.completed == row.requests, "{row:?}");
        assert_eq!(row.codes.get(&200), Some(&row.requests), "{row:?}");
        assert!(row.heads_per_request.min >= 7.0, "{row:?}");
        assert!(row.latency.p50 > 1.5, "jobs of two seconds: {row:?}");
    }
    assert_eq!(steady.total.requests, steady.clients.iter().map(|row| row.requests).sum::<u64>());
    let heads: u64 = steady.samples.iter().map(|sample| sample.heads).sum();
    assert_eq!(Some(&heads), steady.total.interim.get(&102), "samples add up to the total");
    let used = steady.gateway.as_ref().expect("the run started a gateway");
    assert!(used.cpu_seconds > 0.0 && used.resident_peak > 0, "{used:?}");
    assert_eq!(used.descriptors_left_open(), 0, "{used:?}");
    let generator = &steady.generator;
    assert!(generator.clients_cpu_seconds > 0.0, "{generator:?}");
    assert!(generator.origin_cpu_seconds.is_some_and(|origin| origin > 0.0), "{generator:?}");

    // Whoever came back has fetched the result: more content than one client's.
    assert!(returns.total.received > 32 * 1024, "{:?}", returns.total);
    assert!(printed.contains("as expected") && printed.contains("generator: clients CPU"), "{printed}");
}

#[test]
fn one_seed_asks_for_the_same_whatever_the_workers() {
    let counts = |workers: &str| {
        let directory = Directory::new(&format!("seed-{workers}"));
        let file = directory.file("runs.json");
        let output = Command::new(PROGRAM)
            .args(["run", "plain-proxy", "--quick", "--duration", "500ms", "--seed", "7", "--json", &file])
            .env("TOKIO_WORKER_THREADS", workers)
            .output()
            .expect("progress-load can be run");
        let printed = text(&output.stdout) + &text(&output.stderr);
        let runs = json::read(Path::new(&file)).unwrap_or_else(|error| panic!("{error}: {printed}"));
        assert_eq!(runs[0].seed, 7);
        runs[0].clients.iter().map(|row| (row.name.clone(), row.requests)).collect::<Vec<_>>()
    };
    assert_eq!(counts("1"), counts("3"));
}

#[test]
fn a_limit_that_is_missed_is_a_line_and_exit_code_1() {
    let directory = Directory::new("missed");
    let file = directory.file("missed.toml");
    let scenario = r#"
summary = "Too few requests"
about = "For a test."
duration = "300ms"
[arrival]
shape = "constant"
rate = 20
[[clients]]
name = "h2"
protocol = "h2"
path = "/plain"
[expect]
minimum-requests = 1000
"#;
    std::fs::write(&file, scenario).expect("a file");
    let output = progress_load(&["run", &file]);
    let printed = text(&output.stdout) + &text(&output.stderr);
    assert_eq!(output.status.code(), Some(1), "{printed}");
    assert!(printed.contains("MISSED  requests 6, at least 1,000"), "{printed}");
}

#[test]
fn misuse_is_exit_code_2_and_says_what_would_be_right() {
    let directory = Directory::new("misuse");
    let file = directory.file("bad.toml");
    std::fs::write(&file, "summary = 3\n").expect("a file");
    let cases: [(&[&str], &str); 8] = [
        (&["run"], "NAME"),
        (&["run", "stedy"], "progress-load list"),
        (&["show", "stedy"], "progress-load list"),
        (&["run", "missing.toml"], "cannot be read"),
        (&["run", &file], "bad.toml:1:11"),
        (&["run", "steady", "--target", "example.org"], "https://HOST"),
        (&["run", "steady", "--target", "http://127.0.0.1:1"], "h3"),
        (&["compare", &file, &file], "not what"),
    ];
    for (arguments, words) in cases {
        let output = progress_load(arguments);
        let printed = text(&output.stderr);
        assert_eq!(output.status.code(), Some(2), "{arguments:?}: {printed}");
        assert!(printed.contains(words), "{arguments:?} lacks {words:?}: {printed}");
    }
}

#[test]
fn a_file_that_cannot_be_written_is_told_before_the_run() {
    let directory = Directory::new("unwritable");
    let nowhere = directory.file("none/runs.json");
    for option in ["--json", "--report"] {
        let output = progress_load(&["run", "soak", option, &nowhere]);
        assert_eq!(output.status.code(), Some(1));
        let printed = text(&output.stderr);
        assert!(printed.contains("runs.json: cannot be written"), "{printed}");
    }
}

/// Whoever stops a run gets what there was, and nothing of it stays behind.
#[test]
fn a_signal_ends_the_run_the_gateway_and_its_directory() {
    for signal in [Signal::INT, Signal::TERM, Signal::HUP] {
        let directory = Directory::new(&format!("signal-{}", signal.as_raw()));
        let file = directory.file("runs.json");
        let child = Command::new(PROGRAM)
            .args(["run", "steady", "--json", &file])
            .env("TMPDIR", &directory.0)
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .expect("progress-load can be run");
        let id = child.id();
        // The log is there as soon as the gateway is started.
        let entries = || std::fs::read_dir(&directory.0).expect("a directory").flatten();
        let own = || entries().find(|entry| entry.path().is_dir()).map(|entry| entry.path());
        while !own().is_some_and(|own| own.join("gateway.log").exists()) {
            std::thread::yield_now();
        }
        let id = Pid::from_raw(i32::try_from(id).expect("an id")).expect("an id");
        kill_process(id, signal).expect("it runs");
        let output = child.wait_with_output().expect("it ends");
        let printed = text(&output.stdout) + &text(&output.stderr);
        assert_eq!(output.status.code(), Some(1), "{signal:?}: {printed}");
        assert!(printed.contains("MISSED  stopped after"), "{signal:?}: {printed}");
        assert_eq!(own(), None, "{signal:?}: the gateway's directory is left");
        assert_eq!(json::read(Path::new(&file)).expect("what there was").len(), 1);
    }
}

#[test]
fn a_bundled_scenario_is_shown_as_a_file_that_can_be_run() {
    for file in progress_load::scenario::bundled() {
        let output = progress_load(&["show", file.name]);
        assert_eq!((output.status.code(), text(&output.stdout).as_str()), (Some(0), file.text));
    }
    let long = text(&progress_load(&["list", "--long"]).stdout);
    assert!(long.contains("\n\nheld-h2: ") && long.contains("  The scenario to begin with,"), "{long}");
}

#[test]
fn every_bundled_scenario_is_listed() {
    let output = progress_load(&["list"]);
    assert_eq!(output.status.code(), Some(0));
    let listed = text(&output.stdout);
    let names: Vec<_> = listed.lines().filter_map(|line| line.split_whitespace().next()).collect();
    let bundled: Vec<_> = progress_load::scenario::bundled().iter().map(|file| file.name).collect();
    assert_eq!(names, bundled);
}
