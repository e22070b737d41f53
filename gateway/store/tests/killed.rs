//! G-01: a process that is killed while it writes has lost nothing that it was told is stored.
//!
//! The parent starts this very test program as a child, reads what the child was told, kills it at a
//! random point, and opens the store. 50 rounds; `STATUS_STORE_KILLS` sets another number, and
//! `STATUS_STORE_SEED` repeats a run.

mod directory;

use std::collections::HashMap;
use std::io::{BufRead, BufReader, Write};
use std::path::Path;
use std::process::{Command, Stdio};
use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use http::{HeaderMap, Method, StatusCode};
use jiff::Timestamp;
use progress_core::document::{RequestSummary, Times};
use progress_core::event::Outcome;
use progress_core::operation::{Operation, OperationId};
use status_store::{
    Amendment, Bounds, Content, EmbeddedStore, Ending, Found, Record, RequestKey, Sequel, StatusStore,
    StoredRequest, StoredResponse, random_id,
};

use crate::directory::Directory;

const BOUNDS: Bounds =
    Bounds { maximum_operations: 1_000_000, maximum_size: 1 << 40, retention: Duration::from_secs(3_600) };

/// Operations that the child works on at a time.
const TASKS: usize = 16;

/// The test that the child is started as.
const KILLED: &str = "g_01_nothing_is_lost_when_the_process_is_killed";

/// Where the child's store is; set in the child alone.
const DIRECTORY: &str = "STATUS_STORE_CHILD";

/// Set if the child's store keeps nothing.
const VOLATILE: &str = "STATUS_STORE_VOLATILE";

fn at(seconds: i64) -> Timestamp {
    Timestamp::from_second(4_000_000_000 + seconds).unwrap()
}

/// Each operation's key, owner and fingerprint are its own.
fn digest(id: OperationId) -> [u8; 32] {
    id.as_bytes().repeat(2).try_into().unwrap()
}

/// So is what it is amended with.
fn resend(id: OperationId) -> Sequel {
    let mut fields = HeaderMap::new();
    fields.insert("authorization", id.to_string().parse().unwrap());
    let (target, content) = (format!("/{id}"), Bytes::from(result(id)));
    Sequel::Resend(Arc::new(StoredRequest { method: Method::POST, target, fields, content }))
}

fn record(id: OperationId) -> Record {
    Record {
        id,
        route: "reports".into(),
        owner: Some(digest(id)),
        request: Arc::new(RequestSummary::new(Method::POST, "https://a", "/reports")),
        snapshot: Arc::clone(Operation::new().snapshot()),
        times: Times { create: at(0), update: at(0), end: None, expire: None },
        response: None,
        key: Some(RequestKey { digest: digest(id), fingerprint: None }),
        sequel: Sequel::Interrupted,
    }
}

/// Each operation's result is its own.
fn result(id: OperationId) -> Vec<u8> {
    let [first, second, ..] = *id.as_bytes();
    let length = match first % 8 {
        0 => 70_000 + usize::from(second) * 100,
        1 => 0,
        _ => 10 + usize::from(second),
    };
    id.as_bytes().iter().copied().cycle().take(length).collect()
}

fn ending(id: OperationId) -> Ending {
    let mut operation = Operation::new();
    operation.finish(Outcome::Canceled);
    let content = Content::Kept { pieces: vec![Bytes::from(result(id))], room: None };
    let response = StoredResponse { status: StatusCode::OK, fields: HeaderMap::new(), content };
    Ending { snapshot: Arc::clone(operation.snapshot()), response: Some(Arc::new(response)), at: at(10) }
}

/// Says what was stored, as a client would be told: in one write, at once.
fn announce(word: &str, id: OperationId) {
    let mut out = std::io::stdout().lock();
    out.write_all(format!("@ {word} {id}\n").as_bytes()).unwrap();
    out.flush().unwrap();
}

async fn work(store: Arc<EmbeddedStore>) {
    loop {
        let id = random_id().unwrap();
        store.accept(record(id)).await.unwrap();
        announce("accepted", id);
        if id.as_bytes()[4].is_multiple_of(2) {
            store.amend(id, Amendment::Fingerprint(digest(id))).await.unwrap();
            store.amend(id, Amendment::Sequel(resend(id))).await.unwrap();
            announce("amended", id);
        }
        if !id.as_bytes()[2].is_multiple_of(4) {
            store.checkpoint(id, Arc::clone(Operation::new().snapshot()), at(5)).await.unwrap();
            store.finish(id, ending(id)).await.unwrap();
            announce("finished", id);
        }
        if id.as_bytes()[3].is_multiple_of(8) {
            store.forget(id, at(20)).await.unwrap();
            announce("forgotten", id);
        }
    }
}

/// What the child does until it is killed.
async fn child(path: &str) {
    let volatile = std::env::var_os(VOLATILE).is_some();
    let open = if volatile { EmbeddedStore::open_volatile } else { EmbeddedStore::open };
    let store = Arc::new(open(Path::new(path), BOUNDS).unwrap());
    let tasks: Vec<_> = (0..TASKS).map(|_| tokio::spawn(work(Arc::clone(&store)))).collect();
    for task in tasks {
        task.await.unwrap();
    }
}

/// What clients have been told.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Told {
    Accepted,
    Amended,
    Finished,
    Forgotten,
}

