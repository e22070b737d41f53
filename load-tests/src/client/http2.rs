//! HTTP/2 by the `h2` crate.

mod upload;

use std::cell::Cell;
use std::future::{pending, poll_fn};
use std::task::Poll;
use std::time::Duration;

use bytes::Bytes;
use h2::client::{Connection, ResponseFuture, SendRequest};
use h2::{Reason, RecvStream};
use http::header::CONTENT_LENGTH;
use http::uri::{Authority, PathAndQuery, Scheme};
use http::{Request, StatusCode, Uri};
use tokio::time::Instant;

use super::dial::Dialer;
use super::mux::Link;
use super::stream::Stream;
use super::{Ask, Ended, Failure, Head, PoolLimits, Reading, Target, Witness};
use upload::Upload;

/// Windows for content that is read as it comes, as browsers have them. Nothing is held: what comes is handed on.
const STREAM_WINDOW: u32 = 1024 * 1024;
const CONNECTION_WINDOW: u32 = 16 * 1024 * 1024;
/// The longest head, as on the other wires.
const LONGEST_HEAD: u32 = 64 * 1024;
/// Streams that were reset here, and for how long: what crosses the reset is still theirs. Clients that
/// leave all the time need many.
const RESET_STREAMS: usize = 1024;
const RESET_FOR: Duration = Duration::from_secs(1);
/// No peer allows so many streams: as long as it is this number, its SETTINGS have not come.
const NOT_SAID: usize = usize::MAX - 1;

/// A connection.
#[derive(Debug)]
pub(super) struct Http2 {
    requests: SendRequest<Bytes>,
    scheme: Scheme,
    authority: Authority,
    reading: Reading,
    /// Whether the peer has said goodbye, or is gone.
    leaving: Cell<bool>,
}

/// Makes connections.
#[derive(Debug)]
pub(super) struct Http2Dialer {
    dialer: Dialer,
    scheme: Scheme,
    authority: Result<Authority, Failure>,
}

impl Link for Http2 {
    type Dialer = Http2Dialer;

    fn dialer(target: &Target, limits: &PoolLimits) -> Http2Dialer {
        let authority = target.authority.parse();
        Http2Dialer {
            dialer: Dialer::new(target, limits.sources.clone(), b"h2"),
            scheme: if target.tls.is_some() { Scheme::HTTPS } else { Scheme::HTTP },
            authority: authority.map_err(|error| Failure::Connect(format!("no host and port: {error}"))),
        }
    }

    async fn connect(dialer: &Http2Dialer, reading: Reading) -> Result<Self, Failure> {
        let authority = dialer.authority.clone()?;
        let stream = dialer.dialer.connect(reading).await?;
        let mut builder = h2::client::Builder::new();
        builder
            .enable_push(false)
            .max_header_list_size(LONGEST_HEAD)
            .max_concurrent_reset_streams(RESET_STREAMS)
            .reset_stream_duration(RESET_FOR)
            .max_local_error_reset_streams(None);
        if reading == Reading::Freely {
            builder.initial_window_size(STREAM_WINDOW).initial_connection_window_size(CONNECTION_WINDOW);
        }
        if reading != Reading::Never {
            builder.initial_max_send_streams(NOT_SAID);
        }
        let (requests, mut connection) = builder.handshake(stream).await.map_err(cannot)?;
        if reading != Reading::Never {
            settings(&mut connection).await?;
        }
        // How it ends is seen by its streams.
        tokio::spawn(async move { drop(connection.await) });
        let scheme = dialer.scheme.clone();
        Ok(Self { requests, scheme, authority, reading, leaving: Cell::new(false) })
    }

    fn allowed(&self) -> usize {
        self.requests.current_max_send_streams()
    }

    fn is_open(&self) -> bool {
        !self.leaving.get()
    }

    async fn exchange(&self, ask: &Ask, witness: &mut dyn Witness) -> Result<(), Ended> {
        let request = self.request(ask)?;
        // From here on all is in `h2`'s hands: what is dropped before its end is reset with CANCEL.
        let mut exchange = match self.requests.clone().ready().await {
            Ok(mut requests) => {
                let (response, stream) = requests
                    .send_request(request, ask.content == 0)
                    .map_err(|error| self.unserved(&error))?;
                Exchange { response, upload: Upload::new(stream, ask.content), leaving: &self.leaving }
            }
            Err(error) => return Err(self.unserved(&error)),
        };
        if ask.content == 0 {
            witness.sent(Instant::now());
        }
        if self.reading == Reading::Never {
            poll_fn(|cx| exchange.upload.poll(cx, witness)).await;
            return pending().await;
        }
        exchange.run(witness).await
    }
}

