//! A gateway without a file: one listener or a few, one upstream, one route with progress.

use std::net::{IpAddr, SocketAddr};

use super::error::{ConfigError, ConfigErrors};
use super::file::ConfigFile;
use super::grammar::{PublicUrl, ServerAddress};
use super::profiles::ClientProfiles;
use super::section::absent;
use super::settings::{
    Limits, ListenerSettings, ProgressSettings, Protocols, RelayInformational, RouteMatch, RouteSettings,
    Settings, StoreKind, StoreSettings, TlsSettings, UpstreamSettings,
};

/// What the command line says when it names no file.
#[derive(Debug, Clone)]
pub struct QuickStart {
    /// Where to listen; empty: `127.0.0.1:8443` with TLS, `127.0.0.1:8080` without.
    pub listen: Vec<SocketAddr>,
    /// The origin, such as `http://127.0.0.1:3000`; there is no default.
    pub upstream: Option<String>,
    /// Whether the listeners encrypt.
    pub tls: QuickTls,
}

/// Whether the listeners of a quick start encrypt.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum QuickTls {
    /// HTTP/1.1 and h2c.
    #[default]
    Cleartext,
    /// HTTP/1.1, 2 and 3 with a self-signed certificate for `localhost` and the listening addresses.
    SelfSigned,
}

/// The settings of a quick start: one route `default`, with progress, everything at its default, but
/// operations in memory: who tries something out wants no directory of it.
///
/// The public URL is that of the first listener; with port 0 it stays `None`, and whoever binds the
/// socket sets it.
///
/// # Errors
/// Everything that is wrong with the options, without positions and with the option as the key.
pub fn quick_start(quick: QuickStart) -> Result<Settings, ConfigErrors> {
    let mut errors = Vec::new();
    let mut wrong = |key: &str, message: String| {
        errors.push(ConfigError { position: None, key: key.to_owned(), message });
    };
    let example = "write --upstream http://127.0.0.1:3000 or use --config FILE";
    let server = match quick.upstream.as_deref().map(ServerAddress::parse) {
        Some(Ok(server)) => Some(server),
        Some(Err(message)) => {
            wrong("--upstream", message);
            None
        }
        None => {
            wrong("--upstream", format!("is missing, {example}"));
            None
        }
    };
    let listen = if quick.listen.is_empty() { vec![default_address(quick.tls)] } else { quick.listen };
    for (index, address) in listen.iter().enumerate() {
        if address.port() != 0 && listen[..index].contains(address) {
            wrong("--listen", format!("{address} is given twice, write each address once"));
        }
    }
    match server {
        Some(server) if errors.is_empty() => Ok(settings(&listen, server, quick.tls)),
        _ => Err(ConfigErrors::new("command line".to_owned(), errors)),
    }
}

/// Of the listeners, the name of the upstream and of the route.
const NAME: &str = "default";

fn settings(listen: &[SocketAddr], server: ServerAddress, tls: QuickTls) -> Settings {
    let file: ConfigFile = absent();
    Settings {
        public_url: listen.first().and_then(|address| public_url(*address, tls)),
        status_path: file.status_path.value,
        service_name: file.service_name.value,
        trusted_proxies: Vec::new(),
        listeners: listen.iter().map(|address| listener(*address, tls)).collect(),
        admin: None,
        callback: None,
        store: StoreSettings { kind: StoreKind::Memory, ..StoreSettings::default() },
        upstreams: vec![UpstreamSettings::new(NAME, vec![server])],
        limits: Limits::default(),
        routes: vec![RouteSettings {
            name: NAME.to_owned(),
            matcher: RouteMatch::default(),
            upstream: 0,
            relay_informational: RelayInformational::default(),
            progress: Some(ProgressSettings::default()),
        }],
        profiles: ClientProfiles::default(),
    }
}

fn listener(address: SocketAddr, tls: QuickTls) -> ListenerSettings {
    match tls {
        QuickTls::Cleartext => {
            ListenerSettings { address, protocols: Protocols::CLEARTEXT, tls: None, client_ca: None }
        }
        QuickTls::SelfSigned => {
            let mut names = ["localhost", "127.0.0.1", "::1"].map(str::to_owned).to_vec();
            if !is_local(address.ip()) {
                names.push(address.ip().to_string());
            }
            let tls = Some(TlsSettings::SelfSigned(names));
            ListenerSettings { address, protocols: Protocols::OVER_TLS, tls, client_ca: None }
        }
    }
}

fn default_address(tls: QuickTls) -> SocketAddr {
    let port = match tls {
        QuickTls::Cleartext => 8080,
        QuickTls::SelfSigned => 8443,
    };
    SocketAddr::from(([127, 0, 0, 1], port))
}

fn public_url(address: SocketAddr, tls: QuickTls) -> Option<PublicUrl> {
    let scheme = match tls {
        QuickTls::Cleartext => "http",
        QuickTls::SelfSigned => "https",
    };
    let port = Some(address.port()).filter(|port| *port != 0)?;
    let url = if is_local(address.ip()) {
        format!("{scheme}://localhost:{port}")
    } else {
        format!("{scheme}://{address}")
    };
    PublicUrl::parse(&url).ok()
}

/// Whether clients on this machine reach the address as `localhost`.
fn is_local(address: IpAddr) -> bool {
    address.is_loopback() || address.is_unspecified()
}
