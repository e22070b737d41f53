//! The proxies that are compared, each with the least configuration that does the same: TLS with
//! one certificate, HTTP/1.1 and 2, connections to the origin kept alive, no log, one worker.

mod caddy;
mod haproxy;
mod nginx;

use std::net::SocketAddr;
use std::path::PathBuf;

use tokio::process::Child;

use super::gateway::{Gateway, RouteKind};
use super::stage::{Stage, installed, listening};
use super::{Trouble, Wire, gateway};

/// Connections, both sides together, that a proxy is prepared for: 8,000 requests over HTTP/1.1 and
/// some. Twice as many would be more than the 20,000 descriptors that a process may often have.
const CONNECTIONS: u32 = 18_000;

/// One of them.
#[derive(Clone, Debug)]
pub(super) enum Kind {
    /// The gateway, with one route.
    Gateway(Wire, RouteKind),
    /// Another build of it, with a plain route.
    Other(PathBuf),
    /// nginx.
    Nginx,
    /// `HAProxy`.
    Haproxy,
    /// Caddy.
    Caddy,
}

/// A running server; it ends with its handle.
pub(super) struct Proxy {
    /// Who it is.
    pub(super) what: &'static str,
    /// Where it listens.
    pub(super) address: SocketAddr,
    /// Its process id. Each of them is one process.
    pub(super) id: u32,
    _running: Running,
}

enum Running {
    Gateway(#[expect(dead_code, reason = "held for its drop")] Gateway),
    Other(#[expect(dead_code, reason = "held for its drop")] Child),
}

/// Where proxies are started, and which gateway is.
pub(super) struct Scene {
    pub(super) stage: Stage,
    binary: PathBuf,
}

impl Scene {
    /// With this gateway; `None`: the one built beside this program.
    pub(super) async fn new(gateway: Option<&PathBuf>) -> Result<Self, Trouble> {
        let binary = gateway.cloned().unwrap_or_else(gateway::built);
        Ok(Self { stage: Stage::new().await?, binary })
    }

    /// Starts a proxy before `origin`, which speaks HTTP/1.1 without TLS (before the gateway also
    /// HTTP/2, by its URL).
    pub(super) async fn start(&self, kind: &Kind, origin: &str) -> Result<Proxy, Trouble> {
        let authority = origin.split_once("://").map_or(origin, |(_, authority)| authority);
        match kind {
            Kind::Gateway(wire, route) => {
                let gateway = Gateway::start(&self.stage, &self.binary, (*wire, route), origin).await?;
                Ok(Proxy::gateway("gateway", gateway))
            }
            Kind::Other(binary) => {
                let plain = (Wire::H2, &RouteKind::Plain);
                let gateway = Gateway::start(&self.stage, binary, plain, origin).await?;
                Ok(Proxy::gateway("the other gateway", gateway))
            }
            Kind::Nginx => nginx::proxy(&self.stage, authority).await,
            Kind::Haproxy => haproxy::proxy(&self.stage, authority).await,
            Kind::Caddy => caddy::proxy(&self.stage, authority).await,
        }
    }

    /// Starts an origin, nginx too, that answers `/plain` with a hundred octets from memory and
    /// `/large` with the file `large` in the directory of the stage.
    pub(super) async fn origin(&self) -> Result<Proxy, Trouble> {
        nginx::origin(&self.stage).await
    }
}

impl Proxy {
    fn gateway(what: &'static str, gateway: Gateway) -> Self {
        Self { what, address: gateway.address, id: gateway.id, _running: Running::Gateway(gateway) }
    }

    /// Its URL, as the configuration of a proxy in front of it names it.
    pub(super) fn url(&self) -> String {
        format!("http://{}", self.address)
    }
}

/// Whether these programs are there.
pub(super) fn need(programs: &[Program]) -> Result<(), Trouble> {
    for (program, package) in programs {
        if !installed(program) {
            return Err(Trouble::Missing { program, package });
        }
    }
    Ok(())
}

/// A program, and the package of Debian that it comes in.
pub(super) type Program = (&'static str, &'static str);

pub(super) const NGINX: Program = ("nginx", "nginx-light");
pub(super) const HAPROXY: Program = ("haproxy", "haproxy");
pub(super) const CADDY: Program = ("caddy", "caddy");
pub(super) const H2LOAD: Program = ("h2load", "nghttp2-client");
pub(super) const CURL: Program = ("curl", "curl");

async fn serving(what: &'static str, address: SocketAddr, mut child: Child) -> Result<Proxy, Trouble> {
    let id = listening(&mut child, what, address).await?;
    Ok(Proxy { what, address, id, _running: Running::Other(child) })
}
