//! Which of the origin's interim heads go on to the client (FWD-01 to FWD-04).

use downstream::Protocol;
use http::{HeaderMap, StatusCode};

use crate::config::RelayInformational;

/// `104 (Upload Resumption Supported)`.
pub const UPLOAD_RESUMPTION: u16 = 104;

/// What one exchange may be relayed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Relay {
    policy: RelayInformational,
    protocol: Protocol,
    upload: Upload,
    processing: Processing,
}

/// Whether the request belongs to a resumable upload.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Upload {
    Resumable,
    No,
}

/// What becomes of the origin's `102`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Processing {
    /// It becomes an event (FWD-05): progress routes.
    Event,
    /// It is relayed where `always` says so: plain routes.
    Relayed,
}

impl Relay {
    /// What a request with these fields may be relayed.
    pub fn new(
        policy: RelayInformational,
        protocol: Protocol,
        fields: &HeaderMap,
        processing: Processing,
    ) -> Self {
        let upload = if is_resumable_upload(fields) { Upload::Resumable } else { Upload::No };
        Self { policy, protocol, upload, processing }
    }

    /// Of a request that no client waits for.
    pub const fn nothing() -> Self {
        Self {
            policy: RelayInformational::Never,
            protocol: Protocol::Http11,
            upload: Upload::No,
            processing: Processing::Event,
        }
    }

    /// Nothing, whatever the route says.
    #[must_use]
    pub fn none(mut self) -> Self {
        self.policy = RelayInformational::Never;
        self
    }

    /// Whether the request is part of a resumable upload, whose Location is its own (LOC-04, RUF-05).
    pub fn is_upload(&self) -> bool {
        self.upload == Upload::Resumable
    }

    /// Whether an interim head of the origin's with this status goes on to the client.
    pub fn permits(&self, status: StatusCode) -> bool {
        if !self.protocol.has_interim() {
            return false;
        }
        match (status.as_u16(), self.policy) {
            // 100 answers our own reading of the content; 101 is never interim here.
            (100 | 101, _) | (_, RelayInformational::Never) => false,
            (102, policy) => self.processing == Processing::Relayed && policy == RelayInformational::Always,
            (_, RelayInformational::Always) => true,
            (UPLOAD_RESUMPTION, RelayInformational::ExceptHttp1) if self.upload == Upload::Resumable => true,
            (_, RelayInformational::ExceptHttp1) => self.protocol != Protocol::Http11,
        }
    }
}

fn is_resumable_upload(fields: &HeaderMap) -> bool {
    fields.keys().any(|name| name.as_str().starts_with("upload-"))
}

#[cfg(test)]
mod tests {
    use super::*;
    use RelayInformational::{Always, ExceptHttp1, Never};

    fn permits(policy: RelayInformational, protocol: Protocol, processing: Processing, status: u16) -> bool {
        let relay = Relay::new(policy, protocol, &HeaderMap::new(), processing);
        relay.permits(StatusCode::from_u16(status).unwrap())
    }

    #[test]
    fn fwd_02_the_policy_table() {
        for (policy, protocol, expected) in [
            (ExceptHttp1, Protocol::Http10, [false; 3]),
            (ExceptHttp1, Protocol::Http11, [false; 3]),
            (ExceptHttp1, Protocol::H2, [true; 3]),
            (ExceptHttp1, Protocol::H3, [true; 3]),
            (Always, Protocol::Http10, [false; 3]),
            (Always, Protocol::Http11, [true; 3]),
            (Always, Protocol::H3, [true; 3]),
            (Never, Protocol::H2, [false; 3]),
        ] {
            let found = [103, 104, 199].map(|s| permits(policy, protocol, Processing::Event, s));
            assert_eq!(found, expected, "{policy:?} {protocol:?}");
        }
    }

    #[test]
    fn fwd_02_a_102_is_relayed_only_on_plain_routes_that_say_always() {
        assert!(permits(Always, Protocol::H2, Processing::Relayed, 102));
        assert!(!permits(Always, Protocol::H2, Processing::Event, 102));
        assert!(!permits(ExceptHttp1, Protocol::H2, Processing::Relayed, 102));
        assert!(!permits(Always, Protocol::H2, Processing::Relayed, 100));
    }

    #[test]
    fn fwd_02_uploads_get_their_104_on_http_11() {
        let fields = HeaderMap::from_iter([("upload-complete".parse().unwrap(), "?1".parse().unwrap())]);
        let relay = Relay::new(ExceptHttp1, Protocol::Http11, &fields, Processing::Event);
        assert!(relay.permits(StatusCode::from_u16(104).unwrap()));
        assert!(!relay.permits(StatusCode::EARLY_HINTS));
        assert!(!relay.none().permits(StatusCode::from_u16(104).unwrap()));
    }
}
