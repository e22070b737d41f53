//! Follows an operation by its status URI to its end, and fetches what came of it.

use std::time::Duration;

use http::Uri;
use tokio::time::sleep;

use crate::client::Pool;

use super::entry::{Entry, Failed};
use super::exchange::send;
use super::leg::{ACCEPTED, Leg, Moments, Wanted};
use super::setting::{Kind, OptedIn};

/// How often a status document is read at most: one that says `Retry-After: 1` for two hours.
const MAXIMUM_READS: u32 = 7200;
/// The pause where `Retry-After` says nothing.
const PAUSE: Duration = Duration::from_secs(1);
/// The longest pause that is kept to.
const LONGEST_PAUSE: Duration = Duration::from_secs(30);
/// The status document of what has ended.
const ENDED: u16 = 200;
/// Whoever reads too often gets this, and comes back later.
const TOO_MANY: u16 = 429;

/// An operation whose status URI is known.
pub(super) struct Operation<'a> {
    kind: &'a Kind,
    /// The path of the status document.
    status: String,
    /// The path that it was begun with.
    path: &'a str,
}

impl<'a> Operation<'a> {
    /// Fails if there is no status URI.
    pub(super) fn new(kind: &'a Kind, location: Option<&str>, path: &'a str) -> Result<Self, Failed> {
        let status = location.and_then(path_of).ok_or_else(|| Failed {
            kind: "no status URI",
            words: format!("a 202 with the Location {location:?}, which leads nowhere"),
        })?;
        Ok(Self { kind, status, path })
    }

    /// Reads the status document until the operation has ended, with `preference`, then the result.
    pub(super) async fn follow(
        self,
        pool: &Pool,
        entry: &mut Entry,
        preference: (Option<&'static str>, OptedIn),
    ) -> Result<(), Failed> {
        let (prefer, opted_in) = preference;
        let moments = Moments::default();
        for _ in 0..MAXIMUM_READS {
            let hearing = self.kind.hearing(opted_in, Wanted::Document);
            let ask = Kind::fetch(self.status.clone(), prefer);
            let answer = send(pool, &ask, &mut Leg::new(entry, hearing, &moments)).await?;
            match answer.status {
                ENDED => return self.fetch(pool, entry).await,
                ACCEPTED | TOO_MANY => sleep(answer.retry_after.unwrap_or(PAUSE).min(LONGEST_PAUSE)).await,
                other => return Err(lost(format!("the status URI says {other}"))),
            }
        }
        Err(lost(format!("not ended after the status document was read {MAXIMUM_READS} times")))
    }

    async fn fetch(&self, pool: &Pool, entry: &mut Entry) -> Result<(), Failed> {
        let hearing = self.kind.hearing(OptedIn::No, self.kind.response(self.path));
        let ask = Kind::fetch(format!("{}/result", self.status), None);
        let moments = Moments::default();
        let answer = send(pool, &ask, &mut Leg::new(entry, hearing, &moments)).await?;
        match answer.status {
            status @ (ACCEPTED | 404 | 410) => {
                Err(lost(format!("the result of an ended operation is {status}")))
            }
            _ => Ok(()),
        }
    }
}

/// Path and query of a reference, with or without scheme and authority.
pub(super) fn path_of(location: &str) -> Option<String> {
    let uri: Uri = location.parse().ok()?;
    let path = uri.path_and_query()?.as_str();
    path.starts_with('/').then(|| path.to_owned())
}

fn lost(words: String) -> Failed {
    Failed { kind: "lost operation", words }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_status_uri_may_be_absolute_or_a_path() {
        assert_eq!(path_of("https://localhost:1/.operations/a").as_deref(), Some("/.operations/a"));
        assert_eq!(path_of("/.operations/a?b").as_deref(), Some("/.operations/a?b"));
        assert_eq!(path_of("not a uri"), None);
    }
}
