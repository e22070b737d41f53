//! The origin and the gateway of a demo.

use std::io;
use std::net::{Ipv4Addr, SocketAddr};
use std::path::Path;

use downstream::Drain;
use futures_util::Stream;

use super::client::Target;
use super::folder::{self, Folder};
use super::origin::Origin;
use super::ports::USUAL;
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
    bound: Bound,
    folder: Folder,
    target: Target,
}

/// Where the gateway listens, with the ports that it really has.
#[derive(Clone, Copy, Debug)]
struct Bound {
    tls: SocketAddr,
    clear: SocketAddr,
    admin: SocketAddr,
}

impl Bound {
    /// `None` if the gateway has not the listeners that it was told to have.
    fn of(gateway: &Running) -> Option<Self> {
        let [tls, clear] = gateway.addresses() else { return None };
        Some(Self { tls: *tls, clear: *clear, admin: gateway.admin_address()? })
    }
}

impl Site {
    /// Starts the origin and the gateway. To be called within a runtime.
    pub(super) async fn open(demo: Demo) -> Result<Self, DemoError> {
        let origin = Origin::start(demo.step).await?;
        let usual = USUAL.map(|port| SocketAddr::from((Ipv4Addr::LOCALHOST, port)));
        let mut settings = config::parse(&configuration(usual, origin.address()), Path::new("demo.toml"))?;
        let [tls, clear, admin] = demo.ports.choose();
        for (listener, address) in settings.listeners.iter_mut().zip([tls, clear]) {
            listener.address = address;
        }
        settings.admin = Some(admin);
        // Only the bound socket knows the port.
        settings.public_url = None;
        let gateway = gateway::start(&settings, Drain::new()).await?;

        let bound = Bound::of(&gateway).ok_or_else(|| io::Error::other("a listener is missing"))?;
        let certificates: Vec<_> = gateway.certificates().iter().flatten().cloned().collect();
        let folder = Folder::new()?;
        folder
            .write("gateway.toml", &configuration([bound.tls, bound.clear, bound.admin], origin.address()))?;
        folder.write("certificate.pem", &certificates.iter().map(folder::pem).collect::<String>())?;
        let target = Target::new(bound.tls, authority(bound.tls), certificates)?;
        Ok(Self { origin, gateway, bound, folder, target })
    }

    /// Where the gateway is, and whom to trust.
    pub(super) fn target(&self) -> &Target {
        &self.target
    }

    /// What a visitor has to know.
    pub(super) fn sights(&self) -> Sights<'_> {
        Sights {
            origin: self.origin.address(),
            work: self.origin.work(),
            base: self.target.base(),
            clear: self.bound.clear,
            admin: self.bound.admin,
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

/// What clients call the gateway.
fn authority(tls: SocketAddr) -> String {
    format!("localhost:{}", tls.port())
}

fn configuration([tls, clear, admin]: [SocketAddr; 3], origin: SocketAddr) -> String {
    let authority = authority(tls);
    format!(
        r#"# The gateway of the demo, with intervals short enough to watch.
public-url = "https://{authority}"

[store]
kind = "memory" # gone with the demo; without this table operations survive in the directory "data"

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
