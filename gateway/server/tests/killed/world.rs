//! A store, and the gateways that live and die on it.

use std::collections::BTreeMap;
use std::fs;
use std::net::SocketAddr;
use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::Duration;

use fastrand::Rng;
use progress_gateway::operations::point::Point;
use tokio::task::JoinSet;
use tokio::time::timeout;

use crate::life::{Keeping, Life, Plan};
use crate::oracle::{Offence, Oracle};
use crate::origin::Origin;
use crate::people::{Gateway, Trouble};

/// Clients at a time.
const CROWD: usize = 6;

/// Those of a life that is to last until progress is noted, some seconds: it must not leave thousands of
/// operations to look at.
const SMALL_CROWD: usize = 2;

/// How long clients go on: far longer than it takes to come to any point.
const PATIENCE: Duration = Duration::from_secs(40);

/// A store's directory, its origin, and all that clients were told.
pub struct World {
    directory: Directory,
    origin: Arc<Origin>,
    oracle: Arc<Oracle>,
    keeping: Keeping,
    rng: Rng,
}

/// A directory that goes with its world.
struct Directory(PathBuf);

// === impl World ===

impl World {
    pub async fn new(keeping: Keeping, rng: Rng) -> Self {
        let origin = Arc::new(Origin::start().await);
        let oracle = Arc::new(Oracle::new(Arc::clone(&origin)));
        Self { directory: Directory::new(), origin, oracle, keeping, rng }
    }

    /// One life of a gateway: everything is looked at, then clients go about until it dies.
    pub async fn live(&mut self, plan: Plan) -> Result<(), Offence> {
        self.oracle.next_life();
        if self.keeping == Keeping::Volatile {
            // The store itself would notice that commits are missing. Here the clients are to notice.
            let _ = fs::remove_file(self.directory.0.join("store/witness"));
        }
        let begun = Life::begin(&self.directory.0, self.origin.address, plan, self.keeping).await;
        let mut life = begun.map_err(Offence::Defect)?;
        let mut broken = None;
        if let Some((address, desk)) = life.addresses {
            self.origin.call_at(Some(desk));
            match timeout(PATIENCE, self.serve(&life, address, plan)).await {
                Err(_) | Ok(Ok(())) => {}
                Ok(Err(Trouble::Broken(error))) => broken = Some(error),
                Ok(Err(Trouble::Offence(offence))) => return Err(offence),
            }
        }
        self.origin.call_at(None);
        life.end().await.map_err(|error| Offence::Defect(format!("{plan:?}: {error}; clients: {broken:?}")))
    }

    /// How many operations came to which end.
    pub fn tally(&self) -> BTreeMap<&'static str, usize> {
        self.oracle.tally()
    }

    async fn serve(&mut self, life: &Life, address: SocketAddr, plan: Plan) -> Result<(), Trouble> {
        let gateway = Gateway::meet(address, Arc::clone(&self.oracle), &mut self.rng).await?;
        gateway.inspect(&mut self.rng).await?;
        if plan == Plan::Inspected {
            self.origin.delivered().await;
            gateway.see_off().await?;
            gateway.inspect(&mut self.rng).await?;
            life.kill();
            return Ok(());
        }
        let noting = [Point::Checkpointing, Point::Checkpointed].map(Point::name);
        let patient = matches!(plan, Plan::At(point, _) if noting.contains(&point));
        let mut crowd = JoinSet::new();
        for _ in 0..if patient { SMALL_CROWD } else { CROWD } {
            crowd.spawn(gateway.clone().crowd(self.rng.fork()));
        }
        let killing = self.kill(life, plan);
        let troubles = first_offence(crowd);
        let ((), trouble) = tokio::join!(killing, troubles);
        Err(trouble)
    }

    async fn kill(&self, life: &Life, plan: Plan) {
        let Plan::After(things, pause) = plan else { return };
        self.oracle.has_seen(things).await;
        tokio::time::sleep(pause).await;
        life.kill();
    }
}

/// What ended the visits of all clients: an offence, or else the last connection that broke.
async fn first_offence(mut crowd: JoinSet<Trouble>) -> Trouble {
    let mut last = Trouble::Offence(Offence::Defect("there were no clients".into()));
    while let Some(ended) = crowd.join_next().await {
        match ended {
            Ok(Trouble::Broken(error)) => last = Trouble::Broken(error),
            Ok(offence) => return offence,
            Err(panic) => return Trouble::Offence(Offence::Defect(panic.to_string())),
        }
    }
    last
}

// === impl Directory ===

impl Directory {
    fn new() -> Self {
        static COUNT: AtomicU32 = AtomicU32::new(0);
        let count = COUNT.fetch_add(1, Ordering::Relaxed);
        let path =
            std::env::temp_dir().join(format!("progress-gateway-killed-{}-{count}", std::process::id()));
        let _ = fs::remove_dir_all(&path);
        fs::create_dir(&path).expect("a directory can be made");
        Self(path)
    }
}

impl Drop for Directory {
    fn drop(&mut self) {
        let _ = fs::remove_dir_all(&self.0);
    }
}
