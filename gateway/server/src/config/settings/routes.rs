//! Routes as meant.

use std::num::NonZeroU32;
use std::time::Duration;

use http::{HeaderName, Method};

use crate::config::grammar::PathPrefix;

/// A route: which requests, to which upstream, and whether they are long.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RouteSettings {
    /// Unique; fit to be a metric label.
    pub name: String,
    /// Which requests it takes.
    pub matcher: RouteMatch,
    /// Index into `Settings::upstreams`.
    pub upstream: usize,
    /// The origin's 103, 104 and unknown 1xx (FWD-02).
    pub relay_informational: RelayInformational,
    /// `None`: a plain proxy route.
    pub progress: Option<ProgressSettings>,
}

/// Which requests a route takes: all conditions must hold, an absent one holds always.
#[derive(Debug, Clone, Default, PartialEq, Eq, Hash)]
pub struct RouteMatch {
    /// The host of the request: lower case, without port, IPv6 in brackets.
    pub host: Option<String>,
    /// A prefix of the path by segments.
    pub path: Option<PathPrefix>,
    /// The methods; empty: every method.
    pub methods: Vec<Method>,
}

/// Which informational responses of the origin other than 100, 101 and 102 are relayed (FWD-02).
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum RelayInformational {
    /// To HTTP/2 and HTTP/3; to HTTP/1.1 only 104 on resumable uploads.
    #[default]
    ExceptHttp1,
    /// To every protocol that can carry them.
    Always,
    /// To nobody.
    Never,
}

/// How a long-running route tells its clients. Its `Default` is that of an empty `[routes.progress]`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ProgressSettings {
    /// Who gets interim heads.
    pub interim: InterimMode,
    /// A response that is ready before this is just sent: no 102, no Location, no record (LOC-01).
    pub interim_after: Duration,
    /// Who gets a 202.
    pub accept_async: AcceptAsync,
    /// How long a request is held before a 202 when it names no `wait`.
    pub accept_after: Duration,
    /// The same for HTTP/1.0 (V10-02); `None`: never a 202 to HTTP/1.0.
    pub http10_accept_after: Option<Duration>,
    /// Between two heads of one exchange; may exceed `heartbeat_interval`, and then rules (INT-12).
    pub minimum_interval: Duration,
    /// Longest silence (INT-09).
    pub heartbeat_interval: Duration,
    /// Heads of one exchange; `None`: no budget (INT-12).
    pub maximum_heads: Option<NonZeroU32>,
    /// Heads of one exchange that the client's transport has not acknowledged; at least 1 (INT-18).
    pub maximum_unacknowledged: u32,
    /// Absolute end of an operation (INT-19).
    pub deadline: Duration,
    /// How long nothing may come from the origin; `None`: a silent origin is only slow (INT-19).
    pub stall_timeout: Option<Duration>,
    /// What becomes of an operation whose client left.
    pub on_disconnect: OnDisconnect,
    /// What becomes of an operation that died with the gateway.
    pub on_restart: OnRestart,
    /// Bytes of a result that is recorded; a longer one still streams to its client.
    pub maximum_result: u64,
    /// What an operation is bound to: the first that is present. Empty: to nothing.
    pub owner: Vec<OwnerKind>,
    /// Operations that run at a time (SEC-04); `None`: no bound of its own.
    pub maximum_operations: Option<NonZeroU32>,
    /// Whether `Idempotency-Key` is honoured (IDK-02).
    pub idempotency: bool,
    /// What clients expect of a 202 and of a status URI (SDM-12).
    pub profile: StatusProfile,
}

/// The habits that a route's clients expect of a 202 and of a status URI (SDM-12).
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum StatusProfile {
    /// The status document, with the fields of all habits that get along with each other.
    #[default]
    Azure,
    /// The asynchronous requests of OData 4.01.
    Odata,
    /// The asynchronous requests of FHIR.
    Fhir,
}

/// A credential that an operation can be bound to (SEC-02).
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum OwnerKind {
    /// The client's certificate, on listeners that ask for one (`client-ca`).
    ClientCertificate,
    /// The `Authorization` field.
    Authorization,
    /// The cookie of this name; its case matters.
    Cookie(String),
    /// The field of this name.
    Header(HeaderName),
}

/// Who gets interim heads of ours.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum InterimMode {
    /// Nobody.
    Never,
    /// Who sent `Prefer: processing` or `progress`.
    #[default]
    OnRequest,
    /// Everybody whose protocol can carry them.
    Always,
}

/// Who gets a 202 once the wait is over.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum AcceptAsync {
    /// Nobody.
    Never,
    /// Who sent `Prefer: respond-async`.
    #[default]
    OnRequest,
    /// Everybody.
    Always,
}

/// What becomes of an operation whose client left (DOC-09).
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum OnDisconnect {
    /// It goes on once a Location was announced.
    #[default]
    Continue,
    /// It is canceled.
    Cancel,
}

/// What becomes of an operation whose origin was still being asked when the gateway ended.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum OnRestart {
    /// It has failed, as interrupted.
    #[default]
    Fail,
    /// Its request is sent again, if its method is idempotent and its content was short enough to be kept.
    Resend,
}
