//! A client whose connections are cut at random repeats its request until it has the result, and the origin
//! sees one request (IDK-03).
//!
//! The seed is printed when it fails; `PROGRESS_GATEWAY_RETRIES_SEED` sets it.

use std::collections::HashMap;
use std::net::SocketAddr;
use std::sync::atomic::{AtomicU32, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use bytes::Bytes;
use fastrand::Rng;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};

use crate::client::{Ask, Event, Target, Wire};
use crate::origin::{Origin, Seen};
use crate::world::World;

const ROUTE: &str = r#"
[[routes]]
name = "retried"
match = { path = "/retried" }
upstream = "origin"
[routes.progress]
interim-after = "5ms"
minimum-interval = "5ms"
idempotency = HONOURED
"#;

/// Requests, each with a key of its own.
const REQUESTS: u32 = 40;

/// How often one is sent at most: far more often than it takes.
const ATTEMPTS: u32 = 500;

/// What the client asks for, each time anew.
const PREFERENCES: [&str; 4] =
    ["", "processing", "respond-async, wait=0", "processing, respond-async, wait=1"];

/// Before the gateway: passes octets on, and cuts connections.
struct Cutter {
    address: SocketAddr,
    cuts: Arc<AtomicU32>,
}

/// When a connection is cut, whichever comes first.
#[derive(Clone, Copy)]
struct Cut {
    up: usize,
    down: usize,
    after: Duration,
}

impl Cut {
    /// In the handshake, in the request, while it is worked on, in the response, or never.
    fn at_random(rng: &mut Rng) -> Self {
        let never = Self { up: usize::MAX, down: usize::MAX, after: Duration::from_secs(60) };
        match rng.u8(0..10) {
            0..3 => Self { up: rng.usize(0..2_500), ..never },
            3..6 => Self { down: rng.usize(0..8_000), ..never },
            6..9 => Self { after: Duration::from_micros(rng.u64(0..40_000)), ..never },
            _ => never,
        }
    }
}

impl Cutter {
    async fn start(to: SocketAddr, mut rng: Rng) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("a free port");
        let address = listener.local_addr().expect("it is bound");
        let cuts = Arc::new(AtomicU32::new(0));
        let counted = Arc::clone(&cuts);
        tokio::spawn(async move {
            while let Ok((client, _)) = listener.accept().await {
                let (cut, cuts) = (Cut::at_random(&mut rng), Arc::clone(&counted));
                tokio::spawn(async move {
                    if pass_on(client, to, cut).await.is_none() {
                        cuts.fetch_add(1, Ordering::Relaxed);
                    }
                });
            }
        });
        Self { address, cuts }
    }
}

/// `None`: it was cut.
async fn pass_on(client: TcpStream, to: SocketAddr, cut: Cut) -> Option<()> {
    let gateway = TcpStream::connect(to).await.ok()?;
    let (mut from_client, mut to_client) = client.into_split();
    let (mut from_gateway, mut to_gateway) = gateway.into_split();
    tokio::select! {
        up = copy(&mut from_client, &mut to_gateway, cut.up) => up,
        down = copy(&mut from_gateway, &mut to_client, cut.down) => down,
        () = tokio::time::sleep(cut.after) => None,
    }
}

/// Copies so many octets; `None`: there were more.
async fn copy<R, W>(from: &mut R, to: &mut W, most: usize) -> Option<()>
where
    R: AsyncReadExt + Unpin,
    W: AsyncWriteExt + Unpin,
{
    let mut left = most;
    let mut buffer = [0; 2_048];
    loop {
        let Ok(read @ 1..) = from.read(&mut buffer).await else { return Some(()) };
        let passed = read.min(left);
        if to.write_all(&buffer[..passed]).await.is_err() {
            return Some(());
        }
        left -= passed;
        if passed < read {
            return None;
        }
    }
}

/// How often the origin has got each request completely.
type Counts = Arc<Mutex<HashMap<String, u32>>>;

/// Counts requests and works on each for a while.
async fn work(origin: Arc<Origin>, counts: Counts, mut rng: Rng) {
    loop {
        let seen = origin.next().await;
        let key = key_of(&seen);
        *counts.lock().expect("nobody panics with it").entry(key.clone()).or_default() += 1;
        tokio::spawn(answer(seen, key, rng.fork()));
    }
}

fn key_of(seen: &Seen) -> String {
    let line = seen.head.lines().find_map(|line| {
        let (name, value) = line.split_once(':')?;
        name.eq_ignore_ascii_case("idempotency-key").then(|| value.trim().trim_matches('"').to_owned())
    });
    line.expect("every request has a key")
}

async fn answer(seen: Seen, key: String, mut rng: Rng) {
    for step in 1..=rng.u64(0..4) {
        tokio::time::sleep(Duration::from_millis(rng.u64(0..15))).await;
        seen.processing(&format!("Progress: {step}/4\r\n"));
    }
    seen.respond("201 Created", &format!("X-Key: {key}\r\n"), &result(&key));
}

/// Long enough to be cut in the middle, for some.
fn result(key: &str) -> String {
    let length = key.bytes().map(usize::from).sum::<usize>() % 97;
    key.repeat(1 + length * length / 8)
}

