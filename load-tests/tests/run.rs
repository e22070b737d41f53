//! `progress-load` as people use it: scenarios through the real gateway, files, exit codes.
//!
//! The gateway has to lie beside `progress-load`: `cargo build --release -p progress-gateway` puts it there.

use std::path::{Path, PathBuf};
use std::process::{Command, Output};

use progress_load::report::{RunReport, json};

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
    assert!(steady.generator.cpu_seconds > 0.0);

    // Whoever came back has fetched the result: more content than one client's.
    assert!(returns.total.received > 32 * 1024, "{:?}", returns.total);
    assert!(printed.contains("as expected") && printed.contains("generator: CPU"), "{printed}");
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
    let cases: [(&[&str], &str); 7] = [
        (&["run"], "NAME"),
        (&["run", "stedy"], "progress-load list"),
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
fn every_bundled_scenario_is_listed() {
    let output = progress_load(&["list"]);
    assert_eq!(output.status.code(), Some(0));
    let listed = text(&output.stdout);
    let names: Vec<_> = listed.lines().filter_map(|line| line.split_whitespace().next()).collect();
    let bundled: Vec<_> = progress_load::scenario::bundled().iter().map(|file| file.name).collect();
    assert_eq!(names, bundled);
}
