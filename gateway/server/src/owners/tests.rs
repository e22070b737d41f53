use std::sync::Arc;
use std::time::Duration;

use http::{HeaderName, HeaderValue, Method};
use progress_core::document::{RequestSummary, Times};
use progress_core::event::Outcome;
use progress_core::operation::Operation;
use status_store::{Bounds, Ending, MemoryStore, Record, Sequel, StatusStore, Store, clock, random_id};

use super::*;
use crate::metrics::Metrics;
use crate::operations::Origin;

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

/// A connection without a certificate.
fn bare() -> ConnectionInfo {
    let address = ([192, 0, 2, 1], 443).into();
    let security = downstream::Security::Tls;
    ConnectionInfo { peer: address, local: address, security, alt_svc: None, client_certificate: None }
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
    owners(1).of(&kinds(), &fields(lines), &bare())
}

#[test]
fn the_first_credential_that_is_present_binds() {
    let [token, cookie, user] = [("authorization", "Bearer a"), ("cookie", "sid=b"), ("x-user", "c")];
    assert_eq!(owner(&[user, cookie, token]), owner(&[token]));
    assert_eq!(owner(&[user, cookie]), owner(&[cookie]));
    assert_ne!(owner(&[user]), owner(&[cookie]));
    assert_eq!(owner(&[("accept", "*/*")]), None);
    assert_eq!(
        owners(1).of(&[], &fields(&[token]), &bare()),
        None,
        "where nothing binds the URI is a capability"
    );
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
    assert_ne!(owners(1).of(&kinds(), &lines, &bare()), owners(2).of(&kinds(), &lines, &bare()));
    assert_eq!(
        owners(1).of(&kinds(), &lines, &bare()),
        owners(1).of(&kinds(), &lines, &bare()),
        "a restart changes nothing"
    );
}

#[test]
fn s_02_whoever_presents_the_credential_may_know_and_nobody_else() {
    let owners = owners(1);
    let owner = owners.of(&kinds(), &fields(&[("authorization", "Bearer a")]), &bare()).unwrap();
    let may_know = |lines: &[(&str, &str)]| owners.asker(&fields(lines), &bare()).may_know(Some(&owner));
    assert!(may_know(&[("authorization", "Bearer a")]));
    assert!(may_know(&[("cookie", "sid=b"), ("authorization", "bearer a"), ("x-user", "c")]));
    assert!(!may_know(&[]));
    assert!(!may_know(&[("authorization", "Bearer b")]));
    assert!(!may_know(&[("x-user", "Bearer a")]));
    let nobody = owners.asker(&HeaderMap::new(), &bare());
    assert!(nobody.may_know(None), "a capability needs no credential");
    assert!(!nobody.may_know(Some(&NOBODY)));
}

#[test]
fn s_03_no_digest_is_printed() {
    let owners = owners(1);
    let asker = owners.asker(&fields(&[("authorization", "Bearer a")]), &bare());
    assert_eq!(format!("{asker:?}"), "Asker { .. }");
    assert!(!format!("{owners:?}").contains("key"));
}

/// A store with an operation of `owner` that ended so long ago that its retention is over.
async fn a_store_that_remembers(owner: Option<Owner>) -> (Store, OperationId) {
    let bounds = Bounds { maximum_operations: 9, maximum_size: 1 << 20, retention: Duration::from_secs(60) };
    let (store, id) = (Store::Memory(MemoryStore::new(bounds)), random_id().unwrap());
    let at = clock::now() - Duration::from_secs(90);
    let mut operation = Operation::new();
    let record = Record {
        id,
        route: "jobs".into(),
        owner,
        request: Arc::new(RequestSummary::new(Method::POST, "https://gateway.example", "/jobs")),
        snapshot: Arc::clone(operation.snapshot()),
        times: Times { create: at, update: at, end: None, expire: None },
        response: None,
        key: None,
        sequel: Sequel::Interrupted,
    };
    store.accept(record).await.unwrap();
    operation.finish(Outcome::Canceled);
    let ending = Ending { snapshot: Arc::clone(operation.snapshot()), response: None, at };
    store.finish(id, ending).await.unwrap();
    (store, id)
}

#[tokio::test]
async fn s_02_after_its_retention_an_operation_is_as_unknown_to_a_stranger_as_before() {
    let owners = owners(1);
    let mine = fields(&[("authorization", "Bearer a")]);
    let owner = owners.of(&kinds(), &mine, &bare());
    let askers =
        [owners.asker(&mine, &bare()), owners.asker(&fields(&[("authorization", "Bearer b")]), &bare())];
    for (whose, known) in [(owner, [true, false]), (None, [true, true])] {
        let (store, id) = a_store_that_remembers(whose).await;
        let metrics = Arc::new(Metrics::new(&["jobs".into()], &["origin".into()], clock::now()).unwrap());
        let origin = Origin::new(Some("https://gateway.example"), "/.operations/");
        let operations = Operations::new(store, origin, Arc::clone(&metrics));
        let mut asked = 0;
        for (asker, known) in askers.iter().zip(known) {
            for (id, known) in [(id, known), (random_id().unwrap(), false)] {
                match asker.find(&operations, id).await.unwrap() {
                    Seen::Expired { owner: told } => assert!(known && told == whose),
                    Seen::Unknown => assert!(!known),
                    other => panic!("its retention is over: {other:?}"),
                }
                asked += 1;
                let line = format!("progress_gateway_store_operations_total{{operation=\"find\"}} {asked}\n");
                assert!(metrics.text().unwrap().contains(&line), "each costs one look at the store");
            }
        }
    }
}

#[test]
fn sec_02_a_certificate_binds_before_anything_else_and_is_exact() {
    let shown = |certificate: Option<[u8; 32]>| ConnectionInfo {
        client_certificate: certificate.map(Box::new),
        ..bare()
    };
    let (mine, yours) = (shown(Some([1; 32])), shown(Some([2; 32])));
    let token = fields(&[("authorization", "Bearer a")]);
    let owner = owners(1).of(&kinds(), &token, &mine);
    assert_eq!(owner, owners(1).of(&kinds(), &HeaderMap::new(), &mine), "the first that is present");
    assert_ne!(owner, owners(1).of(&kinds(), &token, &bare()));
    for (connection, may) in [(&mine, true), (&yours, false), (&bare(), false)] {
        assert_eq!(owners(1).asker(&token, connection).may_know(owner.as_ref()), may);
    }
}
