//! The oracle: every id and state that a client has seen, and what may be said of it from then on.

use std::collections::BTreeMap;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex};

use serde_json::Value;
use tokio::sync::watch;

use crate::client::Answer;
use crate::job::{Job, Kind};
use crate::origin::{Deed, Origin};

/// A promise that was broken.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Offence {
    /// An id that a client was given is not known.
    Lost(String),
    /// What was final is different now.
    Changed(String),
    /// What is said is not what happened.
    Untrue(String),
    /// Somebody else was told something.
    Leaked(String),
    /// Something else that must not be.
    Defect(String),
}

/// What a client was told last.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Told {
    /// It runs.
    Running,
    /// Its final response, to whoever waited for it.
    Answered(u16, Vec<u8>),
    /// It is over: its document, and its result once that was asked for.
    Ended(Box<Answer>, Option<Box<Answer>>),
    /// It is forgotten.
    Forgotten,
}

/// Where an operation stands, by its document.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Stands {
    Running,
    Ended,
    Gone,
}

/// An operation that a client has heard of.
#[derive(Clone, Debug)]
pub struct Sight {
    pub job: Job,
    /// Whose it is: the value of `Authorization`.
    pub owner: &'static str,
    /// The life of the gateway in which it began.
    pub born: u64,
    pub told: Told,
    /// Whether somebody has asked for its end: then it may be cancelled, or forgotten, or neither.
    pub asked: Asked,
    /// Whether it was seen to run after the gateway in which it began had died.
    pub survived: Survived,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Asked {
    Nothing,
    Delete,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Survived {
    No,
    Yes,
}

/// What is known of all operations of one store.
#[derive(Debug)]
pub struct Oracle {
    sights: Mutex<BTreeMap<String, Sight>>,
    origin: Arc<Origin>,
    /// Gateways so far.
    life: AtomicU64,
    /// How often something was seen.
    seen: watch::Sender<usize>,
}

// === impl Oracle ===

impl Oracle {
    pub fn new(origin: Arc<Origin>) -> Self {
        let (sights, life) = (Mutex::default(), AtomicU64::new(0));
        Self { sights, origin, life, seen: watch::Sender::new(0) }
    }

    /// Another gateway has begun.
    pub fn next_life(&self) {
        self.life.fetch_add(1, Ordering::Relaxed);
    }

    /// Waits until clients have seen so many things more.
    pub async fn has_seen(&self, more: usize) {
        let mut seen = self.seen.subscribe();
        let wanted = *seen.borrow() + more;
        let _ = seen.wait_for(|count| *count >= wanted).await;
    }

    /// All operations that clients have heard of, by the paths of their documents.
    pub fn sights(&self) -> Vec<(String, Sight)> {
        let sights = self.sights.lock().unwrap();
        sights.iter().map(|(path, sight)| (path.clone(), sight.clone())).collect()
    }

    /// A client was given an id.
    pub fn announced(&self, path: &str, job: Job, owner: &'static str) {
        let born = self.life.load(Ordering::Relaxed);
        let (asked, survived) = (Asked::Nothing, Survived::No);
        let sight = Sight { job, owner, born, told: Told::Running, asked, survived };
        self.sights.lock().unwrap().entry(path.to_owned()).or_insert(sight);
        self.saw();
    }

    /// Somebody who may is about to ask for an operation's end.
    pub fn asked(&self, path: &str) {
        self.with(path, |sight| sight.asked = Asked::Delete);
    }

    /// A client that waited for an operation got its final response.
    pub fn answered(&self, path: &str, answer: &Answer) {
        let status = answer.head.status;
        self.with(path, |sight| sight.told = Told::Answered(status, answer.body.clone()));
        self.saw();
    }

    /// An operation was forgotten, as its owner was told.
    pub fn forgotten(&self, path: &str) {
        self.with(path, |sight| sight.told = Told::Forgotten);
        self.saw();
    }

    /// What the origin has done about an operation.
    pub fn deed(&self, path: &str) -> Option<Deed> {
        self.with(path, |sight| self.origin.deed(sight.job))
    }

    /// An owner was shown a status document, having asked for it when the origin had done `before`.
    pub fn shown(&self, path: &str, before: Option<Deed>, answer: Answer) -> Result<Stands, Offence> {
        let life = self.life.load(Ordering::Relaxed);
        let stands = self.with(path, |sight| {
            // What runs may end while the answer is on its way; what is over was ended before.
            let deed = if answer.head.status == 202 { before } else { self.origin.deed(sight.job) };
            sight.judge(answer, life, deed).map_err(|offence| offence.about(path, sight))
        })?;
        self.saw();
        Ok(stands)
    }

    /// An owner was shown the result of an operation that is over.
    pub fn replayed(&self, path: &str, answer: Answer) -> Result<(), Offence> {
        self.with(path, |sight| sight.compare(answer).map_err(|offence| offence.about(path, sight)))?;
        self.saw();
        Ok(())
    }

    /// An operation runs, and nothing will end it.
    pub fn never_ends(&self, path: &str) -> Offence {
        self.with(path, |sight| {
            let deed = self.origin.deed(sight.job);
            Offence::Untrue(format!("it does not end, and its origin did {deed:?}")).about(path, sight)
        })
    }

    /// How many operations came to which end, and how many of them after a restart.
    pub fn tally(&self) -> BTreeMap<&'static str, usize> {
        let mut tally = BTreeMap::new();
        for (_, sight) in self.sights() {
            *tally.entry(sight.end()).or_default() += 1;
            if sight.survived == Survived::Yes && sight.end() == "Succeeded" {
                let later = if sight.job.kind == Kind::Again { crate::AGAIN } else { crate::LATER };
                *tally.entry(later).or_default() += 1;
            }
        }
        tally
    }

    fn with<T>(&self, path: &str, look: impl FnOnce(&mut Sight) -> T) -> T {
        let mut sights = self.sights.lock().unwrap();
        look(sights.get_mut(path).expect("it was announced"))
    }

    fn saw(&self) {
        self.seen.send_modify(|count| *count += 1);
    }
}

// === impl Offence ===

impl Offence {
    fn about(self, path: &str, sight: &Sight) -> Self {
        let Sight { job, born, asked, survived, .. } = sight;
        let known = format!("{job}, begun in life {born}, asked: {asked:?}, survived: {survived:?}");
        let about = |text: String| format!("{path}: {text}; {known}, {}", sight.told.word());
        match self {
            Self::Lost(text) => Self::Lost(about(text)),
            Self::Changed(text) => Self::Changed(about(text)),
            Self::Untrue(text) => Self::Untrue(about(text)),
            Self::Leaked(text) => Self::Leaked(about(text)),
            Self::Defect(text) => Self::Defect(about(text)),
        }
    }
}

// === impl Told ===

impl Told {
    fn word(&self) -> &'static str {
        match self {
            Self::Running => "was seen to run",
            Self::Answered(..) => "its client was answered",
            Self::Ended(..) => "was seen to be over",
            Self::Forgotten => "is forgotten",
        }
    }
}

