//! The configuration of the gateway that a run starts.

use std::net::SocketAddr;

use serde::Serialize;

use crate::scenario::Scenario;
use crate::trouble::Trouble;

/// The file of the certificate, in the configuration's directory.
pub(super) const CERTIFICATE: &str = "certificate.pem";
/// The file of its key.
pub(super) const KEY: &str = "key.pem";
/// How long what still runs may hold up the gateway's end: its clients have left by then.
pub(super) const DRAIN_SECONDS: u64 = 5;
/// Where progress is.
const JOBS: &str = "/jobs/";
/// Requests at a time on one connection of HTTP/2 and 3: the gateway's default, and the most that it takes.
const STREAMS: (usize, usize) = (100, 1000);

#[derive(Serialize)]
#[serde(rename_all = "kebab-case")]
struct File<'a> {
    public_url: String,
    listeners: [Listener; 2],
    admin: Admin,
    upstreams: [Upstream<'a>; 1],
    limits: Limits,
    #[serde(skip_serializing_if = "toml::Table::is_empty")]
    store: &'a toml::Table,
    routes: [Route<'a>; 2],
}

#[derive(Serialize)]
struct Listener {
    address: SocketAddr,
    protocols: &'static [&'static str],
    #[serde(skip_serializing_if = "Option::is_none")]
    tls: Option<Tls>,
}

#[derive(Serialize)]
#[serde(rename_all = "kebab-case")]
struct Tls {
    certificate: &'static str,
    private_key: &'static str,
}

#[derive(Serialize)]
struct Admin {
    address: SocketAddr,
}

#[derive(Serialize)]
struct Upstream<'a> {
    name: &'static str,
    servers: [&'a str; 1],
}

#[derive(Serialize)]
#[serde(rename_all = "kebab-case")]
struct Limits {
    drain_timeout: String,
    maximum_concurrent_streams: usize,
}

#[derive(Serialize)]
struct Route<'a> {
    name: &'static str,
    upstream: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    r#match: Option<Match>,
    #[serde(skip_serializing_if = "Option::is_none")]
    progress: Option<&'a toml::Table>,
}

#[derive(Serialize)]
struct Match {
    path: &'static str,
}

/// The text of the file: one listener for all protocols over TLS at the first address, one without TLS at the
/// second, the admin listener at the third, progress on `/jobs/` and a plain route for all else, both in front
/// of `origin`.
pub(super) fn of(
    scenario: &Scenario,
    [address, cleartext, admin]: [SocketAddr; 3],
    origin: &str,
) -> Result<String, Trouble> {
    let (least, most) = STREAMS;
    let asked = scenario.clients.iter().map(|kind| kind.streams).max().unwrap_or_default();
    let upstream = "origin";
    let progress = Some(&scenario.gateway.progress);
    toml::to_string(&File {
        public_url: format!("https://localhost:{}", address.port()),
        listeners: [
            Listener {
                address,
                protocols: &["http/1.1", "h2", "h3"],
                tls: Some(Tls { certificate: CERTIFICATE, private_key: KEY }),
            },
            Listener { address: cleartext, protocols: &["http/1.1", "h2c"], tls: None },
        ],
        admin: Admin { address: admin },
        upstreams: [Upstream { name: upstream, servers: [origin] }],
        limits: Limits {
            drain_timeout: format!("{DRAIN_SECONDS}s"),
            maximum_concurrent_streams: asked.clamp(least, most),
        },
        store: &scenario.gateway.store,
        routes: [
            Route { name: "jobs", upstream, r#match: Some(Match { path: JOBS }), progress },
            Route { name: "plain", upstream, r#match: None, progress: None },
        ],
    })
    .map_err(Trouble::unexpected("writing the gateway's configuration"))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::scenario::{Length, read};

    const SCENARIO: &str = r#"
summary = "s"
about = "a"
duration = "1s"
[arrival]
shape = "constant"
rate = 1.0
[[clients]]
name = "c"
protocol = "h2"
streams = 500
[gateway]
progress = { heartbeat-interval = "2s", maximum-heads = 3 }
store = { retention = "1m" }
"#;

    #[test]
    fn keys_of_progress_and_store_are_handed_on_as_they_are_written() {
        let scenario = read(SCENARIO, "s", Length::Full).expect("a scenario");
        let addresses = [8443, 8080, 9180].map(|port| SocketAddr::from(([127, 0, 0, 1], port)));
        let text = of(&scenario, addresses, "h2c://127.0.0.1:1").expect("a configuration");
        let read: toml::Table = toml::from_str(&text).expect("TOML");
        let routes = read["routes"].as_array().expect("routes");
        assert_eq!(routes[0]["progress"]["heartbeat-interval"].as_str(), Some("2s"));
        assert_eq!(routes[0]["progress"]["maximum-heads"].as_integer(), Some(3));
        assert_eq!(read["store"]["retention"].as_str(), Some("1m"));
        assert_eq!(routes[0]["match"]["path"].as_str(), Some("/jobs/"));
        assert!(routes[1].get("progress").is_none() && routes[1].get("match").is_none());
        assert_eq!(read["limits"]["maximum-concurrent-streams"].as_integer(), Some(500));
        assert_eq!(read["public-url"].as_str(), Some("https://localhost:8443"));
        let listeners = read["listeners"].as_array().expect("listeners");
        assert!(listeners[0].get("tls").is_some() && listeners[1].get("tls").is_none());
        assert_eq!(listeners[1]["address"].as_str(), Some("127.0.0.1:8080"));
    }
}
