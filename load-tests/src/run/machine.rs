//! What the figures were measured on.

use std::fs;
use std::num::NonZero;

/// Cores, processor, kernel and memory, as far as `/proc` says.
pub(super) fn description() -> String {
    let cores = std::thread::available_parallelism().map_or(1, NonZero::get);
    let read = |path: &str| fs::read_to_string(path).unwrap_or_default();
    let mut parts = vec![format!("{cores} {}", if cores == 1 { "core" } else { "cores" })];
    parts.extend(processor(&read("/proc/cpuinfo")));
    let kernel = read("/proc/sys/kernel/osrelease");
    parts.extend(Some(format!("Linux {}", kernel.trim())).filter(|_| !kernel.is_empty()));
    parts.extend(memory(&read("/proc/meminfo")));
    parts.join(", ")
}

fn processor(cpuinfo: &str) -> Option<String> {
    let line = cpuinfo.lines().find(|line| line.starts_with("model name"))?;
    Some(line.split_once(':')?.1.trim().to_owned())
}

fn memory(meminfo: &str) -> Option<String> {
    let line = meminfo.lines().find_map(|line| line.strip_prefix("MemTotal:"))?;
    let kibibytes: u32 = line.trim().strip_suffix("kB")?.trim().parse().ok()?;
    Some(format!("{:.1} GiB", f64::from(kibibytes) / 1_048_576.0))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_proc_says_is_understood() {
        assert_eq!(memory("MemTotal:        8167848 kB\nMemFree: 1 kB\n").as_deref(), Some("7.8 GiB"));
        let cpuinfo = "processor\t: 0\nmodel name\t: A Processor @ 2 GHz\n";
        assert_eq!(processor(cpuinfo).as_deref(), Some("A Processor @ 2 GHz"));
        assert_eq!((memory(""), processor("")), (None, None));
        assert!(description().contains("core"));
    }
}