/// A client that knows what it wants.
struct Client {
    target: Target,
    wire: Wire,
    key: String,
    rng: Rng,
}

impl Client {
    /// Repeats the request until there is a result; returns how often it was sent.
    async fn insist(mut self) -> u32 {
        let content = self.key.repeat(self.rng.usize(1..200));
        for attempt in 1..=ATTEMPTS {
            if self.attempt(&content).await {
                return attempt;
            }
            tokio::time::sleep(Duration::from_millis(self.rng.u64(0..5))).await;
        }
        panic!("no result for {} in {ATTEMPTS} attempts", self.key);
    }

    /// Whether the result came.
    async fn attempt(&mut self, content: &str) -> bool {
        let prefer = PREFERENCES[self.rng.usize(..PREFERENCES.len())];
        let mut ask = Ask::post("/retried", content).field("idempotency-key", &format!("\"{}\"", self.key));
        ask = if prefer.is_empty() { ask } else { ask.prefer(prefer) };
        if self.rng.bool() {
            ask = ask.resting(Duration::from_millis(self.rng.u64(1..10)));
        }
        let mut talk = self.target.begin(self.wire, ask);
        // HTTP/3 is not cut on its way: there its client goes away.
        let leaves =
            if self.wire == Wire::H3 && self.rng.u8(0..3) > 0 { self.rng.u64(0..60) } else { 60_000 };
        let heard = async {
            loop {
                match talk.next().await {
                    Event::Interim(head) => assert_eq!(head.status, 102),
                    last => return last,
                }
            }
        };
        let Ok(heard) = tokio::time::timeout(Duration::from_millis(leaves), heard).await else {
            return false;
        };
        match heard {
            Event::Final(head, body) if head.status == 201 => {
                assert_eq!(head.field("x-key"), self.key);
                assert_eq!(body, Bytes::from(result(&self.key)), "{}", self.key);
                true
            }
            Event::Final(head, body) => {
                assert!(matches!(head.status, 202 | 409), "{}: {head:?} {body:?}", self.key);
                false
            }
            Event::Broken(_) | Event::Interim(_) => false,
        }
    }
}

/// What came of it all.
struct Tale {
    seed: u64,
    attempts: u32,
    cuts: u32,
    counts: Vec<u32>,
}

/// Clients that all get their results, on a route where keys are honoured, or not.
async fn until_all_have_results(wire: Wire, honoured: &str) -> Tale {
    let seed = std::env::var("PROGRESS_GATEWAY_RETRIES_SEED").ok().and_then(|seed| seed.parse().ok());
    let seed = seed.unwrap_or_else(|| Rng::new().u64(..));
    let mut rng = Rng::with_seed(seed);
    let world = World::with(&ROUTE.replace("HONOURED", honoured)).await;
    let counts = Counts::default();
    let working = tokio::spawn(work(Arc::clone(&world.origin), Arc::clone(&counts), rng.fork()));
    let cutter = Cutter::start(world.target.address, rng.fork()).await;
    let address = if wire == Wire::H3 { world.target.address } else { cutter.address };
    let target = Target { address, ..world.target.clone() };
    let clients = (0..REQUESTS).map(|number| {
        let client = Client { target: target.clone(), wire, key: key(number), rng: rng.fork() };
        tokio::spawn(client.insist())
    });
    let clients: Vec<_> = clients.collect();
    let mut attempts = 0;
    for client in clients {
        attempts += client.await.unwrap_or_else(|error| panic!("seed {seed}: {error}"));
    }
    working.abort();
    let counts = counts.lock().expect("nobody panics with it");
    let counts = (0..REQUESTS).map(|number| counts.get(&key(number)).copied().unwrap_or(0)).collect();
    let tale = Tale { seed, attempts, cuts: cutter.cuts.load(Ordering::Relaxed), counts };
    eprintln!("seed {seed}: {attempts} attempts for {REQUESTS} results, {} connections cut", tale.cuts);
    tale
}

fn key(number: u32) -> String {
    format!("key-{number}")
}

async fn one_request_each(wire: Wire) {
    let Tale { seed, attempts, cuts, counts } = until_all_have_results(wire, "true").await;
    assert!(attempts > REQUESTS * 3 / 2, "seed {seed}: hardly anybody was cut off");
    assert!(wire == Wire::H3 || cuts > REQUESTS / 2, "seed {seed}: {cuts} cuts");
    assert!(counts.iter().all(|count| *count == 1), "seed {seed}: {counts:?}");
}

#[tokio::test]
async fn idk_03_http11() {
    one_request_each(Wire::Http11).await;
}

#[tokio::test]
async fn idk_03_h2() {
    one_request_each(Wire::H2).await;
}

#[tokio::test]
async fn idk_03_h3() {
    one_request_each(Wire::H3).await;
}

/// The control: the same clients, and the origin works for them again and again.
#[tokio::test]
async fn where_keys_are_not_honoured_the_origin_is_asked_again() {
    let Tale { seed, counts, .. } = until_all_have_results(Wire::Http11, "false").await;
    assert!(counts.iter().any(|count| *count > 1), "seed {seed}: {counts:?}");
}
