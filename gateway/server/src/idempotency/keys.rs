//! Which requests are repetitions of which.

use std::collections::HashMap;
use std::fmt;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use http::header::HOST;
use http::request::Parts;
use progress_core::idempotency::IdempotencyKey;
use progress_core::operation::OperationId;
use ring::hmac;

use super::bound::{Bond, Hold};
use crate::operations::Operations;
use crate::owners::Owner;
use crate::secret::{key_for, update_each};

/// What a request and its repetitions have in common. Only who has the store's secret can make one.
pub type Digest = [u8; 32];

/// Keeps the digests of requests apart from everything else that is made with the store's secret.
const PURPOSE: &[u8] = b"progress-gateway: the idempotency key of a request";

/// All keys that are bound. One per gateway.
pub struct Keys {
    key: hmac::Key,
    pub(super) operations: Arc<Operations>,
    /// Those whose operation begins or runs here: one for each, so bounded by the exchanges that are open,
    /// and by the store, which has accepted the others.
    bonds: Mutex<HashMap<Digest, Bond>>,
}

/// What is known of a key.
pub enum Claim {
    /// Nobody has used it: from now on it is bound.
    First(Hold),
    /// It is bound to an operation here.
    Underway(Bond),
    /// It is bound to an operation in the store.
    Kept(OperationId),
}

impl Keys {
    /// Knows the keys again that were bound before a restart: their digests are made with the secret of the
    /// store that keeps them.
    pub fn new(operations: &Arc<Operations>) -> Arc<Self> {
        let key = key_for(PURPOSE, &operations.secret());
        Arc::new(Self { key, operations: Arc::clone(operations), bonds: Mutex::default() })
    }

    /// What a request of `owner` on a route is recognized by (IDK-02, S-07, S-08). `None`: it has no key, or
    /// its method changes nothing, so that it may be repeated anyhow.
    pub fn digest(&self, owner: Option<&Owner>, route: &str, request: &Parts) -> Option<Digest> {
        if request.method.is_safe() {
            return None;
        }
        let key = IdempotencyKey::from_headers(&request.headers)?;
        let host = request.headers.get(HOST).map(|host| host.as_bytes().to_ascii_lowercase());
        let target = request.uri.path_and_query().map_or("/", |target| target.as_str());
        let mut context = hmac::Context::with_key(&self.key);
        let parts: [&[u8]; 6] = [
            owner.map_or(&[], |owner| &owner[..]),
            route.as_bytes(),
            request.method.as_str().as_bytes(),
            host.as_deref().unwrap_or_default(),
            target.as_bytes(),
            key.as_bytes(),
        ];
        update_each(&mut context, parts);
        context.sign().as_ref().try_into().ok()
    }

    /// Binds a key, if it is free. `void` is an operation that it was bound to and is no more.
    pub fn claim(self: &Arc<Self>, digest: &Digest, void: Option<OperationId>) -> Claim {
        let mut bonds = self.bonds();
        if let Some(bond) = bonds.get(digest) {
            return Claim::Underway(bond.clone());
        }
        // Asked under the lock: an operation is in the store before it leaves this map.
        if let Some(kept) = self.operations.keyed(digest).filter(|kept| Some(*kept) != void) {
            return Claim::Kept(kept);
        }
        let hold = Hold::new(self, *digest);
        bonds.insert(*digest, hold.bond());
        Claim::First(hold)
    }

    /// The key is bound here no more.
    pub fn release(&self, digest: &Digest) {
        let bond = self.bonds().remove(digest);
        drop(bond);
    }

    fn bonds(&self) -> MutexGuard<'_, HashMap<Digest, Bond>> {
        // A panic cannot leave a map half changed.
        self.bonds.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// The key is a secret, and what is bound is nobody's business.
impl fmt::Debug for Keys {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Keys").finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests;
