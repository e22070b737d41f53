//! What a process has used, read from `/proc`.

use std::fs;
use std::path::PathBuf;
use std::time::Duration;

use super::Trouble;

/// The kernel's clock ticks per second, as user space sees them: the same on every Linux
/// (`USER_HZ`).
const TICKS: u64 = 100;

/// A process, and the children that it has now.
#[derive(Clone, Debug)]
pub(super) struct Process {
    ids: Vec<u32>,
}

/// Memory of a process in octets.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Memory {
    /// Resident set.
    pub(super) resident: u64,
    /// Proportional set: pages that processes share are divided among them.
    pub(super) proportional: u64,
}

impl Process {
    /// The process with this id, alone.
    pub(super) fn alone(id: u32) -> Self {
        Self { ids: vec![id] }
    }

    /// The process with this id and its children: a master and its workers.
    pub(super) fn with_children(id: u32) -> Result<Self, Trouble> {
        let children = read(format!("/proc/{id}/task/{id}/children").into())?;
        let children = children.split_ascii_whitespace().filter_map(|child| child.parse().ok());
        Ok(Self { ids: std::iter::once(id).chain(children).collect() })
    }

    /// Time on a CPU since the start, in user space and in the kernel on its behalf.
    pub(super) fn cpu(&self) -> Result<Duration, Trouble> {
        let mut ticks = 0;
        for id in &self.ids {
            ticks += ticks_in(&read(format!("/proc/{id}/stat").into())?).ok_or_else(|| unreadable("stat"))?;
        }
        Ok(Duration::from_millis(ticks * 1000 / TICKS))
    }

    /// Memory that it occupies now.
    pub(super) fn memory(&self) -> Result<Memory, Trouble> {
        let mut sum = Memory::default();
        for id in &self.ids {
            let text = read(format!("/proc/{id}/smaps_rollup").into())?;
            let memory = memory_in(&text).ok_or_else(|| unreadable("smaps_rollup"))?;
            sum.resident += memory.resident;
            sum.proportional += memory.proportional;
        }
        Ok(sum)
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
        let this = Process::alone(std::process::id());
        assert!(this.memory().expect("memory").resident > 0);
        this.cpu().expect("CPU time");
    }
}
