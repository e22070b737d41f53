use std::time::Duration;

use downstream::{Page, Source};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpSocket};
use tokio::sync::mpsc;

use super::*;

/// Tells a test what was counted.
#[derive(Debug)]
struct Told(mpsc::UnboundedSender<&'static str>);

impl Audit for Told {
    fn written(&self) {
        self.0.send("written").unwrap();
    }

    fn acknowledged(&self, source: Source, _: Duration) {
        assert_eq!(source, Source::Tcp);
        self.0.send("acknowledged").unwrap();
    }

    fn lost(&self, _: usize) {
        self.0.send("lost").unwrap();
    }
}

struct Pair {
    client: TcpStream,
    server: Counted,
    ledger: Arc<OctetLedger>,
    told: mpsc::UnboundedReceiver<&'static str>,
}

impl Pair {
    /// A connection over loopback whose client has little room.
    async fn new() -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let socket = TcpSocket::new_v4().unwrap();
        socket.set_recv_buffer_size(4096).unwrap();
        let client = socket.connect(listener.local_addr().unwrap()).await.unwrap();
        let (server, _) = listener.accept().await.unwrap();
        let server = Counted::new(server, &Arc::default());
        let (tell, told) = mpsc::unbounded_channel();
        let ledger = server.wire().ledger(Arc::new(Told(tell))).expect("Linux tells");
        Self { client, server, ledger, told }
    }

    async fn head(&mut self, page: &Page) {
        self.server.write_all(b"HTTP/1.1 102 Processing\r\n\r\n").await.unwrap();
        self.ledger.said(page, tokio::time::Instant::now().into_std());
        self.ledger.flushed();
    }

    async fn told(&mut self) -> &'static str {
        let told = tokio::time::timeout(Duration::from_secs(10), self.told.recv());
        told.await.expect("something is told within 10 s").unwrap()
    }

    /// Writes until the kernel takes no more, then returns how much it holds.
    async fn fill(&mut self) -> u64 {
        let wire = self.server.wire();
        let mut before = u64::MAX;
        while wire.taken() != before {
            before = wire.taken();
            let some = tokio::time::timeout(Duration::from_millis(200), self.server.write_all(&[0; 8192]));
            drop(some.await);
        }
        before - wire.acknowledged().unwrap()
    }
}

#[tokio::test]
async fn what_a_kernel_has_acknowledged_is_struck_out_though_nobody_asks() {
    let mut pair = Pair::new().await;
    let page = pair.ledger.page();
    for _ in 0..3 {
        pair.head(&page).await;
        assert_eq!(pair.told().await, "written");
        assert_eq!(pair.told().await, "acknowledged");
        assert!(page.is_clear());
    }
    assert_eq!(page.acknowledged(), Some(3));
}

#[tokio::test]
async fn int18_what_a_client_has_no_room_for_is_not_acknowledged_until_it_reads() {
    let mut pair = Pair::new().await;
    let page = pair.ledger.page();
    assert!(pair.fill().await > 0);
    let wire = pair.server.wire();
    let mark = wire.taken();
    pair.ledger.said(&page, tokio::time::Instant::now().into_std());
    pair.ledger.flushed();
    assert_eq!(pair.told().await, "written");
    assert!(wire.acknowledged().unwrap() < mark);
    pair.ledger.settle(tokio::time::Instant::now().into_std());
    assert!(!page.is_clear());
    let mut left = vec![0; usize::try_from(mark).unwrap()];
    pair.client.read_exact(&mut left).await.unwrap();
    assert_eq!(pair.told().await, "acknowledged");
    assert_eq!(wire.acknowledged(), Some(mark));
}

#[tokio::test]
async fn a_closed_connection_is_not_asked_and_its_heads_are_lost() {
    let mut pair = Pair::new().await;
    let page = pair.ledger.page();
    pair.fill().await;
    pair.ledger.said(&page, tokio::time::Instant::now().into_std());
    pair.ledger.flushed();
    assert_eq!(pair.told().await, "written");
    let wire = pair.server.wire();
    drop(page);
    drop(pair.server);
    assert_eq!(wire.acknowledged(), None);
    let told = tokio::time::timeout(Duration::from_secs(10), pair.told.recv()).await;
    assert_eq!(told.expect("within 10 s"), Some("lost"), "the sweep gives it up");
}

/// The page is still held, and the exchange does not read: only the next head can find it out, so it must
/// not wait.
#[tokio::test]
async fn heads_of_a_connection_that_was_reset_are_lost_and_the_next_one_may_go_out() {
    let mut pair = Pair::new().await;
    let page = pair.ledger.page();
    pair.fill().await;
    pair.ledger.said(&page, tokio::time::Instant::now().into_std());
    pair.ledger.flushed();
    assert_eq!(pair.told().await, "written");
    // Its kernel holds what it has not read: that makes it a reset.
    drop(pair.client);
    let told = tokio::time::timeout(Duration::from_secs(10), pair.told.recv()).await;
    assert_eq!(told.expect("within 10 s"), Some("lost"), "the sweep gives it up");
    assert!(page.is_clear());
    let written = pair.server.write_all(b"HTTP/1.1 102 Processing\r\n\r\n").await;
    assert!(written.is_err(), "{written:?}");
}
