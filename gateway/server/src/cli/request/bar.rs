//! A progress bar on a terminal.

use std::time::Duration;

use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};
use progress_core::progress::Reported;

use super::lines;

/// How often the time that has passed is drawn anew.
const TICK: Duration = Duration::from_millis(200);

/// Where the total is known.
const MEASURED: &str = "{bar:30} {percent:>3} %  {pos}/{len}  {elapsed}  {wide_msg}";
/// Where it is not.
const UNMEASURED: &str = "{spinner} {elapsed}  {wide_msg}";

/// A line on standard error, wiped off at the end.
#[derive(Debug)]
pub(super) struct Bar(ProgressBar);

impl Bar {
    /// Begins to turn.
    pub(super) fn new() -> Self {
        let bar = ProgressBar::with_draw_target(None, ProgressDrawTarget::stderr());
        bar.set_style(style(UNMEASURED));
        bar.enable_steady_tick(TICK);
        Self(bar)
    }

    /// Shows how far it is.
    pub(super) fn show(&self, reported: &Reported) {
        let fraction = reported.fraction;
        let label = lines::label(reported).unwrap_or_default();
        if let Some(total) = fraction.total.filter(|total| *total > 0) {
            self.0.set_length(total);
            self.0.set_position(fraction.completed);
            self.0.set_message(label);
            self.0.set_style(style(MEASURED).progress_chars("=> "));
        } else {
            self.0.set_style(style(UNMEASURED));
            self.0.set_message(format!("{fraction} {label}"));
        }
    }

    /// Writes a line above it.
    pub(super) fn note(&self, line: &str) {
        self.0.println(line);
    }

    /// Wipes it off.
    pub(super) fn clear(&self) {
        self.0.finish_and_clear();
    }
}

impl Drop for Bar {
    fn drop(&mut self) {
        self.clear();
    }
}

fn style(template: &str) -> ProgressStyle {
    ProgressStyle::with_template(template).expect("the templates are well formed")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_templates_are_well_formed() {
        for template in [MEASURED, UNMEASURED] {
            drop(style(template));
        }
    }
}
