//! States as events, encoded once however many streams show them.

use std::collections::HashMap;
use std::fmt::Write;
use std::sync::{Arc, Mutex, PoisonError};

use bytes::Bytes;
use progress_core::language::Languages;
use progress_core::operation::OperationId;

use super::View;

/// Latest events that are kept: one for each operation, and for each language that is read of it. When there
/// are more, all are dropped and encoded anew by whoever needs them.
const KEPT: usize = 1_000;

/// Octets of them in all: most have less than a kilobyte, a long list of results has a hundred.
const OCTETS: usize = 8 * 1024 * 1024;

/// The latest events of the operations that are followed by streams, as one reader reads them.
#[derive(Clone, Debug, Default)]
pub struct Written {
    shared: Shared,
    languages: Languages,
}

type Shared = Arc<Mutex<Kept>>;

#[derive(Debug, Default)]
struct Kept {
    /// By operation, and by which of its labels is shown.
    latest: HashMap<(OperationId, usize), Latest>,
    octets: usize,
}

#[derive(Debug)]
struct Latest {
    revision: u64,
    events: Bytes,
}

impl Written {
    /// The same for who reads these languages.
    pub(in crate::status) fn read_in(&self, languages: &Languages) -> Self {
        Self { shared: Arc::clone(&self.shared), languages: languages.clone() }
    }

    /// The events that show a state: `progress`, and `done` if it is the last.
    pub(super) fn events(&self, view: &View) -> Bytes {
        let (shown, revision) = ((view.id(), view.choice(&self.languages)), view.revision());
        let mut kept = self.shared.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(latest) = kept.latest.get(&shown).filter(|latest| latest.revision == revision) {
            return latest.events.clone();
        }
        let events = self.encode(view);
        kept.keep(shown, Latest { revision, events: events.clone() });
        events
    }

    /// A JSON document has no line breaks, so it is one line of data.
    fn encode(&self, view: &View) -> Bytes {
        let json = view.document(&self.languages).json();
        let json = String::from_utf8_lossy(&json);
        let revision = view.revision();
        let names: &[&str] = if view.is_finished() { &["progress", "done"] } else { &["progress"] };
        let mut events = String::with_capacity(names.len() * (json.len() + 64));
        for name in names {
            // Writing to a string cannot fail.
            let _ = write!(events, "id: {revision}\nevent: {name}\ndata: {json}\n\n");
        }
        events.into()
    }
}

impl Kept {
    fn keep(&mut self, shown: (OperationId, usize), latest: Latest) {
        if self.latest.len() >= KEPT || self.octets + latest.events.len() > OCTETS {
            self.latest.clear();
            self.octets = 0;
        }
        self.octets += latest.events.len();
        if let Some(older) = self.latest.insert(shown, latest) {
            self.octets -= older.events.len();
        }
    }
}
