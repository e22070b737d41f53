//! Labels of exchanges and their heads.

use super::Label;

label! {
    /// How a request was answered.
    Mode {
        /// The final response, with no head of ours before it.
        Plain = "plain",
        /// The final response, after heads of ours.
        Interim = "interim",
        /// A 202 that the client asked for.
        Async = "async",
        /// A 202 that the client did not ask for.
        Downgraded = "downgraded",
    }
}

label! {
    /// Why an interim head was written.
    Reason {
        /// The first head of ours: it names the status document.
        Accepted = "accepted",
        /// There was news.
        Progress = "progress",
        /// There was none, but the client is to know that we live.
        Heartbeat = "heartbeat",
        /// The origin sent it: 103, 104 and unknown ones.
        Relayed = "relayed",
    }
}

label! {
    /// Who made an interim head.
    Source {
        /// This gateway.
        Generated = "generated",
        /// The origin.
        Relayed = "relayed",
    }
}

label! {
    /// Why an interim head was not written.
    Suppressed {
        /// HTTP/1.0 has none; once per exchange.
        Http10 = "http10",
        /// The request did not ask for any; once per exchange.
        NotPreferred = "not_preferred",
        /// The client is known to break on them; once per exchange.
        DeniedClient = "denied_client",
        /// Fresher news replaced it.
        Coalesced = "coalesced",
        /// An earlier head is not acknowledged.
        Unacknowledged = "unacknowledged",
        /// The transport does not take writes.
        Stalled = "stalled",
        /// The exchange has had as many as it may.
        Budget = "budget",
    }
}

label! {
    /// What a client sees first.
    Signal {
        /// An interim head.
        Interim = "interim",
        /// The final head.
        Final = "final",
    }
}

label! {
    /// How the acknowledgement of a head is known.
    Acknowledgement {
        /// The peer's kernel has the octets.
        Tcp = "tcp",
        /// The peer answered a PING that was sent after the head.
        H2Ping = "h2_ping",
        /// The peer acknowledged the packets.
        Quic = "quic",
    }
}
