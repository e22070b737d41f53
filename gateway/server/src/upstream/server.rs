//! One server as one core sees it: its idle HTTP/1.1 connections and its shared HTTP/2 ones.

use std::collections::VecDeque;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use futures_util::future::{BoxFuture, WeakShared};
use h1_adapter::client::{ClientConnection, Park};
use tokio::time::Instant;

use super::dial::{Dialled, Dialling, Target, dial};
use super::error::UpstreamError;
use super::h2::{Http2, Seat, Unseated};
use super::link::Link;
use crate::config::Scheme;

/// Idle HTTP/1.1 connections to one server on one core; beyond, the one that is idle longest goes.
const MAXIMUM_IDLE: usize = 512;

/// How long a connection may be idle and still be used: servers close theirs after a minute or so.
const IDLE: Duration = Duration::from_secs(60);

/// How often connections that stay idle are looked for.
const SWEEP: Duration = Duration::from_secs(20);

/// HTTP/2 connections to one server on one core. Few are needed unless requests are held.
const MAXIMUM_SHARED: usize = 256;

/// One server. Its pools belong to one core, so the lock is never waited for.
#[derive(Debug)]
pub(super) struct Server {
    target: Arc<Target>,
    pool: Mutex<Pool>,
}

/// Gives an HTTP/1.1 connection back to the server it came from.
#[derive(Clone, Debug)]
pub(super) struct Home(Arc<Server>);

/// What a request gets to go out on.
#[derive(Debug)]
pub(super) enum Checkout {
    /// An HTTP/1.1 connection of its own.
    H1(ClientConnection<Link>),
    /// A place on an HTTP/2 connection.
    H2(Seat),
    /// Nothing yet.
    Dial(Dialling),
}

/// What a request may go out on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Freshness {
    /// Whatever is there.
    Any,
    /// A connection that nothing has gone wrong with: a new one (ASY-04).
    New,
}

#[derive(Debug)]
struct Pool {
    /// The one that was used last is at the back. Bound: [`MAXIMUM_IDLE`].
    idle: VecDeque<Idle>,
    /// Bound: [`MAXIMUM_SHARED`].
    shared: Vec<Arc<Http2>>,
    /// The attempt to connect that calls may join.
    dialling: Option<WeakShared<BoxFuture<'static, Result<Dialled, UpstreamError>>>>,
    speaks: Speaks,
    sweeper: Sweeper,
}

#[derive(Debug)]
struct Idle {
    connection: ClientConnection<Link>,
    since: Instant,
}

/// What is known about the version of HTTP that the server speaks.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Speaks {
    /// Nothing before the first handshake: those that come together wait for it together.
    Unknown,
    H1,
    H2,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Sweeper {
    Absent,
    Running,
}

// === impl Server ===

impl Server {
    pub(super) fn new(target: Arc<Target>) -> Arc<Self> {
        let speaks = match target.address.scheme {
            Scheme::Http => Speaks::H1,
            Scheme::H2c => Speaks::H2,
            Scheme::Https => Speaks::Unknown,
        };
        let pool = Pool {
            idle: VecDeque::new(),
            shared: Vec::new(),
            dialling: None,
            speaks,
            sweeper: Sweeper::Absent,
        };
        Arc::new(Self { target, pool: Mutex::new(pool) })
    }

    pub(super) fn target(&self) -> &Arc<Target> {
        &self.target
    }

    /// A connection that is there, or the way to one.
    pub(super) fn checkout(&self, freshness: Freshness) -> Result<Checkout, UpstreamError> {
        if freshness == Freshness::New {
            return Ok(Checkout::Dial(dial(Arc::clone(&self.target))));
        }
        let mut pool = self.lock();
        if let Some(connection) = pool.take_idle(Instant::now()) {
            return Ok(Checkout::H1(connection));
        }
        if pool.speaks == Speaks::H1 {
            return Ok(Checkout::Dial(dial(Arc::clone(&self.target))));
        }
        if let Some(seat) = pool.take_seat() {
            return Ok(Checkout::H2(seat));
        }
        if let Some(running) = pool.dialling.as_ref().and_then(WeakShared::upgrade)
            && running.peek().is_none()
        {
            return Ok(Checkout::Dial(running));
        }
        if pool.shared.len() >= MAXIMUM_SHARED {
            return Err(UpstreamError::ConnectionLimit);
        }
        let dialling = dial(Arc::clone(&self.target));
        pool.dialling = dialling.downgrade();
        Ok(Checkout::Dial(dialling))
    }

