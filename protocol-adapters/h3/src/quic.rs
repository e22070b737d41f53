//! The `h3::quic` traits over quinn, in place of h3-quinn.
//!
//! Towards clients, `h3` keeps the control stream, SETTINGS, GOAWAY, and the framing and encoding
//! of responses. Requests are read beside it: `h3` 0.0.8 buffers without bound, and it hides what
//! tells a malformed request from a good one (`reliability.md` facts 8 and 9). For each request it
//! is shown a stand-in of fixed bytes, and the stream itself waits to be picked up.
//!
//! A client, for tests and tools, reads its responses through `h3`; the frames are measured here
//! all the same.

mod arrivals;
mod connection;
mod control;
mod error;
mod outlet;
mod responses;
mod stream;

pub use connection::{Connection, OpenStreams};
pub use control::UniStream;
pub use stream::{BidiStream, RecvStream, SendStream};

pub(crate) use arrivals::{Arrival, Arrivals};
pub(crate) use outlet::{Fate, Outlet};
pub(crate) use stream::STAND_IN_SIZE;
