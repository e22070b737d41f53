//! What right files mean: the example at its documented defaults, and every key at another value.

use std::num::NonZeroU32;
use std::time::Duration;

use http::{HeaderName, Method};
use progress_gateway::config::{
    AcceptAsync, ClientProfiles, InterimMode, Limits, OnDisconnect, OnRestart, OwnerKind, PathPrefix,
    Profile, ProgressSettings, Protocol, Protocols, PublicUrl, RelayInformational, RouteMatch, Settings,
    StatusProfile, StoreKind, StoreSettings, TlsSettings, UpstreamSettings,
};

use super::parse;

const EXAMPLE: &str = include_str!("example.toml");
const EVERY_KEY: &str = include_str!("every-key.toml");

const fn seconds(seconds: u64) -> Duration {
    Duration::from_secs(seconds)
}

fn read(text: &str) -> Settings {
    parse(text).unwrap_or_else(|errors| panic!("{errors}"))
}

fn default_limits() -> Limits {
    Limits {
        drain_timeout: seconds(30),
        maximum_connections: None,
        maximum_connections_per_address: None,
        maximum_operations_per_owner: None,
        maximum_operations_per_address: None,
        maximum_misses_per_address: NonZeroU32::new(1_000),
        maximum_body: None,
        request_head_timeout: seconds(10),
        idle_timeout: seconds(60),
        maximum_concurrent_streams: 100,
    }
}

fn default_store() -> StoreSettings {
    StoreSettings {
        kind: StoreKind::Embedded("data".into()),
        retention: seconds(24 * 3600),
        maximum_operations: 100_000,
        maximum_size: 1 << 30,
    }
}

fn default_progress() -> ProgressSettings {
    ProgressSettings {
        interim: InterimMode::OnRequest,
        interim_after: Duration::from_millis(100),
        accept_async: AcceptAsync::OnRequest,
        accept_after: seconds(10),
        http10_accept_after: Some(seconds(5)),
        minimum_interval: seconds(1),
        heartbeat_interval: seconds(10),
        maximum_heads: None,
        maximum_unacknowledged: 1,
        deadline: seconds(3600),
        stall_timeout: None,
        on_disconnect: OnDisconnect::Continue,
        on_restart: OnRestart::Fail,
        maximum_result: 64 << 20,
        owner: vec![OwnerKind::ClientCertificate, OwnerKind::Authorization],
        maximum_operations: None,
        idempotency: false,
        profile: StatusProfile::Azure,
    }
}

#[test]
fn the_example_of_the_interface_has_exactly_the_documented_defaults() {
    let settings = read(EXAMPLE);
    assert_eq!(settings.public_url.as_ref().map(PublicUrl::as_str), Some("https://api.example"));
    assert_eq!(settings.status_path, "/.operations/");
    assert_eq!(settings.service_name, "progress-gateway");
    assert_eq!(settings.trusted_proxies, []);
    let [encrypted, cleartext] = &settings.listeners[..] else { panic!("two listeners") };
    assert_eq!(encrypted.address, "0.0.0.0:443".parse().expect("an address"));
    assert_eq!(encrypted.protocols, Protocols::OVER_TLS);
    assert_eq!(encrypted.tls, Some(TlsSettings::SelfSigned(vec!["localhost".to_owned()])));
    assert_eq!((cleartext.protocols, cleartext.tls.as_ref()), (Protocols::CLEARTEXT, None));
    assert_eq!(settings.admin, Some("127.0.0.1:9180".parse().expect("an address")));
    let callback = settings.callback.as_ref().expect("a callback listener");
    assert_eq!((callback.address.port(), &callback.url), (9181, &None));
    assert_eq!(settings.store, default_store());
    assert_eq!(settings.limits, default_limits());
    let [upstream] = &settings.upstreams[..] else { panic!("one upstream") };
    assert_eq!((upstream.connect_timeout, upstream.idle_timeout), (seconds(5), seconds(60)));
    assert_eq!(
        upstream.servers.iter().map(ToString::to_string).collect::<Vec<_>>(),
        ["http://10.0.0.5:3000", "http://10.0.0.6:3000"]
    );
    let [route] = &settings.routes[..] else { panic!("one route") };
    assert_eq!(route.relay_informational, RelayInformational::ExceptHttp1);
    assert_eq!(route.progress, Some(default_progress()));
    assert_eq!(settings.upstream_of(route).name, "reports");
    assert_eq!(settings.profiles, ClientProfiles::default());
}

