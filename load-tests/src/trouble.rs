//! Why nothing could be measured.

use std::io;
use std::path::PathBuf;

/// Why nothing could be measured.
#[derive(Debug, thiserror::Error)]
pub enum Trouble {
    /// A program is not installed: the operator can do something about it.
    #[error("{program} is not installed; on Debian it is in the package {package}")]
    Missing {
        /// The program.
        program: &'static str,
        /// The Debian package that has it.
        package: &'static str,
    },
    /// The gateway was not built.
    #[error("{0} is not there; build it with `cargo build --release`")]
    NotBuilt(PathBuf),
    /// The system refuses something.
    #[error("{doing}: {source}")]
    System {
        /// What was to be done.
        doing: &'static str,
        /// Why it could not.
        source: io::Error,
    },
    /// A process ended, or never listened.
    #[error("{0} does not serve; its own words are above")]
    NotServing(&'static str),
    /// A process ended before it was told to, or not as it should; its log is quoted.
    #[error("{name} ended with {status}; its last words:\n{words}")]
    Ended {
        /// The process.
        name: &'static str,
        /// How it ended, as the system says it.
        status: String,
        /// The last lines of its log.
        words: String,
    },
    /// The clients and the gateway do not understand each other, or a program said something else
    /// than it was expected to.
    #[error("{doing}: {reason}")]
    Unexpected {
        /// What was being done.
        doing: &'static str,
        /// What came of it.
        reason: String,
    },
    /// Not all requests are held: whatever is measured then is not what was asked for.
    #[error("only {held} of {asked} requests are held after {seconds} s, {lost} ended")]
    NotHeld {
        /// Requests with a first head.
        held: u64,
        /// Requests that were to be held.
        asked: u64,
        /// How long was waited since the last of them was sent.
        seconds: u64,
        /// Requests that ended.
        lost: u64,
    },
}

impl Trouble {
    /// For `map_err`: the system refused to do something.
    pub fn system(doing: &'static str) -> impl FnOnce(io::Error) -> Self {
        move |source| Self::System { doing, source }
    }

    /// For `map_err`: something else than expected came of it.
    pub fn unexpected<E: std::fmt::Display>(doing: &'static str) -> impl FnOnce(E) -> Self {
        move |error| Self::Unexpected { doing, reason: error.to_string() }
    }
}
