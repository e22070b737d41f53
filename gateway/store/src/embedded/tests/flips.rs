use std::fs;
use std::path::PathBuf;

use super::script::{agrees, at, leads, play};
use super::*;
use crate::record::NOBODY;

/// Every so many octets are changed; all of them if `STATUS_STORE_FLIPS` is `all`.
const STRIDE: usize = 7;

/// How many fewer are changed where they are zero, as most of a page is, or in a result's file, which is
/// alike all over.
const SPARSE: usize = 31;

/// Octets of a page of the database.
const PAGE: usize = 4_096;

fn stride() -> usize {
    if std::env::var("STATUS_STORE_FLIPS").is_ok_and(|flips| flips == "all") { 1 } else { STRIDE }
}

/// A store after the script, as it is after a clean end, or after a kill.
struct Image {
    files: Vec<(PathBuf, Vec<u8>)>,
    told: Vec<(OperationId, script::Told)>,
}

impl Image {
    async fn closed() -> Self {
        let directory = Directory::new();
        let store = open(&directory);
        let told = play(&store).await;
        drop(store);
        Self { files: read(directory.path()), told }
    }

    async fn killed() -> Self {
        let directory = Directory::new();
        let store = open(&directory);
        let told = play(&store).await;
        let files = read(directory.path());
        drop(store);
        Self { files, told }
    }

    fn lay_out(&self, directory: &Path) {
        let _ = fs::remove_dir_all(directory);
        for (path, octets) in &self.files {
            let path = directory.join(path);
            fs::create_dir_all(path.parent().unwrap()).unwrap();
            fs::write(path, octets).unwrap();
        }
    }

    /// Opens the store and asks for everything. A wrong answer, or a panic, ends the test; the number of
    /// answers that said that something is wrong is returned.
    async fn ask(&self, directory: &Path, what: &str) -> usize {
        let faults = Arc::new(Faults::default());
        faults.unsynced.store(true, Ordering::Relaxed);
        let medium = Medium { faults: Some(faults) };
        let store = match EmbeddedStore::open_at(directory, BOUNDS, (Keeping::Durable, medium)) {
            Ok(store) => store,
            Err(OpenError::Damaged { .. } | OpenError::Disk { .. }) => return 1,
            Err(error) => panic!("{what}: {error}"),
        };
        let mut noticed = 0;
        for (id, told) in &self.told {
            match store.find(*id, at(20)).await {
                Ok(Found::Present(record)) if is_damaged(&record) => noticed += 1,
                Ok(found) => {
                    assert!(agrees(*told, &found), "{what}: {told:?} became {found:?}");
                    assert!(leads(&store, *id, &found), "{what}: the key of {told:?}, {found:?}");
                }
                Err(_) => noticed += 1,
            }
        }
        noticed
    }

    /// Changes octet after octet. Returns how many changes there were, and how many were noticed.
    async fn flip(&self) -> (usize, usize) {
        let directory = Directory::new();
        let (mut changed, mut noticed) = (0, 0);
        for (path, pristine) in &self.files {
            for at in 0..pristine.len() {
                let sparse = pristine[at] == 0 || path.starts_with("results");
                let stride = if sparse && stride() > 1 { stride() * SPARSE } else { stride() };
                if at % stride != 0 || (stride > 1 && is_unused(pristine, at)) {
                    continue;
                }
                self.lay_out(directory.path());
                let mut octets = pristine.clone();
                octets[at] ^= 1 << (at % 8);
                fs::write(directory.path().join(path), octets).unwrap();
                let what = format!("octet {at} of {}", path.display());
                changed += 1;
                noticed += usize::from(self.ask(directory.path(), &what).await > 0);
            }
        }
        (changed, noticed)
    }
}

/// A page that is all zero was never used: its first octets stand for it.
fn is_unused(octets: &[u8], at: usize) -> bool {
    let page = at / PAGE * PAGE;
    at - page >= STRIDE * SPARSE
        && octets[page..octets.len().min(page + PAGE)].iter().all(|octet| *octet == 0)
}

fn read(directory: &Path) -> Vec<(PathBuf, Vec<u8>)> {
    let mut files = Vec::new();
    for folder in [directory.to_owned(), directory.join("results")] {
        for entry in fs::read_dir(folder).unwrap().map(Result::unwrap) {
            if entry.file_type().unwrap().is_file() {
                let path = entry.path();
                files.push((path.strip_prefix(directory).unwrap().to_owned(), fs::read(path).unwrap()));
            }
        }
    }
    files
}

/// Whether the record's file says that it is damaged.
fn is_damaged(record: &Record) -> bool {
    record.response.is_some() && script::content(record).is_err()
}

#[tokio::test]
async fn g_06_each_octet_of_a_closed_store() {
    let (changed, noticed) = Image::closed().await.flip().await;
    assert!(changed > 1_000 && noticed > changed / 10, "{noticed} of {changed} were noticed");
}

#[tokio::test]
async fn g_06_each_octet_of_a_killed_store() {
    let (changed, noticed) = Image::killed().await.flip().await;
    assert!(changed > 1_000 && noticed > changed / 10, "{noticed} of {changed} were noticed");
}

#[tokio::test]
async fn g_06_truncated_files() {
    let directory = Directory::new();
    for image in [Image::closed().await, Image::killed().await] {
        for (path, pristine) in &image.files {
            for length in [0, 1, PAGE - 1, PAGE, pristine.len() / 2, pristine.len().saturating_sub(1)] {
                image.lay_out(directory.path());
                fs::write(directory.path().join(path), &pristine[..length.min(pristine.len())]).unwrap();
                image.ask(directory.path(), &format!("{} cut to {length}", path.display())).await;
            }
        }
    }
}

#[tokio::test]
async fn g_06_a_zeroed_head() {
    let directory = Directory::new();
    for image in [Image::closed().await, Image::killed().await] {
        image.lay_out(directory.path());
        let path = directory.path().join("operations.redb");
        let mut octets = fs::read(&path).unwrap();
        octets[..PAGE].fill(0);
        fs::write(&path, octets).unwrap();
        assert_eq!(image.ask(directory.path(), "the head is zero").await, 1);
    }
}

#[tokio::test]
async fn g_06_a_damaged_record_is_its_own_harm_alone() {
    let directory = Directory::new();
    let store = open(&directory);
    let told = play(&store).await;
    let (hurt, _) = told[2];
    let key = store.shared.ledger().key(hurt).unwrap();
    let mut row = store.shared.engine().row(key).unwrap().unwrap();
    row[60] ^= 4;
    store
        .shared
        .engine()
        .write(Keeping::Durable, |transaction| {
            transaction.open_table(engine::ROWS)?.insert(key.to_bytes(), row.as_slice())?;
            Ok(())
        })
        .unwrap();
    drop(store);
    let store = open(&directory);
    for (id, told) in &told {
        let found = store.find(*id, clock::now()).await;
        if *id == hurt {
            assert_eq!(found.unwrap_err(), StoreError::Corrupt);
        } else {
            assert!(agrees(*told, &found.unwrap()));
        }
    }
    assert_eq!(store.finish(hurt, script::ending(1)).await.unwrap_err(), StoreError::Corrupt);
    store.forget(hurt, at(12)).await.unwrap();
    assert!(matches!(store.find(hurt, at(13)).await, Ok(Found::Expired { owner: Some(NOBODY) })));
}
