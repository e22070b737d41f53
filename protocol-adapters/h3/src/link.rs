//! The connection, to whom anything on it may say that it is over.

use std::sync::OnceLock;

use h3::error::Code;
use quinn::VarInt;

/// A connection and why this side closed it.
#[derive(Debug)]
pub(crate) struct Link {
    connection: quinn::Connection,
    fault: OnceLock<Fault>,
}

/// What the client did that cost it the connection.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Fault {
    /// The error code that the connection was closed with.
    pub(crate) code: Code,
    /// What was wrong.
    pub(crate) reason: &'static str,
}

impl Link {
    pub(crate) fn new(connection: quinn::Connection) -> Self {
        Self { connection, fault: OnceLock::new() }
    }

    /// Closes the connection because of the client; only the first reason counts.
    pub(crate) fn fail(&self, code: Code, reason: &'static str) {
        if self.fault.set(Fault { code, reason }).is_ok() {
            tracing::debug!(%code, reason, "closing a connection");
            self.connection.close(varint(code), reason.as_bytes());
        }
    }

    /// Why the connection was closed, if it was because of the client.
    pub(crate) fn fault(&self) -> Option<Fault> {
        self.fault.get().copied()
    }

    /// The connection itself.
    pub(crate) fn connection(&self) -> &quinn::Connection {
        &self.connection
    }
}

/// An error code as QUIC writes it.
pub(crate) fn varint(code: Code) -> VarInt {
    VarInt::from_u64(code.value()).unwrap_or(VarInt::MAX)
}
