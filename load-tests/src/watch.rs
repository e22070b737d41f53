//! Samples of what the gateway and this process use: one a second, on a thread of its own, so that
//! a busy generator does not delay them.

mod metrics;

use std::net::SocketAddr;
use std::sync::mpsc::{self, RecvTimeoutError};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread::JoinHandle;
use std::time::Duration;

use tokio::time::Instant;

use crate::process::Process;
use crate::trouble::Trouble;

/// How often is looked.
pub const INTERVAL: Duration = Duration::from_secs(1);
/// Readings that are kept: those of a day and some hours. Later ones replace the last.
const MAXIMUM_READINGS: usize = 100_000;

/// The gateway that is watched.
#[derive(Clone, Copy, Debug)]
pub struct Watched {
    /// Its process id.
    pub process: u32,
    /// Its admin listener, if it has one: asked for `/metrics`.
    pub admin: Option<SocketAddr>,
}

/// How things stood at one moment.
#[derive(Clone, Copy, Debug)]
pub struct Reading {
    /// The moment.
    pub at: Instant,
    /// CPU time of this process since it started: clients, origin and the watcher.
    pub own_cpu: Duration,
    /// What the gateway used; `None` once it has ended, or if none is watched.
    pub gateway: Option<Usage>,
    /// The sum of `progress_gateway_interim_unacknowledged` over all protocols; `None` if the
    /// gateway has no such metric, or did not answer in time.
    pub unacknowledged: Option<u64>,
}

/// What a process uses.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Usage {
    /// CPU time since its start.
    pub cpu: Duration,
    /// Resident memory in octets.
    pub resident: u64,
    /// Open descriptors.
    pub descriptors: u64,
}

/// Watches until it is stopped or dropped.
#[derive(Debug)]
pub struct Watcher {
    readings: Arc<Mutex<Vec<Reading>>>,
    stop: Option<mpsc::Sender<()>>,
    thread: Option<JoinHandle<()>>,
}

impl Watcher {
    /// Takes the first reading, then one every [`INTERVAL`]. Without a gateway only this process is
    /// read.
    pub fn start(watched: Option<Watched>) -> Result<Self, Trouble> {
        let readings = Arc::new(Mutex::new(vec![read(watched)?]));
        let (stop, stopped) = mpsc::channel();
        let kept = Arc::clone(&readings);
        let thread = std::thread::Builder::new()
            .name("watcher".to_owned())
            .spawn(move || watch(watched, &kept, &stopped))
            .map_err(Trouble::system("starting a thread"))?;
        Ok(Self { readings, stop: Some(stop), thread: Some(thread) })
    }

    /// The last reading.
    pub fn latest(&self) -> Reading {
        let readings = self.readings.lock().unwrap_or_else(PoisonError::into_inner);
        *readings.last().expect("the first reading was taken before the thread was started")
    }

    /// Takes a last reading and returns all of them, the first and the last included: two at least.
    pub fn stop(mut self) -> Vec<Reading> {
        self.end();
        std::mem::take(&mut *self.readings.lock().unwrap_or_else(PoisonError::into_inner))
    }

    fn end(&mut self) {
        drop(self.stop.take());
        if let Some(thread) = self.thread.take() {
            // A watcher that panicked has said so on standard error, and its readings remain.
            let _ = thread.join();
        }
    }
}

impl Drop for Watcher {
    fn drop(&mut self) {
        self.end();
    }
}

/// CPU time of this process since it started.
pub fn own_cpu() -> Result<Duration, Trouble> {
    Process::this().cpu()
}

fn watch(watched: Option<Watched>, readings: &Mutex<Vec<Reading>>, stopped: &mpsc::Receiver<()>) {
    let mut due = Instant::now() + INTERVAL;
    loop {
        let wait = stopped.recv_timeout(due.saturating_duration_since(Instant::now()));
        if let Ok(reading) = read(watched) {
            let mut readings = readings.lock().unwrap_or_else(PoisonError::into_inner);
            readings.truncate(MAXIMUM_READINGS - 1);
            readings.push(reading);
        }
        if wait != Err(RecvTimeoutError::Timeout) {
            return;
        }
        // A reading that took long makes the next one come sooner, never two at once.
        due = (due + INTERVAL).max(Instant::now());
    }
}

fn read(watched: Option<Watched>) -> Result<Reading, Trouble> {
    Ok(Reading {
        at: Instant::now(),
        own_cpu: own_cpu()?,
        gateway: watched.and_then(|watched| usage(Process::new(watched.process)).ok()),
        unacknowledged: watched.and_then(|watched| metrics::unacknowledged(watched.admin?)),
    })
}

fn usage(process: Process) -> Result<Usage, Trouble> {
    Ok(Usage { cpu: process.cpu()?, resident: process.resident()?, descriptors: process.descriptors()? })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_process_is_read_at_the_start_and_at_the_end() {
        let watched = Watched { process: std::process::id(), admin: None };
        let watcher = Watcher::start(Some(watched)).expect("/proc can be read");
        let first = watcher.latest();
        let readings = watcher.stop();
        assert!(readings.len() >= 2);
        assert_eq!(readings[0].at, first.at);
        let last = readings[readings.len() - 1];
        assert!(last.at > first.at && last.own_cpu >= first.own_cpu);
        assert!(last.gateway.expect("this process runs").resident > 0);
        assert_eq!(last.unacknowledged, None);
    }

    #[test]
    fn a_gateway_that_has_ended_leaves_a_gap() {
        // No process has this id: it is above the kernel's largest (proc(5), pid_max).
        let watched = Watched { process: u32::MAX, admin: None };
        let reading = read(Some(watched)).expect("this process can be read");
        assert_eq!(reading.gateway, None);
    }
}
