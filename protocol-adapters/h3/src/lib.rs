//! HTTP/3 towards clients.
//!
//! [`serve`] runs one connection: its exchanges live in it, one future each, so that all heads of a
//! beat leave in a few datagrams. `h3` frames and encodes what is said; requests are read here
//! ([`quic`] says why). A client that makes no room for a head blocks that head and nothing else.
//!
//! [`tap`] tells which heads the client's transport has acknowledged.
//!
//! [`transport_config`], [`server_config`] and [`admission`] are for the endpoint's owner;
//! [`client`] is for tests and tools.
#![forbid(unsafe_code)]

mod budget;
pub mod client;
mod content;
mod frames;
mod head;
mod intake;
mod link;
mod qpack;
pub mod quic;
mod reader;
mod respond;
mod serve;
pub mod tap;
mod transport;

pub use serve::{ServeError, Service, serve};
pub use transport::{Admission, ConfigError, HALF_OPEN, admission, server_config, transport_config};
