//! The origin and the gateway of a demo.

use std::net::{Ipv4Addr, SocketAddr};
use std::path::Path;

use downstream::Drain;
use futures_util::Stream;

use super::client::Target;
use super::folder::{self, Folder};
use super::origin::Origin;
use super::screen::Sights;
use super::{Demo, DemoError};
use crate::config;
use crate::gateway::{self, Running};
use crate::signals::Signal;

/// Everything that a tour visits. Dropping it ends it.
#[derive(Debug)]
pub(super) struct Site {
    origin: Origin,
    gateway: Running,
    folder: Folder,
    target: Target,
}

impl Site {
    /// Starts the origin and the gateway. To be called within a runtime.
    pub(super) async fn open(demo: Demo) -> Result<Self, DemoError> {
        let origin = Origin::start(demo.step).await?;
        let ports = demo.ports.choose()?;
        let address = SocketAddr::from((Ipv4Addr::LOCALHOST, ports.tls.port()));
        let authority = format!("localhost:{}", address.port());
        let configuration =
            configuration(&authority, [ports.tls, ports.clear, ports.admin], origin.address());
        let settings = config::parse(&configuration, Path::new("demo.toml"))?;
        let gateway = gateway::start(settings, Drain::new())?;
        let certificates = gateway.certificates().iter().flatten().cloned().collect::<Vec<_>>();
        let folder = Folder::new()?;
        folder.write("gateway.toml", &configuration)?;
        folder.write("certificate.pem", &certificates.iter().map(folder::pem).collect::<String>())?;
        let target = Target::new(address, authority, certificates)?;
        Ok(Self { origin, gateway, folder, target })
    }

    /// Where the gateway is, and whom to trust.
    pub(super) fn target(&self) -> &Target {
        &self.target
    }

    /// What a visitor has to know.
    pub(super) fn sights(&self) -> Sights<'_> {
        let addresses = self.gateway.addresses();
        Sights {
            origin: self.origin.address(),
            work: self.origin.work(),
            base: self.target.base(),
            clear: addresses.get(1).copied(),
            admin: self.gateway.admin_address(),
            folder: self.folder.path(),
        }
    }

    /// Serves until `signals` say stop, and then drains.
    pub(super) async fn serve<S>(self, signals: S)
    where
        S: Stream<Item = Signal> + Unpin,
    {
        // Origin and folder go on until the last client has its answer.
        let Self { origin, gateway, folder, .. } = self;
        gateway.run(signals).await;
        drop((origin, folder));
    }
}

fn configuration(authority: &str, [tls, clear, admin]: [SocketAddr; 3], origin: SocketAddr) -> String {
    format!(
        r#"# The gateway of the demo, with intervals short enough to watch.
public-url = "https://{authority}"

[[listeners]]
address   = "{tls}"
protocols = ["http/1.1", "h2", "h3"]
tls       = {{ self-signed = ["localhost"] }}

[[listeners]]
address = "{clear}"

[admin]
address = "{admin}"

[limits]
drain-timeout = "6s"

[[upstreams]]
name    = "reports"
servers = ["http://{origin}"]

[[routes]]
name     = "reports"
match    = {{ path = "/reports", methods = ["POST"] }}
upstream = "reports"

[routes.progress]
interim-after       = "100ms"
minimum-interval    = "100ms"
heartbeat-interval  = "1s"
http10-accept-after = "500ms"

[[routes]]
name     = "plain"
upstream = "reports"
"#
    )
}
