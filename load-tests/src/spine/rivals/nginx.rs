//! nginx, as a proxy and as an origin.

use std::net::SocketAddr;

use super::{CONNECTIONS, Proxy, serving};
use crate::spine::Trouble;
use crate::spine::stage::{Side, Stage, free_address};

/// A hundred octets.
const CONTENT: &str =
    "0123456789012345678901234567890123456789012345678901234567890123456789012345678901234567890123456789";

/// What nginx needs to live in a directory of ours: one process, which ends with its handle. A
/// connection never ends for having served many requests.
const HEAD: &str = "daemon off;
master_process off;
user USER;
pid NAME.pid;
error_log stderr crit;
worker_rlimit_nofile CONNECTIONS;
events { worker_connections CONNECTIONS; }
http {
    access_log off;
    keepalive_requests 100000000;
    keepalive_timeout 600s;
    client_body_temp_path NAME-client-body;
    proxy_temp_path NAME-proxy;
";

/// Starts an origin. See [`super::Scene::origin`].
pub(super) async fn origin(stage: &Stage) -> Result<Proxy, Trouble> {
    let address = free_address()?;
    let site = format!(
        "    sendfile on;
    server {{
        listen {address};
        location / {{ default_type text/plain; return 200 \"{CONTENT}\"; }}
        location /large {{ root {}; }}
    }}
}}
",
        stage.directory().display()
    );
    run(stage, Side::Measuring, ("origin", address), &site).await
}

/// Starts it as a proxy. It keeps nothing in files: a disk would be measured.
pub(super) async fn proxy(stage: &Stage, origin: &str) -> Result<Proxy, Trouble> {
    let address = free_address()?;
    let site = format!(
        "    upstream origin {{
        server {origin};
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
            proxy_read_timeout 600s;
            proxy_max_temp_file_size 0;
        }}
    }}
}}
"
    );
    run(stage, Side::Measured, ("nginx", address), &site).await
}

async fn run(
    stage: &Stage,
    side: Side,
    (name, address): (&'static str, SocketAddr),
    site: &str,
) -> Result<Proxy, Trouble> {
    let user = std::env::var("USER").unwrap_or_else(|_| "root".to_owned());
    let head =
        HEAD.replace("NAME", name).replace("USER", &user).replace("CONNECTIONS", &CONNECTIONS.to_string());
    let file = stage.write(&format!("{name}.conf"), &format!("{head}{site}"))?;
    let child = stage
        .command(side, "/usr/sbin/nginx")
        .args(["-p".as_ref(), stage.directory().as_os_str(), "-c".as_ref(), file.as_os_str()])
        .spawn()
        .map_err(Trouble::system("starting nginx"))?;
    serving(name, address, child).await
}
