//! What origins are asked for. A job is named by its path, and says itself what its answer will be.

use std::fmt;

use fastrand::Rng;

/// A job at the origin, and the response that it ends in if nothing keeps it from that.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Job {
    pub kind: Kind,
    /// Its own: no two jobs have the same.
    pub number: u64,
}

/// How an origin deals with a job.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// Answers at once.
    Prompt,
    /// Reports progress, then answers.
    Slow,
    /// The same, with content that is longer than what is stored before the head goes out.
    Large,
    /// Reports progress, then answers 500.
    Failing,
    /// Reports progress, then closes the connection.
    Breaking,
    /// Reports progress for as long as it is listened to.
    Endless,
    /// Answers with a 202 and calls back, across deaths of the gateway too.
    Calling,
    /// Reports progress, then answers. Its gateway may ask for it again.
    Again,
}

// === impl Job ===

impl Job {
    /// A job of any kind.
    pub fn any(rng: &mut Rng) -> Self {
        let number = rng.u64(..);
        let kind = match rng.u8(0..23) {
            0 => Kind::Prompt,
            1..6 => Kind::Slow,
            6..9 => Kind::Large,
            9..11 => Kind::Failing,
            11..13 => Kind::Breaking,
            13..16 => Kind::Endless,
            16..20 => Kind::Calling,
            _ => Kind::Again,
        };
        Self { kind, number }
    }

    /// The job that a request's path names.
    pub fn of_path(path: &str) -> Option<Self> {
        let (kind, number) = path.strip_prefix("/jobs/")?.split_once('/')?;
        let kind = Kind::ALL.into_iter().find(|known| known.name() == kind)?;
        Some(Self { kind, number: number.parse().ok()? })
    }

    /// The method of its request.
    pub fn method(self) -> &'static str {
        if self.kind == Kind::Again { "PUT" } else { "POST" }
    }

    /// Whether it outlives the gateway that asked for it.
    pub fn goes_on(self) -> bool {
        matches!(self.kind, Kind::Calling | Kind::Again)
    }

    /// The status of its response; `None`: it ends without one.
    pub fn status(self) -> Option<u16> {
        match self.kind {
            Kind::Prompt | Kind::Slow | Kind::Large | Kind::Calling | Kind::Again => Some(200),
            Kind::Failing => Some(500),
            Kind::Breaking | Kind::Endless => None,
        }
    }

    /// The content of its response.
    pub fn content(self) -> Vec<u8> {
        let mut rng = Rng::with_seed(self.number);
        let length = match self.kind {
            Kind::Large => rng.usize(60_000..200_000),
            Kind::Calling if self.number.is_multiple_of(4) => rng.usize(60_000..100_000),
            _ => rng.usize(1..2_000),
        };
        let first = self.number.to_be_bytes();
        first.into_iter().chain(std::iter::repeat_with(|| rng.u8(..))).take(length).collect()
    }

    /// Whether `answer` is its response, as far as the origin chose it.
    pub fn is_answered_by(self, status: u16, content: &[u8]) -> bool {
        self.status() == Some(status) && self.content() == content
    }
}

impl fmt::Display for Job {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "/jobs/{}/{}", self.kind.name(), self.number)
    }
}

// === impl Kind ===

impl Kind {
    const ALL: [Self; 8] = [
        Self::Prompt,
        Self::Slow,
        Self::Large,
        Self::Failing,
        Self::Breaking,
        Self::Endless,
        Self::Calling,
        Self::Again,
    ];

    const fn name(self) -> &'static str {
        match self {
            Self::Prompt => "prompt",
            Self::Slow => "slow",
            Self::Large => "large",
            Self::Failing => "failing",
            Self::Breaking => "breaking",
            Self::Endless => "endless",
            Self::Calling => "calling",
            Self::Again => "again",
        }
    }
}
