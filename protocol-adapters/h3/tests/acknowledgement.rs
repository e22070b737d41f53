//! INT-18 on QUIC: what is said to be acknowledged, beside what the client has read and what a
//! congestion controller makes of it.

mod support;

use std::sync::Arc;
use std::time::Duration;

use downstream::{GRACE, Window};
use h3_adapter::client::SendRequest;
use h3_adapter::tap::{Handshake, Tap};
use quinn::TransportConfig;
use quinn::crypto::rustls::HandshakeData;
use support::client::{
    Stream, asked, client, client_over, connected, connected_at, endpoint, fetch, get, narrow,
};
use support::relay::{Relay, Weather};
use support::script::{Beat, Content, Event, Plan, Step, heartbeat, ok, response};
use support::witness::Witness;
use support::{Gateway, within};
use tokio::task::JoinHandle;

/// A client behind a relay.
struct Scene {
    gateway: Gateway,
    witness: Arc<Witness>,
    weather: Arc<Weather>,
    connection: quinn::Connection,
    sender: SendRequest,
}

impl Scene {
    async fn new(plan: impl Plan, seed: u64) -> Self {
        let witness = Witness::new();
        let gateway = Gateway::watched(plan, &witness);
        let relay = Relay::to(gateway.address, seed).await;
        let connection = connected_at(&endpoint(&gateway, TransportConfig::default()), relay.address).await;
        let (connection, sender) = client_over(connection).await;
        Self { gateway, witness, weather: relay.weather, connection, sender }
    }

    /// Asks for a path, and logs what is read of it.
    async fn ask(&mut self, path: String) -> JoinHandle<u32> {
        let stream = asked(&mut self.sender, get(&path)).await;
        tokio::spawn(log(stream, path, Arc::clone(&self.witness)))
    }

    /// Waits until so many heads were handed over in all.
    async fn said(&mut self, heads: usize) {
        while self.witness.written() < heads {
            self.gateway.event().await;
        }
    }

    /// Reads what the exchanges saw until one of them withholds a head.
    async fn withheld(&mut self) -> Window {
        loop {
            if let Event::Withheld(window) = self.gateway.event().await {
                return window;
            }
        }
    }

    /// What always holds: nothing was reported that was not read, and everything could be read here.
    fn agrees(&self) {
        assert_eq!(self.witness.wrong(), [""; 0]);
        let tap = Tap::of(&self.gateway.connection()).expect("there is one");
        assert_eq!(tap.unreadable(), 0);
    }
}

/// Reads to the end; how many heads there were before the final one.
async fn log(mut stream: Stream, path: String, witness: Arc<Witness>) -> u32 {
    let mut heads = 0;
    loop {
        let Ok(head) = stream.recv_response().await else { return heads };
        if !head.status().is_informational() {
            break;
        }
        heads += 1;
        witness.read(&path);
    }
    // A stream that is dropped before its end is given up.
    while let Ok(Some(_)) = stream.recv_data().await {}
    heads
}

/// A head at each of so many beats, and then the end.
fn beats(beat: &Beat, count: u64) -> Vec<Step> {
    let heads = (1..=count).flat_map(|number| [Step::Until(beat.clone(), number), heartbeat()]);
    heads.chain([ok("x")]).collect()
}

/// Waits until the heads that are unacknowledged are missed.
async fn grace_passes() {
    tokio::time::sleep(GRACE + Duration::from_millis(10)).await;
}

#[tokio::test]
async fn int18_heads_are_acknowledged_one_by_one() {
    let beat = Beat::default();
    let plan = beat.clone();
    let mut scene = Scene::new(move |_| beats(&plan, 20), 0).await;
    let logs = [scene.ask("/1".to_owned()).await, scene.ask("/2".to_owned()).await];
    for (number, heads) in (1..=20).zip((2..).step_by(2)) {
        beat.raise(number);
        scene.said(heads).await;
        within(scene.witness.settled()).await;
        assert_eq!(scene.witness.acknowledged(), heads);
    }
    for log in logs {
        assert_eq!(within(log).await.expect("a log"), 20);
    }
    within(scene.witness.all_clear(40)).await;
    assert_eq!(scene.witness.late(), [""; 0]);
    scene.agrees();
}

