//! The HTTP/1 wire: one codec, a server half, a client half.
//!
//! The codec ([`head`], [`chunk`], [`encode`]) does no I/O. Both halves read heads through the same
//! strict check and chunked content through the same decoder, so what one half lets through the
//! other one reads the same way. The server half ([`server`]) speaks to clients, the client half
//! ([`client`]) to origins.
#![forbid(unsafe_code)]

pub mod chunk;
pub mod client;
pub mod encode;
pub mod head;
pub mod server;

mod date;
