//! A network between a client and a gateway that loses and delays datagrams.

use std::net::{Ipv4Addr, SocketAddr};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::time::Duration;

use tokio::net::UdpSocket;
use tokio::sync::Mutex;

/// Passes datagrams on between one client and a gateway, as the weather lets it.
pub struct Relay {
    /// Where the client finds the gateway.
    pub address: SocketAddr,
    pub weather: Arc<Weather>,
}

#[derive(Default)]
pub struct Weather {
    /// Datagrams of a hundred that are lost, either way.
    loss: AtomicU64,
    cut: AtomicBool,
    /// Milliseconds that a datagram of the client takes.
    lag: AtomicU64,
}

struct Way {
    weather: Arc<Weather>,
    random: fastrand::Rng,
}

impl Relay {
    pub async fn to(gateway: SocketAddr, seed: u64) -> Self {
        let front = Arc::new(UdpSocket::bind((Ipv4Addr::LOCALHOST, 0)).await.expect("a socket"));
        let back = Arc::new(UdpSocket::bind((Ipv4Addr::LOCALHOST, 0)).await.expect("a socket"));
        back.connect(gateway).await.expect("an address");
        let address = front.local_addr().expect("an address");
        let weather = Arc::<Weather>::default();
        let client = Arc::new(Mutex::new(None));
        let way = |seed| Way { weather: Arc::clone(&weather), random: fastrand::Rng::with_seed(seed) };
        tokio::spawn(upwards(way(seed), Arc::clone(&front), Arc::clone(&back), Arc::clone(&client)));
        tokio::spawn(downwards(way(!seed), front, back, client));
        Self { address, weather }
    }
}

impl Weather {
    pub fn lose(&self, of_a_hundred: u64) {
        self.loss.store(of_a_hundred, Ordering::SeqCst);
    }

    /// From now on nothing arrives.
    pub fn cut(&self) {
        self.cut.store(true, Ordering::SeqCst);
    }

    pub fn heal(&self) {
        self.cut.store(false, Ordering::SeqCst);
    }

    pub fn delay(&self, lag: Duration) {
        self.lag.store(lag.as_millis().try_into().expect("it is short"), Ordering::SeqCst);
    }
}

impl Way {
    fn passes(&mut self) -> bool {
        let lost = self.random.u64(0..100) < self.weather.loss.load(Ordering::SeqCst);
        !lost && !self.weather.cut.load(Ordering::SeqCst)
    }
}

async fn upwards(
    mut way: Way,
    front: Arc<UdpSocket>,
    back: Arc<UdpSocket>,
    client: Arc<Mutex<Option<SocketAddr>>>,
) {
    let mut datagram = vec![0; 65_536];
    loop {
        let Ok((size, from)) = front.recv_from(&mut datagram).await else { continue };
        *client.lock().await = Some(from);
        if !way.passes() {
            continue;
        }
        let lag = way.weather.lag.load(Ordering::SeqCst);
        let (back, datagram) = (Arc::clone(&back), datagram[..size].to_vec());
        let send = async move {
            if lag > 0 {
                tokio::time::sleep(Duration::from_millis(lag)).await;
            }
            // What cannot be sent is lost.
            let _ = back.send(&datagram).await;
        };
        tokio::spawn(send);
    }
}

async fn downwards(
    mut way: Way,
    front: Arc<UdpSocket>,
    back: Arc<UdpSocket>,
    client: Arc<Mutex<Option<SocketAddr>>>,
) {
    let mut datagram = vec![0; 65_536];
    loop {
        let Ok(size) = back.recv(&mut datagram).await else { continue };
        let client = *client.lock().await;
        if let Some(client) = client.filter(|_| way.passes()) {
            let _ = front.send_to(&datagram[..size], client).await;
        }
    }
}
