use std::fs;
use std::os::unix::fs::PermissionsExt;

use progress_core::document::Status;

use super::script::{agrees, at, content, digest, ending, id, leads, play, record, reported, resend, result};
use super::*;
use crate::{Amendment, RequestKey, Sequel};

async fn found(store: &EmbeddedStore, id: OperationId) -> Arc<Record> {
    match store.find(id, at(20)).await.unwrap() {
        Found::Present(record) => record,
        other => panic!("expected a record, found {other:?}"),
    }
}

#[tokio::test]
async fn g_01_everything_is_as_it_was_told() {
    let directory = Directory::new();
    let told = play(&open(&directory)).await;
    for _ in 0..3 {
        let store = open(&directory);
        for (id, told) in &told {
            let found = store.find(*id, at(20)).await.unwrap();
            assert!(agrees(*told, &found), "{told:?} became {found:?}");
            assert!(leads(&store, *id, &found), "the key of {told:?}, {found:?}");
        }
        assert_eq!(store.unfinished(), [id(1)]);
        assert_eq!(store.census()[0], (Status::Succeeded, 3));
        // A closed store has written the states that waited.
        assert_eq!(found(&store, id(1)).await.snapshot.revision, 1);
        assert_eq!(found(&store, id(1)).await.times.update, at(1));
    }
}

#[tokio::test]
async fn g_01_what_was_interrupted_can_be_ended() {
    let directory = Directory::new();
    open(&directory).accept(record(id(1))).await.unwrap();
    let store = open(&directory);
    store.accept(record(id(2))).await.unwrap();
    assert_eq!(store.unfinished(), [id(1)], "this process's own are not unfinished");
    store.finish(id(1), ending(3)).await.unwrap();
    assert!(store.unfinished().is_empty());
}

#[tokio::test]
async fn s_12_the_first_end_stands() {
    let directory = Directory::new();
    let store = open(&directory);
    store.accept(record(id(1))).await.unwrap();
    store.finish(id(1), ending(70_000)).await.unwrap();
    let again = store.finish(id(1), ending(90_000)).await.unwrap();
    assert_eq!(content(&again).unwrap(), result(70_000));
    assert_eq!(fs::read_dir(directory.path().join("results")).unwrap().count(), 1, "the second left no file");
}

#[tokio::test]
async fn files_go_with_their_records_and_orphans_at_the_start() {
    let directory = Directory::new();
    let results = directory.path().join("results");
    let store = open(&directory);
    for number in 1..=3 {
        store.accept(record(id(number))).await.unwrap();
        store.finish(id(number), ending(100_000)).await.unwrap();
    }
    store.forget(id(1), at(11)).await.unwrap();
    assert_eq!(fs::read_dir(&results).unwrap().count(), 2);
    fs::write(results.join("0123.part"), b"half").unwrap();
    drop(store);
    let store = open(&directory);
    assert_eq!(fs::read_dir(&results).unwrap().count(), 2);
    assert_eq!(store.sweep(at(4_000)).await, 2);
    assert_eq!(fs::read_dir(&results).unwrap().count(), 0);
}

#[tokio::test]
async fn room_is_counted_again_after_a_restart() {
    let directory = Directory::new();
    let store = open(&directory);
    store.accept(record(id(1))).await.unwrap();
    store.finish(id(1), ending(500_000)).await.unwrap();
    let used = store.shared.quota.used();
    drop(store);
    let store = open(&directory);
    assert_eq!(store.shared.quota.used(), used);
    assert!(store.reserve(600_000).is_none());
    store.forget(id(1), at(11)).await.unwrap();
    assert_eq!(store.shared.quota.used(), 0);
}

#[tokio::test]
async fn room_of_a_stored_request_is_counted_until_the_end() {
    let directory = Directory::new();
    let store = open(&directory);
    store.accept(Record { sequel: resend(), ..record(id(1)) }).await.unwrap();
    let used = store.shared.quota.used();
    assert_eq!(used, RECORD_SIZE + resend().room());
    store.amend(id(1), Amendment::Sequel(Sequel::Interrupted)).await.unwrap();
    assert_eq!(store.shared.quota.used(), RECORD_SIZE);
    store.amend(id(1), Amendment::Sequel(resend())).await.unwrap();
    assert_eq!(store.shared.quota.used(), used);
    drop(store);
    let store = open(&directory);
    assert_eq!(store.shared.quota.used(), used);
    assert_eq!(found(&store, id(1)).await.sequel, resend());
    store.finish(id(1), ending(0)).await.unwrap();
    assert_eq!(store.shared.quota.used(), RECORD_SIZE);
    let row = store.shared.ledger().key(id(1)).unwrap();
    let row = store.shared.engine().row(row).unwrap().unwrap();
    assert!(!row.windows(6).any(|octets| octets == b"hidden"), "an ended record holds no credentials");
}

