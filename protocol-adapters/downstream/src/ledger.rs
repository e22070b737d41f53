//! Which interim heads the client's transport has not acknowledged (INT-18).
//!
//! Each exchange has a [`Page`]: the heads that were written and not yet acknowledged. Who enters
//! and strikes them out depends on the wire. On TCP a head is acknowledged when the octets up to its
//! end are ([`OctetLedger`]); over QUIC when the packets that carried it are. A connection whose
//! transport cannot tell has blank pages: nothing is withheld, nothing is counted, and an
//! unknown number is never shown as zero.

mod octets;
mod page;

use std::fmt;
use std::time::Duration;

pub use octets::{OctetLedger, Probe, Rest};
pub use page::Page;

/// The time that an acknowledgement may take without being missed: kernels delay theirs by up to
/// 40 ms.
pub const GRACE: Duration = Duration::from_millis(50);

/// How it is known that a head was acknowledged.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Source {
    /// The peer's kernel has its octets.
    Tcp,
    /// The peer has answered a PING that was sent after it (RFC 9113 6.7).
    H2Ping,
    /// The peer has acknowledged its packets (RFC 9000 13.2).
    Quic,
}

/// Where acknowledgements are counted.
pub trait Audit: fmt::Debug + Send + Sync {
    /// A head was written; nobody has acknowledged it yet.
    fn written(&self);

    /// A head was acknowledged `after` it had been written.
    fn acknowledged(&self, source: Source, after: Duration);

    /// So many heads will never be acknowledged: their connection is gone.
    fn lost(&self, heads: usize);
}

#[cfg(test)]
mod tests;
