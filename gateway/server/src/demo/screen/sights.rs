//! What stands where, and what to try there.

use std::net::SocketAddr;
use std::path::Path;
use std::time::Duration;

/// What a visitor has to know.
#[derive(Clone, Copy, Debug)]
pub(in crate::demo) struct Sights<'a> {
    /// The origin.
    pub(in crate::demo) origin: SocketAddr,
    /// How long a report takes.
    pub(in crate::demo) work: Duration,
    /// What every address of the gateway begins with.
    pub(in crate::demo) base: &'a str,
    /// The gateway without TLS.
    pub(in crate::demo) clear: Option<SocketAddr>,
    /// Metrics and health.
    pub(in crate::demo) admin: Option<SocketAddr>,
    /// The directory with `certificate.pem` and `gateway.toml`.
    pub(in crate::demo) folder: &'a Path,
}

impl Sights<'_> {
    /// Each place with what it is.
    pub(super) fn places(&self) -> Vec<(&'static str, String)> {
        let origin = format!("http://{}  works {:.1} s on a report", self.origin, self.work.as_secs_f64());
        let mut places =
            vec![("origin", origin), ("gateway", format!("{}  HTTP/1.0, 1.1, 2 and 3", self.base))];
        places.extend(self.clear.map(|at| ("", format!("http://{at}  cleartext: HTTP/1.0, 1.1 and h2c"))));
        places.extend(self.admin.map(|at| ("", format!("http://{at}/metrics  and /livez, /readyz"))));
        places.push(("files", format!("{}  certificate.pem, gateway.toml", self.folder.display())));
        places
    }

    /// Commands to copy, each with what it shows.
    pub(super) fn commands(&self) -> Vec<(&'static str, String)> {
        let base = self.base;
        let trust = format!("--cacert {}", self.folder.join("certificate.pem").display());
        let told = |version: &str| {
            let wishes = "-H 'Prefer: processing, progress'";
            format!("curl -iN {version} {trust} {wishes} -d 'my sales' {base}/reports")
        };
        let mut commands = vec![
            ("each 102 as it comes", told("--http1.1")),
            ("the same over HTTP/2", told("--http2")),
            ("and over HTTP/3, with a curl that speaks it", told("--http3-only")),
            (
                "202 after a second; then look at its Location, and at its Location/result",
                format!("curl -i {trust} -H 'Prefer: respond-async, wait=1' -d 'my sales' {base}/reports"),
            ),
            (
                "HTTP/1.0: never a 102, a 202 instead",
                format!("curl -i -0 {trust} -d 'my sales' {base}/reports"),
            ),
            (
                "a client that asks for nothing sees nothing new",
                format!("curl -i {trust} -d 'my sales' {base}/reports"),
            ),
        ];
        commands.extend(
            self.clear.map(|at| ("a plain route, in cleartext", format!("curl -i http://{at}/plain"))),
        );
        commands.extend(self.admin.map(|at| {
            let command = format!("curl -s http://{at}/metrics | grep progress_gateway_interim");
            ("what the gateway counted", command)
        }));
        commands
    }
}
