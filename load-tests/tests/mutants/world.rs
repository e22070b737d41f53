//! Origin, gateway, relay and `progress-load` together.

use std::net::SocketAddr;
use std::path::Path;
use std::process::Stdio;
use std::time::Duration;

use bytesize::ByteSize;
use progress_load::origin;
use progress_load::scenario::{Job, Origin};
use tokio::io::{AsyncBufReadExt, BufReader};
use tokio::net::TcpListener;
use tokio::process::{Child, Command};

use crate::relay::{Mutation, relay};

/// Four kinds of clients that together notice whatever a relay of HTTP/1.x can break. Jobs last
/// 1.5 s, with news every 300 ms.
const SCENARIO: &str = r#"
summary = "Who asked, who did not, and HTTP/1.0"
about = "For the tests of progress-load."
duration = "2s"
grace = "20s"

[arrival]
shape = "constant"
rate = 20.0
during = "1s"

[[clients]]
name = "asked"
protocol = "http/1.1"
method = "POST"
path = "/jobs/report"
prefer = "processing"

[[clients]]
name = "did not ask"
protocol = "http/1.1"
method = "POST"
path = "/jobs/report"

[[clients]]
name = "old"
protocol = "http/1.0"
method = "POST"
path = "/jobs/report"

[[clients]]
name = "half-closes"
protocol = "http/1.1"
transport = "cleartext"
method = "POST"
path = "/jobs/report"
prefer = "processing"
behaviour = { kind = "half-closes" }

[gateway]
progress = { heartbeat-interval = "1s", minimum-interval = "50ms", interim-after = "50ms" }

[expect]
minimum-requests = 20
failed = 0
unfinished = 0
shed = 0
success-share = 1.0
minimum-heads-per-request = 3.0
lateness-p99 = "400ms"
"#;

/// What came of a run.
pub(crate) struct Verdict {
    /// The exit code.
    pub(crate) code: Option<i32>,
    /// Standard output, then standard error.
    pub(crate) printed: String,
}

/// Runs [`SCENARIO`] against the gateway behind a relay.
pub(crate) async fn run(mutation: Mutation) -> Verdict {
    let job =
        Job { steps: 5, every: Duration::from_millis(300), content: ByteSize::b(1000), ..Job::default() };
    let origin = Origin { jobs: vec![job], ..Origin::default() };
    let origin = origin::Running::start(&origin, 1).expect("an origin");
    let listener = TcpListener::bind(("127.0.0.1", 0)).await.expect("a port");
    let target = format!("http://{}", listener.local_addr().expect("an address"));

    let directory = Directory::new(mutation);
    let gateway = Gateway::start(&directory, &configuration(&target, &origin.url())).await;
    let relaying = tokio::spawn(relay(listener, gateway.address, mutation));

    let scenario = directory.0.join("mutants.toml");
    std::fs::write(&scenario, SCENARIO).expect("a file");
    let output = Command::new(env!("CARGO_BIN_EXE_progress-load"))
        .arg("run")
        .arg(&scenario)
        .args(["--target", &target])
        .kill_on_drop(true)
        .output()
        .await
        .expect("progress-load runs");
    relaying.abort();
    let printed = [output.stdout, output.stderr].concat();
    Verdict { code: output.status.code(), printed: String::from_utf8_lossy(&printed).into_owned() }
}

/// The gateway that lies beside `progress-load`; it ends with its handle.
struct Gateway {
    address: SocketAddr,
    _child: Child,
}

impl Gateway {
    async fn start(directory: &Directory, configuration: &str) -> Self {
        let file = directory.0.join("gateway.toml");
        std::fs::write(&file, configuration).expect("a file");
        let program = Path::new(env!("CARGO_BIN_EXE_progress-load")).with_file_name("progress-gateway");
        let mut child = Command::new(&program)
            .arg("run")
            .arg("--config")
            .arg(&file)
            .stderr(Stdio::piped())
            .kill_on_drop(true)
            .spawn()
            .unwrap_or_else(|error| panic!("{}: {error}; `make build` builds it", program.display()));
        let mut lines = BufReader::new(child.stderr.take().expect("a pipe")).lines();
        let address = loop {
            let line = lines.next_line().await.expect("a line").expect("the gateway serves");
            let said = line.split_once("serving address=").map(|(_, address)| address.parse());
            if let Some(address) = said {
                break address.expect("an address");
            }
        };
        // What it writes from now on has to go somewhere.
        tokio::spawn(async move { while let Ok(Some(_)) = lines.next_line().await {} });
        Self { address, _child: child }
    }
}

fn configuration(public: &str, origin: &str) -> String {
    format!(
        r#"public-url = "{public}"
[[listeners]]
address = "127.0.0.1:0"
[[upstreams]]
name = "origin"
servers = ["{origin}"]
[[routes]]
name = "jobs"
match = {{ path = "/jobs/" }}
upstream = "origin"
[routes.progress]
heartbeat-interval = "1s"
minimum-interval = "50ms"
interim-after = "50ms"
"#
    )
}

/// A temporary directory, which goes with its handle.
struct Directory(std::path::PathBuf);

impl Directory {
    fn new(mutation: Mutation) -> Self {
        let name = format!("progress-load-mutants-{}-{mutation:?}", std::process::id());
        let directory = std::env::temp_dir().join(name);
        std::fs::create_dir_all(&directory).expect("a directory");
        Self(directory)
    }
}

impl Drop for Directory {
    fn drop(&mut self) {
        // What is left in a temporary directory is left to its owner.
        let _ = std::fs::remove_dir_all(&self.0);
    }
}
