//! A gateway before a scripted origin.

use std::path::Path;
use std::sync::Arc;

use downstream::Drain;
use progress_gateway::{config, gateway};

use crate::client::{Ask, Heard, Talk, Target, Wire};
use crate::origin::Origin;

/// Short times, so that nothing takes long; the longest wait of a scenario is a whole second,
/// because `wait` counts in seconds.
const CONFIGURATION: &str = r#"
public-url = "https://gateway.example"
[store]
kind = "memory"
[[listeners]]
address = "127.0.0.1:0"
tls = { self-signed = ["localhost"] }
[[upstreams]]
name = "origin"
servers = ["http://ORIGIN"]
[[upstreams]]
name = "nobody"
servers = ["http://127.0.0.1:1"]
[[routes]]
name = "plain"
match = { path = "/plain" }
upstream = "origin"
[[routes]]
name = "refused"
match = { path = "/refused" }
upstream = "nobody"
[[routes]]
name = "short"
match = { path = "/short" }
upstream = "origin"
[routes.progress]
interim-after = "20ms"
deadline = "1s"
[[routes]]
name = "stalling"
match = { path = "/stalling" }
upstream = "origin"
[routes.progress]
interim-after = "20ms"
stall-timeout = "300ms"
[[client-profiles]]
user-agent = "deaf/"
interim = "never"
[[client-profiles]]
user-agent = "brief/"
maximum-heads = 1
[[routes]]
name = "always-202"
match = { path = "/always-202" }
upstream = "origin"
[routes.progress]
accept-async = "always"
accept-after = "50ms"
[[routes]]
name = "never-202"
match = { path = "/never-202" }
upstream = "origin"
[routes.progress]
accept-async = "never"
[[routes]]
name = "always-102"
match = { path = "/always-102" }
upstream = "origin"
[routes.progress]
interim = "always"
interim-after = "20ms"
[[routes]]
name = "never-102"
match = { path = "/never-102" }
upstream = "origin"
[routes.progress]
interim = "never"
[[routes]]
name = "leaving"
match = { path = "/leaving" }
upstream = "origin"
[routes.progress]
interim-after = "20ms"
on-disconnect = "cancel"
[[routes]]
name = "budgeted"
match = { path = "/budgeted" }
upstream = "origin"
[routes.progress]
interim-after = "20ms"
minimum-interval = "20ms"
maximum-heads = 2
[[routes]]
name = "never-10"
match = { path = "/never-10" }
upstream = "origin"
[routes.progress]
http10-accept-after = "never"
[[routes]]
name = "tight"
match = { path = "/tight" }
upstream = "origin"
[routes.progress]
interim-after = "20ms"
maximum-result = "1KiB"
[[routes]]
name = "owned"
match = { path = "/owned" }
upstream = "origin"
[routes.progress]
interim-after = "20ms"
owner = ["cookie:session", "header:x-user"]
[[routes]]
name = "free"
match = { path = "/free" }
upstream = "origin"
[routes.progress]
interim-after = "20ms"
owner = []
[[routes]]
name = "few"
match = { path = "/few" }
upstream = "origin"
[routes.progress]
interim-after = "20ms"
maximum-operations = 1
[[routes]]
name = "jobs"
match = { path = "/jobs" }
upstream = "origin"
[routes.progress]
interim-after = "20ms"
minimum-interval = "20ms"
heartbeat-interval = "1s"
accept-after = "100ms"
http10-accept-after = "100ms"
maximum-result = "128KiB"
"#;

pub struct World {
    pub origin: Arc<Origin>,
    pub target: Target,
    pub gateway: gateway::Running,
    pub drain: Drain,
}

impl World {
    pub async fn new() -> Self {
        Self::with("").await
    }

    /// With more at the end of the configuration.
    pub async fn with(more: &str) -> Self {
        Self::configured(CONFIGURATION, more).await
    }

    /// With a store that holds one operation, and more at the end of the configuration.
    pub async fn small(more: &str) -> Self {
        let small = "kind = \"memory\"\nmaximum-operations = 1";
        Self::configured(&CONFIGURATION.replace("kind = \"memory\"", small), more).await
    }

    async fn configured(text: &str, more: &str) -> Self {
        let origin = Origin::start().await;
        let text = text.replace("ORIGIN", &origin.address.to_string()) + more;
        let settings = config::parse(&text, Path::new("spine.toml")).expect("a valid configuration");
        let drain = Drain::new();
        let gateway = gateway::start(&settings, drain.clone()).await.expect("the gateway starts");
        let mut trusted = rustls::RootCertStore::empty();
        let certificate = gateway.certificates()[0].clone().expect("a listener with TLS");
        trusted.add(certificate).expect("a certificate");
        let target = Target { address: gateway.addresses()[0], trusted: Arc::new(trusted) };
        Self { origin, target, gateway, drain }
    }

    pub fn begin(&self, wire: Wire, ask: Ask) -> Talk {
        self.target.begin(wire, ask)
    }

    pub async fn ask(&self, wire: Wire, ask: Ask) -> Heard {
        self.target.ask(wire, ask).await
    }

    /// The value of a metric series, given as it stands in the exposition.
    pub fn metric(&self, series: &str) -> u64 {
        let text = self.gateway.metrics().text().expect("metrics");
        let line =
            text.lines().find(|line| line.starts_with(series) && line[series.len()..].starts_with(' '));
        let line = line.unwrap_or_else(|| panic!("no series {series}"));
        line.rsplit(' ').next().expect("a value").parse().expect("a number")
    }
}

/// The path of a status URI below the public base.
pub fn path_of(uri: &str) -> String {
    let path = uri.strip_prefix("https://gateway.example").unwrap_or_else(|| panic!("a status URI: {uri}"));
    assert!(path.starts_with("/.operations/"), "{path}");
    path.to_owned()
}
