//! Reports, and where they are kept.

use std::collections::VecDeque;
use std::sync::{Mutex, PoisonError};

/// What is done for a report.
pub(super) const STEPS: [&str; 5] =
    ["Collecting rows", "Joining tables", "Summing up", "Drawing charts", "Binding pages"];

/// How many reports are kept; older ones are thrown away.
const KEPT: usize = 100;
/// Characters of a title.
const TITLE: usize = 60;

/// The last reports, each with its number.
#[derive(Debug, Default)]
pub(super) struct Shelf(Mutex<Kept>);

#[derive(Debug, Default)]
struct Kept {
    reports: VecDeque<(u64, String)>,
    last: u64,
}

impl Shelf {
    /// Writes a report and keeps it.
    pub(super) fn file(&self, title: &[u8]) -> (u64, String) {
        let mut kept = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        kept.last += 1;
        let number = kept.last;
        let report = text(number, &String::from_utf8_lossy(title));
        if kept.reports.len() == KEPT {
            kept.reports.pop_front();
        }
        kept.reports.push_back((number, report.clone()));
        (number, report)
    }

    /// The report of this number, if it is still there.
    pub(super) fn read(&self, number: &str) -> Option<String> {
        let number: u64 = number.parse().ok()?;
        let kept = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        kept.reports.iter().find(|(each, _)| *each == number).map(|(_, report)| report.clone())
    }
}

/// What report `number` says. The title is what the client sent.
pub(in crate::demo) fn text(number: u64, title: &str) -> String {
    let title: String = title.trim().chars().filter(|letter| !letter.is_control()).take(TITLE).collect();
    let title = if title.is_empty() { "untitled" } else { &title };
    format!("Report {number}: {title}\n  north   1,204\n  south     877\n  total   2,081\n")
}
