//! The handle of a gateway that listens.

use std::net::SocketAddr;
use std::sync::Arc;
use std::thread::JoinHandle;

use tokio::sync::watch;

use super::occupancy::Occupancy;

/// What workers are told.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Order {
    /// Wait: other workers are not ready yet.
    Hold,
    /// Let clients in.
    Serve,
    /// End, whatever runs.
    Stop,
}

/// A gateway that listens. Dropping it ends its workers, without waiting for them.
#[derive(Debug)]
pub struct Running {
    pub(super) addresses: Vec<SocketAddr>,
    pub(super) orders: watch::Sender<Order>,
    pub(super) workers: Vec<JoinHandle<()>>,
    pub(super) occupancy: Arc<Occupancy>,
}

impl Running {
    /// Where each listener listens, in the order of the plan, with the ports that they really have.
    pub fn local_addrs(&self) -> &[SocketAddr] {
        &self.addresses
    }

    /// How many client connections are open, those in their handshake included.
    pub fn connections(&self) -> usize {
        self.occupancy.connections()
    }

    /// Ready once all listeners are closed, which they are after the drain began, and the last
    /// connection is over.
    pub async fn emptied(&self) {
        self.occupancy.emptied().await;
    }

    /// Ends all workers, whatever runs on them, and waits for their threads: a moment, because no
    /// connection is waited for.
    pub fn stop(mut self) {
        self.orders.send_replace(Order::Stop);
        for worker in std::mem::take(&mut self.workers) {
            if worker.join().is_err() {
                tracing::error!("a defect ended a worker; the panic above says where");
            }
        }
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        self.orders.send_replace(Order::Stop);
    }
}
