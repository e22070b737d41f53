use redb::WriteTransaction;

use super::meta::{self, Step};
use super::*;

fn site(directory: &Directory) -> Site {
    Site { directory: directory.path().to_owned(), medium: Medium::default(), keeping: Keeping::Durable }
}

fn engine(directory: &Directory) -> (Engine, meta::Meta) {
    let witness = Witness::open(directory.path()).unwrap();
    Engine::open(&site(directory), &witness).unwrap()
}

#[expect(clippy::unnecessary_wraps, reason = "a step may fail")]
fn nothing(_: &WriteTransaction) -> Result<(), redb::Error> {
    Ok(())
}

fn fails(_: &WriteTransaction) -> Result<(), redb::Error> {
    Err(redb::Error::Corrupted("a step failed".into()))
}

#[test]
fn g_08_an_older_store_is_brought_forward_and_a_newer_one_refused() {
    let directory = Directory::new();
    let secret = open(&directory).secret();
    let (engine, found) = engine(&directory);
    let steps: [Step; 2] = [nothing, nothing];
    let upgraded = meta::upgrade_by(&steps, &engine, found, directory.path()).unwrap();
    assert!(upgraded.schema == 3 && upgraded.secret == secret);
    drop(engine);
    // This version knows only the first schema.
    let refused = EmbeddedStore::open(directory.path(), BOUNDS).unwrap_err();
    assert!(matches!(refused, OpenError::Newer { found: 3, known: 1, .. }), "{refused}");
}

#[test]
fn g_08_a_step_that_fails_changes_nothing() {
    let directory = Directory::new();
    drop(open(&directory));
    let (engine, found) = engine(&directory);
    let steps: [Step; 2] = [nothing, fails];
    assert!(meta::upgrade_by(&steps, &engine, found, directory.path()).is_err());
    drop(engine);
    drop(open(&directory));
}
