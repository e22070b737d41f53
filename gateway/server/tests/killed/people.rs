//! Clients: they ask for jobs, watch, leave, come back, cancel and delete; and strangers, who try to look.

use std::io;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use fastrand::Rng;

use tokio::time::Instant;

use crate::client::{Answer, Connection, Head, Reply};
use crate::job::{Job, Kind};
use crate::oracle::{Offence, Oracle, Stands, Told};

/// Those who own operations.
const OWNERS: [&str; 2] = ["Bearer alice", "Bearer bob"];

/// One who owns none.
const STRANGER: &str = "Bearer mallory";

/// Base of every status URI.
const BASE: &str = "http://gateway.example";

/// How long a client follows an operation: far longer than any takes.
const PATIENCE: Duration = Duration::from_secs(15);

/// Why a visit ended early.
#[derive(Debug)]
pub enum Trouble {
    /// The connection broke: nothing wrong, if the gateway has died.
    Broken(io::Error),
    /// A promise was broken.
    Offence(Offence),
}

/// What clients need to know of a gateway.
#[derive(Clone, Debug)]
pub struct Gateway {
    pub address: SocketAddr,
    pub oracle: Arc<Oracle>,
    /// What is answered for an id that never was.
    unknown: Arc<Answer>,
}

/// How a client waits for its job.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Manner {
    /// It stays until the final response.
    Stays,
    /// It leaves as soon as it knows the status URI.
    Leaves,
    /// It asks for a 202.
    Later,
}

// === impl Trouble ===

impl From<io::Error> for Trouble {
    fn from(error: io::Error) -> Self {
        Self::Broken(error)
    }
}

impl From<Offence> for Trouble {
    fn from(offence: Offence) -> Self {
        Self::Offence(offence)
    }
}

// === impl Gateway ===

impl Gateway {
    /// Gets to know the gateway at `address`.
    pub async fn meet(address: SocketAddr, oracle: Arc<Oracle>, rng: &mut Rng) -> Result<Self, Trouble> {
        let request = format!("GET /.operations/{:032x}", rng.u128(..));
        let unknown = Connection::open(address).await?.ask(&request, &identified(STRANGER)).await?.lasting();
        if unknown.head.status != 404 {
            return Err(Offence::Defect(format!("an unknown id: {unknown:?}")).into());
        }
        Ok(Self { address, oracle, unknown: Arc::new(unknown) })
    }

    /// Does what clients do, over and over, until the gateway is gone.
    pub async fn crowd(self, mut rng: Rng) -> Trouble {
        loop {
            if let Err(trouble) = self.visit(&mut rng).await {
                return trouble;
            }
        }
    }

    /// Looks at everything that clients have ever been told of.
    pub async fn inspect(&self, rng: &mut Rng) -> Result<(), Trouble> {
        let mut connection = Connection::open(self.address).await?;
        for (path, sight) in self.oracle.sights() {
            let before = self.oracle.deed(&path);
            let answer = connection.ask(&format!("GET {path}"), &identified(sight.owner)).await?;
            if self.oracle.shown(&path, before, answer)? == Stands::Ended {
                self.replay(&mut connection, &path, sight.owner).await?;
            }
            self.pry(&mut connection, &path, sight.owner, rng).await?;
        }
        Ok(())
    }

    /// Follows everything that still runs to its end.
    pub async fn see_off(&self) -> Result<(), Trouble> {
        let mut connection = Connection::open(self.address).await?;
        for (path, sight) in self.oracle.sights() {
            if sight.told == Told::Running {
                self.follow(&mut connection, &path, sight.owner).await?;
            }
        }
        Ok(())
    }

    /// One client, from its request to what it does with the outcome.
    async fn visit(&self, rng: &mut Rng) -> Result<(), Trouble> {
        let owner = OWNERS[rng.usize(..OWNERS.len())];
        let job = Job::any(rng);
        let manner = match rng.u8(0..3) {
            0 if job.kind != Kind::Endless => Manner::Stays,
            1 => Manner::Leaves,
            _ => Manner::Later,
        };
        let Some(path) = self.request(job, owner, manner).await? else { return Ok(()) };
        let mut connection = Connection::open(self.address).await?;
        if rng.u8(0..4) == 0 {
            self.pry(&mut connection, &path, owner, rng).await?;
        }
        if job.kind == Kind::Endless && rng.bool() {
            return Ok(());
        }
        if job.kind == Kind::Endless || rng.u8(0..8) == 0 {
            self.delete(&mut connection, &path, owner).await?;
        }
        if self.follow(&mut connection, &path, owner).await? == Stands::Ended {
            self.replay(&mut connection, &path, owner).await?;
            if rng.u8(0..3) == 0 {
                self.delete(&mut connection, &path, owner).await?;
            }
        }
        Ok(())
    }

