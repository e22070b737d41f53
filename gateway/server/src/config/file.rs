//! The configuration as written: every key once, with its meaning, its rule and its default.

mod listeners;
mod routes;

use std::net::SocketAddr;
use std::path::PathBuf;
use std::time::Duration;

use super::grammar::{self, IpPrefix, PublicUrl, ServerAddress};
use super::reader::Located;
use super::rules::{Choice, Integer, Least, List, Size, Span, Text};
use super::section::{Defaulted, Many, Optional, Present, Required, Whole, section};
pub(super) use listeners::{ListenerFile, TlsFile};
pub(super) use routes::{ClientProfileFile, MatchFile, ProgressFile, RouteFile};

const MILLISECOND: Duration = Duration::from_millis(1);
const SECOND: Duration = Duration::from_secs(1);
const MINUTE: Duration = Duration::from_mins(1);
const HOUR: Duration = Duration::from_hours(1);
const DAY: Duration = Duration::from_hours(24);

/// More connections than one process has descriptors for.
const MAXIMUM_CONNECTIONS: u32 = 10_000_000;

/// More operations than one machine keeps.
const MAXIMUM_OPERATIONS: u32 = 10_000_000;

/// More bytes than one machine stores or one body has.
const TEBIBYTE: u64 = 1 << 40;

