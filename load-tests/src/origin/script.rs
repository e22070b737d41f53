//! Which job a request gets, and what exactly it does.

use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use fastrand::Rng;
use progress_core::progress::{Dialect, Fraction, Label, Reported};

use crate::scenario::{Fault, Job, Reports};

/// All jobs, picked by path and weight.
#[derive(Debug)]
pub(super) struct Script {
    parts: Vec<Arc<Part>>,
    /// What a request gets for which there is no job: an immediate, empty 200.
    nothing: Arc<Part>,
    random: Mutex<Rng>,
}

/// A job that is ready to be performed.
#[derive(Debug)]
pub(super) struct Part {
    pub(super) job: Job,
    /// What follows the fraction in each `Progress` field: a space and the label, or nothing.
    label: String,
}

/// A job for one request.
#[derive(Debug)]
pub(super) struct Turn {
    pub(super) part: Arc<Part>,
    random: Rng,
}

impl Script {
    pub(super) fn new(jobs: &[Job], seed: u64) -> Self {
        let parts = jobs.iter().cloned().map(Part::new).map(Arc::new).collect();
        let nothing = Arc::new(Part::new(Job::default()));
        Self { parts, nothing, random: Mutex::new(Rng::with_seed(seed)) }
    }

    /// The job of a request for `path`: one of those for such paths, or if there is none, one of those that
    /// name no path.
    pub(super) fn next(&self, path: &str) -> Turn {
        let mut random = self.random.lock().unwrap_or_else(PoisonError::into_inner);
        let part =
            self.draw(&mut random, |job| job.path.as_ref().is_some_and(|start| path.starts_with(start)));
        let part = part.or_else(|| self.draw(&mut random, |job| job.path.is_none()));
        // Of its own, so that jobs that run side by side do not change each other's steps.
        Turn { part: Arc::clone(part.unwrap_or(&self.nothing)), random: random.fork() }
    }

    /// One of the jobs that are `fitting`, by weight.
    fn draw(&self, random: &mut Rng, fitting: impl Fn(&Job) -> bool) -> Option<&Arc<Part>> {
        let fitting = || self.parts.iter().filter(|part| part.job.weight > 0 && fitting(&part.job));
        let total: u64 = fitting().map(|part| u64::from(part.job.weight)).sum();
        let mut ticket = if total == 0 { return None } else { random.u64(..total) };
        fitting().find(|part| {
            let weight = u64::from(part.job.weight);
            let drawn = ticket < weight;
            ticket = ticket.saturating_sub(weight);
            drawn
        })
    }
}

impl Part {
    fn new(job: Job) -> Self {
        let label = job.label.as_deref().map(label_of).unwrap_or_default();
        Self { job, label }
    }

    /// 102s at once before the first step.
    pub(super) fn flood(&self) -> u32 {
        if let Fault::Flood { heads } = self.job.fault { heads } else { 0 }
    }

    /// The value of `Progress` when `done` of what is reported are done, a flood's heads included.
    pub(super) fn progress(&self, done: u32) -> Option<String> {
        let total = u64::from(self.flood()) + u64::from(self.job.steps);
        (self.job.reports == Reports::Steps).then(|| format!("{done}/{total}{}", self.label))
    }
}

impl Turn {
    /// How long the next step takes.
    pub(super) fn step(&mut self) -> Duration {
        let Job { every, jitter, .. } = self.part.job;
        let factor = 1.0 + jitter * (2.0 * self.random.f64() - 1.0);
        // A jitter above 1 would otherwise ask for time to run backwards.
        Duration::try_from_secs_f64(every.as_secs_f64() * factor.max(0.0)).unwrap_or(every)
    }
}

/// As the gateway's own grammar prints it after a fraction.
fn label_of(text: &str) -> String {
    let fraction = Fraction { completed: 0, total: Some(1) };
    let reported = Reported { label: Label::sanitized(text, None), ..Reported::of_fraction(fraction) };
    let value = reported.print(Dialect::Plain);
    let value = value.to_str().unwrap_or_default();
    value.strip_prefix("0/1").unwrap_or_default().to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn job(weight: u32, steps: u32) -> Job {
        Job { weight, steps, ..Job::default() }
    }

    #[test]
    fn jobs_are_picked_by_weight_and_the_same_with_one_seed() {
        let drawn = |seed| -> Vec<u32> {
            let script = Script::new(&[job(1, 1), job(0, 2), job(3, 3)], seed);
            (0..4000).map(|_| script.next("/").part.job.steps).collect()
        };
        let first = drawn(7);
        assert_eq!(first, drawn(7));
        assert_ne!(first, drawn(8));
        let of = |steps| first.iter().filter(|drawn| **drawn == steps).count();
        assert_eq!(of(2), 0);
        assert!((900..1100).contains(&of(1)), "{} of 4000 for a quarter", of(1));
    }

    #[test]
    fn without_jobs_the_answer_is_an_immediate_200() {
        for jobs in [&[][..], &[job(0, 5)]] {
            assert_eq!(Script::new(jobs, 1).next("/").part.job, Job::default());
        }
    }

    #[test]
    fn a_path_with_jobs_of_its_own_gets_none_of_the_others() {
        let of = |path: Option<&str>, steps| Job { path: path.map(str::to_owned), ..job(1, steps) };
        let script = Script::new(&[of(None, 1), of(Some("/a/"), 2), of(Some("/a/"), 3)], 5);
        let drawn = |path| -> Vec<u32> { (0..100).map(|_| script.next(path).part.job.steps).collect() };
        assert!(drawn("/a/b").iter().all(|steps| [2, 3].contains(steps)));
        assert!(drawn("/a/b").contains(&2) && drawn("/a/b").contains(&3));
        assert!(drawn("/a").iter().all(|steps| *steps == 1));
        let script = Script::new(&[of(Some("/a/"), 2)], 5);
        assert_eq!(script.next("/b").part.job, Job::default());
    }

    #[test]
    fn steps_vary_within_their_jitter() {
        let job = Job { every: Duration::from_millis(100), jitter: 0.2, ..Job::default() };
        let mut turn = Script::new(&[job], 3).next("/");
        let steps: Vec<_> = (0..1000).map(|_| turn.step()).collect();
        let (least, most) = (Duration::from_millis(80), Duration::from_millis(120));
        assert!(steps.iter().all(|step| (least..=most).contains(step)));
        assert!(steps.iter().any(|step| *step < Duration::from_millis(90)));
        assert!(steps.iter().any(|step| *step > Duration::from_millis(110)));
    }

    #[test]
    fn progress_counts_steps_and_has_the_label() {
        let part = |label: Option<&str>| Part::new(Job { label: label.map(str::to_owned), ..job(1, 10) });
        assert_eq!(part(None).progress(3).as_deref(), Some("3/10"));
        assert_eq!(part(Some("a \"b\"")).progress(3).as_deref(), Some(r#"3/10 "a \"b\"""#));
        assert_eq!(part(Some("é")).progress(3).as_deref(), Some("3/10 UTF-8''%C3%A9"));
        let silent = Part::new(Job { reports: Reports::Nothing, ..job(1, 10) });
        assert_eq!(silent.progress(3), None);
        let flooding = Part::new(Job { fault: Fault::Flood { heads: 90 }, ..job(1, 10) });
        assert_eq!(flooding.progress(3).as_deref(), Some("3/100"));
    }
}
