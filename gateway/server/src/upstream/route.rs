//! Which server a call goes to: in turn, past those that are down.

use std::cell::LazyCell;
use std::sync::Arc;

use super::Upstream;
use super::server::Server;

/// Servers that one request tries to connect to: more would only let a broken upstream take longer
/// to be told of (U-11).
const MAXIMUM_TRIES: u32 = 3;

/// Servers of one upstream that a request considers, from its turn on: the bits of a mask.
const MAXIMUM_CONSIDERED: usize = 64;

/// One call's way through the servers of its upstream.
#[derive(Debug)]
pub(super) struct Route {
    turn: usize,
    /// The server of this try, by its distance from `turn`.
    at: Option<usize>,
    /// Those that could not be connected to, by distance.
    failed: u64,
}

impl Route {
    /// A route that begins with the server whose turn it is.
    pub(super) fn from(turn: usize) -> Self {
        Self { turn, at: None, failed: 0 }
    }

    /// The server to go to: the first that is up. If all are down, the one whose turn it is: it
    /// costs one attempt to find out.
    pub(super) fn server<'u>(&mut self, upstream: &'u Upstream) -> Option<&'u Arc<Server>> {
        if self.at.is_none() {
            self.at = Some(self.find(upstream).unwrap_or(0));
        }
        self.chosen(upstream)
    }

    /// The server to go to after the present one could not be connected to: another one that is up.
    pub(super) fn next_server<'u>(&mut self, upstream: &'u Upstream) -> Option<&'u Arc<Server>> {
        self.failed |= self.at.map_or(0, |at| 1 << at);
        if self.failed.count_ones() >= MAXIMUM_TRIES {
            return None;
        }
        self.at = Some(self.find(upstream)?);
        self.chosen(upstream)
    }

    fn find(&self, upstream: &Upstream) -> Option<usize> {
        // Only where a server is down does the time matter.
        let now = LazyCell::new(|| tokio::time::Instant::now().into_std());
        (0..upstream.servers.len().min(MAXIMUM_CONSIDERED)).find(|distance| {
            self.failed & (1 << distance) == 0
                && self.at_distance(upstream, *distance).is_some_and(|server| {
                    let health = &server.target().health;
                    health.is_up() || health.admits(*now)
                })
        })
    }

    fn chosen<'u>(&self, upstream: &'u Upstream) -> Option<&'u Arc<Server>> {
        self.at_distance(upstream, self.at?)
    }

    fn at_distance<'u>(&self, upstream: &'u Upstream, distance: usize) -> Option<&'u Arc<Server>> {
        let count = upstream.servers.len().max(1);
        upstream.servers.get((self.turn + distance) % count)
    }
}
