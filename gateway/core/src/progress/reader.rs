//! Whom a progress point is told.

use crate::language::Languages;

use super::Dialect;

/// How somebody reads labels: the form that he knows, and the languages.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Reader {
    /// The form (PRG-11).
    pub dialect: Dialect,
    /// The languages (L10-01).
    pub languages: Languages,
}

/// A reader of whatever language comes first.
impl From<Dialect> for Reader {
    fn from(dialect: Dialect) -> Self {
        Self { dialect, languages: Languages::ANY }
    }
}
