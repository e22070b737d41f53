//! Labels of client connections.

use super::Label;

label! {
    /// How a handshake ended.
    Handshake {
        /// The connection is secured.
        Success = "success",
        /// It took longer than it may (T-07, Q-02).
        Timeout = "timeout",
        /// The client left before the end.
        Departed = "departed",
        /// The client speaks no protocol of this listener (T-08).
        NoProtocol = "no_protocol",
        /// What came is not TLS.
        NotTls = "not_tls",
        /// Anything else: no common version or cipher suite, an alert, a malformed message.
        Failure = "failure",
    }
}

label! {
    /// Why a connection was closed at once.
    Refused {
        /// As many are open as may be.
        Maximum = "maximum",
        /// As many are open from this address as may be.
        MaximumPerAddress = "maximum_per_address",
    }
}

label! {
    /// Why accepting failed.
    AcceptError {
        /// The process or the system has no descriptor or memory left (D-06, G-15).
        Exhausted = "exhausted",
        /// Anything else: the connection was gone before it could be taken.
        Other = "other",
    }
}
