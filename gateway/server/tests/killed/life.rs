//! One life of a gateway: a child process, from its start to kill -9.

use std::io::{BufRead, BufReader};
use std::net::SocketAddr;
use std::os::unix::process::ExitStatusExt;
use std::path::Path;
use std::process::{Child, ChildStdin, ChildStdout, Command, ExitStatus, Stdio};
use std::time::Duration;

use rustix::process::{Pid, Signal, kill_process};
use tokio::task::JoinHandle;
use tokio::time::timeout;

use crate::child::{DIRECTORY, ORIGIN, POINT, VOLATILE};

/// The test that the child is started as.
pub const TEST: &str = "g_01_what_a_client_was_told_survives_kill_9";

/// How long a life may take to come to its point: far longer than it takes, far shorter than for ever.
const PATIENCE: Duration = Duration::from_secs(30);

/// How a life ends.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Plan {
    /// By its own hand, at the n-th passing of a point.
    At(&'static str, u32),
    /// So long after clients have seen so many things.
    After(usize, Duration),
    /// So long after its start, whether it serves yet or not.
    Early(Duration),
    /// When whoever looks at it has seen enough.
    Inspected,
}

/// What a store keeps.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Keeping {
    Durable,
    Volatile,
}

/// A gateway in a process of its own.
#[derive(Debug)]
pub struct Life {
    pid: Pid,
    /// Where it serves clients and takes callbacks; nowhere, if it died before it did.
    pub addresses: Option<(SocketAddr, SocketAddr)>,
    death: JoinHandle<std::io::Result<ExitStatus>>,
    // Open as long as it is to live.
    _said: BufReader<ChildStdout>,
    _watched: ChildStdin,
}

// === impl Life ===

impl Life {
    /// Starts a gateway on the store in `directory`, before `origin`. Ready when it serves, or is dead.
    pub async fn begin(
        directory: &Path,
        origin: SocketAddr,
        plan: Plan,
        keeping: Keeping,
    ) -> Result<Self, String> {
        let mut child =
            command(directory, origin, plan, keeping).spawn().map_err(|error| error.to_string())?;
        let pid = Pid::from_child(&child);
        let (said, watched) = pipes(&mut child);
        let death = tokio::task::spawn_blocking(move || child.wait());
        if let Plan::Early(after) = plan {
            tokio::spawn(async move {
                tokio::time::sleep(after).await;
                kill(pid);
            });
        }
        let listening = tokio::task::spawn_blocking(move || listening(said));
        let Ok(Ok((addresses, said))) = timeout(PATIENCE, listening).await else {
            kill(pid);
            return Err("the gateway neither starts nor ends".into());
        };
        Ok(Self { pid, addresses, death, _said: said, _watched: watched })
    }

    /// kill -9, from outside.
    pub fn kill(&self) {
        kill(self.pid);
    }

    /// Waits for its death, which must be by kill -9.
    pub async fn end(&mut self) -> Result<(), String> {
        let Ok(Ok(Ok(status))) = timeout(PATIENCE, &mut self.death).await else {
            self.kill();
            return Err(format!("the gateway was not dead after {PATIENCE:?}: its point was not reached"));
        };
        if status.signal() == Some(Signal::KILL.as_raw()) {
            return Ok(());
        }
        Err(format!("the gateway ended by itself: {status}"))
    }
}

fn kill(pid: Pid) {
    // Who has been waited for is not there any more.
    let _ = kill_process(pid, Signal::KILL);
}

fn command(directory: &Path, origin: SocketAddr, plan: Plan, keeping: Keeping) -> Command {
    let mut command = Command::new(std::env::current_exe().expect("this program"));
    command.args(["--exact", TEST, "--nocapture", "--test-threads=1"]);
    command.env(DIRECTORY, directory).env(ORIGIN, origin.to_string()).env("TOKIO_WORKER_THREADS", "1");
    if let Plan::At(point, passing) = plan {
        command.env(POINT, format!("{point}:{passing}"));
    }
    if keeping == Keeping::Volatile {
        command.env(VOLATILE, "1");
    }
    command.stdin(Stdio::piped()).stdout(Stdio::piped());
    command
}

fn pipes(child: &mut Child) -> (BufReader<ChildStdout>, ChildStdin) {
    let stdout = child.stdout.take().expect("it is piped");
    (BufReader::new(stdout), child.stdin.take().expect("it is piped"))
}

/// Reads where the child listens, or that it is dead.
fn listening(mut said: BufReader<ChildStdout>) -> (Option<(SocketAddr, SocketAddr)>, BufReader<ChildStdout>) {
    let mut line = String::new();
    while said.read_line(&mut line).is_ok_and(|length| length > 0) {
        // The line may begin with the name of the test.
        if line.ends_with('\n')
            && let Some((_, addresses)) = line.trim_end().split_once("@ ")
            && let Some((address, desk)) = addresses.split_once(' ')
        {
            return (address.parse().ok().zip(desk.parse().ok()), said);
        }
        line.clear();
    }
    (None, said)
}