// === impl Sight ===

impl Sight {
    /// Judges a status document that its owner is shown in the life `now`, when the origin has done `deed`.
    pub fn judge(&mut self, answer: Answer, now: u64, deed: Option<Deed>) -> Result<Stands, Offence> {
        match answer.head.status {
            404 => Err(Offence::Lost("unknown".into())),
            410 if self.told == Told::Forgotten || self.asked == Asked::Delete => {
                self.told = Told::Forgotten;
                Ok(Stands::Gone)
            }
            410 => Err(Offence::Lost("gone, and nobody has deleted it".into())),
            202 => self.judge_running(now, deed),
            200 => self.judge_ended(answer, now, deed),
            status => Err(Offence::Defect(format!("a status document with {status}"))),
        }
    }

    fn judge_running(&mut self, now: u64, deed: Option<Deed>) -> Result<Stands, Offence> {
        if self.told != Told::Running {
            return Err(Offence::Changed("it is said to run".into()));
        }
        if deed == Some(Deed::Taken) {
            return Err(Offence::Untrue("it is said to run, and its outcome was taken".into()));
        }
        if now > self.born {
            if !self.job.goes_on() {
                return Err(Offence::Untrue("it is said to run, and its gateway is dead".into()));
            }
            self.survived = Survived::Yes;
        }
        Ok(Stands::Running)
    }