    /// What a finished attempt to connect gives to one of those that waited for it. `None`: others
    /// took all that it had; check out again.
    pub(super) fn admit(self: &Arc<Self>, dialled: Dialled) -> Result<Option<Checkout>, UpstreamError> {
        match dialled {
            Dialled::H1(cell) => {
                self.lock().speaks = Speaks::H1;
                Ok(Dialled::take(&cell).map(|link| Checkout::H1(ClientConnection::new(link))))
            }
            Dialled::H2(connection) => {
                let mut pool = self.lock();
                pool.speaks = Speaks::H2;
                match connection.seat() {
                    Ok(seat) => {
                        pool.share(connection);
                        self.keep_swept(&mut pool);
                        Ok(Some(Checkout::H2(seat)))
                    }
                    Err(Unseated::Full) => Ok(None),
                    Err(Unseated::Closed(error)) => Err(error),
                }
            }
        }
    }

    fn keep_swept(self: &Arc<Self>, pool: &mut Pool) {
        if pool.sweeper == Sweeper::Running {
            return;
        }
        pool.sweeper = Sweeper::Running;
        let server = Arc::downgrade(self);
        tokio::spawn(async move {
            loop {
                tokio::time::sleep(SWEEP).await;
                let Some(server) = server.upgrade() else { return };
                if server.lock().sweep(Instant::now()) == Sweeper::Absent {
                    return;
                }
            }
        });
    }

    fn lock(&self) -> MutexGuard<'_, Pool> {
        // Every change of the pool is whole at any point where a panic could happen.
        self.pool.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

// === impl Home ===

impl Home {
    pub(super) fn of(server: &Arc<Server>) -> Self {
        Self(Arc::clone(server))
    }
}

impl Park<Link> for Home {
    fn park(&self, connection: ClientConnection<Link>) {
        let mut pool = self.0.lock();
        if pool.idle.len() >= MAXIMUM_IDLE {
            pool.idle.pop_front();
        }
        pool.idle.push_back(Idle { connection, since: Instant::now() });
        self.0.keep_swept(&mut pool);
    }
}

// === impl Pool ===

impl Pool {
    /// The connection that was used last and is still good: one that the server closed, or sent
    /// something on unasked, is dropped (U-09, U-10).
    fn take_idle(&mut self, now: Instant) -> Option<ClientConnection<Link>> {
        while let Some(Idle { mut connection, since }) = self.idle.pop_back() {
            if now.saturating_duration_since(since) >= IDLE {
                self.idle.clear();
                return None;
            }
            if connection.is_quiet() {
                return Some(connection);
            }
        }
        None
    }

    fn take_seat(&mut self) -> Option<Seat> {
        let mut found = None;
        self.shared.retain(|connection| {
            if found.is_some() {
                return true;
            }
            match connection.seat() {
                Ok(seat) => {
                    found = Some(seat.on_used_connection());
                    true
                }
                Err(Unseated::Full) => true,
                Err(Unseated::Closed(_)) => false,
            }
        });
        found
    }

    fn share(&mut self, connection: Arc<Http2>) {
        let known = self.shared.iter().any(|shared| Arc::ptr_eq(shared, &connection));
        if !known && self.shared.len() < MAXIMUM_SHARED {
            self.shared.push(connection);
        }
    }

    fn sweep(&mut self, now: Instant) -> Sweeper {
        let fresh = |idle: &Idle| now.saturating_duration_since(idle.since) < IDLE;
        while self.idle.front().is_some_and(|idle| !fresh(idle)) {
            self.idle.pop_front();
        }
        self.shared.retain(|connection| !connection.has_been_idle(now, IDLE));
        if self.idle.is_empty() && self.shared.is_empty() {
            // The memory goes with the last connection.
            self.idle = VecDeque::new();
            self.sweeper = Sweeper::Absent;
        }
        self.sweeper
    }
}
