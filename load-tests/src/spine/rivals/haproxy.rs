//! `HAProxy`.

use std::process::Stdio;

use super::{CONNECTIONS, Proxy, serving};
use crate::spine::Trouble;
use crate::spine::stage::{Side, Stage, free_address};

/// Starts it. Its `maxconn` counts the connections of clients: each may take another one to the
/// origin.
pub(super) async fn proxy(stage: &Stage, origin: &str) -> Result<Proxy, Trouble> {
    let address = free_address()?;
    let certificate = stage.directory().join("both.pem");
    let text = format!(
        "global
    nbthread 1
    maxconn {}
    ssl-default-bind-options ssl-min-ver TLSv1.2
defaults
    mode http
    timeout connect 5s
    timeout client 600s
    timeout server 600s
frontend clients
    bind {address} ssl crt {} alpn h2,http/1.1
    default_backend origin
backend origin
    http-reuse always
    server origin {origin}
",
        CONNECTIONS / 2,
        certificate.display(),
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
