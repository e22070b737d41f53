use std::fs;

use super::script::{Told, agrees, at, ending, id, leads, play, record, reported, resend};
use super::*;
use crate::Amendment;

const EIO: i32 = 5;
const ENOSPC: i32 = 28;

/// Waits until the store takes operations again.
async fn works_again(store: &EmbeddedStore) {
    let deadline = tokio::time::Instant::now() + Duration::from_secs(20);
    while store.accept(record(id(99))).await.is_err() {
        assert!(tokio::time::Instant::now() < deadline, "the store did not recover");
        tokio::task::yield_now().await;
    }
    store.forget(id(99), at(12)).await.unwrap();
}

/// Plays the script while `many` calls from the `n`-th on fail. Whatever fails, what was answered holds:
/// at once, after the disk works again, and after a restart. Returns whether the n-th call was made.
async fn survives(first: u64, many: u64, code: i32) -> bool {
    let directory = Directory::new();
    let faults = Arc::new(Faults::default());
    faults.fail(first, many, code);
    let told = match open_with(&directory, &faults) {
        Ok(store) => {
            let told = play(&store).await;
            for (id, told) in &told {
                match store.find(*id, at(20)).await {
                    Ok(found) => {
                        assert!(agrees(*told, &found), "{first}: {told:?} became {found:?}");
                        assert!(leads(&store, *id, &found), "{first}: the key of {told:?}, {found:?}");
                    }
                    // Only what was in doubt may be withheld.
                    Err(error) => assert_eq!(error, StoreError::Unavailable),
                }
            }
            faults.repair();
            works_again(&store).await;
            for (id, told) in &told {
                let found = store.find(*id, at(20)).await.unwrap();
                assert!(agrees(*told, &found), "{first}, repaired: {told:?} became {found:?}");
                assert!(leads(&store, *id, &found), "{first}, repaired: the key of {told:?}, {found:?}");
            }
            told
        }
        Err(error) => {
            assert!(matches!(error, OpenError::Disk { .. } | OpenError::Damaged { .. }), "{error}");
            faults.repair();
            Vec::new()
        }
    };
    let reached = faults.calls() >= first;
    let store = open(&directory);
    for (id, told) in &told {
        let found = store.find(*id, at(20)).await.unwrap();
        assert!(agrees(*told, &found), "{first}, restarted: {told:?} became {found:?}");
        assert!(leads(&store, *id, &found), "{first}, restarted: the key of {told:?}, {found:?}");
    }
    reached
}

#[tokio::test]
async fn g_04_each_call_fails_once() {
    let mut first = 1;
    while survives(first, 1, EIO).await {
        first += 1;
    }
    assert!(first > 30, "the script makes calls: {first}");
}

#[tokio::test]
async fn g_03_each_call_and_all_that_follow_find_the_disk_full() {
    let mut first = 1;
    while survives(first, u64::MAX, ENOSPC).await {
        first += 1;
    }
    assert!(first > 30, "the script makes calls: {first}");
}

#[tokio::test]
async fn g_03_reading_goes_on_while_nothing_can_be_written() {
    let directory = Directory::new();
    let faults = Arc::new(Faults::default());
    let store = open_with(&directory, &faults).unwrap();
    let told = play(&store).await;
    faults.fail(faults.calls() + 1, u64::MAX, ENOSPC);
    for number in 50..60 {
        assert_eq!(store.accept(record(id(number))).await, Err(StoreError::Unavailable));
        assert_eq!(store.finish(id(1), ending(70_000)).await.unwrap_err(), StoreError::Unavailable);
        let amended = store.amend(id(1), Amendment::Fingerprint([9; 32])).await;
        assert_eq!(amended, Err(StoreError::Unavailable));
        for (id, told) in &told {
            let found = store.find(*id, at(20)).await.unwrap();
            assert!(agrees(*told, &found), "{told:?} became {found:?}");
        }
    }
    faults.repair();
    works_again(&store).await;
    assert_eq!(store.shared.ledger().records(), 4);
}

