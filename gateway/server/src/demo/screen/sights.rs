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
    pub(in crate::demo) clear: SocketAddr,
    /// Metrics and health.
    pub(in crate::demo) admin: SocketAddr,
    /// The directory with `certificate.pem` and `gateway.toml`.
    pub(in crate::demo) folder: &'a Path,
}

impl Sights<'_> {
    /// Each place with what it is.
    pub(super) fn places(&self) -> [(&'static str, String); 5] {
        let (origin, work) = (self.origin, self.work.as_secs_f64());
        [
            ("origin", format!("http://{origin}  works {work:.1} s on a report")),
            ("gateway", format!("{}  HTTP/1.0, 1.1, 2 and 3", self.base)),
            ("", format!("http://{}  cleartext: HTTP/1.0, 1.1 and h2c", self.clear)),
            ("", format!("http://{}/metrics  and /livez, /readyz", self.admin)),
            ("files", format!("{}  certificate.pem, gateway.toml", self.folder.display())),
        ]
    }

    /// Commands to copy, each with what it shows.
    pub(super) fn commands(&self) -> [(&'static str, String); 8] {
        let trust = format!("--cacert {}", self.folder.join("certificate.pem").display());
        let order = |options: &str| format!("curl {options} {trust} -d 'my sales' {}/reports", self.base);
        let told = |version: &str| order(&format!("-iN {version} -H 'Prefer: processing, progress'"));
        [
            ("each 102 as it comes", told("--http1.1")),
            ("the same over HTTP/2", told("--http2")),
            ("and over HTTP/3, with a curl that speaks it", told("--http3-only")),
            (
                "202 after a second; then look at its Location, and at its Location/result",
                order("-i -H 'Prefer: respond-async, wait=1'"),
            ),
            ("HTTP/1.0: never a 102, a 202 instead", order("-i -0")),
            ("a client that asks for nothing sees nothing new", order("-i")),
            ("a plain route, in cleartext", format!("curl -i http://{}/plain", self.clear)),
            (
                "what the gateway counted",
                format!("curl -s http://{}/metrics | grep progress_gateway_interim", self.admin),
            ),
        ]
    }
}
