//! HTTP/2 towards origins: connections that many calls share.

mod again;
mod body;
mod exchange;
mod heads;
mod pump;
mod tap;

use std::sync::atomic::{AtomicU32, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::task::{Context, Poll, Waker};
use std::time::Duration;

use bytes::Bytes;
use h2::client::SendRequest;
use http::uri;
use tokio::time::Instant;

use super::error::UpstreamError;
use super::link::Link;
use tap::{Tap, Untaken};

pub(super) use body::Http2Body;
pub(super) use exchange::{Http2Error, Http2Event, Http2Exchange};

/// Content of one response that may wait for its client.
const STREAM_WINDOW: u32 = 128 * 1024;

/// Content of all responses of a connection that may wait for their clients: above 64 stalled
/// streams, so that a few slow clients do not stop the others.
const CONNECTION_WINDOW: u32 = 8 * 1024 * 1024;

/// What `h2` decodes of one head, counted with 32 octets for each field. Our own bound (32 KiB
/// without them) is checked on what comes out; this one keeps a bomb from being unpacked.
const HEADER_LIST: u32 = 40 * 1024;

/// Request content that may wait within `h2` for the socket, per connection.
const SEND_BUFFER: usize = 256 * 1024;

/// Calls on one connection, whatever the server allows: what one connection loses must be bounded.
const MAXIMUM_SEATS: u32 = 256;

/// Streams that may be opened before the server's settings are known (RFC 9113 6.5.2 asks servers
/// for no less).
const INITIAL_STREAMS: usize = 100;

/// One connection. It is driven by a task of its own, which ends when the server closes or when
/// the last [`Arc`] of the connection is gone.
#[derive(Debug)]
pub(super) struct Http2 {
    send: Mutex<SendRequest<Bytes>>,
    scheme: uri::Scheme,
    untaken: Arc<Untaken>,
    seats: AtomicU32,
    health: Mutex<Health>,
}

#[derive(Debug)]
struct Health {
    /// The server broke the protocol or flooded: no new calls.
    retired: bool,
    /// When the last call left the connection.
    idle_since: Instant,
}

/// One call's place on a connection. Dropping it makes room for another.
#[derive(Debug)]
pub(super) struct Seat {
    connection: Arc<Http2>,
    used: Used,
}

/// Whether the connection had carried a call before.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Used {
    Never,
    Before,
}

/// Why a connection has no place.
#[derive(Debug)]
pub(super) enum Unseated {
    /// Until a call ends.
    Full,
    /// It is closed or closing.
    Closed(UpstreamError),
}

// === impl Http2 ===

impl Http2 {
    /// Sends the preface and starts to drive the connection. `scheme` is that of all requests.
    pub(super) async fn start(link: Link, scheme: uri::Scheme) -> Result<Arc<Self>, UpstreamError> {
        let untaken = Arc::new(Untaken::default());
        let tap = Tap::new(link, Arc::clone(&untaken));
        let (send, connection) = h2::client::Builder::new()
            .enable_push(false)
            .initial_window_size(STREAM_WINDOW)
            .initial_connection_window_size(CONNECTION_WINDOW)
            .max_header_list_size(HEADER_LIST)
            .max_send_buffer_size(SEND_BUFFER)
            .initial_max_send_streams(INITIAL_STREAMS)
            .handshake(tap)
            .await
            .map_err(|error| fault_of(&error))?;
        tokio::spawn(async move {
            if let Err(error) = connection.await {
                tracing::debug!(%error, "an HTTP/2 connection to an origin ended");
            }
        });
        Ok(Arc::new(Self {
            send: Mutex::new(send),
            scheme,
            untaken,
            seats: AtomicU32::new(0),
            health: Mutex::new(Health { retired: false, idle_since: Instant::now() }),
        }))
    }

    /// A place for one more call.
    pub(super) fn seat(self: &Arc<Self>) -> Result<Seat, Unseated> {
        if lock(&self.health).retired {
            return Err(Unseated::Closed(UpstreamError::Incomplete));
        }
        let mut send = lock(&self.send);
        // After GOAWAY or the connection's end this is an error, and never pending: no stream is
        // opened beyond what the server allows.
        if let Poll::Ready(Err(error)) = send.poll_ready(&mut Context::from_waker(Waker::noop())) {
            return Err(Unseated::Closed(fault_of(&error)));
        }
        let allowed = u32::try_from(send.current_max_send_streams()).unwrap_or(u32::MAX);
        if self.seats.load(Ordering::Relaxed) >= allowed.min(MAXIMUM_SEATS) {
            return Err(Unseated::Full);
        }
        self.seats.fetch_add(1, Ordering::Relaxed);
        Ok(Seat { connection: Arc::clone(self), used: Used::Never })
    }

    /// Whether nothing has used the connection for so long.
    pub(super) fn has_been_idle(&self, now: Instant, limit: Duration) -> bool {
        self.seats.load(Ordering::Relaxed) == 0
            && now.saturating_duration_since(lock(&self.health).idle_since) >= limit
    }

    /// No new calls: those that run may end.
    fn retire(&self) {
        lock(&self.health).retired = true;
    }
}

// === impl Seat ===

impl Seat {
    /// Notes that the connection has carried calls before: it may have gone stale.
    pub(super) fn on_used_connection(mut self) -> Self {
        self.used = Used::Before;
        self
    }
}

impl Drop for Seat {
    fn drop(&mut self) {
        if self.connection.seats.fetch_sub(1, Ordering::Relaxed) == 1 {
            lock(&self.connection.health).idle_since = Instant::now();
        }
    }
}

/// What an error of the library means for a call without a final response.
fn fault_of(error: &h2::Error) -> UpstreamError {
    if error.is_library() {
        UpstreamError::Protocol("HTTP/2 frames or fields are malformed")
    } else if error.is_io() || error.is_reset() || error.is_go_away() {
        UpstreamError::Incomplete
    } else {
        UpstreamError::Internal("HTTP/2 refuses the request")
    }
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    // What is guarded is changed by single assignments.
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
