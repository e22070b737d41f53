//! The credentials on a request.

use std::borrow::Cow;

use http::HeaderMap;
use http::header::{AUTHORIZATION, COOKIE};
use ring::hmac;
use smallvec::SmallVec;

use super::Owner;
use crate::config::OwnerKind;
use crate::secret::update_each;

/// The values of one credential: one, unless a client repeats itself.
type Values<'a> = SmallVec<[Cow<'a, [u8]>; 1]>;

/// What a request shows of its client.
pub(super) struct Shown<'a> {
    pub(super) fields: &'a HeaderMap,
    /// The digest of the certificate on its connection.
    pub(super) certificate: Option<&'a [u8; 32]>,
}

/// The digest of the credential of one kind; `None`: there is none, or one of its values is empty, which
/// proves nothing (S-06). A client that repeats a field or a cookie is known by all of its values in their
/// order, so that nobody can put one of their own before somebody else's.
pub(super) fn digest(key: &hmac::Key, kind: &OwnerKind, shown: &Shown<'_>) -> Option<Owner> {
    let values = values(kind, shown);
    if values.is_empty() || values.iter().any(|value| value.is_empty()) {
        return None;
    }
    let (mark, name) = marked(kind);
    let mut context = hmac::Context::with_key(key);
    context.update(&[mark]);
    update_each(&mut context, std::iter::once(name).chain(values.iter().map(AsRef::as_ref)));
    context.sign().as_ref().try_into().ok()
}

/// What tells the kinds apart. Fixed for ever: digests are kept.
fn marked(kind: &OwnerKind) -> (u8, &[u8]) {
    match kind {
        OwnerKind::ClientCertificate => (1, b""),
        OwnerKind::Authorization => (2, b""),
        OwnerKind::Cookie(name) => (3, name.as_bytes()),
        OwnerKind::Header(name) => (4, name.as_str().as_bytes()),
    }
}

fn values<'a>(kind: &OwnerKind, shown: &Shown<'a>) -> Values<'a> {
    let fields = shown.fields;
    match kind {
        OwnerKind::ClientCertificate => {
            shown.certificate.into_iter().map(|digest| Cow::Borrowed(&digest[..])).collect()
        }
        OwnerKind::Authorization => {
            fields.get_all(AUTHORIZATION).iter().map(|value| authorization(value.as_bytes())).collect()
        }
        OwnerKind::Cookie(name) => cookies(fields, name.as_bytes()),
        OwnerKind::Header(name) => {
            fields.get_all(name).iter().map(|value| Cow::Borrowed(value.as_bytes())).collect()
        }
    }
}

/// A value of `Authorization`: its scheme is in any case (RFC 9110 11.1), the rest is as it is. A scheme
/// alone proves nothing.
fn authorization(value: &[u8]) -> Cow<'_, [u8]> {
    let end = value.iter().position(|byte| *byte == b' ').unwrap_or(value.len());
    let (scheme, rest) = value.split_at(end);
    if rest.trim_ascii().is_empty() {
        return Cow::Borrowed(b"");
    }
    Cow::Owned([&scheme.to_ascii_lowercase(), rest].concat())
}

/// The values of one cookie, over all lines: HTTP/2 and 3 may write each on a line of its own. Names of
/// cookies have a case (RFC 6265 5.4).
fn cookies<'a>(fields: &'a HeaderMap, name: &[u8]) -> Values<'a> {
    let lines = fields.get_all(COOKIE).iter();
    let pairs = lines.flat_map(|line| line.as_bytes().split(|byte| *byte == b';'));
    let named = pairs.filter_map(|pair| {
        let at = pair.iter().position(|byte| *byte == b'=')?;
        (pair[..at].trim_ascii() == name).then(|| Cow::Borrowed(pair[at + 1..].trim_ascii()))
    });
    named.collect()
}
