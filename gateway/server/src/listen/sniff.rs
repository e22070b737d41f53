//! HTTP/1 or HTTP/2: where no handshake told, the first octets do (RFC 9113 3.3, prior knowledge).

use std::future::{Future, poll_fn};
use std::pin::pin;
use std::time::Duration;

use bytes::{Bytes, BytesMut};
use downstream::{DrainWatch, Limits, Phase};
use tokio::io::{AsyncRead, AsyncReadExt};
use tokio::time::timeout;

use crate::config::{Protocol, Protocols};

/// What every HTTP/2 connection begins with (RFC 9113 3.4).
const PREFACE: &[u8] = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n";

/// Octets that are read ahead at most: one read usually has the whole head of a first request.
const AHEAD: usize = 1024;

/// How long a connection that has said nothing is still listened to when the gateway closes: more
/// than a round trip, in which the request of a client that just came in arrives.
const LAST_CALL: Duration = Duration::from_secs(1);

/// What a connection speaks, and what was read of it.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Spoken {
    Http1(Bytes),
    H2c(Bytes),
}

/// Why a connection speaks nothing.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Silence {
    /// It was closed by the client, or broke.
    Departed,
    /// It said nothing, or stopped in the middle of the preface.
    TooSlow,
    /// The gateway closes, and no request had begun.
    Draining,
}

/// Waits for the first octets of a connection and says what they are the beginning of. A gateway
/// that closes does not wait long, but whoever just came in may say what it came for (G-19).
pub(super) async fn sniff<S: AsyncRead + Unpin>(
    io: &mut S,
    protocols: Protocols,
    limits: &Limits,
    drain: DrainWatch,
) -> Result<Spoken, Silence> {
    let mut ahead = BytesMut::with_capacity(AHEAD);
    // Nothing has been said: an idle connection. Then a head has begun (D-01).
    patiently(limits.idle_timeout, unless_draining(drain, read(io, &mut ahead))).await?;
    patiently(limits.head_timeout, async {
        loop {
            match verdict(&ahead, protocols) {
                Verdict::Http1 => return Ok(Spoken::Http1(ahead.split().freeze())),
                Verdict::H2c => return Ok(Spoken::H2c(ahead.split().freeze())),
                Verdict::Open => read(io, &mut ahead).await?,
            }
        }
    })
    .await
}

async fn read<S: AsyncRead + Unpin>(io: &mut S, ahead: &mut BytesMut) -> Result<(), Silence> {
    match io.read_buf(ahead).await {
        Ok(0) | Err(_) => Err(Silence::Departed),
        Ok(_) => Ok(()),
    }
}

async fn patiently<T>(
    patience: Duration,
    work: impl Future<Output = Result<T, Silence>>,
) -> Result<T, Silence> {
    timeout(patience, work).await.unwrap_or(Err(Silence::TooSlow))
}

async fn unless_draining<T>(
    mut drain: DrainWatch,
    work: impl Future<Output = Result<T, Silence>>,
) -> Result<T, Silence> {
    let mut work = pin!(work);
    tokio::select! {
        biased;
        result = &mut work => result,
        () = poll_fn(|cx| drain.poll_reached(Phase::Draining, cx)) => {
            timeout(LAST_CALL, work).await.unwrap_or(Err(Silence::Draining))
        }
    }
}

#[derive(Debug, PartialEq, Eq)]
enum Verdict {
    Http1,
    H2c,
    /// All octets so far are the beginning of the preface, and of other things.
    Open,
}

fn verdict(octets: &[u8], protocols: Protocols) -> Verdict {
    let (http1, h2c) = (protocols.contains(Protocol::Http1), protocols.contains(Protocol::H2c));
    if !h2c || (http1 && !octets.starts_with(PREFACE) && !PREFACE.starts_with(octets)) {
        Verdict::Http1
    } else if !http1 || octets.starts_with(PREFACE) {
        Verdict::H2c
    } else {
        Verdict::Open
    }
}

#[cfg(test)]
mod tests;