    fn judge_ended(&mut self, answer: Answer, now: u64, deed: Option<Deed>) -> Result<Stands, Offence> {
        let answer = answer.lasting();
        match &self.told {
            Told::Ended(before, _) if **before == answer => return Ok(Stands::Ended),
            Told::Ended(before, _) => return Err(Offence::Changed(answer.beside(before))),
            Told::Forgotten => return Err(Offence::Changed("it is there again".into())),
            Told::Running | Told::Answered(..) => {}
        }
        let document: Value = serde_json::from_slice(&answer.body)
            .map_err(|error| Offence::Defect(format!("a document that is no JSON: {error}")))?;
        let may_be = self.may_be(&document, now, deed);
        may_be.map_err(|why| Offence::Untrue(format!("{why}: {document}")))?;
        self.told = Told::Ended(Box::new(answer), None);
        Ok(Stands::Ended)
    }

    /// Whether an end that nobody has seen yet can be true.
    fn may_be(&self, document: &Value, now: u64, deed: Option<Deed>) -> Result<(), &'static str> {
        let status = document["response"]["status"].as_u64().and_then(|status| u16::try_from(status).ok());
        let word = document["status"].as_str().unwrap_or_default();
        if let Told::Answered(answered, content) = &self.told
            && self.job.is_answered_by(*answered, content)
            && status != Some(*answered)
        {
            return Err("its client got another response");
        }
        if status.is_some() {
            let success = if status < Some(400) { "Succeeded" } else { "Failed" };
            return match deed {
                None => Err("the origin has not responded"),
                Some(_) if status != self.job.status() || word != success => Err("the origin said otherwise"),
                Some(_) => Ok(()),
            };
        }
        if deed == Some(Deed::Taken) {
            return Err("the origin was told that its response is the outcome");
        }
        match (word, document["error"]["code"].as_str().unwrap_or_default()) {
            ("Canceled", _) if self.asked == Asked::Delete => Ok(()),
            ("Failed", "Interrupted") if now == self.born => Err("its gateway lives"),
            ("Failed", "Interrupted") if self.job.kind == Kind::Again => Err("it can be asked for again"),
            ("Failed", "Interrupted") if self.survived == Survived::Yes => Err("it ran after a restart"),
            ("Failed", "Interrupted") => Ok(()),
            ("Failed", code) if !code.is_empty() && self.job.kind == Kind::Breaking => Ok(()),
            _ => Err("nothing has led to this end"),
        }
    }

    /// In one word, what it came to.
    fn end(&self) -> &'static str {
        let Told::Ended(document, _) = &self.told else {
            return if self.told == Told::Forgotten { "forgotten" } else { "running" };
        };
        let document: Value = serde_json::from_slice(&document.body).unwrap_or_default();
        let words = ["Succeeded", "Canceled"];
        let word = words.into_iter().find(|word| document["status"] == *word);
        let failed = if document["error"]["code"] == "Interrupted" { "Interrupted" } else { "Failed" };
        word.unwrap_or(failed)
    }

    /// Compares a result with the one that was shown before, or with what the origin sent.
    fn compare(&mut self, answer: Answer) -> Result<(), Offence> {
        let answer = answer.lasting();
        let Told::Ended(document, shown) = &mut self.told else {
            return Err(Offence::Defect("a result before its end".into()));
        };
        let status = answer.head.status;
        if let Some(shown) = shown {
            let same = **shown == answer;
            return if same { Ok(()) } else { Err(Offence::Changed(answer.beside(shown))) };
        }
        let document: Value = serde_json::from_slice(&document.body).unwrap_or_default();
        if !document["response"].is_null() && !self.job.is_answered_by(status, &answer.body) {
            return Err(Offence::Untrue(format!("a result that was never sent: {status}")));
        }
        *shown = Some(Box::new(answer));
        Ok(())
    }
}

mod tests;
