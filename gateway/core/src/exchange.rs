//! The course of one exchange: `Waiting -> Registering -> Following -> Over`.
//!
//! Everything that an exchange on a progress route says before its final response is decided
//! here. The owner feeds in what happens (`on_*`), pulls what is to be done
//! ([`Course::poll_step`]) and sleeps until [`Course::timeout`].

mod terms;

use std::sync::Arc;
use std::time::{Duration, Instant};

use crate::interim::{InterimHead, Monitor};
use crate::operation::Snapshot;
use crate::pacing::{Cadence, Company, Pacing};
use crate::prefer::Applied;

pub use terms::{Because, Deferral, DueHead, HeadTerms, Reason, Step, Tally, Terms, Withheld};

/// The machine.
#[derive(Debug)]
pub struct Course {
    terms: Terms,
    state: State,
    latest: Option<Arc<Snapshot>>,
    tally: Tally,
    /// Heads of the origin's that were relayed before there were any of ours.
    relayed_early: u32,
}

#[derive(Debug)]
enum State {
    /// The request is not complete: nothing may be said (INT-10).
    Receiving,
    /// Complete; the response may still come soon enough to be just sent.
    Waiting { received: Instant },
    /// [`Step::Register`] was given.
    Registering { received: Instant },
    /// Heads go out.
    Following(Box<Following>),
    /// A 202 was decided.
    Over,
}

#[derive(Debug)]
struct Following {
    pacing: Pacing,
    /// How the first head names the status document; `None` once said, or if there is none.
    monitor: Option<Box<Monitor>>,
    /// A 202 is possible only if the operation is registered.
    registered: bool,
    /// Whether there are heads at all.
    speaks: bool,
    /// When a 202 is due, and why.
    deferral: Option<(Instant, Because)>,
    since: Instant,
    announced: bool,
    /// The snapshot that the last head told of.
    told: Option<Arc<Snapshot>>,
    news_since: Option<Instant>,
    withheld: Option<Withheld>,
    when_spent: WhenSpent,
}

/// What becomes of an exchange whose budget of heads is spent.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum WhenSpent {
    /// It is answered 202, if that is possible (INT-12).
    Defers,
    /// It goes on in silence: nothing is answered 202 here, or its client came back for the document
    /// and has its own hold.
    Silent,
}

// === impl Course ===

impl Course {
    /// The course of a request that is being received.
    pub fn new(terms: Terms) -> Self {
        Self { terms, state: State::Receiving, latest: None, tally: Tally::default(), relayed_early: 0 }
    }

    /// The course of a client that comes back to a registered operation by its status URI (DOC-06).
    /// The grid is that of its connection's beats.
    pub fn resubscribed(terms: Terms, grid: Instant, now: Instant) -> Self {
        let mut course = Self::new(terms);
        let mut following = course.following(grid, now, now, None);
        following.registered = true;
        following.when_spent = WhenSpent::Silent;
        course.state = State::Following(Box::new(following));
        course
    }

    /// The request has been received completely (PRF-06, INT-10).
    pub fn on_received(&mut self, now: Instant) {
        if matches!(self.state, State::Receiving) {
            self.state = State::Waiting { received: now };
        }
    }

    /// The operation is registered and its status document is at `monitor`; `None`: it could not
    /// be registered, so that there is neither a Location nor a 202.
    pub fn on_registered(&mut self, monitor: Option<Monitor>, grid: Instant, now: Instant) {
        let State::Registering { received } = self.state else { return };
        let mut following = self.following(grid, received, now, monitor);
        following.registered = following.monitor.is_some();
        self.state = State::Following(Box::new(following));
    }

    /// There is a newer snapshot.
    pub fn on_snapshot(&mut self, snapshot: &Arc<Snapshot>, now: Instant) {
        self.latest = Some(Arc::clone(snapshot));
        let State::Following(following) = &mut self.state else { return };
        let is_news = following.is_news(snapshot);
        if self.terms.heads.is_none() {
            return;
        }
        if is_news && following.pacing.is_spent() {
            self.tally.budget += 1;
        } else if is_news && following.news_since.is_some() {
            self.tally.coalesced += 1;
        }
        following.news_since = if is_news { following.news_since.or(Some(now)) } else { None };
    }

