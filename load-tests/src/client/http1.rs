//! HTTP/1.0 and 1.1: a request at a time on each connection, kept for the next if it may be.

mod connection;
mod content;
mod head;
mod outgoing;

use std::cell::RefCell;

use tokio::sync::Semaphore;

use connection::{After, Connection, Silence};

use super::dial::Dialer;
use super::{Ask, Ended, Ending, Failure, PoolLimits, Reading, Target, Witness};

/// What the pool speaks.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Version {
    /// One request for each connection.
    Http10,
    /// Kept alive.
    Http11,
}

/// Connections to one target.
#[derive(Debug)]
pub(super) struct Http1 {
    version: Version,
    authority: String,
    dialer: Dialer,
    connections: usize,
    /// As many permits as connections; who waits for one is served in turn.
    room: Semaphore,
    /// Connections that rest; they and those with a permit are never more than `connections`.
    #[expect(clippy::vec_box, reason = "they go from here to their exchanges and back")]
    idle: RefCell<Vec<Box<Connection>>>,
}

/// A connection with an exchange on it. If that does not come to its end, the connection is reset.
struct Live(Option<Box<Connection>>);

// === impl Http1 ===

impl Http1 {
    pub(super) fn new(version: Version, target: &Target, limits: PoolLimits) -> Self {
        let connections = limits.connections.clamp(1, Semaphore::MAX_PERMITS);
        Self {
            version,
            authority: target.authority.clone(),
            dialer: Dialer::new(target, limits.sources, b"http/1.1"),
            connections,
            room: Semaphore::new(connections),
            idle: RefCell::default(),
        }
    }

    pub(super) async fn exchange(&self, ask: &Ask, witness: &mut dyn Witness) -> Result<(), Failure> {
        let _room = self.room.acquire().await.expect("nobody closes it");
        if let Some(kept) = self.kept(ask)? {
            match self.run(kept, ask, witness).await {
                // It was closed while the request was on its way (RFC 9112 9.3.1): once more, on a new one.
                Err(Ended::Unserved(_)) if ask.method.is_idempotent() => {}
                Err(Ended::Unserved(failure) | Ended::Failed(failure)) => return Err(failure),
                Ok(()) => return Ok(()),
            }
        }
        let new = self.connected(ask.reading).await?;
        self.run(new, ask, witness).await.map_err(Ended::into_failure)
    }

    /// A connection that has been used before, if one may be.
    ///
    /// # Errors
    ///
    /// Something has come on it that nobody asked for.
    fn kept(&self, ask: &Ask) -> Result<Option<Box<Connection>>, Failure> {
        if self.takes_its_own(ask) {
            return Ok(None);
        }
        loop {
            let Some(mut connection) = self.idle.borrow_mut().pop() else { return Ok(None) };
            match connection.silence() {
                Silence::Kept => return Ok(Some(connection)),
                Silence::Closed => {}
                Silence::Broken => return Err(connection::past_the_end()),
            }
        }
    }

    /// Whether nothing else goes over the connection of this request.
    fn takes_its_own(&self, ask: &Ask) -> bool {
        self.version == Version::Http10 || ask.reading != Reading::Freely || ask.ending == Ending::HalfClosed
    }

    async fn connected(&self, reading: Reading) -> Result<Box<Connection>, Failure> {
        let busy = self.connections - self.room.available_permits();
        // The oldest goes, if there is no other room.
        let idle = self.idle.borrow().len();
        if idle > 0 && idle + busy > self.connections {
            self.idle.borrow_mut().remove(0);
        }
        let stream = self.dialer.connect(reading).await?;
        Ok(Box::new(Connection::new(stream)))
    }

    async fn run(
        &self,
        connection: Box<Connection>,
        ask: &Ask,
        witness: &mut dyn Witness,
    ) -> Result<(), Ended> {
        let mut live = Live(Some(connection));
        let Some(connection) = &mut live.0 else { return Ok(()) };
        connection.begin(ask, &self.authority, self.version);
        let after = connection.exchange(ask, witness).await?;
        let connection = live.0.take();
        if after == After::Keep
            && !self.takes_its_own(ask)
            && let Some(connection) = connection
        {
            self.idle.borrow_mut().push(connection);
        }
        Ok(())
    }
}

impl Drop for Live {
    fn drop(&mut self) {
        if let Some(connection) = &self.0 {
            connection.reset_on_drop();
        }
    }
}