#[tokio::test]
async fn int18_a_hundred_continue_does_not_count_and_a_head_right_before_the_end_does() {
    let witness = Witness::new();
    let gateway = Gateway::watched(|_| vec![Step::Read, heartbeat(), ok("x")], &witness);
    let (_connection, mut sender) = client(&gateway).await;
    let request = http::Request::post("https://localhost/").header("expect", "100-continue");
    let request = request.body(()).expect("a request");
    let mut stream = within(sender.send_request(request)).await.expect("it is sent");
    assert_eq!(within(stream.recv_response()).await.expect("a head").status(), 100);
    assert_eq!(witness.written(), 0);
    within(stream.finish()).await.expect("it is sent");
    for status in [102, 200] {
        assert_eq!(within(stream.recv_response()).await.expect("a head").status(), status);
        witness.read("/");
    }
    within(witness.confirmed(1)).await;
    assert_eq!((witness.written(), witness.lost()), (1, 0));
}

#[tokio::test]
async fn int18_under_loss_nothing_is_acknowledged_that_was_not_read_and_everything_in_the_end() {
    let seed = fastrand::u64(..);
    eprintln!("seed {seed}");
    let plan = |request: &http::Request<()>| match request.uri().path() {
        "/bulk" => vec![response(http::StatusCode::OK, Content::of(vec![vec![7_u8; 16_384]; 8]))],
        _ => (0..40).map(|_| heartbeat()).chain([ok("x")]).collect(),
    };
    let mut scene = Scene::new(plan, seed).await;
    scene.weather.lose(30);
    let mut logs = Vec::new();
    for number in 0..50 {
        logs.push(scene.ask(format!("/{number}")).await);
        if number == 10 {
            logs.push(scene.ask("/bulk".to_owned()).await);
        }
    }
    let mut read = 0;
    for log in logs {
        read += tokio::time::timeout(Duration::from_secs(120), log).await.expect("in time").expect("a log");
    }
    assert_eq!(read, 50 * 40);
    // quinn waits longer and longer for what is lost again and again.
    tokio::time::timeout(Duration::from_secs(120), scene.witness.settled()).await.expect("in time");
    assert_eq!((scene.witness.acknowledged(), scene.witness.lost()), (50 * 40, 0));
    scene.weather.lose(0);
    within(scene.witness.all_clear(50 * 40)).await;
    scene.agrees();
}

#[tokio::test]
async fn int18_a_black_hole_costs_each_held_exchange_one_head_and_no_more() {
    const HELD: usize = 10;
    let beat = Beat::default();
    let plan = beat.clone();
    let mut scene = Scene::new(move |_| beats(&plan, 4), 0).await;
    let mut logs = Vec::new();
    for number in 0..HELD {
        logs.push(scene.ask(format!("/{number}")).await);
    }
    beat.raise(1);
    scene.said(HELD).await;
    within(scene.witness.settled()).await;

    scene.weather.cut();
    beat.raise(2);
    scene.said(2 * HELD).await;
    assert_eq!(scene.witness.outstanding(), HELD);
    grace_passes().await;
    // I-21: the next ones wait, for as long as it lasts; quinn probes meanwhile.
    beat.raise(3);
    for _ in 0..HELD {
        assert_eq!(scene.withheld().await, Window::Unacknowledged);
    }
    for _ in 0..20 {
        grace_passes().await;
        assert_eq!(scene.witness.outstanding(), HELD);
    }

    scene.weather.heal();
    scene.said(3 * HELD).await;
    within(scene.witness.settled()).await;
    beat.raise(4);
    for log in logs {
        assert_eq!(within(log).await.expect("a log"), 4);
    }
    within(scene.witness.settled()).await;
    assert_eq!((scene.witness.acknowledged(), scene.witness.lost()), (4 * HELD, 0));
    scene.agrees();
}

#[tokio::test]
async fn int18_a_late_acknowledgement_opens_the_window() {
    const LATE: Duration = Duration::from_millis(200);
    let beat = Beat::default();
    let plan = beat.clone();
    let mut scene = Scene::new(move |_| beats(&plan, 2), 0).await;
    let log = scene.ask("/".to_owned()).await;
    assert!(matches!(scene.gateway.event().await, Event::Opened(_)));
    scene.weather.delay(LATE);
    beat.raise(1);
    scene.said(1).await;
    grace_passes().await;
    beat.raise(2);
    assert_eq!(scene.withheld().await, Window::Unacknowledged);
    assert_eq!((scene.witness.written(), scene.witness.acknowledged()), (1, 0));
    scene.said(2).await;
    assert_eq!(scene.witness.acknowledged(), 1, "which let the second one out");
    assert_eq!(within(log).await.expect("a log"), 2);
    within(scene.witness.settled()).await;
    assert!(scene.witness.delays().iter().all(|delay| *delay >= LATE), "{:?}", scene.witness.delays());
    scene.agrees();
}

