//! Requests with an `Idempotency-Key` on routes that honour it: their origin is asked once, however often
//! the client repeats itself (IDK-01 to IDK-04).
//!
//! A key is bound to an operation before anything is forwarded: here as long as the operation runs, and in
//! the store from before its origin is asked until its record is gone. So there is no moment at which a
//! repetition could be taken for a first request. A repetition follows the operation, or gets what became
//! of it; nothing of it is forwarded.

pub mod answers;
mod bound;
mod kept;
mod keyed;
mod keys;

pub use bound::{Bond, Fingerprint, Hasher, Hold};
pub use kept::{Replay, Standing};
pub use keyed::{Decided, Keyed, fingerprint};
pub use keys::{Claim, Digest, Keys};
