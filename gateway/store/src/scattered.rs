//! Maps by keys that are random already.

use std::collections::HashMap;
use std::hash::{BuildHasherDefault, Hasher};

/// Only for operation ids and digests: nobody can choose them so that they meet in one place of the map,
/// and hashing them once more is a good part of the time that a large store takes to open.
pub(crate) type ScatteredMap<K, V> = HashMap<K, V, BuildHasherDefault<FirstOctets>>;

/// Takes the first eight octets as they are.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct FirstOctets(u64);

impl Hasher for FirstOctets {
    fn finish(&self) -> u64 {
        self.0
    }

    fn write(&mut self, octets: &[u8]) {
        if let Some(first) = octets.first_chunk() {
            self.0 = u64::from_ne_bytes(*first);
        }
    }

    /// The length, which is the same for all.
    fn write_usize(&mut self, _: usize) {}
}

#[cfg(test)]
mod tests {
    use std::hash::BuildHasher;

    use progress_core::operation::OperationId;

    use super::*;

    #[test]
    fn keys_are_told_apart_by_their_first_octets() {
        let hasher = BuildHasherDefault::<FirstOctets>::default();
        let id = OperationId::from_random([1, 2, 3, 4, 5, 6, 7, 8, 9, 9, 9, 9, 9, 9, 9, 9]);
        assert_eq!(hasher.hash_one(id), u64::from_ne_bytes([1, 2, 3, 4, 5, 6, 7, 8]));
        assert_eq!(hasher.hash_one([7_u8; 32]), u64::from_ne_bytes([7; 8]));
    }
}
