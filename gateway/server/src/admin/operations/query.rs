//! What a listing is asked for.

use std::fmt;

use progress_core::document::Status;
use progress_core::operation::OperationId;
use serde::{Serialize, Serializer};

/// Operations on a page that names no limit.
const LIMIT: usize = 100;

/// Operations on a page.
const MOST: usize = 1_000;

/// Octets of an id that a cursor tells: a million operations do not share them, and 88 bits stay secret.
const TOLD: usize = 5;

/// See the module's documentation.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(in crate::admin) struct Query {
    state: Option<Status>,
    route: Option<String>,
    pub(super) limit: usize,
    after: Option<Cursor>,
}

/// What is wrong with a query. The operator is to blame.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub(in crate::admin) enum WrongQuery {
    /// A parameter that there is not, or that stands there twice.
    #[error("there are state, route, limit and after, each at most once")]
    Parameter,
    /// No state of an operation.
    #[error("state is one of NotStarted, Running, Canceling, Succeeded, Failed and Canceled")]
    State,
    /// No number of operations.
    #[error("limit is a number from 1 to {MOST}")]
    Limit,
    /// No cursor.
    #[error("after is the next of an earlier page")]
    After,
}

/// Where a page ends: the beginning of the last id that was looked at, so that it is no capability.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Cursor([u8; TOLD]);

// === impl Query ===

impl Query {
    /// Reads the part of a target after its question mark. No value needs to be escaped.
    ///
    /// # Errors
    /// What is wrong with it, and what would be right.
    pub(in crate::admin) fn parse(text: &str) -> Result<Self, WrongQuery> {
        let (mut state, mut route, mut limit, mut after) = (None, None, None, None);
        for parameter in text.split('&').filter(|parameter| !parameter.is_empty()) {
            let (name, value) = parameter.split_once('=').ok_or(WrongQuery::Parameter)?;
            let repeated = match name {
                "state" => state.replace(status(value).ok_or(WrongQuery::State)?).is_some(),
                "route" => route.replace(value.to_owned()).is_some(),
                "limit" => limit.replace(number(value).ok_or(WrongQuery::Limit)?).is_some(),
                "after" => after.replace(Cursor::parse(value).ok_or(WrongQuery::After)?).is_some(),
                _ => true,
            };
            if repeated {
                return Err(WrongQuery::Parameter);
            }
        }
        Ok(Self { state, route, limit: limit.unwrap_or(LIMIT), after })
    }

    /// The first id that may be on the page; `None`: the page is empty.
    pub(super) fn from(&self) -> Option<OperationId> {
        self.after.map_or(Some(OperationId::from_random([0; OperationId::SIZE])), Cursor::next)
    }

    /// Whether an operation belongs on the page.
    pub(super) fn takes(&self, route: &str, state: Status) -> bool {
        self.route.as_deref().is_none_or(|wanted| wanted == route)
            && self.state.is_none_or(|wanted| wanted == state)
    }
}

fn status(word: &str) -> Option<Status> {
    Status::ALL.into_iter().find(|status| status.word().eq_ignore_ascii_case(word))
}

fn number(text: &str) -> Option<usize> {
    text.parse().ok().filter(|number| (1..=MOST).contains(number))
}

// === impl Cursor ===

impl Cursor {
    pub(super) fn of(id: OperationId) -> Self {
        let mut told = [0; TOLD];
        told.copy_from_slice(&id.as_bytes()[..TOLD]);
        Self(told)
    }

    fn parse(text: &str) -> Option<Self> {
        let padded = format!("{text}{}", "0".repeat(2 * (OperationId::SIZE - TOLD)));
        OperationId::parse(&padded).map(Self::of)
    }

    /// The first id that begins otherwise; `None`: there is none.
    fn next(self) -> Option<OperationId> {
        let mut octets = [0; 8];
        octets[8 - TOLD..].copy_from_slice(&self.0);
        let next = u64::from_be_bytes(octets) + 1;
        let octets = next.to_be_bytes();
        let mut id = [0; OperationId::SIZE];
        id[..TOLD].copy_from_slice(&octets[8 - TOLD..]);
        (octets[8 - TOLD - 1] == 0).then(|| OperationId::from_random(id))
    }
}

impl fmt::Display for Cursor {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.iter().try_for_each(|octet| write!(f, "{octet:02x}"))
    }
}

impl Serialize for Cursor {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_asked_for_is_read() {
        let all = Query::parse("").unwrap();
        assert_eq!((all.limit, all.from().unwrap().to_string()), (100, "0".repeat(32)));
        assert!(all.takes("jobs", Status::Running));
        let some = Query::parse("state=failed&route=jobs&limit=7&after=00000000ff").unwrap();
        assert_eq!(some.limit, 7);
        assert!(some.takes("jobs", Status::Failed));
        assert!(!some.takes("jobs", Status::Running) && !some.takes("job", Status::Failed));
        assert_eq!(some.from().unwrap().to_string(), format!("00000001{}", "0".repeat(24)));
        assert_eq!(Query::parse("after=ffffffffff").unwrap().from(), None, "nothing comes after the last");
    }

    #[test]
    fn what_is_wrong_is_said() {
        for (text, wrong) in [
            ("stat=Failed", WrongQuery::Parameter),
            ("state", WrongQuery::Parameter),
            ("route=a&route=a", WrongQuery::Parameter),
            ("state=Done", WrongQuery::State),
            ("limit=0", WrongQuery::Limit),
            ("limit=1001", WrongQuery::Limit),
            ("after=00112233445566778899aabbccddeeff", WrongQuery::After),
            ("after=001122334", WrongQuery::After),
            ("after=001122334G", WrongQuery::After),
        ] {
            assert_eq!(Query::parse(text), Err(wrong), "{text}");
        }
    }

    #[test]
    fn s_03_a_cursor_is_no_capability() {
        let id = OperationId::parse("00112233445566778899aabbccddeeff").unwrap();
        assert_eq!(Cursor::of(id).to_string(), "0011223344");
        assert_eq!(Cursor::parse("0011223344"), Some(Cursor::of(id)));
    }
}