    /// A head of the origin's was relayed on this exchange; it counts against the budget.
    pub fn on_relayed(&mut self, now: Instant) {
        match &mut self.state {
            State::Following(following) => following.pacing.on_head(now, now),
            _ => self.relayed_early += 1,
        }
    }

    /// Heads that this exchange got, relayed ones included.
    pub fn heads(&self) -> u32 {
        match &self.state {
            State::Following(following) => following.pacing.sent(),
            _ => self.relayed_early,
        }
    }

    /// What is to be done now. `withheld` says why no head may go out, if none may.
    pub fn poll_step(&mut self, now: Instant, withheld: Option<Withheld>) -> Option<Step> {
        match &mut self.state {
            State::Receiving | State::Registering { .. } | State::Over => None,
            State::Waiting { received } => {
                let received = *received;
                if self.register_at(received).is_none_or(|at| now < at) {
                    return None;
                }
                self.state = State::Registering { received };
                Some(Step::Register)
            }
            State::Following(_) => self.poll_following(now, withheld),
        }
    }

    /// When to call [`Course::poll_step`] again if nothing happens before.
    pub fn timeout(&self) -> Option<Instant> {
        match &self.state {
            State::Receiving | State::Registering { .. } | State::Over => None,
            State::Waiting { received } => self.register_at(*received),
            State::Following(following) => {
                let head = if following.withheld.is_some() { None } else { following.head_due() };
                earlier(head, following.defer_at().map(|(at, _)| at))
            }
        }
    }

    /// The revision of the newest snapshot that it was told of.
    pub fn revision(&self) -> Option<u64> {
        self.latest.as_ref().map(|latest| latest.revision)
    }

    /// What its first head says that was honoured.
    pub fn applied(&self) -> Applied {
        self.terms.heads.as_ref().map(|heads| heads.applied).unwrap_or_default()
    }

    /// Heads that did not go out since the last call.
    pub fn take_tally(&mut self) -> Tally {
        std::mem::take(&mut self.tally)
    }

    /// Whether the first head has named the status document, or the course ended with a 202.
    pub fn has_announced(&self) -> bool {
        match &self.state {
            State::Following(following) => following.announced && following.registered,
            State::Over => true,
            _ => false,
        }
    }

    /// Whether a head of ours went out.
    pub fn has_spoken(&self) -> bool {
        matches!(&self.state, State::Following(following) if following.announced)
    }

    fn following(
        &self,
        grid: Instant,
        received: Instant,
        now: Instant,
        monitor: Option<Monitor>,
    ) -> Following {
        let idle = Cadence {
            minimum_interval: Duration::from_secs(1),
            heartbeat_interval: Duration::from_secs(10),
            maximum_heads: Some(0),
            company: Company::Alone,
        };
        let cadence = self.terms.heads.as_ref().map_or(idle, |heads| heads.cadence);
        let mut pacing = Pacing::new(cadence, grid, received);
        (0..self.relayed_early).for_each(|_| pacing.on_head(now, now));
        Following {
            pacing,
            monitor: monitor.map(Box::new),
            registered: false,
            speaks: self.terms.heads.is_some(),
            deferral: self.deferral_from(received),
            since: now,
            announced: false,
            told: None,
            news_since: None,
            withheld: None,
            when_spent: self.terms.deferral.map_or(WhenSpent::Silent, |_| WhenSpent::Defers),
        }
    }

    /// A 202 needs a registered operation: its hold can be shorter than `register_after`. `None`:
    /// at no time that a clock can show.
    fn register_at(&self, received: Instant) -> Option<Instant> {
        let registered = received.checked_add(self.terms.register_after);
        earlier(registered, self.deferral_from(received).map(|(at, _)| at))
    }