section! {
    /// The configuration of the progress gateway. Durations are texts such as "1s" or "1h30m" (units ms, s, m,
    /// h, d), sizes texts such as "64KiB" (units B, kB, MB, GB, KiB, MiB, GiB); file names are relative to
    /// this file.
    struct ConfigFile {
        /// Base of every status URI: an absolute http or https URL without query and fragment. Needed as soon
        /// as a route has progress.
        public_url: Option<Located<PublicUrl>> = "public-url" => Optional(Text {
            what: "a URL such as \"https://api.example\"", pattern: PublicUrl::PATTERN, parse: PublicUrl::parse,
        });

        /// Path under which status documents live on every listener; begins and ends with a slash.
        status_path: Located<String> = "status-path" => Defaulted(Text {
            what: "a path such as \"/.operations/\"", pattern: grammar::STATUS_PATH_PATTERN, parse: grammar::status_path,
        }, r#""/.operations/""#);

        /// The gateway's own name in Via and Proxy-Status; give each gateway of a chain its own.
        service_name: Located<String> = "service-name" => Defaulted(Text {
            what: "a name such as \"progress-gateway\"",
            pattern: grammar::SERVICE_NAME_PATTERN,
            parse: grammar::service_name,
        }, r#""progress-gateway""#);

        /// IP addresses and CIDR prefixes of proxies in front whose Forwarded and X-Forwarded-* fields are
        /// believed; from everybody else these fields are dropped.
        trusted_proxies: Located<Vec<Located<IpPrefix>>> = "trusted-proxies" => Defaulted(List {
            of: Text { what: "an address or a prefix such as \"10.0.0.0/8\"", pattern: IpPrefix::PATTERN, parse: IpPrefix::parse },
            what: "a list such as [\"127.0.0.1\", \"10.0.0.0/8\"]",
            least: Least::Empty,
        }, "[]");

        /// Where clients connect; at least one.
        listeners: Vec<ListenerFile> = "listeners" => Many::<ListenerFile>::NEEDED;

        /// The admin listener with /metrics, /livez and /readyz; without this table there is none.
        admin: Option<AdminFile> = "admin" => Present::<AdminFile>::NEW;

        /// The listener on which origins report by callback; without this table there is none.
        callback: Option<CallbackFile> = "callback" => Present::<CallbackFile>::NEW;

        /// Where operations live.
        store: StoreFile = "store" => Whole::<StoreFile>::NEW;

        /// Named sets of origin servers; at least one.
        upstreams: Vec<UpstreamFile> = "upstreams" => Many::<UpstreamFile>::NEEDED;

        /// Bounds of the process as a whole.
        limits: LimitsFile = "limits" => Whole::<LimitsFile>::NEW;

        /// Which requests go to which upstream; at least one. The first that matches wins, in the order of the
        /// file; a request that none matches gets 404.
        routes: Vec<RouteFile> = "routes" => Many::<RouteFile>::NEEDED;

        /// What is known about clients by their User-Agent, in addition to the built-in table; the longest
        /// prefix wins.
        client_profiles: Vec<ClientProfileFile> = "client-profiles" => Many::<ClientProfileFile>::ANY;
    }
}

section! {
    /// The admin listener.
    struct AdminFile {
        /// IP address and port of the admin listener; none of the public ones.
        address: Option<Located<SocketAddr>> = "address" => Required(Text {
            what: "an address such as \"127.0.0.1:9180\"", pattern: "^.+:[0-9]{1,5}$", parse: grammar::socket_address,
        }, "the IP:PORT of the admin listener such as address = \"127.0.0.1:9180\"");
    }
}

section! {
    /// The listener on which origins report by callback.
    struct CallbackFile {
        /// IP address and port of the callback listener; none of the public ones.
        address: Option<Located<SocketAddr>> = "address" => Required(Text {
            what: "an address such as \"127.0.0.1:9181\"", pattern: "^.+:[0-9]{1,5}$", parse: grammar::socket_address,
        }, "the IP:PORT of the callback listener such as address = \"127.0.0.1:9181\"");

        /// Where origins reach the callback listener, if not at http:// and its address: an absolute http or
        /// https URL without query and fragment. Needed if the address is that of all interfaces.
        url: Option<Located<PublicUrl>> = "url" => Optional(Text {
            what: "a URL such as \"http://gw.internal:9181\"", pattern: PublicUrl::PATTERN, parse: PublicUrl::parse,
        });
    }
}

/// A kind of store, as written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum StoreWord {
    Embedded,
    Memory,
}

section! {
    /// Where operations live.
    struct StoreFile {
        /// Kind of the store: embedded keeps operations in a directory of this machine, through kill -9 and power
        /// cuts; memory loses them with the process.
        kind: Located<StoreWord> = "kind" => Defaulted(Choice {
            words: &[("embedded", StoreWord::Embedded), ("memory", StoreWord::Memory)], later: &["redis"],
        }, r#""embedded""#);

        /// Directory of the embedded store; made if it is not there, and readable by the gateway's user alone. One
        /// gateway at a time.
        path: Located<PathBuf> = "path" => Defaulted(Text {
            what: "a directory such as \"data\"", pattern: "^.+$", parse: grammar::directory_path,
        }, r#""data""#);

        /// How long finished operations are kept; then their status URI answers 410, later 404.
        retention: Located<Duration> = "retention" => Defaulted(Span(SECOND, DAY.saturating_mul(30)), r#""24h""#);

        /// How many operations are held at most. A full store gives no Location and no 202; unexpired records
        /// are never evicted.
        maximum_operations: Located<u32> = "maximum-operations" => Defaulted(Integer(1, 10_000_000), "100000");

        /// How many bytes records and results take at most.
        maximum_size: Located<u64> = "maximum-size" => Defaulted(Size(1 << 10, TEBIBYTE), r#""1GiB""#);
    }
    later {
        /// URL of the Redis store.
        "url";
        /// URLs of a Redis cluster.
        "cluster";
    }
}

section! {
    /// A named set of origin servers.
    struct UpstreamFile {
        /// Unique name: routes refer to it, metrics and logs show it.
        name: Option<Located<String>> = "name" => Required(Text {
            what: "a name such as \"reports\"", pattern: grammar::NAME_PATTERN, parse: grammar::name,
        }, "the name that routes refer to such as name = \"reports\"");

        /// Servers: http://HOST:PORT (HTTP/1.1), h2c://HOST:PORT (HTTP/2 by prior knowledge) or
        /// https://HOST:PORT (ALPN decides).
        servers: Option<Located<Vec<Located<ServerAddress>>>> = "servers" => Required(List {
            of: Text {
                what: "a URL such as \"http://10.0.0.5:3000\"", pattern: ServerAddress::PATTERN, parse: ServerAddress::parse,
            },
            what: "a list such as [\"http://10.0.0.5:3000\"]",
            least: Least::One,
        }, "at least one server such as servers = [\"http://10.0.0.5:3000\"]");

        /// How long connecting to a server may take, the TLS handshake included.
        connect_timeout: Located<Duration> = "connect-timeout" => Defaulted(
            Span(MILLISECOND.saturating_mul(10), MINUTE.saturating_mul(5)), r#""5s""#);

        /// Plain routes: how long nothing at all may come from the server. Progress routes are ended by
        /// deadline and stall-timeout alone.
        idle_timeout: Located<Duration> = "idle-timeout" => Defaulted(
            Span(MILLISECOND.saturating_mul(100), DAY), r#""60s""#);

        /// How the certificates of https servers are checked.
        tls: Option<UpstreamTlsFile> = "tls" => Present::<UpstreamTlsFile>::NEW;
    }
}

section! {
    /// How the certificates of https servers are checked.
    struct UpstreamTlsFile {
        /// PEM file of certificates that are trusted in addition to the system's.
        ca: Option<Located<PathBuf>> = "ca" => Required(Text {
            what: "a file name such as \"origins.pem\"", pattern: "^.+$", parse: grammar::file_path,
        }, "the PEM file to trust such as ca = \"origins.pem\", or remove tls");
    }
}

section! {
    /// Bounds of the process as a whole.
    struct LimitsFile {
        /// How long running exchanges may go on after SIGTERM.
        drain_timeout: Located<Duration> = "drain-timeout" => Defaulted(Span(Duration::ZERO, HOUR), r#""30s""#);

        /// Client connections at a time; 0: no bound.
        maximum_connections: Located<u32> = "maximum-connections" => Defaulted(Integer(0, MAXIMUM_CONNECTIONS), "0");

        /// Client connections at a time from one IP address; 0: no bound.
        maximum_connections_per_address: Located<u32> = "maximum-connections-per-address" => Defaulted(
            Integer(0, MAXIMUM_CONNECTIONS), "0");

        /// Operations of one owner that run at a time; the next request of its that needs one gets 429. 0: no bound.
        maximum_operations_per_owner: Located<u32> = "maximum-operations-per-owner" => Defaulted(
            Integer(0, MAXIMUM_OPERATIONS), "0");

        /// The same for the requests of one IP address, those of trusted-proxies not counted; 0: no bound.
        maximum_operations_per_address: Located<u32> = "maximum-operations-per-address" => Defaulted(
            Integer(0, MAXIMUM_OPERATIONS), "0");

        /// Requests a second from one IP address (IPv6: one /64) for operations that it is not told of, those of
        /// trusted-proxies not counted; five times as many may come at once. Beyond, it gets 429 for every
        /// operation. 0: no bound.
        maximum_misses_per_address: Located<u32> = "maximum-misses-per-address" => Defaulted(
            Integer(0, 1_000_000), "1000");

        /// Longest request body; a longer one is answered with 413. "0B": no bound.
        maximum_body: Located<u64> = "maximum-body" => Defaulted(Size(0, TEBIBYTE), r#""0B""#);

        /// From the first byte of a request head to its last.
        request_head_timeout: Located<Duration> = "request-head-timeout" => Defaulted(
            Span(MILLISECOND.saturating_mul(100), MINUTE.saturating_mul(5)), r#""10s""#);

        /// How long a client connection may stay open without a request.
        idle_timeout: Located<Duration> = "idle-timeout" => Defaulted(
            Span(MILLISECOND.saturating_mul(100), DAY), r#""60s""#);

        /// HTTP/2 and HTTP/3 requests at a time on one connection.
        maximum_concurrent_streams: Located<u32> = "maximum-concurrent-streams" => Defaulted(Integer(1, 1_000), "100");
    }
}
