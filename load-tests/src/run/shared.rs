//! One operation for all clients of a kind, whichever worker they live on.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use tokio::sync::watch;

use super::entry::Failed;

/// An operation that the first arrival makes and all others watch.
#[derive(Debug)]
pub(super) struct Shared {
    claimed: AtomicBool,
    /// The path of its status document.
    made: watch::Sender<Made>,
}

#[derive(Clone, Debug)]
enum Made {
    NotYet,
    At(Arc<str>),
    /// Whoever wanted to make it has failed. The next arrival tries again.
    Failed,
}

/// What an arrival has to do.
pub(super) enum Duty<'s> {
    /// Make the operation.
    Make(Maker<'s>),
    /// Watch it, once somebody has made it.
    Watch,
}

/// The duty to make it: dropped without [`Maker::made`] it is given back.
pub(super) struct Maker<'s>(&'s Shared);

impl Default for Shared {
    fn default() -> Self {
        Self { claimed: AtomicBool::new(false), made: watch::Sender::new(Made::NotYet) }
    }
}

impl Shared {
    /// The first who asks makes it.
    pub(super) fn duty(&self) -> Duty<'_> {
        if self.claimed.swap(true, Ordering::AcqRel) {
            return Duty::Watch;
        }
        self.made.send_replace(Made::NotYet);
        Duty::Make(Maker(self))
    }

    /// Waits until the operation is made; the path of its status document.
    pub(super) async fn path(&self) -> Result<Arc<str>, Failed> {
        let mut made = self.made.subscribe();
        let made = made.wait_for(|made| !matches!(made, Made::NotYet)).await;
        match made.as_deref() {
            Ok(Made::At(path)) => Ok(Arc::clone(path)),
            _ => Err(Failed {
                kind: "no operation",
                words: "the client that was to make the operation to watch has failed".to_owned(),
            }),
        }
    }
}

impl Maker<'_> {
    /// It is made, and its status document lies at `path`.
    pub(super) fn made(self, path: &str) {
        self.0.made.send_replace(Made::At(path.into()));
        std::mem::forget(self);
    }
}

impl Drop for Maker<'_> {
    fn drop(&mut self) {
        self.0.made.send_replace(Made::Failed);
        self.0.claimed.store(false, Ordering::Release);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn the_first_makes_and_the_others_watch() {
        let shared = Shared::default();
        let Duty::Make(maker) = shared.duty() else { panic!("nobody was there before") };
        assert!(matches!(shared.duty(), Duty::Watch));
        let (path, ()) = tokio::join!(shared.path(), async { maker.made("/.operations/1") });
        assert_eq!(path.as_deref(), Ok("/.operations/1"));
        assert!(matches!(shared.duty(), Duty::Watch));
    }

    #[tokio::test]
    async fn a_maker_who_fails_is_followed_by_another() {
        let shared = Shared::default();
        let Duty::Make(maker) = shared.duty() else { panic!("nobody was there before") };
        drop(maker);
        assert_eq!(shared.path().await.map_err(|failed| failed.kind), Err("no operation"));
        let Duty::Make(maker) = shared.duty() else { panic!("the duty was given back") };
        maker.made("/2");
        assert_eq!(shared.path().await.as_deref(), Ok("/2"));
    }
}