/// Leaving out what has a default means the same.
#[test]
fn the_example_means_the_same_without_its_defaults() {
    let defaulted = |line: &&str| {
        let key = line.split(['=', ' ']).next().unwrap_or_default();
        let section = [
            "status-path",
            "protocols",
            "kind",
            "path",
            "retention",
            "connect-timeout",
            "idle-timeout",
            "drain-timeout",
        ];
        let progress = ["interim", "interim-after", "accept-async", "accept-after", "http10-accept-after"];
        let more =
            ["minimum-interval", "heartbeat-interval", "maximum-heads", "maximum-unacknowledged", "deadline"];
        let last = [
            "stall-timeout",
            "on-disconnect",
            "owner",
            "maximum-result",
            "relay-informational",
            "user-agent",
            "[[client-profiles]]",
        ];
        [&section[..], &progress, &more, &last].concat().contains(&key)
    };
    let lines: Vec<&str> = EXAMPLE.lines().filter(|line| !defaulted(line)).collect();
    let short = lines.join(
        "
",
    );
    let left_out = EXAMPLE.lines().filter(defaulted).count();
    assert_eq!(left_out, 8 + 14 + 1 + 3, "keys at their default, and a profile that is built in");
    assert_eq!(read(&short), read(EXAMPLE));
}

#[test]
fn defaults_of_types_are_those_of_absent_tables() {
    assert_eq!(StoreSettings::default(), default_store());
    assert_eq!(Limits::default(), default_limits());
    assert_eq!(ProgressSettings::default(), default_progress());
    let settings = read(super::BASE);
    assert_eq!((&settings.store, &settings.limits), (&default_store(), &default_limits()));
    let [upstream] = &settings.upstreams[..] else { panic!("one upstream") };
    assert_eq!(*upstream, UpstreamSettings::new("origin", upstream.servers.clone()));
    let [route] = &settings.routes[..] else { panic!("one route") };
    assert_eq!((route.relay_informational, &route.progress), (RelayInformational::default(), &None));
    assert_eq!(
        (InterimMode::default(), AcceptAsync::default()),
        (InterimMode::OnRequest, AcceptAsync::OnRequest)
    );
    assert_eq!(OnDisconnect::default(), OnDisconnect::Continue);
}

#[test]
fn every_key_is_heard() {
    let settings = read(EVERY_KEY);
    assert_eq!(settings.public_url.as_ref().map(PublicUrl::as_str), Some("https://edge.example:8443/base"));
    assert_eq!((settings.status_path.as_str(), settings.service_name.as_str()), ("/status/", "edge-1"));
    let trusted: Vec<_> = settings.trusted_proxies.iter().map(ToString::to_string).collect();
    assert_eq!(trusted, ["10.0.0.0/8", "::1/128"]);
    let [encrypted, cleartext] = &settings.listeners[..] else { panic!("two listeners") };
    assert_eq!(encrypted.address, "[::1]:8443".parse().expect("an address"));
    assert_eq!(encrypted.protocols, [Protocol::H2, Protocol::H3].into_iter().collect());
    let names = ["edge.example", "127.0.0.1"].map(str::to_owned).to_vec();
    assert_eq!(encrypted.tls, Some(TlsSettings::SelfSigned(names)));
    assert_eq!(cleartext.protocols, [Protocol::H2c].into_iter().collect());
    assert_eq!(settings.admin, Some("127.0.0.1:9999".parse().expect("an address")));
    let callback = settings.callback.as_ref().expect("a callback listener");
    assert_eq!(callback.address, "0.0.0.0:9998".parse().expect("an address"));
    assert_eq!(callback.url.as_ref().map(PublicUrl::as_str), Some("http://edge.internal:9998/progress"));
    assert_eq!(
        settings.store,
        StoreSettings {
            kind: StoreKind::Embedded("there/operations".into()),
            retention: seconds(5400),
            maximum_operations: 7,
            maximum_size: 3 << 20,
        }
    );
    assert_eq!(
        settings.limits,
        Limits {
            drain_timeout: seconds(90),
            maximum_connections: NonZeroU32::new(1_000),
            maximum_connections_per_address: NonZeroU32::new(16),
            maximum_operations_per_owner: NonZeroU32::new(20),
            maximum_operations_per_address: NonZeroU32::new(30),
            maximum_misses_per_address: NonZeroU32::new(50),
            maximum_body: Some(5_000_000),
            request_head_timeout: seconds(2),
            idle_timeout: seconds(15),
            maximum_concurrent_streams: 12,
        }
    );
}

