//! What an exchange on a progress route is promised: its route's settings, its preferences and
//! its client's abilities, made one.

use std::num::NonZeroU32;
use std::time::Duration;

use downstream::Protocol;
use http::HeaderMap;
use http::header::{USER_AGENT, VIA};
use progress_core::exchange::{Because, Deferral, HeadTerms, Terms};
use progress_core::language::Languages;
use progress_core::pacing::{Cadence, Company};
use progress_core::prefer::{Applied, Honoured, Preferences};

use crate::config::{AcceptAsync, ClientProfiles, InterimMode, Profile, ProgressSettings};
use crate::metrics::labels::Suppressed;

/// What is known of a request's client.
#[derive(Clone, Copy, Debug)]
pub struct Client {
    /// The version that the request came in.
    pub protocol: Protocol,
    /// What it prefers.
    pub preferences: Preferences,
    /// What clients of its name can bear.
    profile: Option<Profile>,
    hop: Hop,
}

/// The oldest version on the way to us.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Hop {
    /// `Via` names an HTTP/1.0 hop, which cannot carry interim heads (H11-04, I-03).
    Http10,
    Capable,
}

/// What an exchange is promised.
#[derive(Clone, Debug)]
pub struct Plan {
    /// Its course.
    pub terms: Terms,
    /// What of its preferences is honoured by a 202; what is by heads stands in the terms.
    pub accepted_applied: Applied,
    /// What is kept from the origin (PRF-15).
    pub honoured: Honoured,
    /// Why it gets no heads, for the metric; once per exchange.
    pub suppressed: Option<Suppressed>,
}

// === impl Client ===

impl Client {
    /// What the request's head tells of its client.
    pub fn of(protocol: Protocol, fields: &HeaderMap, profiles: &ClientProfiles) -> Self {
        let agent = fields.get(USER_AGENT);
        Self {
            protocol,
            preferences: Preferences::from_headers(fields),
            profile: agent.and_then(|agent| profiles.lookup(agent.as_bytes())).copied(),
            hop: hop(fields),
        }
    }

    /// Why this client can be sent no interim head at all, whatever it asks for.
    pub fn incapable(&self) -> Option<Suppressed> {
        if !self.protocol.has_interim() || self.hop == Hop::Http10 {
            return Some(Suppressed::Http10);
        }
        (self.profile == Some(Profile::NoInterim)).then_some(Suppressed::DeniedClient)
    }

    /// Whether other requests of its share the connection.
    pub fn company(&self) -> Company {
        match self.protocol {
            Protocol::Http10 | Protocol::Http11 => Company::Alone,
            Protocol::H2 | Protocol::H3 => Company::Shared,
        }
    }

    /// How many heads it bears in one exchange.
    pub fn maximum_heads(&self) -> Option<NonZeroU32> {
        match self.profile {
            Some(Profile::MaximumHeads(maximum)) => Some(maximum),
            _ => None,
        }
    }
}

fn hop(fields: &HeaderMap) -> Hop {
    let is_old = |element: &str| {
        let version = element.split_whitespace().next().unwrap_or_default();
        version == "1.0" || version.eq_ignore_ascii_case("http/1.0")
    };
    let old =
        fields.get_all(VIA).iter().filter_map(|via| via.to_str().ok()).any(|via| via.split(',').any(is_old));
    if old { Hop::Http10 } else { Hop::Capable }
}

// === impl Plan ===

impl Plan {
    /// The plan for a client on a route. `None`: nothing but the origin's final response is
    /// promised, so that no operation is needed.
    pub fn new(settings: &ProgressSettings, client: &Client) -> (Option<Self>, Option<Suppressed>) {
        let (heads, suppressed) = match entitlement(settings, client) {
            Entitlement::Heads => (Some(head_terms(settings, client)), None),
            Entitlement::Suppressed(reason) => (None, Some(reason)),
            Entitlement::RouteHasNone => (None, None),
        };
        let deferral = deferral(settings, client);
        if heads.is_none() && deferral.is_none() {
            return (None, suppressed);
        }
        let preferences = client.preferences;
        let heads_applied = heads.as_ref().map(|heads| heads.applied).unwrap_or_default();
        let asked = deferral.is_some_and(|deferral| deferral.because == Because::WaitElapsed);
        // An HTTP/1.0 client that did not ask is held for the route's time, not for its own.
        let waited = preferences.wait.and(deferral).filter(|deferral| deferral.because != Because::Http10);
        let applied_wait = waited.map(|deferral| deferral.after.as_secs());
        let accepted_applied = Applied { respond_async: asked, wait: applied_wait, ..heads_applied };
        // Without heads the client learns of the operation by the 202 alone.
        let register_after = if heads.is_some() { settings.interim_after } else { Duration::MAX };
        let plan = Self {
            terms: Terms { heads, register_after, deferral },
            accepted_applied,
            honoured: Honoured { respond_async: asked, wait: waited.is_some() },
            suppressed,
        };
        (Some(plan), suppressed)
    }
}

