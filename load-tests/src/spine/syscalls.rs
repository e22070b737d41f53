//! Counts the writes of a process with strace.

use std::path::Path;
use std::process::Stdio;
use std::time::Duration;

use tokio::process::Command;

use super::Trouble;

/// Every call that hands octets to a socket. `write` has the wakes of a runtime in it too.
const WRITES: &str = "trace=write,writev,sendto,sendmsg,sendmmsg,pwrite64,pwritev";

/// How often the process `id` writes during `stretch`. `None`: strace is not installed, or may not
/// look.
pub(super) async fn writes(id: u32, stretch: Duration, scratch: &Path) -> Result<Option<u64>, Trouble> {
    let output = scratch.join("strace.txt");
    // `timeout` ends strace as Ctrl-C would: it detaches and writes its table.
    let status = Command::new("timeout")
        .args(["--signal=INT", &format!("{:.3}", stretch.as_secs_f64()), "strace", "-f", "-c", "-e", WRITES])
        .args(["-p", &id.to_string(), "-o"])
        .arg(&output)
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .kill_on_drop(true)
        .status()
        .await;
    if status.is_err() {
        return Ok(None);
    }
    // A process that wrote nothing leaves an empty table; one that could not be traced, no file.
    Ok(std::fs::read_to_string(&output).ok().map(|table| calls_in(&table)))
}

/// The sum of the column `calls`, the fourth.
fn calls_in(table: &str) -> u64 {
    let rows = table.lines().filter(|line| !line.trim_end().ends_with("total"));
    rows.filter_map(|line| line.split_ascii_whitespace().nth(3)?.parse::<u64>().ok()).sum()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn calls_are_summed_over_the_table() {
        let table = "% time     seconds  usecs/call     calls    errors syscall\n\
                     ------ ----------- ----------- --------- --------- ----------------\n \
                     80.00    0.000800           8       100         2 sendto\n \
                     20.00    0.000200          20        10           write\n\
                     ------ ----------- ----------- --------- --------- ----------------\n\
                     100.00    0.001000           9       110         2 total\n";
        assert_eq!(calls_in(table), 110);
        assert_eq!(calls_in(""), 0);
    }
}
