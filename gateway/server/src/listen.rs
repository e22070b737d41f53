//! Where clients come in: sockets, handshakes, and which wire serves a connection.
//!
//! Each worker is a thread with a single-threaded runtime. It has a socket of its own for every
//! listener (`SO_REUSEPORT`), so a connection is accepted, served and ended on one core. HTTP/3
//! is served by the first worker.
//!
//! | room | does |
//! |---|---|
//! | `plan` | what is to listen where, from the settings |
//! | `bind` | sockets, all of them before anything is served |
//! | `workers` | the threads: one handler each, one door per listener |
//! | `door` | accepts connections, counts them, and contains their panics |
//! | `establish` | from a fresh connection to the future that serves it: `handshake`, `sniff` |
//! | `secured` | a connection under TLS, without a buffer while it waits |
//! | `counted`, `send_queue`, `sweep` | what clients have acknowledged: counts octets, asks the kernel, wakes whoever waits |
//! | `quic` | the same for QUIC |
//! | `occupancy` | who is in, and how many may be |
//! | `running` | the handle: addresses, emptiness, end |
//! | `side` | a small listener beside these, for the admin address |

mod accept;
mod bind;
mod counted;
mod door;
mod establish;
mod handshake;
mod occupancy;
mod plan;
mod quic;
mod rewind;
mod running;
mod secured;
mod send_queue;
mod side;
mod sniff;
mod sweep;
mod workers;

use std::fmt::Display;
use std::io;
use std::net::SocketAddr;

use downstream::{Drain, Handler};

pub use occupancy::Caps;
pub use plan::{DoorPlan, ListenPlan, worker_count};
pub use running::Running;
pub use side::SideDoor;

use crate::tls::TlsError;

/// Why the gateway cannot listen. Nothing was served; each blames the operator or the machine.
#[derive(Debug, thiserror::Error)]
pub enum ListenError {
    /// An address cannot be had.
    #[error("{address}: cannot listen ({transport}): {source}")]
    Bind {
        /// The address as configured.
        address: SocketAddr,
        /// `tcp` or `udp`.
        transport: &'static str,
        /// What the system says.
        source: io::Error,
    },
    /// A listener's certificate cannot be used.
    #[error("{address}: {source}")]
    Tls {
        /// The address as configured.
        address: SocketAddr,
        /// What is wrong.
        source: TlsError,
    },
    /// The QUIC library refuses its settings.
    #[error("{address}: QUIC cannot be set up: {reason}")]
    Quic {
        /// The address as configured.
        address: SocketAddr,
        /// What it says.
        reason: String,
    },
    /// The environment asks for a number of threads that is none.
    #[error("TOKIO_WORKER_THREADS: {0:?} is not a number of threads; write 1 or more, or unset it")]
    Workers(String),
    /// A worker cannot be started.
    #[error("worker {worker} cannot be started: {reason}")]
    Worker {
        /// Which one, from 0.
        worker: usize,
        /// What is wrong.
        reason: String,
    },
}

/// Binds everything that `plan` says, starts its workers and serves. `factory` makes the handler
/// of a worker on the worker's own thread, within its runtime.
///
/// Returns when all workers serve, or with the first error when none does. `drain` closes the
/// listeners when it advances; connections see it too.
pub fn start<H, F, E>(plan: &ListenPlan, factory: F, drain: &Drain) -> Result<Running, ListenError>
where
    H: Handler,
    F: Fn(usize) -> Result<H, E> + Send + Sync + 'static,
    E: Display,
{
    let bound =
        plan.doors.iter().map(|door| bind::bind(door, plan.workers)).collect::<Result<Vec<_>, _>>()?;
    workers::start(plan, bound, factory, drain)
}
