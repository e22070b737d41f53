//! Who is in, and how many may be.

use std::collections::HashMap;
use std::net::IpAddr;
use std::num::NonZeroU32;
use std::pin::pin;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use tokio::sync::Notify;

use crate::metrics::labels::Refused;

/// How many client connections there may be (D-05).
#[derive(Clone, Copy, Debug, Default)]
pub struct Caps {
    /// In all; `None`: as many as the system allows.
    pub connections: Option<NonZeroU32>,
    /// From one IP address.
    pub per_address: Option<NonZeroU32>,
}

/// All connections and open doors of a gateway, on all workers.
#[derive(Debug)]
pub(super) struct Occupancy {
    caps: Caps,
    connections: AtomicUsize,
    doors: AtomicUsize,
    /// Only used with a cap per address. One entry per address that is connected now.
    addresses: Mutex<HashMap<IpAddr, u32>>,
    left: Notify,
}

/// The place of one connection; dropping it frees the place.
#[derive(Debug)]
pub(super) struct Seat {
    occupancy: Arc<Occupancy>,
    /// Set if connections are counted per address.
    address: Option<IpAddr>,
}

/// A door that lets clients in; dropping it says that it is closed.
#[derive(Debug)]
pub(super) struct OpenDoor(Arc<Occupancy>);

// === impl Occupancy ===

impl Occupancy {
    pub(super) fn new(caps: Caps) -> Arc<Self> {
        Arc::new(Self {
            caps,
            connections: AtomicUsize::new(0),
            doors: AtomicUsize::new(0),
            addresses: Mutex::default(),
            left: Notify::new(),
        })
    }

    /// A place for a connection from `peer`, if there is one.
    pub(super) fn admit(self: &Arc<Self>, peer: IpAddr) -> Result<Seat, Refused> {
        // Counted before it is compared: two workers cannot both take the last place.
        let before = self.connections.fetch_add(1, Ordering::AcqRel);
        let mut seat = Seat { occupancy: Arc::clone(self), address: None };
        if self.caps.connections.is_some_and(|cap| before >= places(cap)) {
            return Err(Refused::Maximum);
        }
        if let Some(cap) = self.caps.per_address {
            let address = peer.to_canonical();
            let mut addresses = self.addresses();
            let count = addresses.entry(address).or_default();
            if *count >= cap.get() {
                return Err(Refused::MaximumPerAddress);
            }
            *count += 1;
            seat.address = Some(address);
        }
        Ok(seat)
    }

    pub(super) fn open_door(self: &Arc<Self>) -> OpenDoor {
        self.doors.fetch_add(1, Ordering::AcqRel);
        OpenDoor(Arc::clone(self))
    }

    /// Whether there is a cap per address.
    pub(super) fn counts_addresses(&self) -> bool {
        self.caps.per_address.is_some()
    }

    pub(super) fn connections(&self) -> usize {
        self.connections.load(Ordering::Acquire)
    }

    /// Ready once nobody is in and nobody can come in.
    pub(super) async fn emptied(&self) {
        loop {
            let mut left = pin!(self.left.notified());
            // Asked for before the look: whoever leaves in between is not missed.
            left.as_mut().enable();
            if self.doors.load(Ordering::Acquire) == 0 && self.connections() == 0 {
                return;
            }
            left.await;
        }
    }

    fn addresses(&self) -> MutexGuard<'_, HashMap<IpAddr, u32>> {
        self.addresses.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

fn places(cap: NonZeroU32) -> usize {
    usize::try_from(cap.get()).unwrap_or(usize::MAX)
}

impl Drop for Seat {
    fn drop(&mut self) {
        if let Some(address) = self.address {
            let mut addresses = self.occupancy.addresses();
            if let Some(count) = addresses.get_mut(&address) {
                *count -= 1;
                if *count == 0 {
                    addresses.remove(&address);
                }
            }
        }
        if self.occupancy.connections.fetch_sub(1, Ordering::AcqRel) == 1 {
            self.occupancy.left.notify_waiters();
        }
    }
}

impl Drop for OpenDoor {
    fn drop(&mut self) {
        self.0.doors.fetch_sub(1, Ordering::AcqRel);
        self.0.left.notify_waiters();
    }
}

#[cfg(test)]
mod tests {
    use futures_util::FutureExt;

    use super::*;

    const ONE: IpAddr = IpAddr::V4(std::net::Ipv4Addr::new(192, 0, 2, 1));
    const OTHER: IpAddr = IpAddr::V4(std::net::Ipv4Addr::new(192, 0, 2, 2));

    #[test]
    fn d05_caps_hold_in_all_and_per_address() {
        let caps = Caps { connections: NonZeroU32::new(3), per_address: NonZeroU32::new(2) };
        let occupancy = Occupancy::new(caps);
        let first = occupancy.admit(ONE).unwrap();
        let _second = occupancy.admit("::ffff:192.0.2.1".parse().unwrap()).unwrap();
        assert_eq!(occupancy.admit(ONE).unwrap_err(), Refused::MaximumPerAddress);
        let third = occupancy.admit(OTHER).unwrap();
        assert_eq!(occupancy.admit(OTHER).unwrap_err(), Refused::Maximum);
        assert_eq!(occupancy.connections(), 3);
        drop(first);
        let _first = occupancy.admit(ONE).unwrap();
        drop(third);
        assert_eq!(occupancy.addresses().len(), 1, "an address that left is forgotten");
    }

    #[test]
    fn without_caps_nobody_is_refused_and_no_address_is_kept() {
        let occupancy = Occupancy::new(Caps::default());
        let seats: Vec<_> = (0..100).map(|_| occupancy.admit(ONE).unwrap()).collect();
        assert_eq!(occupancy.connections(), seats.len());
        assert!(occupancy.addresses().is_empty());
    }

    #[tokio::test]
    async fn it_is_empty_when_all_doors_are_closed_and_everybody_left() {
        let occupancy = Occupancy::new(Caps::default());
        let (door, seat) = (occupancy.open_door(), occupancy.admit(ONE).unwrap());
        let mut emptied = Box::pin(occupancy.emptied());
        assert!(emptied.as_mut().now_or_never().is_none());
        drop(seat);
        assert!(emptied.as_mut().now_or_never().is_none());
        let seat = occupancy.admit(ONE).unwrap();
        drop(door);
        assert!(emptied.as_mut().now_or_never().is_none());
        drop(seat);
        emptied.await;
    }
}
