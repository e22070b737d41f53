//! Caddy.

use std::process::Stdio;

use super::{Proxy, serving};
use crate::spine::Trouble;
use crate::spine::stage::{Side, Stage, free_address};

/// Starts it. Bound to one core, Go runs its goroutines on one thread at a time.
pub(super) async fn proxy(stage: &Stage, origin: &str) -> Result<Proxy, Trouble> {
    let address = free_address()?;
    let directory = stage.directory();
    let text = format!(
        "{{
    admin off
    auto_https off
    log {{
        output discard
    }}
    servers {{
        protocols h1 h2
    }}
}}
https://:{} {{
    bind {}
    tls {} {}
    reverse_proxy {origin} {{
        transport http {{
            versions 1.1
            keepalive 600s
            keepalive_idle_conns_per_host 256
        }}
    }}
}}
",
        address.port(),
        address.ip(),
        directory.join("certificate.pem").display(),
        directory.join("key.pem").display(),
    );
    let file = stage.write("Caddyfile", &text)?;
    let child = stage
        .command(Side::Measured, "/usr/bin/caddy")
        .args([
            "run".as_ref(),
            "--adapter".as_ref(),
            "caddyfile".as_ref(),
            "--config".as_ref(),
            file.as_os_str(),
        ])
        // Where it would keep certificates and its last configuration.
        .env("HOME", directory)
        .env("XDG_DATA_HOME", directory)
        .env("XDG_CONFIG_HOME", directory)
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .spawn()
        .map_err(Trouble::system("starting Caddy"))?;
    serving("caddy", address, child).await
}
