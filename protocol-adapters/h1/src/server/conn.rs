//! One connection: its transport, what was read and not used yet, what is still to be written.

use std::io;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};

use bytes::{Bytes, BytesMut};
use downstream::{ConnectionInfo, Departed, Limits, Security};
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::time::Instant;

use super::ServeError;
use super::intake::{Appetite, Intake};
use super::outbox::Outbox;
use super::scratch;
use super::tally::Tally;
use super::timer::Timer;

/// The state of a connection. Idle or holding, it owns no buffer.
pub(super) struct Conn<S> {
    pub(super) io: S,
    /// Octets behind what is being served. Bound: `Limits::head_size`, and then nothing is read
    /// (H1-21, I-19).
    pub(super) inbox: BytesMut,
    /// What is left of the last interim head.
    pub(super) outbox: Outbox,
    pub(super) tally: Tally,
    /// Content that is still arriving. Rarely there, so not kept inline.
    pub(super) intake: Option<Box<Intake>>,
    pub(super) reading: Reading,
    pub(super) after: After,
    pub(super) limits: Arc<Limits>,
    security: Security,
    /// For whatever is waited for between exchanges, and for stalled writes.
    pub(super) timer: Timer,
}

/// The read side of the transport.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Reading {
    Open,
    /// The client sends no more; what it sent so far it may want answered (H11-05).
    Ended,
    /// The connection is broken, or its end can only be a departure.
    Broken,
}

/// What comes after the exchange under way.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum After {
    /// The next one.
    KeepAlive,
    /// The end.
    Close,
    /// The end, and this is why.
    Failed(ServeError),
}

/// What a read brought.
enum Read {
    Octets,
    End,
    Broken,
}

impl<S: AsyncRead + AsyncWrite + Unpin> Conn<S> {
    pub(super) fn new(io: S, first: Bytes, connection: &ConnectionInfo, limits: Arc<Limits>) -> Self {
        Self {
            io,
            inbox: BytesMut::from(first),
            outbox: Outbox::default(),
            tally: Tally::default(),
            intake: None,
            reading: Reading::Open,
            after: After::Close,
            limits,
            security: connection.security,
            timer: Timer::default(),
        }
    }

    /// Drives the read side while an exchange is open: its content first, then, parked, what lies
    /// behind it. Ready once the client is gone.
    pub(super) fn poll_incoming(&mut self, cx: &mut Context<'_>) -> Poll<Departed> {
        loop {
            if self.reading == Reading::Broken {
                return Poll::Ready(Departed);
            }
            let room = match self.appetite(cx) {
                Appetite::Octets(room) if room > 0 && self.reading == Reading::Open => room,
                _ => return Poll::Pending,
            };
            let Poll::Ready(read) = self.poll_read(room, cx) else {
                if self.poll_too_slow(cx).is_ready() {
                    continue;
                }
                return Poll::Pending;
            };
            match read {
                Read::Octets => {}
                Read::Broken => self.reading = Reading::Broken,
                // Over TLS any end is a departure, and so is one in the middle of the request.
                Read::End if self.security == Security::Tls || self.intake.take().is_some() => {
                    self.reading = Reading::Broken;
                }
                Read::End => self.reading = Reading::Ended,
            }
        }
    }

    /// What may be read now, for the content or behind it.
    fn appetite(&mut self, cx: &Context<'_>) -> Appetite {
        if let Some(intake) = &mut self.intake {
            match intake.poll_appetite(cx) {
                Appetite::Sated(beyond) => {
                    self.intake = None;
                    if !beyond.is_empty() {
                        debug_assert!(self.inbox.is_empty(), "nothing was parked behind open content");
                        self.inbox = beyond;
                    }
                }
                appetite => return appetite,
            }
        }
        Appetite::Octets(self.limits.head_size.saturating_sub(self.inbox.len()))
    }

    fn poll_too_slow(&mut self, cx: &mut Context<'_>) -> Poll<()> {
        self.intake.as_mut().map_or(Poll::Pending, |intake| intake.poll_too_slow(cx))
    }

    /// Reads once, at most `room` octets, to where they belong.
    fn poll_read(&mut self, room: usize, cx: &mut Context<'_>) -> Poll<Read> {
        scratch::with_reading(|buffer| {
            let room = room.min(buffer.len());
            let mut buffer = ReadBuf::new(&mut buffer[..room]);
            let polled = Pin::new(&mut self.io).poll_read(cx, &mut buffer);
            polled.map(|result| match (result, buffer.filled()) {
                (Err(_), _) => Read::Broken,
                (Ok(()), []) => Read::End,
                (Ok(()), octets) => {
                    let beyond = match &mut self.intake {
                        Some(intake) => intake.feed(octets, Instant::now()),
                        None => octets,
                    };
                    self.inbox.extend_from_slice(beyond);
                    Read::Octets
                }
            })
        })
    }

    /// Reads towards the next head. Ready when something has changed.
    pub(super) fn poll_fill(&mut self, room: usize, cx: &mut Context<'_>) -> Poll<()> {
        if self.reading != Reading::Open {
            return Poll::Ready(());
        }
        match self.poll_read(room, cx) {
            Poll::Pending => return Poll::Pending,
            Poll::Ready(Read::Octets) => {}
            Poll::Ready(Read::End) => self.reading = Reading::Ended,
            Poll::Ready(Read::Broken) => self.reading = Reading::Broken,
        }
        Poll::Ready(())
    }

    /// Whether nothing is left of earlier heads, in our hands or in those of the transport.
    pub(super) fn poll_clear(&mut self, cx: &mut Context<'_>) -> Poll<Result<(), Departed>> {
        let cleared = self.outbox.poll_clear(&mut self.io, cx);
        if let Poll::Ready(Ok(())) = cleared {
            self.tally.flushed();
        }
        cleared.map(|result| self.heed(result))
    }

    /// Enters the head that was handed over last.
    pub(super) fn enter(&mut self) {
        self.tally.said();
        if self.outbox.is_clear() {
            self.tally.flushed();
        }
    }

    /// A failed write is a departure (H11-05).
    pub(super) fn heed<T>(&mut self, result: io::Result<T>) -> Result<T, Departed> {
        result.map_err(|_| {
            self.reading = Reading::Broken;
            Departed
        })
    }

    /// Whether the request's content is out of the way of the next request, or sure to be soon.
    pub(super) fn settles(&mut self, cx: &Context<'_>) -> bool {
        self.appetite(cx);
        match &self.intake {
            Some(intake) => intake.is_nearly_over(),
            None => self.reading == Reading::Open || !self.inbox.is_empty(),
        }
    }
}