#[tokio::test]
async fn an_amendment_forgets_no_state_that_waits() {
    let directory = Directory::new();
    let store = open(&directory);
    store.accept(record(id(1))).await.unwrap();
    store.checkpoint(id(1), reported("1/9"), at(2)).await.unwrap();
    store.amend(id(1), Amendment::Fingerprint([8; 32])).await.unwrap();
    assert_eq!(found(&store, id(1)).await.snapshot.revision, 1);
    drop(store);
    let found = found(&open(&directory), id(1)).await;
    assert_eq!((found.snapshot.revision, found.times.update), (1, at(2)));
    assert_eq!(found.key, Some(RequestKey { digest: digest(id(1)), fingerprint: Some([8; 32]) }));
}

/// However rows come, the ledger is the same as if each had been put by itself.
#[test]
fn a_ledger_that_is_filled_is_one_that_was_put_together() {
    let finished = |expire| Place::Finished { status: Status::Succeeded, expire, octets: 5 };
    let places = [
        (1, Place::Running { octets: 3 }),
        (2, finished(40)),
        (3, Place::Tombstone { until: 30 }),
        (2, Place::Running { octets: 0 }),
        (4, Place::Corrupt { expire: 20 }),
        (3, finished(10)),
        (5, Place::Tombstone { until: 5 }),
    ];
    let (mut put, mut filled) = (Ledger::new(Quota::new(0)), Ledger::new(Quota::new(0)));
    let mut filling = ledger::Filling::new(&mut filled, 2);
    for (sequence, (number, place)) in (1..).zip(places) {
        let key = codec::Key { sequence, id: id(number) };
        put.put(key, place);
        put.note_key(key.id, Some(digest(key.id)));
        filling.put(key, place, Some(digest(key.id)));
    }
    drop(filling);
    assert_eq!(filled.records(), 4);
    for ledger in [&put, &filled] {
        assert_eq!(ledger.due(i64::MAX, 9), [id(3), id(4)]);
        assert_eq!(ledger.tombstones_due(i64::MAX, 9, 9), [id(5)]);
        assert_eq!(ledger.keyed(&digest(id(2))), Some(id(2)));
        assert_eq!((ledger.census()[0].1, ledger.next_sequence()), (1, 8));
        assert!([1, 2, 3, 4, 5].iter().all(|n| ledger.key(id(*n)).is_some()));
    }
}

/// States of records that hold long requests are written a few at a time, and all of them in the end.
#[test]
fn states_with_long_requests_are_written_in_turns() {
    let mut ledger = Ledger::new(Quota::new(1 << 40));
    for number in 1..=5 {
        let key = codec::Key { sequence: u64::from(number), id: id(number) };
        ledger.put(key, Place::Running { octets: 1_000 });
        ledger.note(id(number), Noted { snapshot: reported("1/9"), at: at(2) });
    }
    let mut written = Vec::new();
    for expected in [2, 2, 1, 0] {
        let taken = ledger.take_noted(10, 1_500);
        assert_eq!(taken.len(), expected);
        for (id, noted) in taken {
            ledger.settle(id, Some(&noted.snapshot));
            written.push(id);
        }
    }
    assert_eq!(written, [1, 2, 3, 4, 5].map(id));
}

/// A request longer than a whole group may be is a group of its own.
#[tokio::test]
async fn a_request_of_many_octets_is_stored() {
    let directory = Directory::new();
    let bounds = Bounds { maximum_size: 1 << 30, ..BOUNDS };
    let store = EmbeddedStore::open(directory.path(), bounds).unwrap();
    let Sequel::Resend(request) = resend() else { panic!("the script sends again") };
    let long = crate::StoredRequest { content: result(5 << 20).into(), ..(*request).clone() };
    let sequel = Sequel::Resend(Arc::new(long));
    store.accept(record(id(1))).await.unwrap();
    store.amend(id(1), Amendment::Sequel(sequel.clone())).await.unwrap();
    drop(store);
    let store = EmbeddedStore::open(directory.path(), bounds).unwrap();
    assert!(found(&store, id(1)).await.sequel == sequel);
}

