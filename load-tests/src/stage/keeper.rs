//! A process that is looked after: its end is noticed at once, its log can be quoted.

use std::fs::File;
use std::io::{BufRead, BufReader, Read, Seek, SeekFrom};
use std::path::Path;
use std::process::{Child, ExitStatus};
use std::sync::mpsc::{self, Receiver};
use std::thread;
use std::time::Duration;

use rustix::process::{Pid, Signal, kill_process};

use crate::trouble::Trouble;

/// As much of a log's end as is quoted.
const TAIL_OCTETS: u64 = 8 << 10;
/// Lines of it.
const TAIL_LINES: usize = 20;
/// How long a killed process may take to be gone.
const GONE: Duration = Duration::from_secs(5);

/// A child process, killed when its handle is dropped.
#[derive(Debug)]
pub(super) struct Keeper {
    id: u32,
    end: Receiver<ExitStatus>,
    ended: Option<ExitStatus>,
}

impl Keeper {
    /// Looks after `child`, by a thread that waits for its end.
    pub(super) fn new(mut child: Child) -> Result<Self, Trouble> {
        let id = child.id();
        let (tell, end) = mpsc::channel();
        thread::Builder::new()
            .name("keeper".to_owned())
            .spawn(move || {
                if let Ok(status) = child.wait() {
                    // Nobody listens once the handle is dropped.
                    let _ = tell.send(status);
                }
            })
            .map_err(Trouble::system("starting a thread"))?;
        Ok(Self { id, end, ended: None })
    }

    /// Its process id.
    pub(super) fn id(&self) -> u32 {
        self.id
    }

    /// How it ended, if it has.
    pub(super) fn ended(&mut self) -> Option<ExitStatus> {
        self.ended = self.ended.or_else(|| self.end.try_recv().ok());
        self.ended
    }

    /// Waits for its end, no longer than `limit`.
    pub(super) fn wait(&mut self, limit: Duration) -> Option<ExitStatus> {
        self.ended = self.ended.or_else(|| self.end.recv_timeout(limit).ok());
        self.ended
    }

    /// Asks it to end.
    pub(super) fn terminate(&mut self) {
        self.signal(Signal::TERM);
    }

    fn signal(&mut self, signal: Signal) {
        if self.ended().is_some() {
            return;
        }
        let id = i32::try_from(self.id).ok().and_then(Pid::from_raw);
        if let Some(id) = id {
            // It may have ended in this moment.
            let _ = kill_process(id, signal);
        }
    }
}

impl Drop for Keeper {
    fn drop(&mut self) {
        self.signal(Signal::KILL);
        self.wait(GONE);
    }
}

/// Whether a line of `log` contains `words`.
pub(super) fn mentions(log: &Path, words: &str) -> bool {
    let Ok(file) = File::open(log) else { return false };
    BufReader::new(file)
        .split(b'\n')
        .map_while(Result::ok)
        .any(|line| memchr::memmem::find(&line, words.as_bytes()).is_some())
}

/// The last lines of `log`.
pub(super) fn tail(log: &Path) -> String {
    let read = || -> std::io::Result<Vec<u8>> {
        let mut file = File::open(log)?;
        let length = file.metadata()?.len();
        file.seek(SeekFrom::Start(length.saturating_sub(TAIL_OCTETS)))?;
        let mut octets = Vec::new();
        file.take(TAIL_OCTETS).read_to_end(&mut octets)?;
        Ok(octets)
    };
    let octets = read().unwrap_or_default();
    let text = String::from_utf8_lossy(&octets);
    let lines: Vec<_> = text.lines().collect();
    if lines.is_empty() {
        return "(none)".to_owned();
    }
    lines[lines.len().saturating_sub(TAIL_LINES)..].join("\n")
}

#[cfg(test)]
mod tests {
    use std::process::{Command, Stdio};

    use super::*;

    fn started(script: &str) -> Keeper {
        let child = Command::new("sh").args(["-c", script]).stdin(Stdio::null()).spawn();
        Keeper::new(child.expect("a shell")).expect("a thread")
    }

    #[test]
    fn an_end_is_noticed() {
        let mut keeper = started("exit 3");
        assert_eq!(keeper.wait(GONE).and_then(|status| status.code()), Some(3));
        assert_eq!(keeper.ended().and_then(|status| status.code()), Some(3));
    }

    #[test]
    fn a_process_is_asked_to_end_and_killed_with_its_handle() {
        let mut asked = started("exec sleep 60");
        assert_eq!(asked.ended(), None);
        asked.terminate();
        assert!(asked.wait(GONE).is_some());

        let deaf = started("trap '' TERM; exec sleep 60");
        let entry = format!("/proc/{}", deaf.id());
        drop(deaf);
        assert!(!Path::new(&entry).exists(), "it lives on");
    }

    #[test]
    fn the_last_lines_of_a_log_are_quoted() {
        let log = std::env::temp_dir().join(format!("keeper-test-{}", std::process::id()));
        let lines: Vec<_> = (0..2000).map(|line| format!("line {line}")).collect();
        std::fs::write(&log, lines.join("\n")).expect("a file");
        let tail = tail(&log);
        assert_eq!(tail.lines().count(), TAIL_LINES);
        assert!(tail.ends_with("line 1999"), "{tail}");
        assert!(mentions(&log, "line 77") && !mentions(&log, "line 2000"));
        std::fs::remove_file(&log).expect("the file");
        assert_eq!(super::tail(&log), "(none)");
    }
}
