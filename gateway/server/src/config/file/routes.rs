//! `[[routes]]` and `[[client-profiles]]` as written.

use std::time::Duration;

use http::Method;

use super::{DAY, MAXIMUM_OPERATIONS, MILLISECOND, MINUTE, SECOND};
use crate::config::grammar::{self, PathPrefix};
use crate::config::reader::Located;
use crate::config::rules::{Choice, DurationOrNever, Integer, Least, List, Size, Span, Switch, Text};
use crate::config::section::{Defaulted, Optional, Present, Required, Whole, section};
use crate::config::settings::{
    AcceptAsync, InterimMode, OnDisconnect, OnRestart, OwnerKind, RelayInformational, StatusProfile,
};

/// A budget above this is none.
const MAXIMUM_HEADS: u32 = 1_000_000;

section! {
    /// Which requests go to which upstream.
    struct RouteFile {
        /// Unique name: metrics and logs show it.
        name: Option<Located<String>> = "name" => Required(Text {
            what: "a name such as \"reports\"", pattern: grammar::NAME_PATTERN, parse: grammar::name,
        }, "a name for metrics and logs such as name = \"reports\"");

        /// Which requests the route takes; all conditions must hold, without any it takes every request.
        matcher: MatchFile = "match" => Whole::<MatchFile>::NEW;

        /// Name of the upstream.
        upstream: Option<Located<String>> = "upstream" => Required(Text {
            what: "the name of an upstream", pattern: grammar::NAME_PATTERN, parse: grammar::name,
        }, "the name of one of the [[upstreams]]");

        /// To whom the origin's 103, 104 and unknown 1xx are relayed; except-http1 still relays a 104 to
        /// HTTP/1.1 on resumable uploads.
        relay_informational: Located<RelayInformational> = "relay-informational" => Defaulted(Choice {
            words: &[
                ("except-http1", RelayInformational::ExceptHttp1),
                ("always", RelayInformational::Always),
                ("never", RelayInformational::Never),
            ],
            later: &[],
        }, r#""except-http1""#);

        /// Makes the route long-running; without this table it is a plain proxy route.
        progress: Option<ProgressFile> = "progress" => Present::<ProgressFile>::NEW;
    }
}

section! {
    /// Which requests a route takes.
    struct MatchFile {
        /// Host of the request, without port; case does not matter.
        host: Option<Located<String>> = "host" => Optional(Text {
            what: "a host such as \"api.example\"", pattern: "^[^/:]+$|^\\[.+\\]$", parse: grammar::host_in_url,
        });

        /// Prefix of the path by segments: "/reports" and "/reports/" both take /reports and /reports/7, but not
        /// /reports-old.
        path: Option<Located<PathPrefix>> = "path" => Optional(Text {
            what: "a path such as \"/reports/\"", pattern: PathPrefix::PATTERN, parse: PathPrefix::parse,
        });

        /// Request methods.
        methods: Option<Located<Vec<Located<Method>>>> = "methods" => Optional(List {
            of: Text { what: "a method such as \"POST\"", pattern: grammar::METHOD_PATTERN, parse: grammar::method },
            what: "a list such as [\"POST\"]",
            least: Least::One,
        });
    }
}

section! {
    /// How a long-running route tells its clients.
    struct ProgressFile {
        /// Who gets interim heads; on-request: who sent Prefer: processing or progress.
        interim: Located<InterimMode> = "interim" => Defaulted(Choice {
            words: &[
                ("never", InterimMode::Never),
                ("on-request", InterimMode::OnRequest),
                ("always", InterimMode::Always),
            ],
            later: &[],
        }, r#""on-request""#);

        /// A response that is ready before this is just sent: no 102, no Location, no record.
        interim_after: Located<Duration> = "interim-after" => Defaulted(Span(Duration::ZERO, MINUTE), r#""100ms""#);

        /// Who gets a 202 after accept-after; on-request: who sent Prefer: respond-async.
        accept_async: Located<AcceptAsync> = "accept-async" => Defaulted(Choice {
            words: &[
                ("never", AcceptAsync::Never),
                ("on-request", AcceptAsync::OnRequest),
                ("always", AcceptAsync::Always),
            ],
            later: &[],
        }, r#""on-request""#);

        /// How long a request is held before a 202 when it names no wait.
        accept_after: Located<Duration> = "accept-after" => Defaulted(Span(Duration::ZERO, DAY), r#""10s""#);

        /// HTTP/1.0: 202 after this; "never" where a proxy in front speaks HTTP/1.0 to the gateway.
        http10_accept_after: Located<Option<Duration>> = "http10-accept-after" => Defaulted(
            DurationOrNever(Span(Duration::ZERO, DAY)), r#""5s""#);

        /// Shortest time between two heads of one exchange; stretches to 5 % of the elapsed time.
        minimum_interval: Located<Duration> = "minimum-interval" => Defaulted(Span(MILLISECOND, MINUTE), r#""1s""#);

        /// Longest silence: a bare head goes out at the latest after this, unless minimum-interval is longer.
        heartbeat_interval: Located<Duration> = "heartbeat-interval" => Defaulted(
            Span(SECOND, SECOND.saturating_mul(30)), r#""10s""#);

        /// Heads of one exchange, originated and relayed; 0: no budget.
        maximum_heads: Located<u32> = "maximum-heads" => Defaulted(Integer(0, MAXIMUM_HEADS), "0");

        /// Heads of one exchange that the client's transport has not acknowledged; the next one waits, and the newest
        /// wins.
        maximum_unacknowledged: Located<u32> = "maximum-unacknowledged" => Defaulted(Integer(1, 16), "1");

        /// Absolute end of an operation, whatever it reports.
        deadline: Located<Duration> = "deadline" => Defaulted(Span(SECOND, DAY.saturating_mul(7)), r#""1h""#);

        /// How long nothing may come from the origin before the operation ends as stalled (504); "0s": a silent
        /// origin is only slow.
        stall_timeout: Located<Duration> = "stall-timeout" => Defaulted(Span(Duration::ZERO, DAY), r#""0s""#);

        /// What becomes of an operation whose client left; without an announced Location it is always canceled.
        on_disconnect: Located<OnDisconnect> = "on-disconnect" => Defaulted(Choice {
            words: &[("continue", OnDisconnect::Continue), ("cancel", OnDisconnect::Cancel)], later: &[],
        }, r#""continue""#);

        /// What becomes of an operation that the gateway was still asking its origin for when it ended; resend: a
        /// request of an idempotent method with at most 64KiB of content is kept, credentials included, and sent again.
        on_restart: Located<OnRestart> = "on-restart" => Defaulted(Choice {
            words: &[("fail", OnRestart::Fail), ("resend", OnRestart::Resend)], later: &[],
        }, r#""fail""#);

        /// Longest result that is recorded; a longer one still streams to its client.
        maximum_result: Located<u64> = "maximum-result" => Defaulted(Size(0, 1 << 30), r#""64MiB""#);

        /// What an operation is bound to: the first credential that is present on its request, in this order. Who
        /// does not present the same one gets 404. None present: whoever knows the URI may read and cancel.
        owner: Located<Vec<Located<OwnerKind>>> = "owner" => Defaulted(List {
            of: Text {
                what: "a credential such as \"authorization\"", pattern: grammar::OWNER_PATTERN, parse: grammar::owner,
            },
            what: "a list such as [\"authorization\", \"cookie:session\"]",
            least: Least::Empty,
        }, r#"["client-certificate", "authorization"]"#);

        /// Operations of the route that run at a time; the next request that needs one gets 503. 0: no bound.
        maximum_operations: Located<u32> = "maximum-operations" => Defaulted(Integer(0, MAXIMUM_OPERATIONS), "0");

        /// Whether Idempotency-Key is honoured: the origin is asked once, however often an unsafe request is
        /// repeated. A key is known as long as its operation: until store.retention after its end.
        idempotency: Located<bool> = "idempotency" => Defaulted(Switch, "false");

        /// What its clients expect of a 202 and of a status URI that they ask for JSON: the status document, or the
        /// asynchronous requests of OData 4.01 or FHIR. With odata nobody gets a 202 who did not ask for it, not even
        /// over HTTP/1.0.
        profile: Located<StatusProfile> = "profile" => Defaulted(Choice {
            words: &[
                ("azure", StatusProfile::Azure),
                ("odata", StatusProfile::Odata),
                ("fhir", StatusProfile::Fhir),
            ],
            later: &[],
        }, r#""azure""#);
    }
}

section! {
    /// What is known about clients with one User-Agent prefix: either interim or maximum-heads.
    struct ClientProfileFile {
        /// The first characters of the User-Agent field.
        user_agent: Option<Located<String>> = "user-agent" => Required(Text {
            what: "a prefix such as \"python-requests/\"", pattern: "^[!-~][ -~]*$", parse: grammar::user_agent,
        }, "the beginning of the client's User-Agent such as user-agent = \"python-requests/\"");

        /// No 1xx whatever the client asks for.
        interim: Option<Located<InterimMode>> = "interim" => Optional(Choice {
            words: &[("never", InterimMode::Never)], later: &[],
        });

        /// Heads of one exchange; 0: no budget, which lifts a built-in profile.
        maximum_heads: Option<Located<u32>> = "maximum-heads" => Optional(Integer(0, MAXIMUM_HEADS));
    }
    one_of {
        ["interim"];
        ["maximum-heads"];
    }
}