    /// When the 202 of a request that was complete at `received` is due, and why.
    fn deferral_from(&self, received: Instant) -> Option<(Instant, Because)> {
        let Deferral { after, because, latest } = self.terms.deferral?;
        match (received.checked_add(after), latest) {
            (Some(at), Some(latest)) if latest < at => Some((latest, Because::Deadline)),
            (Some(at), _) => Some((at, because)),
            (None, latest) => latest.map(|at| (at, Because::Deadline)),
        }
    }

    fn poll_following(&mut self, now: Instant, withheld: Option<Withheld>) -> Option<Step> {
        if let State::Following(following) = &mut self.state
            && withheld.is_none()
        {
            following.withheld = None;
        }
        let State::Following(following) = &self.state else { return None };
        if let Some((_, because)) = following.defer_at().filter(|(at, _)| *at <= now) {
            self.state = State::Over;
            return Some(Step::Defer(because));
        }
        let due = following.head_due().filter(|due| *due <= now)?;
        if following.pacing.is_spent() {
            if following.registered {
                self.state = State::Over;
                return Some(Step::Defer(Because::Policy));
            }
            return None;
        }
        if let Some(withheld) = withheld {
            self.withhold(withheld);
            return None;
        }
        self.head(due, now).map(Step::Head)
    }

    /// Counts a head that is due and may not go out: once, until one does.
    fn withhold(&mut self, reason: Withheld) {
        let State::Following(following) = &mut self.state else { return };
        if following.withheld.replace(reason) == Some(reason) {
            return;
        }
        match reason {
            Withheld::Stalled => self.tally.stalled += 1,
            Withheld::Unacknowledged => self.tally.unacknowledged += 1,
        }
    }

    fn head(&mut self, due: Instant, now: Instant) -> Option<DueHead> {
        let State::Following(following) = &mut self.state else { return None };
        let first = !following.announced;
        let gap = following.pacing.since_last(now);
        // A plain sign of life, by far the most frequent head, looks at nothing but `following`.
        let news = if first || following.news_since.is_some() { self.latest.as_ref() } else { None };
        let (mut head, reason) = match (news, &self.terms.heads) {
            (Some(latest), Some(terms)) => {
                let told = following.told.as_ref().map_or(0, |told| told.results.len());
                (InterimHead::of_snapshot(latest, &terms.reader, told).0, Reason::Progress)
            }
            _ => (InterimHead::heartbeat(), Reason::Heartbeat),
        };
        if first {
            let applied = self.terms.heads.as_ref().and_then(|terms| terms.applied.print());
            head.announce(following.monitor.take().as_deref(), applied);
        }
        if reason == Reason::Progress {
            following.told.clone_from(&self.latest);
        }
        following.news_since = None;
        following.announced = true;
        following.withheld = None;
        following.pacing.on_head(due, now);
        let reason = if first { Reason::Accepted } else { reason };
        Some(DueHead { head, reason, due, gap })
    }
}

/// The earlier of two instants that may not be.
fn earlier(one: Option<Instant>, other: Option<Instant>) -> Option<Instant> {
    match (one, other) {
        (Some(one), Some(other)) => Some(one.min(other)),
        (one, other) => one.or(other),
    }
}

impl Following {
    fn defer_at(&self) -> Option<(Instant, Because)> {
        self.deferral.filter(|_| self.registered)
    }

    /// When the next head is due; `None` where there are none, or the budget is spent.
    fn head_due(&self) -> Option<Instant> {
        if !self.speaks {
            return None;
        }
        if self.pacing.is_spent() && self.when_spent == WhenSpent::Silent {
            return None;
        }
        if !self.announced {
            return Some(self.since);
        }
        // A heartbeat that comes due before its news does carries the news: it is never starved.
        let beat = self.pacing.heartbeat_due();
        Some(self.news_since.map_or(beat, |since| beat.min(self.pacing.news_due(since))))
    }

    /// Whether a head would tell something that the last one did not.
    fn is_news(&self, snapshot: &Snapshot) -> bool {
        match &self.told {
            None => snapshot.progress.is_some() || !snapshot.results.is_empty(),
            Some(told) => told.results.len() < snapshot.results.len() || !snapshot.says_as_much_as(told),
        }
    }
}

#[cfg(test)]
mod simulation;
#[cfg(test)]
mod tests;
