//! Clients whose transport does not acknowledge (INT-18).

use std::sync::Arc;
use std::sync::atomic::{AtomicI64, AtomicU64, Ordering};
use std::time::Duration;

use downstream::{Audit, OctetLedger, Probe, Source};
use progress_core::interim::InterimHead;
use tokio::io::AsyncWriteExt;
use tokio::time::{Instant, sleep};

use crate::script::{Bench, Scripted, expect, text, wire};

const GET: &[u8] = b"GET / HTTP/1.1\r\nHost: a\r\n\r\n";
const HEAD: &str = "HTTP/1.1 102 Processing\r\n\r\n";

#[derive(Debug, Default)]
struct Outstanding(AtomicI64);

impl Audit for Outstanding {
    fn written(&self) {
        self.0.fetch_add(1, Ordering::Relaxed);
    }

    fn acknowledged(&self, _: Source, _: Duration) {
        self.0.fetch_sub(1, Ordering::Relaxed);
    }

    fn lost(&self, heads: usize) {
        self.0.fetch_sub(i64::try_from(heads).unwrap(), Ordering::Relaxed);
    }
}

/// A kernel that takes whatever it is told that it took.
#[derive(Debug, Default)]
struct Kernel {
    taken: AtomicU64,
    acknowledged: AtomicU64,
}

impl Probe for Kernel {
    fn taken(&self) -> u64 {
        self.taken.fetch_add(1, Ordering::Relaxed) + 1
    }

    fn acknowledged(&self) -> Option<u64> {
        Some(self.acknowledged.load(Ordering::Relaxed))
    }

    fn summon(&self, _: &Arc<OctetLedger>) {}
}

struct Scene {
    kernel: Arc<Kernel>,
    outstanding: Arc<Outstanding>,
    ledger: Arc<OctetLedger>,
    bench: Bench,
}

impl Scene {
    /// A head a second, for so many seconds.
    fn new(seconds: usize) -> Self {
        let (kernel, outstanding) = (Arc::<Kernel>::default(), Arc::<Outstanding>::default());
        let ledger = OctetLedger::new(Arc::clone(&outstanding) as _, Arc::clone(&kernel) as _);
        let mut bench = Bench::new(Scripted::new(move |_, say| async move {
            for _ in 0..seconds {
                sleep(Duration::from_secs(1)).await;
                say.interim(InterimHead::heartbeat()).await;
            }
            say.finish(text(200, "done"));
        }));
        bench.ledger = Some(Arc::clone(&ledger));
        Self { kernel, outstanding, ledger, bench }
    }

    fn outstanding(&self) -> i64 {
        self.outstanding.0.load(Ordering::Relaxed)
    }

    fn acknowledge_all(&self) {
        self.kernel.acknowledged.store(u64::MAX, Ordering::Relaxed);
        self.ledger.settle(Instant::now().into_std());
        self.kernel.acknowledged.store(0, Ordering::Relaxed);
    }
}

#[tokio::test(start_paused = true)]
async fn int18_one_head_is_unacknowledged_and_no_more_and_the_final_response_still_comes() {
    let scene = Scene::new(10);
    let (mut client, _server) = scene.bench.connect(1 << 16);
    client.write_all(GET).await.unwrap();
    for _ in 1..=10 {
        sleep(Duration::from_secs(1)).await;
        assert!(scene.outstanding() <= 1);
    }
    expect(&mut client, HEAD).await;
    expect(&mut client, &wire("200 OK", "done")).await;
    assert_eq!(scene.bench.handler.log.lock().unwrap().withheld, 9);
    assert_eq!(scene.outstanding(), 1, "nobody has acknowledged it to this day");
    scene.acknowledge_all();
    assert_eq!(scene.outstanding(), 0);
}

#[tokio::test(start_paused = true)]
async fn int18_heads_go_on_with_the_acknowledgement_and_the_next_request_starts_afresh() {
    let scene = Scene::new(3);
    let (mut client, _server) = scene.bench.connect(1 << 16);
    for _ in 0..2 {
        client.write_all(GET).await.unwrap();
        expect(&mut client, HEAD).await;
        scene.acknowledge_all();
        expect(&mut client, HEAD).await;
        // The third is withheld.
        expect(&mut client, &wire("200 OK", "done")).await;
    }
    assert_eq!(scene.bench.handler.log.lock().unwrap().withheld, 2);
    assert_eq!(scene.outstanding(), 1, "the last one; that of the first request was acknowledged meanwhile");
}

#[tokio::test(start_paused = true)]
async fn heads_of_a_client_that_left_are_not_outstanding() {
    let scene = Scene::new(10);
    let (mut client, server) = scene.bench.connect(1 << 16);
    client.write_all(GET).await.unwrap();
    expect(&mut client, HEAD).await;
    assert_eq!(scene.outstanding(), 1);
    drop(client);
    server.await.unwrap().unwrap_err();
    drop(scene.ledger);
    assert_eq!(scene.bench.ledger.as_ref().map(Arc::strong_count), Some(1));
    drop(scene.bench);
    assert_eq!(scene.outstanding.0.load(Ordering::Relaxed), 0);
}
