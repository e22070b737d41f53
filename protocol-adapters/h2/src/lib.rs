//! HTTP/2 towards clients, over the `h2` crate.
//!
//! One future serves one connection: [`serve`]. In it live the connection's exchanges
//! (`downstream::Roster`), so that all heads of one beat are queued before the connection is
//! flushed once; one turn of the loop is *exchanges, then wire, then the watch*.
//!
//! | room | does |
//! |---|---|
//! | `serve` | the loop, the builder's settings, and the keeper: drain, idleness, stalls, budgets |
//! | `serve::pinger` | asks the client itself, behind heads, whether it reads (INT-18) |
//! | `request` | from what `h2` decoded to a request in origin form, or a refusal |
//! | `body` | request content, releasing flow control as it is consumed |
//! | `responder` | the only way to send: a guarded interim head, or the final response |
//! | `link` | what exchanges and connection share: the outbox for heads, the frame meter, the frame tap |
//!
//! What `h2` itself answers: malformed frames and heads (H2-12 to H2-15, H2-17, H2-18, H2-22),
//! CONTINUATION and DATA floods (H2-05, H2-08), oversized field sections (H2-09, H2-10: `431`).
#![forbid(unsafe_code)]

mod body;
mod budget;
mod error;
mod fields;
mod link;
mod request;
mod responder;
mod serve;

pub use error::{Excess, ServeError};
pub use serve::{Service, serve};