impl Http2 {
    fn request(&self, ask: &Ask) -> Result<Request<()>, Failure> {
        let mut parts = http::uri::Parts::default();
        parts.scheme = Some(self.scheme.clone());
        parts.authority = Some(self.authority.clone());
        parts.path_and_query = Some(PathAndQuery::try_from(ask.path.as_str()).map_err(unsendable)?);
        let mut request = Request::new(());
        *request.method_mut() = ask.method.clone();
        *request.uri_mut() = Uri::from_parts(parts).map_err(unsendable)?;
        *request.headers_mut() = ask.fields.clone();
        if ask.announces_content() {
            request.headers_mut().insert(CONTENT_LENGTH, ask.content.into());
        }
        Ok(request)
    }

    /// The connection takes no requests any more.
    fn unserved(&self, error: &h2::Error) -> Ended {
        self.leaving.set(true);
        Ended::Unserved(failure(error))
    }
}

struct Exchange<'l> {
    response: ResponseFuture,
    upload: Upload,
    leaving: &'l Cell<bool>,
}

impl Exchange<'_> {
    async fn run(mut self, witness: &mut dyn Witness) -> Result<(), Ended> {
        let Self { response, upload, leaving } = &mut self;
        let mut heard = false;
        // Every interim head; then there is the final one, or an error.
        while let Some(interim) = poll_fn(|cx| {
            upload.keep_going(cx, witness);
            response.poll_informational(cx)
        })
        .await
        {
            let interim = interim.map_err(|error| blame(&error, (leaving, heard)))?;
            let framed = interim.headers().contains_key(CONTENT_LENGTH);
            if framed || interim.status() == StatusCode::SWITCHING_PROTOCOLS {
                return Err(
                    Failure::Protocol("101, or content announced by an interim head".to_owned()).into()
                );
            }
            heard = true;
            let head = Head { status: interim.status().as_u16(), fields: interim.headers() };
            witness.interim(head, Instant::now());
        }
        let last = response.await.map_err(|error| blame(&error, (leaving, heard)))?;
        let head = Head { status: last.status().as_u16(), fields: last.headers() };
        witness.answered(head, Instant::now());
        let mut content = last.into_body();
        while let Some(octets) = next(&mut content, upload, witness).await {
            let octets = octets.map_err(|error| failure(&error))?;
            witness.content(&octets, Instant::now());
            // An error means that the stream has ended, which is seen next.
            let _ = content.flow_control().release_capacity(octets.len());
        }
        content.trailers().await.map_err(|error| failure(&error))?;
        Ok(())
    }
}

async fn next(
    content: &mut RecvStream,
    upload: &mut Upload,
    witness: &mut dyn Witness,
) -> Option<Result<Bytes, h2::Error>> {
    poll_fn(|cx| {
        upload.keep_going(cx, witness);
        content.poll_data(cx)
    })
    .await
}

/// Waits for the peer's SETTINGS, which are the first that it says.
async fn settings(connection: &mut Connection<Stream, Bytes>) -> Result<(), Failure> {
    poll_fn(|cx| {
        let ended = match std::pin::Pin::new(&mut *connection).poll(cx) {
            Poll::Ready(Err(error)) => Some(cannot(error)),
            Poll::Ready(Ok(())) => Some(Failure::Connect("closed before SETTINGS".to_owned())),
            Poll::Pending => None,
        };
        match ended {
            Some(failure) => Poll::Ready(Err(failure)),
            None if connection.max_concurrent_send_streams() == NOT_SAID => Poll::Pending,
            None => Poll::Ready(Ok(())),
        }
    })
    .await
}

/// Whether the request may be sent again: the peer says that nothing was done for it (RFC 9113 8.7).
fn blame(error: &h2::Error, (leaving, heard): (&Cell<bool>, bool)) -> Ended {
    if !error.is_reset() {
        leaving.set(true);
    }
    let refused = error.is_reset() && error.reason() == Some(Reason::REFUSED_STREAM);
    let goodbye = error.is_go_away() && error.reason() == Some(Reason::NO_ERROR);
    if error.is_remote() && (refused || goodbye) && !heard {
        return Ended::Unserved(failure(error));
    }
    failure(error).into()
}

fn failure(error: &h2::Error) -> Failure {
    let text = error.to_string();
    match error.get_io().map(std::io::Error::kind) {
        Some(std::io::ErrorKind::ConnectionReset) => Failure::Reset(text),
        Some(_) => Failure::Closed,
        None if error.is_remote() => Failure::Reset(text),
        None => Failure::Protocol(text),
    }
}

fn cannot(error: impl std::fmt::Display) -> Failure {
    Failure::Connect(error.to_string())
}

fn unsendable(error: impl std::fmt::Display) -> Failure {
    Failure::Connect(format!("the request cannot be sent: {error}"))
}
