//! Whether a request is held, and for how long.

use std::time::Duration;

use progress_core::exchange::{Because, Deferral, HeadTerms, Terms};
use progress_core::prefer::Applied;

use super::super::View;
use super::super::address::Part;
use super::super::held::{Hold, Until};
use super::{Asked, Patience, matches};
use crate::config::{InterimMode, ProgressSettings};
use crate::exchange::head_terms;
use crate::operations::OperationCell;

impl Asked {
    /// Whether and how a request for a running operation is held (DOC-06 to DOC-08): at most as
    /// long as an exchange of its route may last (INT-19).
    pub(super) fn hold(&self, cell: &OperationCell, view: &View, part: Part) -> Option<Hold> {
        if self.patience == Patience::Spent {
            return None;
        }
        let preferences = self.client.preferences;
        let polls = preferences.wait.is_some()
            && self.known.as_ref().is_some_and(|known| matches(known, &self.rendering.etag(view)));
        let settings = self.settings(cell.route);
        let gets_heads = self.gets_heads(&settings);
        if !gets_heads && !polls {
            return None;
        }
        let after = held_for(preferences.wait, &settings);
        let applied = Applied {
            processing: gets_heads && preferences.processing,
            progress: gets_heads && preferences.progress,
            respond_async: false,
            wait: preferences.wait.map(|_| after.as_secs()),
        };
        self.opening.page.limit(settings.maximum_unacknowledged);
        let reader = self.rendering.reader();
        let heads = gets_heads.then(|| HeadTerms {
            applied,
            reader: reader.clone(),
            ..head_terms(&settings, &self.client)
        });
        let deferral = Some(Deferral { after, because: Because::WaitElapsed, latest: None });
        let terms = Terms { heads, register_after: Duration::ZERO, deferral };
        let until = if polls && part == Part::Document { Until::Changed } else { Until::Finished };
        Some(Hold { terms, until, applied })
    }

    /// Whether the client asks for heads and may be sent them. Who cannot is not held for them:
    /// that would be silence.
    fn gets_heads(&self, settings: &ProgressSettings) -> bool {
        self.client.preferences.opted_in()
            && self.client.incapable().is_none()
            && settings.interim != InterimMode::Never
    }

    /// The settings of an operation's route; the defaults if it is gone.
    pub(super) fn settings(&self, route: usize) -> ProgressSettings {
        self.room.progress.get(route).cloned().flatten().unwrap_or_default()
    }
}

/// How long a request is held at most: as long as it asks for, and as an operation of its route
/// may last (interface section 4, INT-19).
fn held_for(wait: Option<Duration>, settings: &ProgressSettings) -> Duration {
    wait.unwrap_or(settings.deadline).min(settings.deadline)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn b10_a_hold_lasts_as_long_as_its_route_allows() {
        let deadline = Duration::from_secs(3_600);
        let settings = ProgressSettings { deadline, ..ProgressSettings::default() };
        assert_eq!(held_for(None, &settings), deadline);
        assert_eq!(held_for(Some(Duration::from_secs(600)), &settings).as_secs(), 600);
        assert_eq!(held_for(Some(Duration::from_secs(7_200)), &settings), deadline);
    }
}
