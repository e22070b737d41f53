use http::{HeaderName, HeaderValue};

use super::*;

fn fields(lines: &[(&str, &str)]) -> HeaderMap {
    let line = |(name, value): &(&str, &str)| {
        (HeaderName::try_from(*name).unwrap(), HeaderValue::try_from(*value).unwrap())
    };
    let mut fields = HeaderMap::new();
    for (name, value) in lines.iter().map(line) {
        fields.append(name, value);
    }
    fields
}

fn kinds() -> [OwnerKind; 4] {
    [
        OwnerKind::ClientCertificate,
        OwnerKind::Authorization,
        OwnerKind::Cookie("sid".to_owned()),
        OwnerKind::Header(HeaderName::from_static("x-user")),
    ]
}

fn owners(secret: u8) -> Owners {
    Owners { kinds: kinds().to_vec(), ..Owners::new(&[secret; 32], &[]) }
}

fn owner(lines: &[(&str, &str)]) -> Option<Owner> {
    owners(1).of(&kinds(), &fields(lines))
}

#[test]
fn the_first_credential_that_is_present_binds() {
    let [token, cookie, user] = [("authorization", "Bearer a"), ("cookie", "sid=b"), ("x-user", "c")];
    assert_eq!(owner(&[user, cookie, token]), owner(&[token]));
    assert_eq!(owner(&[user, cookie]), owner(&[cookie]));
    assert_ne!(owner(&[user]), owner(&[cookie]));
    assert_eq!(owner(&[("accept", "*/*")]), None);
    assert_eq!(owners(1).of(&[], &fields(&[token])), None, "where nothing binds the URI is a capability");
}

#[test]
fn s_06_a_scheme_is_in_any_case_and_everything_else_is_exact() {
    let token = |value: &str| owner(&[("authorization", value)]);
    assert_eq!(token("Bearer abc"), token("bEARER abc"));
    for other in ["Bearer Abc", "Bearer abc ", "Bearer  abc", "Basic abc", "Bearer abcd", "Bearer ab"] {
        assert_ne!(token("Bearer abc"), token(other), "{other:?}");
    }
    let (latin, greek) = (owner(&[("x-user", "a")]), owner(&[("x-user", "\u{430}")]));
    assert_ne!(latin, greek, "look-alikes are two");
}

#[test]
fn s_06_what_is_empty_does_not_bind() {
    for empty in ["", "Bearer", "Bearer ", "Bearer   "] {
        assert_eq!(owner(&[("authorization", empty)]), None, "{empty:?}");
        let next = owner(&[("authorization", empty), ("cookie", "sid=b")]);
        assert_eq!(next, owner(&[("cookie", "sid=b")]), "{empty:?}");
    }
    for empty in ["sid=", "sid", "sid= ; a=b", "Sid=b", "xsid=b", "a=sid"] {
        assert_eq!(owner(&[("cookie", empty)]), None, "{empty:?}");
    }
    assert_eq!(owner(&[("x-user", "")]), None);
}

#[test]
fn cookies_are_found_on_all_lines() {
    let alone = owner(&[("cookie", "sid=b")]);
    assert_eq!(owner(&[("cookie", "a=1; sid=b; c=2")]), alone);
    assert_eq!(owner(&[("cookie", "a=1"), ("cookie", "sid=b")]), alone);
    assert_ne!(owner(&[("cookie", "sid=b=")]), alone);
}

/// A page that can set a cookie for its neighbours cannot make its own out of theirs.
#[test]
fn who_repeats_a_credential_is_known_by_all_of_it() {
    let twice = owner(&[("cookie", "sid=evil; sid=good")]);
    assert_eq!(twice, owner(&[("cookie", "sid=evil"), ("cookie", "sid=good")]));
    for other in ["sid=evil", "sid=good", "sid=good; sid=evil", "sid=evilgood"] {
        assert_ne!(twice, owner(&[("cookie", other)]), "{other}");
    }
    assert_ne!(owner(&[("x-user", "a"), ("x-user", "b")]), owner(&[("x-user", "ab")]));
}

#[test]
fn kinds_and_stores_are_kept_apart() {
    assert_ne!(owner(&[("cookie", "sid=a")]), owner(&[("x-user", "a")]));
    let lines = fields(&[("x-user", "a")]);
    assert_ne!(owners(1).of(&kinds(), &lines), owners(2).of(&kinds(), &lines));
    assert_eq!(owners(1).of(&kinds(), &lines), owners(1).of(&kinds(), &lines), "a restart changes nothing");
}

#[test]
fn s_02_whoever_presents_the_credential_may_know_and_nobody_else() {
    let owners = owners(1);
    let owner = owners.of(&kinds(), &fields(&[("authorization", "Bearer a")])).unwrap();
    let may_know = |lines: &[(&str, &str)]| owners.asker(&fields(lines)).may_know(Some(&owner));
    assert!(may_know(&[("authorization", "Bearer a")]));
    assert!(may_know(&[("cookie", "sid=b"), ("authorization", "bearer a"), ("x-user", "c")]));
    assert!(!may_know(&[]));
    assert!(!may_know(&[("authorization", "Bearer b")]));
    assert!(!may_know(&[("x-user", "Bearer a")]));
    let nobody = owners.asker(&HeaderMap::new());
    assert!(nobody.may_know(None), "a capability needs no credential");
    assert!(!nobody.may_know(Some(&NOBODY)));
}

#[test]
fn s_03_no_digest_is_printed() {
    let owners = owners(1);
    let asker = owners.asker(&fields(&[("authorization", "Bearer a")]));
    assert_eq!(format!("{asker:?}"), "Asker { .. }");
    assert!(!format!("{owners:?}").contains("key"));
}
