//! What the client's transport has acknowledged (INT-18).
//!
//! quinn does not say which octets of a stream have arrived. But all packets of a connection pass
//! its packet protection, which is a public trait: before they are encrypted the tap notes which of
//! them carry octets of a head, and after they are decrypted it reads which of those have arrived.
//! A head is acknowledged when all its octets are, over all retransmissions, and all heads before
//! it on its stream; what cannot be read or kept only makes that later or never.
//!
//! A packet is looked at only while a head of its connection is unacknowledged. Key updates, Retry
//! and new addresses of the client make no difference: they keep the packet numbers. Early data is
//! not tapped; [`server_config`](crate::server_config) refuses it.

mod crypto;
mod frames;
mod sent;

use std::any::Any;
use std::fmt;
use std::ops::{Range, RangeInclusive};
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Instant;

use downstream::{Page, Source};
use quinn_proto::crypto::ServerConfig;
use smallvec::SmallVec;

use frames::{Frames, Told, Unreadable};
use sent::Sent;

/// The same server, whose connections have a tap: [`Tap::of`].
pub fn tapped(server: Arc<dyn ServerConfig>) -> Arc<dyn ServerConfig> {
    Arc::new(crypto::TappedServer(server))
}

/// What `handshake_data()` of a connection holds, in a box, if it has a tap.
pub struct Handshake {
    /// What it would hold without: [`quinn::crypto::rustls::HandshakeData`].
    pub negotiated: Box<dyn Any>,
    /// The connection's tap.
    pub tap: Arc<Tap>,
}

/// Watches over the heads of one connection.
#[derive(Debug, Default)]
pub struct Tap {
    /// Whether any head is unacknowledged; changed with the lock held.
    watching: AtomicBool,
    sent: Mutex<Sent>,
    unreadable: AtomicU64,
}

/// Takes down the heads of one stream. When it is dropped, those that are left are given up.
#[derive(Debug)]
pub struct Pen {
    tap: Arc<Tap>,
    stream: u64,
    page: Page,
}

// === impl Tap ===

impl Tap {
    /// The tap of a connection, if its endpoint's server is [`tapped`].
    pub fn of(connection: &quinn::Connection) -> Option<Arc<Self>> {
        let handshake = connection.handshake_data()?.downcast::<Handshake>().ok()?;
        Some(handshake.tap)
    }

    /// Has heads of a stream entered in `page`.
    pub fn pen(self: &Arc<Self>, stream: u64, page: Page) -> Pen {
        Pen { tap: Arc::clone(self), stream, page }
    }

    /// Packets that held something unknown, and so told nothing.
    pub fn unreadable(&self) -> u64 {
        self.unreadable.load(Ordering::Relaxed)
    }

    /// Whether packets are to be shown.
    fn is_watching(&self) -> bool {
        // Octets of a head reach a packet through quinn's lock, which is taken after this was set.
        self.watching.load(Ordering::Relaxed)
    }

    /// This side sends a packet.
    fn sent(&self, packet: u64, payload: &[u8]) {
        let mut frames = Frames::of(payload);
        let mut sent = None;
        loop {
            match frames.next() {
                Ok(Some(Told::Stream(stream, octets))) => {
                    sent.get_or_insert_with(|| self.lock()).carried(packet, stream, octets);
                }
                Ok(Some(Told::Arrived(_))) => {}
                Ok(None) => return,
                Err(Unreadable) => {
                    sent.get_or_insert_with(|| self.lock()).retract(packet);
                    drop(sent);
                    return self.miss();
                }
            }
        }
    }

    /// The client sent a packet.
    fn received(&self, payload: &[u8]) {
        // Nothing is done before all of the packet is read. Bound: its octets.
        let mut arrived = SmallVec::<[RangeInclusive<u64>; 8]>::new();
        let mut frames = Frames::of(payload);
        loop {
            match frames.next() {
                Ok(Some(Told::Arrived(packets))) => arrived.push(packets),
                Ok(Some(Told::Stream(..))) => {}
                Ok(None) => break,
                Err(Unreadable) => return self.miss(),
            }
        }
        if arrived.is_empty() {
            return;
        }
        let mut struck = SmallVec::new();
        let mut sent = self.lock();
        for packets in &arrived {
            sent.arrived(packets.clone(), &mut struck);
        }
        self.watch(sent);
        if struck.is_empty() {
            return;
        }
        let now = tokio::time::Instant::now().into_std();
        for (page, count) in struck {
            (0..count).for_each(|_| page.strike(Source::Quic, now));
        }
    }

    fn miss(&self) {
        if self.unreadable.fetch_add(1, Ordering::Relaxed) == 0 {
            tracing::debug!("a QUIC packet holds a frame that is not known");
        }
    }

    /// Ends a change.
    fn watch(&self, sent: MutexGuard<'_, Sent>) {
        self.watching.store(!sent.is_clear(), Ordering::Relaxed);
        drop(sent);
    }

    fn lock(&self) -> MutexGuard<'_, Sent> {
        // Nothing in here is left half done by a panic.
        self.sent.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

// === impl Pen ===

impl Pen {
    /// The page that the heads are entered in.
    pub fn page(&self) -> &Page {
        &self.page
    }

    /// These octets of the stream are a head, which follows the one before. To be said before
    /// the transport is given any of them.
    pub fn head(&self, octets: Range<u64>, now: Instant) {
        self.page.enter(now);
        let mut sent = self.tap.lock();
        sent.expect(self.stream, octets, &self.page);
        self.tap.watch(sent);
    }
}

impl Drop for Pen {
    fn drop(&mut self) {
        if self.tap.is_watching() {
            let mut sent = self.tap.lock();
            sent.forget(self.stream);
            self.tap.watch(sent);
        }
    }
}

// === impl Handshake ===

impl fmt::Debug for Handshake {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.debug_struct("Handshake").field("tap", &self.tap).finish_non_exhaustive()
    }
}