#[tokio::test]
async fn tombstones_outlive_a_restart_but_not_their_time() {
    let directory = Directory::new();
    let store = open(&directory);
    store.accept(record(id(1))).await.unwrap();
    store.forget(id(1), at(0)).await.unwrap();
    drop(store);
    let store = open(&directory);
    assert!(matches!(store.find(id(1), at(3_599)).await, Ok(Found::Expired { owner: Some(_) })));
    store.sweep(at(3_601)).await;
    assert!(matches!(store.find(id(1), at(3_599)).await, Ok(Found::Unknown)));
}

#[tokio::test]
async fn an_acceptance_that_nobody_waits_for_leaves_nothing() {
    let directory = Directory::new();
    let store = open(&directory);
    {
        let mut accepting = std::pin::pin!(store.accept(record(id(1))));
        let _ = poll_once(accepting.as_mut()).await;
    }
    // Behind it in the queue.
    store.accept(record(id(2))).await.unwrap();
    store.accept(record(id(3))).await.unwrap();
    assert!(matches!(store.find(id(1), at(1)).await, Ok(Found::Unknown)));
    drop(store);
    let mut unfinished = open(&directory).unfinished();
    unfinished.sort_unstable();
    assert_eq!(unfinished, [id(2), id(3)]);
}

/// Polls once.
async fn poll_once<F: Future>(mut future: std::pin::Pin<&mut F>) -> bool {
    std::future::poll_fn(|cx| std::task::Poll::Ready(future.as_mut().poll(cx).is_ready())).await
}

#[tokio::test]
async fn states_are_written_while_the_store_runs_and_the_latest_wins() {
    let directory = Directory::new();
    let store = open(&directory);
    store.accept(record(id(1))).await.unwrap();
    for value in ["1/9", "2/9", "3/9"] {
        store.checkpoint(id(1), reported(value), at(2)).await.unwrap();
    }
    assert_eq!(store.checkpoint(id(2), reported("1/9"), at(2)).await, Err(StoreError::Missing));
    let key = store.shared.ledger().key(id(1)).unwrap();
    let deadline = tokio::time::Instant::now() + Duration::from_secs(20);
    loop {
        let row = store.shared.engine().row(key).unwrap().unwrap();
        let (written, _) = codec::decode_record(key, &row, &store.shared.results).unwrap().unwrap();
        if let Some(progress) = &written.snapshot.progress {
            assert_eq!(progress.reported.fraction.completed, 3);
            break;
        }
        assert!(tokio::time::Instant::now() < deadline, "no state was written");
        tokio::task::yield_now().await;
    }
}

#[test]
fn the_secret_is_made_once() {
    let (one, other) = (Directory::new(), Directory::new());
    let secret = open(&one).secret();
    assert_eq!(open(&one).secret(), secret);
    assert_ne!(open(&other).secret(), secret);
    assert!(!format!("{:?}", open(&one)).contains(&format!("{:?}", &secret[..4])[1..10]));
}

#[test]
fn g_07_a_second_opener_is_told_so() {
    let directory = Directory::new();
    let _first = open(&directory);
    let second = EmbeddedStore::open(directory.path(), BOUNDS).unwrap_err();
    assert!(matches!(second, OpenError::Locked { .. }), "{second}");
}

#[tokio::test]
async fn files_are_their_owners_alone() {
    let directory = Directory::new();
    play(&open(&directory)).await;
    let mut seen = 0;
    for folder in [directory.path().to_owned(), directory.path().join("results")] {
        assert_eq!(fs::metadata(&folder).unwrap().permissions().mode() & 0o777, 0o700);
        for entry in fs::read_dir(folder).unwrap().map(Result::unwrap) {
            if entry.file_type().unwrap().is_file() {
                assert_eq!(entry.metadata().unwrap().permissions().mode() & 0o777, 0o600, "{entry:?}");
                seen += 1;
            }
        }
    }
    assert_eq!(seen, 4, "operations.redb, witness, lock, one result");
}
