//! What was typed becomes what is asked.

use std::fs::File;
use std::io::{self, Read};
use std::path::PathBuf;

use bytes::Bytes;
use downstream::Protocol;
use http::header::{ACCEPT, CONTENT_TYPE, HOST, USER_AGENT};
use http::uri::{Authority, Scheme};
use http::{HeaderMap, HeaderName, HeaderValue, Method, Uri};
use rustls_pki_types::CertificateDer;
use rustls_pki_types::pem::PemObject;

use super::RequestArgs;
use crate::client::{Call, Client, Speech, Whereabouts, trust};

/// What opts in: heads, with labels as comments.
pub(super) const WISHES: HeaderValue = HeaderValue::from_static("processing, progress");
pub(super) const PREFER: HeaderName = HeaderName::from_static("prefer");

const AGENT: HeaderValue =
    HeaderValue::from_static(concat!("progress-gateway-request/", env!("CARGO_PKG_VERSION")));
const ANYTHING: HeaderValue = HeaderValue::from_static("*/*");
/// What content is taken for that nobody has said more of, as with other programs of this kind.
const FORM: HeaderValue = HeaderValue::from_static("application/x-www-form-urlencoded");

/// Octets of the content: it is held in memory while it is sent.
const CONTENT: u64 = 256 * 1024 * 1024;

/// Fields that speak of the connection or delimit the content: each wire has its own.
const OURS: [&str; 9] = [
    "connection",
    "content-length",
    "expect",
    "http2-settings",
    "keep-alive",
    "proxy-connection",
    "te",
    "transfer-encoding",
    "upgrade",
];

/// What is asked, and how it is shown.
#[derive(Debug)]
pub(super) struct Order {
    pub(super) client: Client,
    pub(super) call: Call,
    pub(super) showing: Showing,
    /// Where the content goes instead of to standard output.
    pub(super) output: Option<PathBuf>,
}

/// How heads are shown.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Showing {
    /// As a bar on standard error, which is a terminal.
    Bar,
    /// As lines on standard error.
    Lines,
    /// As JSON on standard output.
    Json,
}