/// The library itself goes on in memory and has the end; nobody may hear of it.
#[tokio::test]
async fn g_04_an_end_that_is_not_on_disk_is_not_told() {
    let directory = Directory::new();
    let faults = Arc::new(Faults::default());
    let store = open_with(&directory, &faults).unwrap();
    store.accept(record(id(1))).await.unwrap();
    faults.fail(faults.calls() + 1, u64::MAX, EIO);
    assert_eq!(store.finish(id(1), ending(10)).await.unwrap_err(), StoreError::Unavailable);
    let found = store.find(id(1), at(20)).await;
    assert!(matches!(found, Err(StoreError::Unavailable)), "neither running nor finished: {found:?}");
    drop(store);
    // The disk never worked again: the end was lost, and nobody was told of it.
    let found = open(&directory).find(id(1), at(20)).await.unwrap();
    assert!(matches!(found, Found::Present(record) if record.times.end.is_none()));
}

/// An acceptance that nobody was told of is undone; an amendment is not one.
#[tokio::test]
async fn g_04_an_amendment_in_doubt_takes_no_operation_with_it() {
    for after in 1.. {
        let directory = Directory::new();
        let faults = Arc::new(Faults::default());
        let store = open_with(&directory, &faults).unwrap();
        store.accept(record(id(1))).await.unwrap();
        store.checkpoint(id(1), reported("1/3"), at(1)).await.unwrap();
        faults.fail(faults.calls() + after, 1, EIO);
        let refused = store.amend(id(1), Amendment::Sequel(resend())).await.is_err();
        faults.repair();
        works_again(&store).await;
        let told = if refused { Told::AmendmentRefused } else { Told::Amended };
        let found = store.find(id(1), at(20)).await.unwrap();
        assert!(agrees(told, &found), "call {after}: {told:?} became {found:?}");
        assert!(leads(&store, id(1), &found), "call {after}");
        assert!(matches!(found, Found::Present(record) if record.snapshot.revision == 1), "call {after}");
        let used = store.shared.quota.used();
        drop(store);
        let store = open(&directory);
        let found = store.find(id(1), at(20)).await.unwrap();
        assert!(agrees(told, &found), "call {after}, restarted: {told:?} became {found:?}");
        assert_eq!(store.shared.quota.used(), used, "call {after}: what is there is counted");
        if !refused {
            assert!(after > 3, "an amendment is several writes: {after}");
            break;
        }
    }
}

/// Each record has a page of its own, so that no later change writes again what a failure left out.
#[tokio::test]
async fn g_04_what_a_failure_left_in_doubt_is_written_again() {
    const MANY: u8 = 40;
    const HURT: u8 = 20;
    const OCTETS: usize = 3_000;
    for after in 1.. {
        let directory = Directory::new();
        let faults = Arc::new(Faults::default());
        let store = open_with(&directory, &faults).unwrap();
        for number in 1..=MANY {
            store.accept(record(id(number))).await.unwrap();
        }
        for number in (1..=MANY).filter(|number| *number != HURT) {
            store.finish(id(number), ending(OCTETS)).await.unwrap();
        }
        faults.fail(faults.calls() + after, 1, EIO);
        let refused = store.finish(id(HURT), ending(OCTETS)).await.is_err();
        faults.repair();
        works_again(&store).await;
        drop(store);
        let store = open(&directory);
        for number in 1..=MANY {
            let told = if refused && number == HURT { Told::EndRefused(OCTETS) } else { Told::Ended(OCTETS) };
            let found = store.find(id(number), at(20)).await.unwrap();
            assert!(agrees(told, &found), "call {after}, operation {number}: {told:?} became {found:?}");
        }
        if !refused {
            assert!(after > 3, "an end is several writes: {after}");
            break;
        }
    }
}

#[tokio::test]
async fn g_05_a_store_that_was_removed_takes_nothing_more() {
    let directory = Directory::new();
    let store = open(&directory);
    store.accept(record(id(1))).await.unwrap();
    fs::remove_file(directory.path().join("operations.redb")).unwrap();
    assert_eq!(store.accept(record(id(2))).await, Err(StoreError::Unavailable));
    assert!(matches!(store.find(id(1), at(1)).await, Ok(Found::Present(_))), "it can still be read");
    drop(store);
    let error = EmbeddedStore::open(directory.path(), BOUNDS).unwrap_err();
    assert!(matches!(error, OpenError::Damaged { .. }), "no empty store in its place: {error}");
}