#[tokio::test]
async fn int18_key_updates_and_new_addresses_make_no_difference() {
    let beat = Beat::default();
    let plan = beat.clone();
    let witness = Witness::new();
    let mut gateway = Gateway::watched(move |_| beats(&plan, 12), &witness);
    let endpoint = endpoint(&gateway, TransportConfig::default());
    let (connection, mut sender) = client_over(connected_at(&endpoint, gateway.address).await).await;
    let stream = asked(&mut sender, get("/")).await;
    let log = tokio::spawn(log(stream, "/".to_owned(), Arc::clone(&witness)));
    assert!(matches!(gateway.event().await, Event::Opened(_)));
    let served = gateway.connection();
    let first = served.remote_address();
    for number in 1..=12 {
        match number % 4 {
            0 => connection.force_key_update(),
            1 => served.force_key_update(),
            2 if number < 12 => {
                let socket = std::net::UdpSocket::bind(("127.0.0.1", 0)).expect("a socket");
                endpoint.rebind(socket).expect("a socket");
            }
            _ => {}
        }
        beat.raise(number);
        within(witness.confirmed(usize::try_from(number).expect("it is small"))).await;
    }
    assert_ne!(served.remote_address(), first, "it has moved");
    assert_eq!(within(log).await.expect("a log"), 12);
    assert_eq!((witness.wrong(), witness.lost()), (vec![], 0));
    assert_eq!(Tap::of(&served).expect("there is one").unreadable(), 0);
}

#[tokio::test]
async fn int18_a_head_of_which_a_part_has_no_room_is_not_acknowledged() {
    let (beat, witness) = (Beat::default(), Witness::new());
    let plan = beat.clone();
    let mut gateway = Gateway::watched(move |_| vec![Step::Flood(plan.clone(), 1), ok("x")], &witness);
    let (_connection, mut sender) = client_over(connected(&gateway, narrow(605)).await).await;
    let mut stream = asked(&mut sender, get("/")).await;
    while !matches!(gateway.event().await, Event::Withheld(Window::Stalled)) {}
    within(witness.confirmed(witness.written() - 1)).await;
    grace_passes().await;
    assert_eq!(witness.outstanding(), 1, "its end waits for room");
    beat.raise(1);
    while within(stream.recv_response()).await.expect("a head").status().is_informational() {}
    within(witness.settled()).await;
    assert_eq!(witness.lost(), 0);
}

#[tokio::test]
async fn int18_heads_of_a_connection_that_ends_are_lost() {
    let beat = Beat::default();
    let plan = beat.clone();
    let mut scene = Scene::new(move |_| beats(&plan, 2), 0).await;
    for number in 0..3 {
        scene.ask(format!("/{number}")).await;
        assert!(matches!(scene.gateway.event().await, Event::Opened(_)));
    }
    scene.weather.cut();
    beat.raise(1);
    scene.said(3).await;
    assert_eq!(scene.witness.outstanding(), 3);
    scene.gateway.connection().close(0_u32.into(), b"");
    // How it ended does not matter here.
    let _ = scene.gateway.end().await;
    scene.witness.close();
    assert_eq!((scene.witness.acknowledged(), scene.witness.lost()), (0, 3));
    assert!(scene.connection.close_reason().is_none(), "nothing reached the client");
}

#[tokio::test]
async fn what_the_handshake_negotiated_can_still_be_asked() {
    let gateway = Gateway::start(|_| vec![heartbeat(), ok("x")]);
    let (_connection, mut sender) = client(&gateway).await;
    assert_eq!(fetch(&mut sender, get("/")).await.statuses(), [102, 200]);
    let data = gateway.connection().handshake_data().expect("it is complete");
    let handshake = data.downcast::<Handshake>().expect("it is tapped");
    let negotiated = handshake.negotiated.downcast::<HandshakeData>().expect("that of rustls");
    assert_eq!(negotiated.protocol.as_deref(), Some(b"h3".as_slice()));
    assert_eq!(negotiated.server_name.as_deref(), Some("localhost"));
}
