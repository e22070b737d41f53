//! Which operation a key stands for.

use progress_core::operation::OperationId;

use crate::scattered::ScatteredMap;

/// Keys by digest. At most one for each record, so bounded with them.
#[derive(Debug, Default)]
pub(crate) struct Keys {
    ids: ScatteredMap<[u8; 32], OperationId>,
    digests: ScatteredMap<OperationId, [u8; 32]>,
}

// === impl Keys ===

impl Keys {
    pub(crate) fn get(&self, digest: &[u8; 32]) -> Option<OperationId> {
        self.ids.get(digest).copied()
    }

    /// The digest now stands for `id`, unless it stands for another operation that `runs`.
    pub(crate) fn put(&mut self, id: OperationId, digest: [u8; 32], runs: impl FnOnce(OperationId) -> bool) {
        if let Some(other) = self.get(&digest) {
            if other != id && runs(other) {
                return;
            }
            self.digests.remove(&other);
        }
        self.ids.insert(digest, id);
        self.digests.insert(id, digest);
    }

    /// Nothing stands for `id` any more.
    pub(crate) fn remove(&mut self, id: OperationId) {
        if let Some(digest) = self.digests.remove(&id) {
            self.ids.remove(&digest);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_running_operation_keeps_its_key_and_an_ended_one_gives_way() {
        let id = |n: u8| OperationId::from_random([n; OperationId::SIZE]);
        let mut keys = Keys::default();
        keys.put(id(1), [7; 32], |_| true);
        keys.put(id(2), [7; 32], |other| other == id(1));
        assert_eq!(keys.get(&[7; 32]), Some(id(1)));
        keys.put(id(3), [7; 32], |_| false);
        assert_eq!(keys.get(&[7; 32]), Some(id(3)));
        keys.remove(id(1));
        keys.remove(id(2));
        assert_eq!(keys.get(&[7; 32]), Some(id(3)), "theirs it is no more");
        keys.remove(id(3));
        assert!(keys.ids.is_empty() && keys.digests.is_empty());
    }
}
