//! The scenarios of the matrix. Each takes the wire that its client speaks.

mod faults;
mod following;
mod holding;
mod passing;

pub use faults::*;
pub use following::*;
pub use holding::*;
pub use passing::*;
