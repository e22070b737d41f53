//! Whose an operation is (SEC-02): it is bound to the first credential on the request that began it.
//!
//! No credential is kept for this. What is kept is a digest of it under a key that only the store knows: it
//! recognizes a credential that is presented again, and nothing else can be done with it. Whoever does not
//! present it is told what is told of an id that never was, after the same work (S-02, S-19).

mod budgets;
mod credential;

use std::fmt;

use downstream::ConnectionInfo;
use http::HeaderMap;
use progress_core::operation::OperationId;
use ring::hmac;
use smallvec::SmallVec;
use status_store::StoreError;
use subtle::{Choice, ConstantTimeEq};

use crate::config::{OwnerKind, RouteSettings};
use crate::operations::{Operations, Seen};
use crate::secret;

use credential::Shown;

pub use budgets::{Budgets, Claim, OverBudget, Place};

/// What an operation is bound to: the digest of a credential and of its kind.
pub type Owner = [u8; 32];

/// Keeps the digests of credentials apart from everything else that is made with the store's secret.
const PURPOSE: &[u8] = b"progress-gateway: the owner of an operation";

/// Nobody's: what an unknown id is compared with. It is the digest of nothing that anybody has.
const NOBODY: Owner = [0; 32];

/// Recognizes owners. One per gateway.
pub struct Owners {
    key: hmac::Key,
    /// Every kind that a route of the gateway binds to, each once.
    kinds: Vec<OwnerKind>,
}

/// Whoever asks for an operation, by the credentials on the request.
#[derive(Clone)]
pub struct Asker(SmallVec<[Owner; 2]>);

// === impl Owners ===

impl Owners {
    /// Recognizes the owners of the routes' operations, also of those from before a restart: their digests
    /// are made with the `secret` of the store that keeps them.
    pub fn new(secret: &[u8; 32], routes: &[RouteSettings]) -> Self {
        let mut kinds: Vec<OwnerKind> = Vec::new();
        for kind in routes.iter().filter_map(|route| route.progress.as_ref()).flat_map(|route| &route.owner) {
            if !kinds.contains(kind) {
                kinds.push(kind.clone());
            }
        }
        Self { key: secret::key_for(PURPOSE, secret), kinds }
    }

    /// The owner of an operation that a request with these fields on this connection begins: the first of
    /// `kinds` that is present. `None`: its URI is a capability.
    pub fn of(&self, kinds: &[OwnerKind], fields: &HeaderMap, connection: &ConnectionInfo) -> Option<Owner> {
        let shown = Shown { fields, certificate: connection.client_certificate.as_deref() };
        kinds.iter().find_map(|kind| credential::digest(&self.key, kind, &shown))
    }

    /// Whoever sends a request with these fields on this connection.
    pub fn asker(&self, fields: &HeaderMap, connection: &ConnectionInfo) -> Asker {
        let shown = Shown { fields, certificate: connection.client_certificate.as_deref() };
        Asker(self.kinds.iter().filter_map(|kind| credential::digest(&self.key, kind, &shown)).collect())
    }
}

impl fmt::Debug for Owners {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Owners").field("kinds", &self.kinds).finish_non_exhaustive()
    }
}

// === impl Asker ===

impl Asker {
    /// Looks an operation up. Somebody else's is unknown, whatever is asked of it.
    ///
    /// The work does not depend on which of the two it is: an unknown id is compared with an owner too, and
    /// one that runs here for somebody else is also asked of the store, as an unknown one is. Nor is anything
    /// told once its retention is over: what is left of it has an owner still.
    ///
    /// # Errors
    /// The store cannot be asked.
    pub async fn find(&self, operations: &Operations, id: OperationId) -> Result<Seen, StoreError> {
        let seen = operations.find(id).await?;
        let owner = match &seen {
            Seen::Running(cell) => cell.owner.as_ref(),
            Seen::Finished(record) => record.owner.as_ref(),
            Seen::Expired { owner } => owner.as_ref(),
            Seen::Unknown => Some(&NOBODY),
        };
        if self.may_know(owner) {
            return Ok(seen);
        }
        if let Seen::Running(_) = seen {
            operations.find_stored(id).await?;
        }
        Ok(Seen::Unknown)
    }

    /// Whether it presents the credential of `owner`. Every credential is compared to its end.
    pub fn may_know(&self, owner: Option<&Owner>) -> bool {
        let Some(owner) = owner else { return true };
        let same = self.0.iter().fold(Choice::from(0), |same, own| same | own[..].ct_eq(&owner[..]));
        same.into()
    }
}

/// Digests are nobody's business.
impl fmt::Debug for Asker {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Asker").finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests;
