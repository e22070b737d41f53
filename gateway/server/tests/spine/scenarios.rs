//! The scenarios of the matrix. Each takes the wire that its client speaks.

mod bodies;
mod canceling;
mod created;
mod ending;
mod faults;
mod following;
mod holding;
mod keys;
mod languages;
mod owners;
mod passing;
mod policies;
mod recording;
mod streaming;
mod traces;

pub use bodies::*;
pub use canceling::*;
pub use created::*;
pub use ending::*;
pub use faults::*;
pub use following::*;
pub use holding::*;
pub use keys::*;
pub use languages::*;
pub use owners::*;
pub use passing::*;
pub use policies::*;
pub use recording::*;
pub use streaming::*;
pub use traces::*;
