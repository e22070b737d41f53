//! The disk that the gateway's store is on.

use std::fs::OpenOptions;
use std::io::Write;
use std::path::Path;
use std::time::Duration;

use tokio::time::Instant;

use super::Trouble;

/// Octets of one write: a page.
const PAGE: usize = 4096;
/// Writes, of which the median counts.
const WRITES: usize = 101;
/// File systems that are in memory: nothing on them is durable, and nothing measured there counts.
const IN_MEMORY: [&str; 2] = ["tmpfs", "ramfs"];

/// What one page and the wait until it is on the disk take there: no acceptance can be durable in less.
pub(super) fn sync_time(directory: &Path) -> Result<Duration, Trouble> {
    let failed = || Trouble::system("writing to the disk");
    let path = directory.join("written");
    let mut file = OpenOptions::new().create(true).append(true).open(&path).map_err(failed())?;
    let mut times = Vec::with_capacity(WRITES);
    for _ in 0..WRITES {
        let began = Instant::now();
        file.write_all(&[1; PAGE]).map_err(failed())?;
        file.sync_data().map_err(failed())?;
        times.push(began.elapsed());
    }
    std::fs::remove_file(&path).map_err(failed())?;
    times.sort_unstable();
    Ok(times[WRITES / 2])
}

/// What a reader has to know of it.
pub(super) fn notes(directory: &Path) -> Vec<String> {
    // Without /proc nothing else here works either.
    let mounts = std::fs::read_to_string("/proc/self/mounts").unwrap_or_default();
    let Some(kind) = file_system(&mounts, directory) else { return Vec::new() };
    if IN_MEMORY.contains(&kind) {
        return vec![format!(
            "the temporary directory is in memory ({kind}): set TMPDIR to a directory on a disk"
        )];
    }
    vec![format!("the store is on {kind}")]
}

/// The kind of the file system that `path` is on: that of the deepest mount point above it.
fn file_system<'a>(mounts: &'a str, path: &Path) -> Option<&'a str> {
    let mounts = mounts.lines().filter_map(|line| {
        let mut columns = line.split_ascii_whitespace().skip(1);
        Some((columns.next()?, columns.next()?))
    });
    // Of those with the same path the last one hides the others.
    mounts
        .filter(|(point, _)| path.starts_with(point))
        .max_by_key(|(point, _)| point.len())
        .map(|(_, kind)| kind)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_deepest_mount_decides() {
        let mounts = "/dev/a / ext4 rw 0 0\ntmpfs /tmp tmpfs rw 0 0\n/dev/b /tmp/disk xfs rw 0 0\n";
        assert_eq!(file_system(mounts, Path::new("/var/x")), Some("ext4"));
        assert_eq!(file_system(mounts, Path::new("/tmp/x")), Some("tmpfs"));
        assert_eq!(file_system(mounts, Path::new("/tmp/disk/x")), Some("xfs"));
        assert_eq!(file_system(mounts, Path::new("/tmpx")), Some("ext4"));
    }

    #[test]
    fn a_write_takes_some_time() {
        let directory = std::env::temp_dir().join(format!("spine-bench-disk-{}", std::process::id()));
        std::fs::create_dir_all(&directory).expect("a directory");
        let took = sync_time(&directory);
        std::fs::remove_dir_all(&directory).expect("the directory is there");
        assert!(took.expect("a time") > Duration::ZERO);
    }
}