/// Operator: what was typed makes no request.
#[derive(Debug, thiserror::Error)]
pub(super) enum UsageError {
    #[error("{url}: {what}")]
    Url { url: String, what: &'static str },
    #[error("-X {0}: not a method")]
    Method(String),
    #[error("-H {0:?}: a field looks like \"Name: value\"")]
    Field(String),
    #[error("-H {0}: is set by each version of HTTP in its own way")]
    OurField(HeaderName),
    #[error("-d @{file}: {error}")]
    Data { file: String, error: io::Error },
    #[error("-d: at most {} MiB are sent", CONTENT >> 20)]
    TooLong,
    #[error("--cacert {}: {what}", file.display())]
    Roots { file: PathBuf, what: String },
    #[error("TLS cannot be set up: {0}")]
    Tls(#[from] rustls::Error),
}

impl Order {
    /// What the command line means where standard error is `terminal`.
    pub(super) fn from_args(args: RequestArgs, terminal: Terminal) -> Result<Self, UsageError> {
        let speech = speech(&args);
        let uri = target(&args.url, speech)?;
        let content = args.data.as_deref().map(content).transpose()?;
        let (fields, host) = fields(&args.headers, content.as_ref())?;
        let usual = if content.is_some() { Method::POST } else { Method::GET };
        let method = args.method.map_or(Ok(usual), |name| {
            Method::from_bytes(name.as_bytes()).map_err(|_| UsageError::Method(name))
        })?;
        let trust = match args.cacert {
            _ if args.insecure => trust::anybody()?,
            Some(file) => trust::given(roots(file)?)?,
            None => trust::system()?,
        };
        let showing = match terminal {
            _ if args.json => Showing::Json,
            Terminal::Yes => Showing::Bar,
            Terminal::No => Showing::Lines,
        };
        Ok(Self {
            client: Client { speech, whereabouts: Whereabouts::ByName, trust },
            call: Call { method, uri, host, fields, content: content.unwrap_or_default() },
            showing,
            output: args.output,
        })
    }
}

/// Whether standard error is a terminal.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Terminal {
    Yes,
    No,
}

fn speech(args: &RequestArgs) -> Speech {
    let asked = [
        (args.http10, Protocol::Http10),
        (args.http11, Protocol::Http11),
        (args.http2, Protocol::H2),
        (args.http3, Protocol::H3),
    ];
    let asked = asked.into_iter().find(|(is_asked, _)| *is_asked);
    asked.map_or(Speech::Negotiated, |(_, protocol)| Speech::Only(protocol))
}

fn target(url: &str, speech: Speech) -> Result<Uri, UsageError> {
    let wrong = |what| UsageError::Url { url: url.to_owned(), what };
    let uri: Uri = url.parse().map_err(|_| wrong("not a URL, which begins with http:// or https://"))?;
    let https = match uri.scheme() {
        Some(scheme) if *scheme == Scheme::HTTPS => true,
        Some(scheme) if *scheme == Scheme::HTTP => false,
        _ => return Err(wrong("a URL begins with http:// or https://")),
    };
    if uri.authority().is_some_and(|authority| authority.as_str().contains('@')) {
        return Err(wrong("credentials do not belong into a URL: use -H \"Authorization: ...\""));
    }
    if speech == Speech::Only(Protocol::H3) && !https {
        return Err(wrong("HTTP/3 needs https://"));
    }
    Ok(uri)
}

/// The fields, and whom the request names if -H says so.
fn fields(typed: &[String], content: Option<&Bytes>) -> Result<(HeaderMap, Option<Authority>), UsageError> {
    let mut fields = HeaderMap::new();
    let mut unwanted = Vec::new();
    for line in typed {
        let wrong = || UsageError::Field(line.clone());
        let (name, value) = line.split_once(':').ok_or_else(wrong)?;
        let name = HeaderName::try_from(name).map_err(|_| wrong())?;
        let value = HeaderValue::from_bytes(value.trim().as_bytes()).map_err(|_| wrong())?;
        if OURS.contains(&name.as_str()) {
            return Err(UsageError::OurField(name));
        }
        if value.is_empty() {
            unwanted.push(name);
        } else {
            fields.append(name, value);
        }
    }
    let usual = [(ACCEPT, ANYTHING), (USER_AGENT, AGENT), (PREFER, WISHES)];
    let usual = usual.into_iter().chain(content.map(|_| (CONTENT_TYPE, FORM)));
    for (name, value) in usual.filter(|(name, _)| !unwanted.contains(name)) {
        fields.entry(name).or_insert(value);
    }
    let host = fields.remove(HOST).map(|host| {
        Authority::try_from(host.as_bytes())
            .map_err(|_| UsageError::Field(String::from_utf8_lossy(host.as_bytes()).into_owned()))
    });
    Ok((fields, host.transpose()?))
}

fn content(data: &str) -> Result<Bytes, UsageError> {
    let Some(file) = data.strip_prefix('@') else { return Ok(Bytes::copy_from_slice(data.as_bytes())) };
    let failed = |error| UsageError::Data { file: file.to_owned(), error };
    let source: Box<dyn Read> =
        if file == "-" { Box::new(io::stdin()) } else { Box::new(File::open(file).map_err(failed)?) };
    let mut content = Vec::new();
    let length = source.take(CONTENT + 1).read_to_end(&mut content).map_err(failed)?;
    if length as u64 > CONTENT { Err(UsageError::TooLong) } else { Ok(content.into()) }
}

fn roots(file: PathBuf) -> Result<Vec<CertificateDer<'static>>, UsageError> {
    let found = CertificateDer::pem_file_iter(&file).and_then(Iterator::collect::<Result<Vec<_>, _>>);
    match found {
        Ok(roots) if !roots.is_empty() => Ok(roots),
        Ok(_) => Err(UsageError::Roots { file, what: "there is no certificate in it".to_owned() }),
        Err(error) => Err(UsageError::Roots { file, what: error.to_string() }),
    }
}

#[cfg(test)]
mod tests;
