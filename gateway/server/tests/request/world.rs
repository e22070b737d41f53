//! A gateway before a scripted origin, under a name that leads to it.

use std::fs;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use downstream::Drain;
use progress_gateway::{config, gateway};

use crate::origin::Origin;

const CONFIGURATION: &str = r#"
public-url = "https://gateway.example"
[[listeners]]
address = "127.0.0.1:0"
tls = { self-signed = ["localhost"] }
[[listeners]]
address = "127.0.0.1:0"
[store]
kind = "memory"
[[upstreams]]
name = "origin"
servers = ["http://ORIGIN"]
[[routes]]
name = "jobs"
match = { path = "/jobs" }
upstream = "origin"
[routes.progress]
interim-after = "20ms"
minimum-interval = "20ms"
heartbeat-interval = "1s"
accept-after = "50ms"
http10-accept-after = "50ms"
[[routes]]
name = "plain"
upstream = "origin"
"#;

pub struct World {
    pub origin: Arc<Origin>,
    /// Such as `https://localhost:8443`.
    pub base: String,
    /// The same in cleartext.
    pub clear: String,
    /// The gateway's certificate.
    pub certificate: PathBuf,
    _gateway: gateway::Running,
}

impl World {
    /// `name`: of the test.
    pub async fn new(name: &str) -> Self {
        let origin = Origin::start().await;
        let text = CONFIGURATION.replace("ORIGIN", &origin.address.to_string());
        let mut settings = config::parse(&text, Path::new("request.toml")).expect("a valid configuration");
        // Only the bound socket knows the port.
        settings.public_url = None;
        let gateway = gateway::start(&settings, Drain::new()).await.expect("the gateway starts");
        let [tls, clear] = gateway.addresses() else { panic!("two listeners") };
        let der = gateway.certificates()[0].clone().expect("a listener with TLS");
        let certificate = PathBuf::from(env!("CARGO_TARGET_TMPDIR")).join(format!("request-{name}.pem"));
        let pem =
            format!("-----BEGIN CERTIFICATE-----\n{}\n-----END CERTIFICATE-----\n", STANDARD.encode(&der));
        fs::write(&certificate, pem).expect("there is room for a file");
        Self {
            origin,
            base: format!("https://localhost:{}", tls.port()),
            clear: format!("http://localhost:{}", clear.port()),
            certificate,
            _gateway: gateway,
        }
    }

    /// The arguments of a request that trusts the gateway.
    pub fn trusting<'a>(&'a self, more: &[&'a str]) -> Vec<&'a str> {
        let certificate = self.certificate.to_str().expect("it is text");
        [&["--cacert", certificate], more].concat()
    }
}
