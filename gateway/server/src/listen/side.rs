//! A small listener beside the public ones: HTTP/1 in cleartext, on the runtime of whoever opens
//! it. It goes on while the gateway drains and ends when it is dropped.

use std::net::SocketAddr;
use std::num::{NonZeroU32, NonZeroUsize};
use std::sync::Arc;

use downstream::{Drain, Handler, Limits};
use tokio::net::TcpListener;
use tokio::task::JoinHandle;

use super::bind::bind;
use super::door::{Door, Entrance};
use super::occupancy::{Caps, Occupancy};
use super::{DoorPlan, ListenError};
use crate::config::Protocol as Wire;
use crate::metrics::Metrics;

/// A listener beside the public ones. Dropping it closes it; its connections go with the runtime.
#[derive(Debug)]
pub struct SideDoor {
    address: SocketAddr,
    task: JoinHandle<()>,
    drain: Drain,
}

impl SideDoor {
    /// Binds `address` and serves it with `handler`, at most so many connections at a time. To be called
    /// within a runtime.
    pub fn open<H: Handler>(
        address: SocketAddr,
        handler: H,
        metrics: Arc<Metrics>,
        connections: NonZeroU32,
    ) -> Result<Self, ListenError> {
        let plan = DoorPlan { address, protocols: [Wire::Http1].into_iter().collect(), identity: None };
        let bound = bind(&plan, NonZeroUsize::MIN)?;
        let refused = |source| ListenError::Bind { address, transport: "tcp", source };
        let socket = bound.tcp.into_iter().next().expect("one socket for one worker");
        let listener = TcpListener::from_std(socket).map_err(refused)?;
        let drain = Drain::new();
        let occupancy = Occupancy::new(Caps { connections: Some(connections), per_address: None });
        let entrance = Entrance {
            tls: None,
            protocols: plan.protocols,
            alt_svc: None,
            limits: Arc::new(Limits::default()),
            metrics,
            occupancy: Arc::clone(&occupancy),
            drain: drain.clone(),
        };
        let door = Arc::new(Door { entrance: Arc::new(entrance), handler, sweep: Arc::default() });
        let task = tokio::spawn(door.serve(listener, occupancy.open_door()));
        Ok(Self { address: bound.address, task, drain })
    }

    /// Where it listens, with the port that it really has.
    pub fn local_addr(&self) -> SocketAddr {
        self.address
    }
}

impl Drop for SideDoor {
    fn drop(&mut self) {
        // Idle connections end by themselves; nobody is let in any more.
        self.drain.advance(downstream::Phase::Draining);
        self.task.abort();
    }
}
