//! Small plain requests over HTTP/3 beside HTTP/2: the gateway alone, because none of the others from
//! Debian speaks HTTP/3 but Caddy. Both wires are driven by this project's own clients.

use std::cell::{Cell, RefCell};
use std::net::SocketAddr;
use std::rc::Rc;

use http::{HeaderMap, Method};
use rustls_pki_types::ServerName;
use tokio::task::LocalSet;
use tokio::time::Instant;

use super::Peers;
use super::plain::{CONNECTIONS, quantities};
use crate::client::{Ask, Ending, Head, Pool, PoolLimits, Reading, Target, TlsTarget, Witness, trust};
use crate::process::Process;
use crate::scenario::Protocol;
use crate::spine::gateway::RouteKind;
use crate::spine::plain::h2load::percentile;
use crate::spine::plain::{Round, Times, each};
use crate::spine::rivals::{Kind, Proxy, Scene};
use crate::spine::{Figure, Report, Trouble, Wire};

/// The most that HTTP/3 may take of what HTTP/2 takes.
const PROMISED: f64 = 2.0;
const WIRES: [(&str, Protocol, Wire); 2] =
    [("gateway h2", Protocol::H2, Wire::H2), ("gateway h3", Protocol::H3, Wire::H3)];

pub(super) async fn compare(peers: &Peers) -> Result<Report, Trouble> {
    let Peers { plan, scene } = peers;
    let origin = scene.origin().await?;
    let mut times = Vec::new();
    let mut proxies = Vec::new();
    for (what, protocol, wire) in WIRES {
        let proxy = scene.start(&Kind::Gateway(wire, RouteKind::Plain), &origin.url()).await?;
        let pool = pool(scene, protocol, proxy.address)?;
        load(&pool, plan.requests / 10 + CONNECTIONS).await?;
        times.push(Times { what, rounds: Vec::new() });
        proxies.push((proxy, pool));
    }
    for _ in 0..plan.rounds {
        for ((proxy, pool), times) in proxies.iter().zip(&mut times) {
            times.rounds.push(once(proxy, pool, plan.requests).await?);
        }
    }
    let cpu = |times: &Times| times.median(|round| round.cpu);
    let ratio = cpu(&times[1]) / cpu(&times[0]);
    let mut figures = quantities(&times);
    figures.push(Figure::new("CPU, h3 over h2", ratio, "").at_most(PROMISED));
    let mut notes: Vec<String> = times.iter().map(Times::spread).collect();
    notes.extend(scene.stage.notes());
    let title = format!(
        "Plain proxying, h3: {} requests over {CONNECTIONS} connections, own clients, median of {} rounds",
        plan.requests, plan.rounds
    );
    Ok(Report { title, figures, notes })
}

async fn once(proxy: &Proxy, pool: &Pool, requests: u64) -> Result<Round, Trouble> {
    let process = Process::new(proxy.id);
    let (before, began) = (process.cpu()?, Instant::now());
    let mut times = load(pool, requests).await?;
    let (took, cpu) = (began.elapsed(), process.cpu()?.saturating_sub(before));
    times.sort_unstable();
    Ok(Round {
        cpu: each(cpu, requests),
        rate: 1e6 / each(took, requests),
        half: percentile(&times, 50),
        most: percentile(&times, 99),
    })
}

fn pool(scene: &Scene, protocol: Protocol, address: SocketAddr) -> Result<Pool, Trouble> {
    let certificate = scene.stage.directory().join("certificate.pem");
    let pem = std::fs::read(certificate).map_err(Trouble::system("reading the certificate"))?;
    let config = trust::given(&pem).map_err(Trouble::unexpected("trusting the certificate"))?;
    let name = ServerName::try_from("localhost").map_err(Trouble::unexpected("naming the gateway"))?;
    let target = Target { address, authority: "localhost".to_owned(), tls: Some(TlsTarget { name, config }) };
    let connections = usize::try_from(CONNECTIONS).unwrap_or(usize::MAX);
    Ok(Pool::new(protocol, target, PoolLimits { connections, streams: 1, sources: Vec::new() }))
}

/// Sends so many requests, one at a time on each connection; how long each took, in µs.
async fn load(pool: &Pool, requests: u64) -> Result<Vec<u64>, Trouble> {
    let left = Rc::new(Cell::new(requests));
    let times = Rc::new(RefCell::new(Vec::new()));
    let local = LocalSet::new();
    let mut tasks = Vec::new();
    for _ in 0..CONNECTIONS {
        tasks.push(local.spawn_local(client(pool.clone(), Rc::clone(&left), Rc::clone(&times))));
    }
    let tasks = local.run_until(async {
        for task in tasks {
            task.await.map_err(Trouble::unexpected("running a client"))??;
        }
        Ok(())
    });
    tasks.await?;
    Ok(times.take())
}

async fn client(pool: Pool, left: Rc<Cell<u64>>, times: Rc<RefCell<Vec<u64>>>) -> Result<(), Trouble> {
    let ask = Ask {
        method: Method::GET,
        path: "/plain".to_owned(),
        fields: HeaderMap::new(),
        content: 0,
        reading: Reading::Freely,
        ending: Ending::Open,
    };
    while left.get() > 0 {
        left.set(left.get() - 1);
        let began = Instant::now();
        let mut seen = Seen::default();
        let done = pool.exchange(&ask, &mut seen).await;
        done.map_err(Trouble::unexpected("sending a request"))?;
        if seen != (Seen { status: 200, content: 100 }) {
            let reason = format!("status {} and {} octets", seen.status, seen.content);
            return Err(Trouble::Unexpected { doing: "reading an answer", reason });
        }
        times.borrow_mut().push(u64::try_from(began.elapsed().as_micros()).unwrap_or(u64::MAX));
    }
    Ok(())
}

/// What came.
#[derive(Debug, Default, PartialEq, Eq)]
struct Seen {
    status: u16,
    content: usize,
}

impl Witness for Seen {
    fn sent(&mut self, _at: Instant) {}

    fn interim(&mut self, _head: Head<'_>, _at: Instant) {}

    fn answered(&mut self, head: Head<'_>, _at: Instant) {
        self.status = head.status;
    }

    fn content(&mut self, octets: &[u8], _at: Instant) {
        self.content += octets.len();
    }
}
