//! What the spine costs: heads, held requests, operations and plain requests over HTTP/1.1, 2 and 3.
//!
//! The gateway runs as a process of its own, one worker on one core, and is read from `/proc`. The
//! clients and the origins live in this process, or in others beside it, on the other core.

pub mod accept;
pub mod floor;
pub mod held;
pub mod peers;
pub mod plain;
pub mod running;
pub mod stored;
pub mod watchers;

mod accepting;
mod disk;
mod gateway;
mod origin;
mod report;
mod rivals;
mod stage;
mod syscalls;

pub use crate::trouble::Trouble;
pub use accepting::StoreKind;
pub use report::{Figure, Report};

use clap::ValueEnum;

use crate::process;

/// A version of HTTP towards the client, always over TLS.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum Wire {
    /// HTTP/1.1, one connection for each request.
    H1,
    /// HTTP/2.
    H2,
    /// HTTP/3.
    H3,
}

impl Wire {
    /// As the configuration of the gateway, and ALPN, call it.
    pub fn alpn(self) -> &'static str {
        match self {
            Self::H1 => "http/1.1",
            Self::H2 => "h2",
            Self::H3 => "h3",
        }
    }

    /// As people call it.
    pub fn name(self) -> &'static str {
        match self {
            Self::H1 => "h1",
            Self::H2 => "h2",
            Self::H3 => "h3",
        }
    }
}
