//! The scenarios that come with the program.

/// A scenario file inside the program.
#[derive(Clone, Copy, Debug)]
pub struct Bundled {
    /// What it is run by: its file name without `.toml`.
    pub name: &'static str,
    /// The file, to be read by [`super::read`].
    pub text: &'static str,
}

/// All of them, in the order of the list that `progress-load list` prints: from what to begin with to what
/// takes longest.
pub fn bundled() -> &'static [Bundled] {
    BUNDLED
}

macro_rules! files {
    ($($name:literal),* $(,)?) => {
        &[$(Bundled { name: $name, text: include_str!(concat!("../../scenarios/", $name, ".toml")) }),*]
    };
}

const BUNDLED: &[Bundled] = files![
    "steady",
    "held-http11",
    "held-h2",
    "held-h3",
    "mixed-protocols",
    "http10-downgrade",
    "wait-storm",
    "many-watchers",
    "slow-reader",
    "interim-flood",
    "disconnect-and-return",
    "origin-faults",
    "plain-proxy",
    "soak",
];

#[cfg(test)]
mod tests;
