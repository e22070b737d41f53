//! Taking connections from a socket, whatever happens.

use std::future::poll_fn;
use std::io;
use std::net::SocketAddr;
use std::task::{Context, Poll};
use std::time::Duration;

use tokio::net::{TcpListener, TcpStream};

use crate::metrics::ConnectionMetrics;
use crate::metrics::labels::AcceptError;

/// How long accepting pauses when it cannot go on (D-06): long enough for others to give something
/// back, short enough that nobody notices.
const PAUSE: Duration = Duration::from_millis(50);

/// Where connections come from.
pub(super) trait Accept {
    /// A connection.
    type Io;

    fn poll_accept(&mut self, cx: &mut Context<'_>) -> Poll<io::Result<(Self::Io, SocketAddr)>>;
}

impl Accept for TcpListener {
    type Io = TcpStream;

    fn poll_accept(&mut self, cx: &mut Context<'_>) -> Poll<io::Result<(TcpStream, SocketAddr)>> {
        TcpListener::poll_accept(self, cx)
    }
}

/// The next connection. It never fails: what stops accepting for a moment is counted and waited
/// for (D-06, G-15).
pub(super) async fn next<A: Accept>(source: &mut A, metrics: &ConnectionMetrics) -> (A::Io, SocketAddr) {
    let mut told = None;
    loop {
        let error = match poll_fn(|cx| source.poll_accept(cx)).await {
            Ok(connection) => return connection,
            Err(error) => error,
        };
        let kind = kind_of(&error);
        metrics.accept_failed(kind);
        if is_of_one_connection(&error) {
            continue;
        }
        // Once per spell: at 20 pauses a second the log would be all there is.
        if told.replace(kind) != Some(kind) {
            tracing::warn!(%error, "connections cannot be accepted; trying again");
        }
        tokio::time::sleep(PAUSE).await;
    }
}

fn kind_of(error: &io::Error) -> AcceptError {
    match error.raw_os_error() {
        Some(libc::EMFILE | libc::ENFILE | libc::ENOBUFS | libc::ENOMEM) => AcceptError::Exhausted,
        _ => AcceptError::Other,
    }
}

/// Whether only one connection is concerned, which is gone; the next may be fine.
fn is_of_one_connection(error: &io::Error) -> bool {
    use io::ErrorKind::{ConnectionAborted, ConnectionRefused, ConnectionReset};
    matches!(error.kind(), ConnectionAborted | ConnectionRefused | ConnectionReset)
}

#[cfg(test)]
mod tests {
    use std::collections::VecDeque;

    use jiff::Timestamp;
    use tokio::time::Instant;

    use super::*;
    use crate::metrics::Metrics;

    /// Fails as scripted, then gives one connection.
    struct Script(VecDeque<i32>);

    impl Accept for Script {
        type Io = &'static str;

        fn poll_accept(&mut self, _: &mut Context<'_>) -> Poll<io::Result<(&'static str, SocketAddr)>> {
            Poll::Ready(match self.0.pop_front() {
                Some(code) => Err(io::Error::from_raw_os_error(code)),
                None => Ok(("connected", SocketAddr::from(([192, 0, 2, 1], 1)))),
            })
        }
    }

    #[tokio::test(start_paused = true)]
    async fn d06_exhaustion_is_counted_and_waited_for() {
        let metrics = Metrics::new(&[], &[], Timestamp::UNIX_EPOCH).unwrap();
        let mut source = Script([libc::EMFILE, libc::ECONNABORTED, libc::ENFILE].into());
        let start = Instant::now();
        assert_eq!(next(&mut source, &metrics.connections).await.0, "connected");
        // A pause for each exhaustion; none for the connection that went away by itself.
        assert_eq!(start.elapsed(), 2 * PAUSE);
        let text = metrics.text().unwrap();
        assert!(text.contains("accept_errors_total{reason=\"exhausted\"} 2\n"), "{text}");
        assert!(text.contains("accept_errors_total{reason=\"other\"} 1\n"), "{text}");
    }
}