impl Plan {
    /// The plan of a request whose client is promised nothing and whose origin may call back: it is
    /// answered as if there were no operation.
    pub fn silent() -> Self {
        Self {
            terms: Terms { heads: None, register_after: Duration::MAX, deferral: None },
            accepted_applied: Applied::default(),
            honoured: Honoured::default(),
            suppressed: None,
        }
    }

    /// Its client reads these languages (L10-01).
    pub fn speak(&mut self, languages: &Languages) {
        if let Some(heads) = &mut self.terms.heads {
            heads.reader.languages = languages.clone();
        }
    }

    /// Whether its client is promised nothing.
    pub fn is_silent(&self) -> bool {
        self.terms.heads.is_none() && self.terms.deferral.is_none()
    }
}

/// How long before an operation's deadline who asked for a 202 gets it: long enough for the answer to
/// be written while the operation still runs.
const MARGIN: Duration = Duration::from_millis(50);

impl Plan {
    /// The operation begins now and ends after `deadline`: who asked for a 202 gets it just before
    /// (INT-19). What the plan promised nobody is not changed.
    pub fn answer_before(&mut self, deadline: Duration) {
        if let Some(deferral) = &mut self.terms.deferral
            && deferral.because == Because::WaitElapsed
        {
            let now = tokio::time::Instant::now().into_std();
            deferral.latest = now.checked_add(deadline.saturating_sub(MARGIN.min(deadline / 10)));
        }
    }
}

/// Whether an exchange gets heads.
enum Entitlement {
    Heads,
    /// Not this one; the reason is counted.
    Suppressed(Suppressed),
    /// No exchange of the route does.
    RouteHasNone,
}

fn entitlement(settings: &ProgressSettings, client: &Client) -> Entitlement {
    let wanted = match settings.interim {
        InterimMode::Never => return Entitlement::RouteHasNone,
        InterimMode::OnRequest => client.preferences.opted_in(),
        InterimMode::Always => true,
    };
    match client.incapable() {
        Some(reason) => Entitlement::Suppressed(reason),
        None if wanted => Entitlement::Heads,
        None => Entitlement::Suppressed(Suppressed::NotPreferred),
    }
}

/// How heads are written to a client of a route, and how many of them.
pub fn head_terms(settings: &ProgressSettings, client: &Client) -> HeadTerms {
    let budgets = [settings.maximum_heads, client.maximum_heads()];
    let preferences = client.preferences;
    let applied =
        Applied { processing: preferences.processing, progress: preferences.progress, ..Applied::default() };
    HeadTerms {
        reader: preferences.dialect().into(),
        cadence: Cadence {
            minimum_interval: settings.minimum_interval,
            heartbeat_interval: settings.heartbeat_interval,
            maximum_heads: budgets.into_iter().flatten().min().map(NonZeroU32::get),
            company: client.company(),
        },
        applied,
    }
}

/// When a 202 takes the place of the final response (PRF-07, PRF-08, V10-02).
fn deferral(settings: &ProgressSettings, client: &Client) -> Option<Deferral> {
    let Preferences { respond_async, wait, .. } = client.preferences;
    let http10 = client.protocol == Protocol::Http10;
    let (hold, because) = match settings.accept_async {
        AcceptAsync::OnRequest | AcceptAsync::Always if respond_async => {
            let hold = if http10 { settings.http10_accept_after } else { None };
            (wait.or(hold).unwrap_or(settings.accept_after), Because::WaitElapsed)
        }
        _ if http10 && settings.http10_accept_after.is_some() => {
            (settings.http10_accept_after?, Because::Http10)
        }
        AcceptAsync::Always => (wait.unwrap_or(settings.accept_after), Because::Policy),
        AcceptAsync::OnRequest | AcceptAsync::Never => return None,
    };
    Some(Deferral { after: hold.min(settings.deadline), because, latest: None })
}

#[cfg(test)]
mod tests;
