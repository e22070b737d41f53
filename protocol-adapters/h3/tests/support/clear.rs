//! A second opinion: a congestion controller that sees when nothing is in flight.

use std::any::Any;
use std::sync::Arc;
use std::time::Instant;

use quinn::congestion::{Controller, ControllerFactory, ControllerMetrics, CubicConfig};
use quinn_proto::RttEstimator;

use super::witness::Witness;

/// Tells the witness what has to be acknowledged when nothing is in flight: all heads that were
/// there when the last packet went out. That holds where nothing is lost and nothing has to wait for
/// the congestion window.
pub struct AllClear(pub Arc<Witness>);

struct Watching {
    inner: Box<dyn Controller>,
    witness: Arc<Witness>,
    /// The heads at the last packet.
    written: usize,
}

impl ControllerFactory for AllClear {
    fn build(self: Arc<Self>, now: Instant, mtu: u16) -> Box<dyn Controller> {
        let inner = Arc::new(CubicConfig::default()).build(now, mtu);
        Box::new(Watching { inner, witness: Arc::clone(&self.0), written: 0 })
    }
}

impl Controller for Watching {
    fn on_sent(&mut self, now: Instant, bytes: u64, packet: u64) {
        self.written = self.witness.written();
        self.inner.on_sent(now, bytes, packet);
    }

    fn on_ack(&mut self, now: Instant, sent: Instant, bytes: u64, limited: bool, rtt: &RttEstimator) {
        self.inner.on_ack(now, sent, bytes, limited, rtt);
    }

    fn on_end_acks(&mut self, now: Instant, in_flight: u64, limited: bool, largest: Option<u64>) {
        if in_flight == 0 {
            self.witness.cleared(self.written);
        }
        self.inner.on_end_acks(now, in_flight, limited, largest);
    }

    fn on_congestion_event(&mut self, now: Instant, sent: Instant, persistent: bool, lost: u64) {
        self.inner.on_congestion_event(now, sent, persistent, lost);
    }

    fn on_mtu_update(&mut self, mtu: u16) {
        self.inner.on_mtu_update(mtu);
    }

    fn window(&self) -> u64 {
        self.inner.window()
    }

    fn metrics(&self) -> ControllerMetrics {
        self.inner.metrics()
    }

    fn clone_box(&self) -> Box<dyn Controller> {
        let (inner, witness) = (self.inner.clone_box(), Arc::clone(&self.witness));
        Box::new(Self { inner, witness, written: self.written })
    }

    fn initial_window(&self) -> u64 {
        self.inner.initial_window()
    }

    fn into_any(self: Box<Self>) -> Box<dyn Any> {
        self
    }
}
