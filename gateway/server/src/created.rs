//! Resources whose content is still being made (CRE-03).
//!
//! Their origin has answered `201` and calls back once the content is there. Until then a client that asks
//! for such a resource, and for progress, follows the operation behind it; everybody else goes to the origin.

mod place;

use std::collections::HashMap;
use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use http::request::Parts;

use crate::operations::OperationCell;
use crate::routes::Route;

pub use place::{Asked, Place};

/// Resources that are watched at a time. Each has an operation that runs, which takes more room than its
/// entry does: beyond, requests just go to the origin.
const WATCHED: usize = 65_536;

/// The resources that are being made, by path and query. One per gateway.
#[derive(Debug, Default)]
pub struct Created {
    places: Mutex<HashMap<Box<str>, Entry>>,
    /// How many there are: nearly always none, and then nobody looks any further.
    count: AtomicUsize,
    serial: AtomicU64,
}

#[derive(Debug)]
struct Entry {
    /// Tells it from a later one of the same place.
    serial: u64,
    /// The name of the server that the resource belongs to.
    host: Box<str>,
    cell: Arc<OperationCell>,
}

/// A resource that is watched, until this is dropped.
#[derive(Debug)]
pub struct Watched {
    created: Arc<Created>,
    path: Box<str>,
    serial: u64,
}

impl Created {
    /// The content of the resource at `place` is made by the operation of `cell`: it is watched as long as
    /// that runs. An older operation of the same place is watched no more.
    pub fn watch(self: &Arc<Self>, place: Place, cell: &Arc<OperationCell>) {
        let Place { host, path } = place;
        let serial = self.serial.fetch_add(1, Ordering::Relaxed);
        let entry = Entry { serial, host, cell: Arc::clone(cell) };
        let mut places = self.places();
        if places.len() >= WATCHED && !places.contains_key(&path) {
            return;
        }
        let older = places.insert(path.clone(), entry);
        self.count.store(places.len(), Ordering::Relaxed);
        drop(places);
        drop(older);
        cell.watched(Watched { created: Arc::clone(self), path, serial });
    }

    /// The operation that makes what a request on `route` asks for. A route that takes every host tells
    /// none from another, and so nothing here does.
    pub fn find(&self, request: &Parts, route: &Route) -> Option<Arc<OperationCell>> {
        if self.count.load(Ordering::Relaxed) == 0 {
            return None;
        }
        let wanted = Place::asked(request)?;
        let places = self.places();
        let entry = places.get(&wanted.path)?;
        let is_meant = route.settings.matcher.host.is_none() || entry.host == wanted.host;
        is_meant.then(|| Arc::clone(&entry.cell))
    }

    fn places(&self) -> MutexGuard<'_, HashMap<Box<str>, Entry>> {
        // A panic cannot leave a map half changed.
        self.places.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Drop for Watched {
    fn drop(&mut self) {
        let mut places = self.created.places();
        let is_own = places.get(&self.path).is_some_and(|entry| entry.serial == self.serial);
        let entry = if is_own { places.remove(&self.path) } else { None };
        self.created.count.store(places.len(), Ordering::Relaxed);
        drop(places);
        // With the last of an operation go whatever guards it keeps.
        drop(entry);
    }
}

#[cfg(test)]
mod tests;
