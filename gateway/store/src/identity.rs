//! New operation ids.

use progress_core::operation::OperationId;

/// The operating system gives no random octets; no operation can be registered safely.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("the operating system gives no random octets")]
pub struct NoRandomness;

/// A new id: 128 random bits from the operating system, unrelated to anything else (SEC-01, S-01).
pub fn random_id() -> Result<OperationId, NoRandomness> {
    let mut bytes = [0; OperationId::SIZE];
    getrandom::fill(&mut bytes).map_err(|_| NoRandomness)?;
    Ok(OperationId::from_random(bytes))
}
