//! Operations: the work behind requests, which outlives their connections.
//!
//! A cell holds the latest state of one operation (latest wins) and wakes whoever watches it. A
//! task carries the origin's answer into the cell. The registry finds cells by id while they run
//! and keeps their records in the store.

mod beginning;
mod cell;
mod copy;
mod entrusted;
mod fault;
mod identity;
mod inherited;
mod keyed;
mod listing;
pub mod point;
mod reception;
mod recording;
mod registry;
mod work;

pub use beginning::Beginning;
pub use cell::{Answer, News, OperationCell, OriginTook, Receipt, Watcher};
pub use copy::Copy;
pub use fault::Fault;
pub use identity::Identity;
pub use listing::{Admission, Listed, Listing, Purpose};
pub use reception::Reception;
pub use recording::{Recording, RecordingReader};
pub use registry::{Operations, Origin, Seen};
pub use work::{Assignment, begin, take_in};