#[test]
fn every_key_of_upstreams_routes_and_profiles_is_heard() {
    let settings = read(EVERY_KEY);
    let [first, second] = &settings.upstreams[..] else { panic!("two upstreams") };
    assert_eq!(
        (first.connect_timeout, first.idle_timeout),
        (Duration::from_millis(250), Duration::from_millis(1_500))
    );
    assert_eq!(first.servers[0].to_string(), "h2c://origin.example:50051");
    let servers: Vec<_> = second.servers.iter().map(ToString::to_string).collect();
    assert_eq!(servers, ["https://origin.example", "http://[::1]:3000"]);
    let [exports, rest] = &settings.routes[..] else { panic!("two routes") };
    assert_eq!((exports.name.as_str(), settings.upstream_of(exports).name.as_str()), ("exports", "second"));
    assert_eq!(exports.matcher.host.as_deref(), Some("api.example"));
    assert_eq!(exports.matcher.path.as_ref().map(PathPrefix::as_str), Some("/exports"));
    let propfind = Method::from_bytes(b"PROPFIND").expect("a method");
    assert_eq!(exports.matcher.methods, [Method::POST, propfind]);
    assert_eq!(exports.relay_informational, RelayInformational::Always);
    assert_eq!(
        exports.progress,
        Some(ProgressSettings {
            interim: InterimMode::Always,
            interim_after: Duration::ZERO,
            accept_async: AcceptAsync::Never,
            accept_after: seconds(20),
            http10_accept_after: None,
            minimum_interval: Duration::from_millis(20),
            heartbeat_interval: seconds(3),
            maximum_heads: NonZeroU32::new(90),
            maximum_unacknowledged: 3,
            deadline: seconds(2 * 86_400),
            stall_timeout: Some(seconds(45)),
            on_disconnect: OnDisconnect::Cancel,
            on_restart: OnRestart::Resend,
            maximum_result: 10 << 10,
            owner: vec![
                OwnerKind::Cookie("session".to_owned()),
                OwnerKind::Header(HeaderName::from_static("x-api-key")),
                OwnerKind::Authorization,
            ],
            maximum_operations: NonZeroU32::new(40),
            idempotency: true,
            profile: StatusProfile::Fhir,
        })
    );
    assert_eq!((&rest.matcher, rest.upstream, &rest.progress), (&RouteMatch::default(), 0, &None));
    assert_eq!(rest.relay_informational, RelayInformational::Never);
    let lookup = |user_agent: &str| settings.profiles.lookup(user_agent.as_bytes()).copied();
    assert_eq!(lookup("curl/7.88.1"), NonZeroU32::new(3).map(Profile::MaximumHeads));
    assert_eq!(lookup("Go-http-client/1.1"), Some(Profile::Unlimited));
    assert_eq!(lookup("wget/1.21"), Some(Profile::NoInterim));
}
