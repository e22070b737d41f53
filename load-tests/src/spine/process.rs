//! What a process has used, read from `/proc`.

use std::fs;
use std::path::PathBuf;
use std::time::Duration;

use super::Trouble;

/// The kernel's clock ticks per second, as user space sees them: the same on every Linux
/// (`USER_HZ`).
const TICKS: u64 = 100;

/// A process that runs.
#[derive(Clone, Copy, Debug)]
pub(super) struct Process {
    id: u32,
}

/// Memory of a process in octets.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Memory {
    /// Resident set.
    pub(super) resident: u64,
    /// Proportional set: pages that processes share are divided among them.
    pub(super) proportional: u64,
}

/// Time on a CPU of the thread that asks.
pub(super) fn thread_cpu() -> Result<Duration, Trouble> {
    let stat = read("/proc/thread-self/stat".into())?;
    ticks_in(&stat).map(time_of).ok_or_else(|| unreadable("stat"))
}

impl Process {
    /// The process with this id.
    pub(super) fn new(id: u32) -> Self {
        Self { id }
    }

    /// Time on a CPU since the start, in user space and in the kernel on its behalf.
    pub(super) fn cpu(self) -> Result<Duration, Trouble> {
        let stat = read(format!("/proc/{}/stat", self.id).into())?;
        ticks_in(&stat).map(time_of).ok_or_else(|| unreadable("stat"))
    }

    /// Memory that it occupies now.
    pub(super) fn memory(self) -> Result<Memory, Trouble> {
        let rollup = read(format!("/proc/{}/smaps_rollup", self.id).into())?;
        memory_in(&rollup).ok_or_else(|| unreadable("smaps_rollup"))
    }
}

fn read(path: PathBuf) -> Result<String, Trouble> {
    fs::read_to_string(path).map_err(Trouble::system("reading /proc"))
}

fn unreadable(file: &str) -> Trouble {
    Trouble::Unexpected { doing: "reading /proc", reason: format!("{file} looks unlike proc(5) says") }
}

/// `utime` and `stime`, fields 14 and 15 of `/proc/PID/stat` (proc(5)). The name in field 2 may
/// contain anything, so it is counted from its closing parenthesis.
fn ticks_in(stat: &str) -> Option<u64> {
    let (_, after_name) = stat.rsplit_once(')')?;
    let mut fields = after_name.split_ascii_whitespace().skip(11);
    let user: u64 = fields.next()?.parse().ok()?;
    let system: u64 = fields.next()?.parse().ok()?;
    Some(user + system)
}

fn time_of(ticks: u64) -> Duration {
    Duration::from_millis(ticks * 1000 / TICKS)
}

fn memory_in(rollup: &str) -> Option<Memory> {
    let octets = |name: &str| -> Option<u64> {
        let line = rollup.lines().find_map(|line| line.strip_prefix(name))?;
        let kibibytes: u64 = line.trim().strip_suffix("kB")?.trim().parse().ok()?;
        Some(kibibytes * 1024)
    };
    Some(Memory { resident: octets("Rss:")?, proportional: octets("Pss:")? })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ticks_are_read_after_a_name_with_spaces_and_parentheses() {
        let stat = "42 (a) b (c)) S 1 42 42 0 -1 4194560 100 0 0 0 700 55 3 4 20 0 1 0 99 1000 200";
        assert_eq!(ticks_in(stat), Some(755));
        assert_eq!(ticks_in("42 (a) S 1"), None);
    }

    #[test]
    fn memory_is_read_in_octets() {
        let rollup = "55d0-7fff ---p 0 00:00 0 [rollup]\nRss:    3 kB\nPss:    2 kB\nPss_Anon: 1 kB\n";
        assert_eq!(memory_in(rollup), Some(Memory { resident: 3072, proportional: 2048 }));
        assert_eq!(memory_in("Rss: 3 kB\n"), None);
    }

    #[test]
    fn this_process_can_be_read() {
        let this = Process::new(std::process::id());
        assert!(this.memory().expect("memory").resident > 0);
        this.cpu().expect("CPU time");
    }
}
