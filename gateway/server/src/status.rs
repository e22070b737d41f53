//! Status documents: what became of an operation, for whoever has its status URI.

mod address;
mod answers;
mod asset;
mod events;
mod held;
mod lookup;
mod misses;
mod negotiate;
mod page;
mod profile;
mod provenance;
mod reading;
mod reads;
mod rendering;
mod result;

pub use events::{Events, Written};
pub use held::Held;
pub use lookup::{Looked, Lookup, Room};
pub use misses::Misses;
pub use profile::profiles;
pub use reading::Reading;
pub use reads::Reads;
pub use rendering::{Rendering, View};
pub use result::ended;