/// Runs the child until it has said `lines` things, kills it, and notes all that it said.
fn run_and_kill(directory: &Path, lines: usize, oracle: &mut HashMap<OperationId, Told>, keeping: &str) {
    let mut command = Command::new(std::env::current_exe().unwrap());
    command.args(["--exact", KILLED, "--nocapture", "--test-threads=1"]);
    command.env(DIRECTORY, directory).stdout(Stdio::piped()).stderr(Stdio::null());
    if keeping == VOLATILE {
        command.env(VOLATILE, "1");
    }
    let mut child = command.spawn().unwrap();
    let said = BufReader::new(child.stdout.take().unwrap()).lines();
    let mut heard = 0;
    for line in said {
        let Ok(line) = line else { break };
        let mut words = line.split(' ').skip_while(|word| !word.ends_with('@')).skip(1);
        // The last line may be cut: then nobody was told.
        let (Some(word), Some(id)) = (words.next(), words.next().and_then(OperationId::parse)) else {
            continue;
        };
        let told = match word {
            "accepted" => Told::Accepted,
            "amended" => Told::Amended,
            "finished" => Told::Finished,
            _ => Told::Forgotten,
        };
        oracle.insert(id, told);
        heard += 1;
        if heard == lines {
            child.kill().unwrap();
        }
    }
    child.wait().unwrap();
    assert!(heard >= lines, "the child ended by itself after {heard} of {lines} lines");
}

fn content(record: &Record) -> Option<Vec<u8>> {
    match &record.response.as_ref()?.content {
        Content::Kept { pieces, .. } => Some(pieces.concat()),
        Content::File(spooled) => {
            let mut reader = spooled.open().ok()?;
            let mut octets = Vec::new();
            while let Some(piece) = reader.next_piece().ok()? {
                octets.extend(piece);
            }
            Some(octets)
        }
        Content::NotKept => None,
    }
}

/// Whether the store says of an operation what a client has been told, or what came next in its life.
fn agrees(told: Told, id: OperationId, found: &Found) -> bool {
    match found {
        Found::Present(record) if record.owner != Some(digest(id)) => false,
        Found::Present(record) if record.times.end.is_some() => {
            let amended = id.as_bytes()[4].is_multiple_of(2).then_some(digest(id));
            told != Told::Forgotten
                && content(record) == Some(result(id))
                && record.sequel == Sequel::Interrupted
                && record.key == Some(RequestKey { digest: digest(id), fingerprint: amended })
        }
        Found::Present(record) => {
            let (fingerprint, resent) =
                (record.key.and_then(|key| key.fingerprint), record.sequel == resend(id));
            let as_told = match told {
                Told::Accepted => resent || record.sequel == Sequel::Interrupted,
                Told::Amended => resent,
                Told::Finished | Told::Forgotten => false,
            };
            as_told && fingerprint.map_or(!resent, |is| is == digest(id))
        }
        Found::Expired { owner } => id.as_bytes()[3].is_multiple_of(8) && *owner == Some(digest(id)),
        Found::Unknown => false,
    }
}

/// Whether the key leads to the operation as long as there is one.
fn leads(store: &EmbeddedStore, id: OperationId, found: &Found) -> bool {
    let kept = matches!(found, Found::Present(_));
    store.keyed(&digest(id)) == kept.then_some(id)
}

/// What is wrong with the store, if anything.
async fn lost(directory: &Path, oracle: &HashMap<OperationId, Told>) -> Option<String> {
    let store = match EmbeddedStore::open(directory, BOUNDS) {
        Ok(store) => store,
        Err(error) => return Some(error.to_string()),
    };
    for (id, told) in oracle {
        match store.find(*id, at(30)).await {
            Ok(found) if agrees(*told, *id, &found) && leads(&store, *id, &found) => {}
            found => return Some(format!("{told:?} became {found:?}")),
        }
    }
    let running =
        |id: &OperationId| oracle.get(id).is_none_or(|told| matches!(told, Told::Accepted | Told::Amended));
    let wrong = store.unfinished().into_iter().filter(|id| !running(id)).count();
    (wrong > 0).then(|| format!("{wrong} finished operations are said to be unfinished"))
}

fn number(name: &str, default: u64) -> u64 {
    std::env::var(name).ok().and_then(|value| value.parse().ok()).unwrap_or(default)
}

/// Lines until the kill: a xorshift of the seed.
fn next(state: &mut u64) -> usize {
    *state ^= *state << 13;
    *state ^= *state >> 7;
    *state ^= *state << 17;
    usize::try_from(*state % 400).unwrap() + 1
}

#[tokio::test]
async fn g_01_nothing_is_lost_when_the_process_is_killed() {
    if let Ok(path) = std::env::var(DIRECTORY) {
        return child(&path).await;
    }
    let directory = Directory::new();
    let fresh = u64::from_be_bytes(random_id().unwrap().as_bytes()[..8].try_into().unwrap()) | 1;
    let seed = number("STATUS_STORE_SEED", fresh);
    let (mut state, mut oracle) = (seed, HashMap::new());
    for round in 1..=number("STATUS_STORE_KILLS", 50) {
        run_and_kill(directory.path(), next(&mut state), &mut oracle, "");
        let lost = lost(directory.path(), &oracle).await;
        assert_eq!(lost, None, "seed {seed}, round {round}, {} operations", oracle.len());
    }
}

/// The control: if nothing is kept, the oracle must notice.
#[tokio::test]
async fn g_01_a_store_that_keeps_nothing_is_found_out() {
    let directory = Directory::new();
    let mut oracle = HashMap::new();
    run_and_kill(directory.path(), 100, &mut oracle, VOLATILE);
    assert!(lost(directory.path(), &oracle).await.is_some());
}