    /// Asks for a job. The path of its status document, if the client has heard of it.
    async fn request(&self, job: Job, owner: &'static str, manner: Manner) -> io::Result<Option<String>> {
        let prefer = if manner == Manner::Later { "respond-async, wait=0" } else { "processing" };
        let fields = [("Authorization", owner), ("Prefer", prefer)];
        let mut connection = Connection::open(self.address).await?;
        connection.send(&format!("{} {job}", job.method()), &fields, b"").await?;
        let mut path = None;
        loop {
            let reply = connection.reply().await?;
            let (Reply::Interim(head) | Reply::Final(Answer { head, .. })) = &reply;
            if path.is_none()
                && let Some(announced) = status_path(head)
            {
                self.oracle.announced(&announced, job, owner);
                path = Some(announced);
            }
            match (reply, &path) {
                (Reply::Interim(_), Some(_)) if manner == Manner::Leaves => return Ok(path),
                (Reply::Interim(_), _) => {}
                (Reply::Final(answer), Some(path)) if answer.head.status != 202 => {
                    self.oracle.answered(path, &answer);
                    return Ok(Some(path.clone()));
                }
                (Reply::Final(_), _) => return Ok(path),
            }
        }
    }

    /// Polls an operation, from one change to the next, until it is over.
    async fn follow(&self, io: &mut Connection, path: &str, owner: &str) -> Result<Stands, Trouble> {
        let mut known = String::from("\"\"");
        let until = Instant::now() + PATIENCE;
        loop {
            if Instant::now() > until {
                return Err(self.oracle.never_ends(path).into());
            }
            let fields = [("Authorization", owner), ("If-None-Match", &known), ("Prefer", "wait=5")];
            let before = self.oracle.deed(path);
            let answer = io.ask(&format!("GET {path}"), &fields).await?;
            if answer.head.status == 304 {
                continue;
            }
            answer.head.field("etag").unwrap_or_default().clone_into(&mut known);
            match self.oracle.shown(path, before, answer)? {
                Stands::Running => {}
                stands => return Ok(stands),
            }
        }
    }

    async fn replay(&self, io: &mut Connection, path: &str, owner: &str) -> Result<(), Trouble> {
        let answer = io.ask(&format!("GET {path}/result"), &identified(owner)).await?;
        Ok(self.oracle.replayed(path, answer)?)
    }

    /// Cancels an operation, or forgets it if it is over.
    async fn delete(&self, io: &mut Connection, path: &str, owner: &str) -> Result<(), Trouble> {
        self.oracle.asked(path);
        let answer = io.ask(&format!("DELETE {path}"), &identified(owner)).await?;
        match answer.head.status {
            204 => self.oracle.forgotten(path),
            // The state at this moment; the next look tells what came of it.
            200 | 202 | 410 => {}
            status => return Err(Offence::Defect(format!("{path}: DELETE is answered with {status}")).into()),
        }
        Ok(())
    }

    /// Whoever does not own an operation asks for it, and must be told what is told of unknown ones.
    async fn pry(&self, io: &mut Connection, path: &str, owner: &str, rng: &mut Rng) -> Result<(), Trouble> {
        let request = match rng.u8(0..3) {
            0 => format!("GET {path}/result"),
            1 => format!("DELETE {path}"),
            _ => format!("GET {path}"),
        };
        let other = OWNERS.into_iter().find(|other| *other != owner).unwrap_or(STRANGER);
        let fields = [&identified(other)[..], &identified(STRANGER), &[]];
        let answer = io.ask(&request, fields[rng.usize(..fields.len())]).await?.lasting();
        if answer == *self.unknown {
            return Ok(());
        }
        Err(Offence::Leaked(format!("{request}: {answer:?}")).into())
    }
}

fn identified(owner: &str) -> [(&str, &str); 1] {
    [("Authorization", owner)]
}

/// The path of the status document that a head names, if it does.
fn status_path(head: &Head) -> Option<String> {
    if !matches!(head.status, 102 | 202) {
        return None;
    }
    let path = head.field("location")?.strip_prefix(BASE)?;
    Some(path.to_owned())
}
