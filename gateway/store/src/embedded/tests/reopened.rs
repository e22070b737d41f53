use std::fs;
use std::os::unix::fs::PermissionsExt;

use progress_core::document::Status;

use super::script::{agrees, at, content, ending, id, play, record, reported, result};
use super::*;

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
async fn tombstones_outlive_a_restart_but_not_their_time() {
    let directory = Directory::new();
    let store = open(&directory);
    store.accept(record(id(1))).await.unwrap();
    store.forget(id(1), at(0)).await.unwrap();
    drop(store);
    let store = open(&directory);
    assert!(matches!(store.find(id(1), at(3_599)).await, Ok(Found::Expired)));
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
