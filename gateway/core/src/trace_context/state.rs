//! `tracestate`: a list of `key=value`, one for each tracing system that has seen the trace.

use http::{HeaderMap, HeaderValue};

use super::TRACESTATE;
use crate::blanks::trim_blanks;

/// What is passed on in all; as much as level 1 asks for.
const MAXIMUM_LENGTH: usize = 512;

/// Members that a list may have; one with more is not valid.
const MAXIMUM_MEMBERS: usize = 32;

/// Members longer than this go first if a list is too long.
const LONG_MEMBER: usize = 128;

/// Length of a key, and of a value.
const MAXIMUM_PART: usize = 256;

/// Makes the state one line of members of a bounded length. What is not valid goes as a whole.
pub(super) fn tidy(fields: &mut HeaderMap) {
    let mut lines = fields.get_all(TRACESTATE).iter();
    let (Some(first), second) = (lines.next(), lines.next()) else { return };
    let is_kept = is_valid(fields);
    if is_kept
        && second.is_none()
        && first.len() <= MAXIMUM_LENGTH
        && !trim_blanks(first.as_bytes()).is_empty()
    {
        return;
    }
    let joined = if is_kept { join(fields) } else { None };
    match joined {
        Some(joined) => drop(fields.insert(TRACESTATE, joined)),
        None => drop(fields.remove(TRACESTATE)),
    }
}

/// The members of all lines, without empty ones.
fn members(fields: &HeaderMap) -> impl Iterator<Item = &[u8]> {
    let lines = fields.get_all(TRACESTATE).iter();
    let members = lines.flat_map(|line| line.as_bytes().split(|octet| *octet == b','));
    members.map(trim_blanks).filter(|member| !member.is_empty())
}

fn is_valid(fields: &HeaderMap) -> bool {
    let first = members(fields).take(MAXIMUM_MEMBERS + 1);
    let mut count = 0;
    first.inspect(|_| count += 1).all(is_member) && count <= MAXIMUM_MEMBERS
}

fn is_member(member: &[u8]) -> bool {
    let Some(at) = member.iter().position(|octet| *octet == b'=') else { return false };
    let (key, value) = (&member[..at], &member[at + 1..]);
    let is_key = key.first().is_some_and(|first| matches!(first, b'a'..=b'z' | b'0'..=b'9'))
        && key
            .iter()
            .all(|octet| matches!(octet, b'a'..=b'z' | b'0'..=b'9' | b'_' | b'-' | b'*' | b'/' | b'@'));
    let is_value = !value.is_empty() && value.iter().all(|octet| matches!(octet, b' '..=b'<' | b'>'..=b'~'));
    is_key && is_value && key.len().max(value.len()) <= MAXIMUM_PART
}

/// All members in one line. If that is too long, long ones go first, then those at the end, which
/// are the oldest. `None`: nothing is left.
fn join(fields: &HeaderMap) -> Option<HeaderValue> {
    let mut kept: Vec<&[u8]> = members(fields).collect();
    if joined_length(&kept) > MAXIMUM_LENGTH {
        kept.retain(|member| member.len() <= LONG_MEMBER);
    }
    while joined_length(&kept) > MAXIMUM_LENGTH {
        kept.pop();
    }
    HeaderValue::from_bytes(&kept.join(&b',')).ok().filter(|joined| !joined.is_empty())
}

fn joined_length(members: &[&[u8]]) -> usize {
    members.iter().map(|member| member.len() + 1).sum::<usize>().saturating_sub(1)
}
