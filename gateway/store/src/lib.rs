//! Where operations live: their records, and the responses that they ended in.
//!
//! [`StatusStore`] is what the gateway asks of a store; [`Store`] is the closed set of stores there
//! are. One conformance suite (`tests/conformance`) runs over each of them.
#![forbid(unsafe_code)]

pub mod clock;
mod embedded;
mod identity;
mod keys;
mod memory;
mod pages;
mod quota;
mod record;
mod scattered;
mod sequel;
mod store;

#[doc(hidden)]
pub use embedded::point;
pub use embedded::{EmbeddedStore, OpenError, SpoolReader, Spooled};
pub use identity::{NoRandomness, random_id};
pub use memory::{Bounds, MemoryStore};
pub use quota::{Quota, Reservation};
pub use record::{Content, Found, Record, StoredResponse};
pub use sequel::{Amendment, RequestKey, Sequel, StoredRequest};
pub use store::{Census, Ending, StatusStore, Store, StoreError};
