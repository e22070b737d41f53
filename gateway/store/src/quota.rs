//! Room in a store, as a value: dropping it gives the room back.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

/// A bound on octets that many owners share.
#[derive(Clone, Debug)]
pub struct Quota(Arc<Shared>);

#[derive(Debug)]
struct Shared {
    maximum: u64,
    used: AtomicU64,
}

/// Octets taken from a [`Quota`] until dropped.
#[derive(Debug)]
pub struct Reservation {
    quota: Quota,
    octets: AtomicU64,
}

impl Quota {
    /// A quota of `maximum` octets.
    pub fn new(maximum: u64) -> Self {
        Self(Arc::new(Shared { maximum, used: AtomicU64::new(0) }))
    }

    /// Takes `octets`, or nothing if there is no room for all of them.
    pub fn reserve(&self, octets: u64) -> Option<Reservation> {
        self.take(octets).then(|| Reservation { quota: self.clone(), octets: AtomicU64::new(octets) })
    }

    /// Octets taken now.
    pub fn used(&self) -> u64 {
        self.0.used.load(Ordering::Relaxed)
    }

    /// Takes `octets` for what is there already, room or not.
    pub(crate) fn charge(&self, octets: u64) {
        self.0.used.fetch_add(octets, Ordering::Relaxed);
    }

    /// Gives back what [`Quota::charge`] took.
    pub(crate) fn refund(&self, octets: u64) {
        self.0.used.fetch_sub(octets, Ordering::Relaxed);
    }

    fn take(&self, octets: u64) -> bool {
        let fits = |used: u64| used.checked_add(octets).filter(|sum| *sum <= self.0.maximum);
        self.0.used.fetch_update(Ordering::Relaxed, Ordering::Relaxed, fits).is_ok()
    }
}

impl Reservation {
    /// Takes `octets` more; false, and unchanged, if there is no room.
    pub fn grow(&mut self, octets: u64) -> bool {
        let grown = self.quota.take(octets);
        if grown {
            *self.octets.get_mut() += octets;
        }
        grown
    }

    /// Octets taken.
    pub(crate) fn octets(&self) -> u64 {
        self.octets.load(Ordering::Relaxed)
    }

    /// Gives the room back while the reservation stands: whoever holds the content now counts it.
    pub(crate) fn hand_over(&self) {
        self.quota.refund(self.octets.swap(0, Ordering::Relaxed));
    }
}

impl Drop for Reservation {
    fn drop(&mut self) {
        self.hand_over();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn room_comes_back_when_it_is_dropped() {
        let quota = Quota::new(10);
        let mut one = quota.reserve(6).unwrap();
        assert!(quota.reserve(5).is_none());
        assert!(one.grow(4));
        assert!(!one.grow(1));
        drop(one);
        assert_eq!(quota.used(), 0);
        assert!(quota.reserve(10).is_some());
    }

    #[test]
    fn sums_do_not_wrap() {
        let quota = Quota::new(u64::MAX);
        let _most = quota.reserve(u64::MAX - 1).unwrap();
        assert!(quota.reserve(2).is_none());
    }
}
