//! Status documents: what became of an operation, for whoever has its status URI.

mod address;
mod answers;
mod asset;
mod events;
mod held;
mod lookup;
mod negotiate;
mod page;
mod provenance;
mod reads;
mod rendering;
mod result;

pub use events::{Events, Written};
pub use held::Held;
pub use lookup::{Looked, Lookup, Room};
pub use reads::Reads;
pub use rendering::{Rendering, View};
