//! States as events, encoded once however many streams show them.

use std::collections::HashMap;
use std::fmt::Write;
use std::sync::{Arc, Mutex, PoisonError};

use bytes::Bytes;
use progress_core::operation::OperationId;

use super::View;

/// Operations whose latest events are kept, up to some kilobytes each. When there are more, all are
/// dropped and encoded anew by whoever needs them.
const KEPT: usize = 1_000;

/// The latest events of the operations that are followed by streams.
#[derive(Clone, Debug, Default)]
pub struct Written(Arc<Mutex<HashMap<OperationId, Latest>>>);

#[derive(Debug)]
struct Latest {
    revision: u64,
    events: Bytes,
}

impl Written {
    /// The events that show a state: `progress`, and `done` if it is the last.
    pub(super) fn events(&self, view: &View) -> Bytes {
        let (id, revision) = (view.document().id, view.revision());
        let mut kept = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(latest) = kept.get(&id).filter(|latest| latest.revision == revision) {
            return latest.events.clone();
        }
        let events = encode(view);
        if kept.len() >= KEPT {
            kept.clear();
        }
        kept.insert(id, Latest { revision, events: events.clone() });
        events
    }
}

/// A JSON document has no line breaks, so it is one line of data.
fn encode(view: &View) -> Bytes {
    let json = view.document().json();
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
