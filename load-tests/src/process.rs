//! What a process has used, read from `/proc`.

use std::fs;
use std::path::PathBuf;
use std::time::Duration;

use crate::trouble::Trouble;

/// The kernel's clock ticks per second, as user space sees them: the same on every Linux
/// (`USER_HZ`).
const TICKS: u64 = 100;

/// A process that runs.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Process {
    id: u32,
}

/// Memory of a process in octets.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Memory {
    /// Resident set.
    pub(crate) resident: u64,
    /// Proportional set: pages that processes share are divided among them.
    pub(crate) proportional: u64,
}

/// Time on a CPU of the thread that asks.
pub(crate) fn thread_cpu() -> Result<Duration, Trouble> {
    let stat = read("/proc/thread-self/stat".into())?;
    ticks_in(&stat).map(time_of).ok_or_else(|| unreadable("stat"))
}

impl Process {
    /// The process with this id.
    pub(crate) fn new(id: u32) -> Self {
        Self { id }
    }

    /// Time on a CPU since the start, in user space and in the kernel on its behalf.
    pub(crate) fn cpu(self) -> Result<Duration, Trouble> {
        let stat = read(format!("/proc/{}/stat", self.id).into())?;
        ticks_in(&stat).map(time_of).ok_or_else(|| unreadable("stat"))
    }

    /// Like [`Self::cpu`], but to the nanosecond, and only of the threads that live. Where the kernel does
    /// not count so (`CONFIG_SCHED_INFO`), it is the same.
    pub(crate) fn fine_cpu(self) -> Result<Duration, Trouble> {
        let threads =
            fs::read_dir(format!("/proc/{}/task", self.id)).map_err(Trouble::system("reading /proc"))?;
        let mut sum = Duration::ZERO;
        for thread in threads.flatten() {
            let Ok(counts) = fs::read_to_string(thread.path().join("schedstat")) else { return self.cpu() };
            sum += nanoseconds_in(&counts).ok_or_else(|| unreadable("schedstat"))?;
        }
        Ok(sum)
    }

    /// This process.
    pub(crate) fn this() -> Self {
        Self::new(std::process::id())
    }

    /// Resident memory in octets. The kernel has it at hand, which [`Self::memory`] makes it count.
    pub(crate) fn resident(self) -> Result<u64, Trouble> {
        let status = read(format!("/proc/{}/status", self.id).into())?;
        octets_in(&status, "VmRSS:").ok_or_else(|| unreadable("status"))
    }

    /// Open descriptors.
    pub(crate) fn descriptors(self) -> Result<u64, Trouble> {
        let open = fs::read_dir(format!("/proc/{}/fd", self.id)).map_err(Trouble::system("reading /proc"))?;
        Ok(open.count() as u64)
    }

    /// Memory that it occupies now.
    pub(crate) fn memory(self) -> Result<Memory, Trouble> {
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

/// The first field of `schedstat`: time on a CPU in nanoseconds (sched-stats of the kernel's documents).
fn nanoseconds_in(schedstat: &str) -> Option<Duration> {
    schedstat.split_ascii_whitespace().next()?.parse().ok().map(Duration::from_nanos)
}

fn time_of(ticks: u64) -> Duration {
    Duration::from_millis(ticks * 1000 / TICKS)
}

fn memory_in(rollup: &str) -> Option<Memory> {
    Some(Memory { resident: octets_in(rollup, "Rss:")?, proportional: octets_in(rollup, "Pss:")? })
}

/// The octets of a line such as `VmRSS:    1024 kB`.
fn octets_in(table: &str, name: &str) -> Option<u64> {
    let line = table.lines().find_map(|line| line.strip_prefix(name))?;
    let kibibytes: u64 = line.trim().strip_suffix("kB")?.trim().parse().ok()?;
    Some(kibibytes * 1024)
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
    fn time_on_a_cpu_is_the_first_field_of_schedstat() {
        assert_eq!(nanoseconds_in("1500 20 3\n"), Some(Duration::from_nanos(1500)));
        assert_eq!(nanoseconds_in(""), None);
    }

    #[test]
    fn this_process_can_be_read() {
        let this = Process::this();
        assert!(this.memory().expect("memory").resident > 0);
        assert!(this.resident().expect("memory") > 0);
        // Standard input, output and error at least, and the directory that is read.
        assert!(this.descriptors().expect("descriptors") > 3);
        this.cpu().expect("CPU time");
    }
}
