//! Operations that their origins may call back about, from the request to the end.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Instant;

use progress_core::operation::OperationId;

use super::OperationCell;
use crate::meter::{Meter, Rate};

/// Operations that are listed at a time; beyond, a request carries no callback URL. A running
/// operation takes more than a kilobyte, so that other bounds are met before this one.
const LISTED: usize = 1 << 20;

/// Callbacks of a kind that one operation may get at once, and in each second after (S-13).
const RATE: Rate = Rate { burst: 10.0, per_second: 10.0 };

/// Running operations by the id that their origins know, be they registered or not.
#[derive(Debug, Default)]
pub struct Listing(Mutex<HashMap<OperationId, Entry>>);

/// Takes an operation off the list when it is dropped: with the task that works on it.
#[derive(Debug)]
pub struct Listed {
    listing: Arc<Listing>,
    id: OperationId,
}

/// What a callback is about.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Purpose {
    /// It reports progress.
    Report,
    /// It brings the final response.
    Delivery,
}

/// What becomes of a callback.
#[derive(Debug)]
pub enum Admission {
    /// It is about this operation, of whose result so many octets are kept.
    Admitted(Arc<OperationCell>, u64),
    /// There are too many of them.
    TooOften,
    /// The operation does not run.
    NotRunning,
}

#[derive(Debug)]
struct Entry {
    cell: Arc<OperationCell>,
    maximum_result: u64,
    /// Apart, so that the last report does not keep the response out.
    reports: Meter,
    deliveries: Meter,
}

impl Listing {
    /// Lists an operation under the id that its origin is told. `None`: there is no room.
    pub fn list(
        self: &Arc<Self>,
        id: OperationId,
        cell: &Arc<OperationCell>,
        maximum_result: u64,
    ) -> Option<Listed> {
        let full = Meter::full(RATE, clock());
        let entry = Entry { cell: Arc::clone(cell), maximum_result, reports: full, deliveries: full };
        let mut entries = self.entries();
        if entries.len() >= LISTED {
            return None;
        }
        cell.expect_calls(id);
        entries.insert(id, entry);
        Some(Listed { listing: Arc::clone(self), id })
    }

    /// A callback about `id` came.
    pub fn admit(&self, id: OperationId, purpose: Purpose) -> Admission {
        let mut entries = self.entries();
        let Some(entry) = entries.get_mut(&id) else { return Admission::NotRunning };
        let meter = match purpose {
            Purpose::Report => &mut entry.reports,
            Purpose::Delivery => &mut entry.deliveries,
        };
        if !meter.take(RATE, clock()) {
            return Admission::TooOften;
        }
        Admission::Admitted(Arc::clone(&entry.cell), entry.maximum_result)
    }

    fn entries(&self) -> MutexGuard<'_, HashMap<OperationId, Entry>> {
        // A panic cannot leave a map half changed.
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Drop for Listed {
    fn drop(&mut self) {
        let entry = self.listing.entries().remove(&self.id);
        if let Some(entry) = entry {
            entry.cell.hang_up();
        }
    }
}

fn clock() -> Instant {
    tokio::time::Instant::now().into_std()
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use status_store::random_id;

    use super::super::registry::tests::cell;
    use super::*;

    fn admitted(listing: &Listing, id: OperationId, purpose: Purpose) -> usize {
        (0..30).filter(|_| matches!(listing.admit(id, purpose), Admission::Admitted(..))).count()
    }

    #[tokio::test(start_paused = true)]
    async fn s_13_ten_reports_a_second_and_a_delivery_besides() {
        let listing = Arc::new(Listing::default());
        let id = random_id().unwrap();
        let _listed = listing.list(id, &cell(), 1).expect("there is room");
        assert_eq!(admitted(&listing, id, Purpose::Report), 10);
        assert_eq!(admitted(&listing, id, Purpose::Delivery), 10);
        tokio::time::advance(Duration::from_millis(501)).await;
        assert_eq!(admitted(&listing, id, Purpose::Report), 5);
    }

    #[tokio::test(start_paused = true)]
    async fn s_12_who_ends_is_not_listed_and_answers_nobody() {
        let listing = Arc::new(Listing::default());
        let (id, cell) = (random_id().unwrap(), cell());
        let listed = listing.list(id, &cell, 1).expect("there is room");
        assert_eq!(cell.planned_id(), Some(id));
        drop(listed);
        assert!(matches!(listing.admit(id, Purpose::Report), Admission::NotRunning));
        let response = http::Response::new(crate::upstream::UpstreamBody::delivered([].into(), None));
        assert!(cell.deliver(response).is_none());
    }
}
