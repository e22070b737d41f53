//! How a connection may end badly.

use std::io;

/// Why [`serve`](crate::serve) ended other than by agreement. None of them is the gateway's fault,
/// and none leaves anything to do: the connection is over and its exchanges are dropped.
#[derive(Debug, thiserror::Error)]
pub enum ServeError {
    /// Client: it did not begin to speak HTTP/2 in time (D-01).
    #[error("the client did not send its connection preface in time")]
    PrefaceTimeout,
    /// Client: a request head was begun and not completed in time (D-01).
    #[error("the client did not complete a request head in time")]
    HeadTimeout,
    /// Client: it spent a budget and was told so by GOAWAY (H2-01, H2-02, H2-06).
    #[error("the client was turned away: {0}")]
    Excess(#[from] Excess),
    /// Client: it takes nothing of what is written (H2-07).
    #[error("the client takes nothing of what is written")]
    WriteStalled,
    /// Client: it broke the protocol, or ended the connection with an error of its own.
    #[error("HTTP/2: {0}")]
    Protocol(#[source] h2::Error),
    /// The transport broke.
    #[error("the connection broke: {0}")]
    Transport(#[source] io::Error),
}

/// Which budget a client has spent.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Excess {
    /// More requests cancelled than the burst and its refill allow (H2-01, H2-02).
    #[error("it cancelled too many requests")]
    Resets,
    /// Most of its requests were cancelled right after they were made (H2-02).
    #[error("it cancelled most of its requests at once")]
    PrematureResets,
    /// Control frames without a request or content between them (H2-06).
    #[error("it sent too many control frames")]
    ControlFrames,
}

impl From<h2::Error> for ServeError {
    fn from(error: h2::Error) -> Self {
        if !error.is_io() {
            return Self::Protocol(error);
        }
        Self::Transport(error.into_io().unwrap_or_else(|| io::ErrorKind::Other.into()))
    }
}
