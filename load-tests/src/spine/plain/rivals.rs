//! The proxies that are compared, each with the least configuration that does the same: TLS with
//! one certificate, HTTP/1.1 and 2, connections to the origin kept alive, no log, one worker.

use std::net::SocketAddr;
use std::path::Path;
use std::process::Stdio;

use tokio::process::Child;

use crate::spine::gateway::{Gateway, RouteKind};
use crate::spine::stage::{Side, Stage, free_address, listening};
use crate::spine::{Trouble, Wire};

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

/// A hundred octets.
const CONTENT: &str =
    "0123456789012345678901234567890123456789012345678901234567890123456789012345678901234567890123456789";

/// What nginx needs to live in a directory of ours: one process, which ends with its handle. A
/// connection never ends for having served many requests.
const NGINX: &str = "daemon off;
master_process off;
user USER;
pid NAME.pid;
error_log stderr crit;
events { worker_connections 4096; }
http {
    access_log off;
    keepalive_requests 100000000;
    keepalive_timeout 600s;
    client_body_temp_path NAME-client-body;
    proxy_temp_path NAME-proxy;
";

/// Starts an origin, nginx too, that answers with a hundred octets from memory.
pub(super) async fn origin(stage: &Stage) -> Result<Proxy, Trouble> {
    let address = free_address()?;
    let site = format!(
        "    server {{
        listen {address};
        location / {{ default_type text/plain; return 200 \"{CONTENT}\"; }}
    }}
}}
"
    );
    run_nginx(stage, Side::Measuring, ("origin", address), &site).await
}

/// Starts nginx as a proxy.
pub(super) async fn nginx(stage: &Stage, origin: &Proxy) -> Result<Proxy, Trouble> {
    let address = free_address()?;
    let site = format!(
        "    upstream origin {{
        server {};
        keepalive 256;
        keepalive_requests 100000000;
        keepalive_timeout 600s;
    }}
    server {{
        listen {address} ssl http2;
        ssl_certificate certificate.pem;
        ssl_certificate_key key.pem;
        ssl_protocols TLSv1.2 TLSv1.3;
        location / {{
            proxy_pass http://origin;
            proxy_http_version 1.1;
            proxy_set_header Connection \"\";
        }}
    }}
}}
",
        origin.address
    );
    run_nginx(stage, Side::Measured, ("nginx", address), &site).await
}

/// Starts `HAProxy`.
pub(super) async fn haproxy(stage: &Stage, origin: &Proxy) -> Result<Proxy, Trouble> {
    let address = free_address()?;
    let certificate = stage.directory().join("both.pem");
    let text = format!(
        "global
    nbthread 1
    maxconn 4096
    ssl-default-bind-options ssl-min-ver TLSv1.2
defaults
    mode http
    timeout connect 5s
    timeout client 60s
    timeout server 60s
frontend clients
    bind {address} ssl crt {} alpn h2,http/1.1
    default_backend origin
backend origin
    http-reuse always
    server origin {}
",
        certificate.display(),
        origin.address
    );
    let file = stage.write("haproxy.cfg", &text)?;
    let child = stage
        .command(Side::Measured, "/usr/sbin/haproxy")
        .args(["-q".as_ref(), "-f".as_ref(), file.as_os_str()])
        .stdout(Stdio::null())
        .spawn()
        .map_err(Trouble::system("starting HAProxy"))?;
    serving("haproxy", address, child).await
}

/// Starts the gateway with a plain route.
pub(super) async fn gateway(stage: &Stage, binary: &Path, origin: &Proxy) -> Result<Proxy, Trouble> {
    let origin = format!("http://{}", origin.address);
    let gateway = Gateway::start(stage, binary, (Wire::H2, &RouteKind::Plain), &origin).await?;
    let (address, id) = (gateway.address, gateway.id);
    Ok(Proxy { what: "gateway", address, id, _running: Running::Gateway(gateway) })
}

async fn run_nginx(
    stage: &Stage,
    side: Side,
    (name, address): (&'static str, SocketAddr),
    site: &str,
) -> Result<Proxy, Trouble> {
    let user = std::env::var("USER").unwrap_or_else(|_| "root".to_owned());
    let text = format!("{}{site}", NGINX.replace("NAME", name).replace("USER", &user));
    let file = stage.write(&format!("{name}.conf"), &text)?;
    let child = stage
        .command(side, "/usr/sbin/nginx")
        .args(["-p".as_ref(), stage.directory().as_os_str(), "-c".as_ref(), file.as_os_str()])
        .spawn()
        .map_err(Trouble::system("starting nginx"))?;
    serving(name, address, child).await
}

async fn serving(what: &'static str, address: SocketAddr, mut child: Child) -> Result<Proxy, Trouble> {
    let id = listening(&mut child, what, address).await?;
    Ok(Proxy { what, address, id, _running: Running::Other(child) })
}
