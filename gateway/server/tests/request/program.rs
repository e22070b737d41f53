//! The program, and what it says.

use std::process::{Child, Command, Output, Stdio};

use serde_json::Value;
use tokio::task::JoinHandle;

/// A run of the program. It ends by itself.
pub struct Run {
    id: u32,
    ended: JoinHandle<Output>,
}

/// What it said.
#[derive(Debug)]
pub struct Said {
    pub code: Option<i32>,
    pub out: Vec<u8>,
    pub err: String,
}

/// Starts `progress-gateway request` with these arguments on a terminal of 80 columns; what it says there
/// is its standard output.
pub fn start_on_terminal(arguments: &[&str]) -> Run {
    let program = concat!("exec ", env!("CARGO_BIN_EXE_progress-gateway"), " request --max-time 60 ");
    let line = format!("stty cols 80; {program}{}", arguments.join(" "));
    let mut command = Command::new("script");
    command.args(["--quiet", "--return", "--command", &line, "/dev/null"]).env("TERM", "xterm");
    spawn(command)
}

/// Starts `progress-gateway request` with these arguments. It gives up after a minute if they say nothing else.
pub fn start(arguments: &[&str]) -> Run {
    let mut command = Command::new(env!("CARGO_BIN_EXE_progress-gateway"));
    command.arg("request").args(arguments).env_remove("PROGRESS_GATEWAY_LOG");
    if !arguments.contains(&"--max-time") {
        command.args(["--max-time", "60"]);
    }
    spawn(command)
}

fn spawn(mut command: Command) -> Run {
    command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped());
    let child: Child = command.spawn().expect("the program can be started");
    let id = child.id();
    let ended = tokio::task::spawn_blocking(move || child.wait_with_output().expect("it ends"));
    Run { id, ended }
}

impl Run {
    pub async fn said(self) -> Said {
        let output = self.ended.await.expect("nobody panics");
        let err = String::from_utf8(output.stderr).expect("it writes text");
        Said { code: output.status.code(), out: output.stdout, err }
    }

    /// Sends the signal of this name.
    pub fn signal(&self, name: &str) {
        let kill = format!("kill -{name} {}", self.id);
        assert!(Command::new("sh").args(["-c", &kill]).status().expect("there is a shell").success());
    }
}

impl Said {
    pub fn text(&self) -> &str {
        std::str::from_utf8(&self.out).expect("it writes text")
    }

    /// The lines of `--json`.
    pub fn heads(&self) -> Vec<Value> {
        self.text().lines().map(|line| serde_json::from_str(line).expect(line)).collect()
    }
}
