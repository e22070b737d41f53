//! The seam between the wires and the gateway.
//!
//! A wire (HTTP/1, HTTP/2, HTTP/3) reads a request head and calls [`Handler::open`]. What comes
//! back is an [`Exchange`]: it is *pulled*, never pushed, so what is said is always the freshest.
//! [`drive`] is the one loop that carries emissions from the exchange to the wire's [`Responder`].
//! `finish` consumes the responder, so an interim head after the final one cannot be written down.
//!
//! Everything of a connection lives in the connection's own task: its exchanges ([`Roster`]), its
//! timer ([`Heart`], with [`Pulse`] as the handle) and its write state ([`Gate`]). A [`Bell`] for each
//! part tells which of them has something to do. What its client has not acknowledged stands in the
//! [`Page`] of each exchange.
#![forbid(unsafe_code)]

mod bell;
mod body;
mod connection;
mod drain;
mod drive;
mod exchange;
mod expectation;
mod gate;
mod ledger;
mod pulse;
mod refusal;
mod roster;

pub use bell::Bell;
pub use body::{BodyError, RequestBody, Witness};
pub use connection::{ConnectionInfo, Limits, Protocol, Security};
pub use drain::{Drain, DrainWatch, Phase};
pub use drive::{Ending, drive};
pub use exchange::{Departed, Emission, Exchange, Handler, Opening, Responder, Window};
pub use expectation::Expectation;
pub use gate::{Gate, GatedIo};
pub use ledger::{Audit, GRACE, OctetLedger, Page, Probe, Rest, Source};
pub use pulse::{Alarm, Heart, Pulse};
pub use refusal::Refusal;
pub use roster::Roster;

#[cfg(test)]
#[path = "../tests/seam/wakes.rs"]
mod wakes;
