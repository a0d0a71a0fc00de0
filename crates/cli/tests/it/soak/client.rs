//! One client: it connects, does what chance tells it, and leaves in one way or another, until the disasters are over.

use std::sync::Arc;
use std::time::Duration;

use tenantry_gateway::fuzzing::random::Random;
use tokio::time::{sleep, timeout};
use tokio_postgres::Error;

use super::operations::{self, Kind};
use super::session::Session;
use super::world::{Tenant, World};

/// Nothing may take longer. Behind it stand, one after the other: 6 seconds in a queue, 6 for a connection to a server, a
/// proxy that stalls for a second, and a machine that has other things to do.
pub const LIMIT: Duration = Duration::from_secs(30);
/// Operations of one session at most.
const OPERATIONS_MAX: usize = 40;
/// What the disasters explain, whatever was asked: the server or the gateway goes or comes, or there is no room.
const DISASTER: [&str; 8] = ["57P01", "57P02", "57P03", "08001", "08006", "08003", "53300", "closed"];

/// What an operation came to.
pub type Outcome = Result<(), Failure>;

/// Why an operation did not do what it should.
#[derive(Debug)]
pub enum Failure {
    /// An error of the server, of the gateway or of the connection.
    Error(Error),
    /// What must never be.
    Violation(String),
}

impl From<Error> for Failure {
    fn from(error: Error) -> Self {
        Self::Error(error)
    }
}

/// The SQLSTATE; `closed`: the connection is gone without one.
pub fn sqlstate(error: &Error) -> String {
    error.code().map_or("closed", |code| code.code()).to_owned()
}

/// See the module.
pub struct Client {
    pub world: Arc<World>,
    pub number: usize,
    pub tenant: Tenant,
    /// It comes through the app door.
    pub is_app: bool,
    pub random: Random,
}

impl Client {
    pub fn new(world: Arc<World>, number: usize, seed: u64) -> Self {
        let tenant = world.tenants[number % world.tenants.len()].clone();
        let is_app = number / world.tenants.len() % 2 == 1;
        // Neighbouring seeds give like numbers at first.
        let mut random = Random::new(seed.wrapping_mul(0x9e37_79b9_7f4a_7c15) ^ (number as u64 + 1));
        for _ in 0..10 {
            let _ = random.below(2);
        }
        Self { world, number, tenant, is_app, random }
    }

    /// Until all is calm, and then once more.
    pub async fn work(mut self) {
        loop {
            let is_last = *self.world.calm.borrow();
            if self.serve().await && is_last {
                return;
            }
        }
    }

    /// One session. Whether all went well.
    async fn serve(&mut self) -> bool {
        let Some(mut session) = self.connect().await else {
            let pause = 20 + self.random.below(200) as u64;
            sleep(Duration::from_millis(pause)).await;
            return false;
        };
        if !self.attempt(&mut session, Kind::LookAfresh).await {
            return false;
        }
        for _ in 0..self.random.below(OPERATIONS_MAX) {
            if *self.world.calm.borrow() {
                break;
            }
            let kind = Kind::choose(&mut self.random);
            if !self.attempt(&mut session, kind).await {
                return false;
            }
            if kind == Kind::CopyInBroken {
                // The gateway can't tell what such a server has still to answer, so it stays with this client to the end.
                break;
            }
        }
        let is_well = self.attempt(&mut session, Kind::Read).await;
        self.leave(session).await;
        is_well
    }

    async fn connect(&mut self) -> Option<Session> {
        let tally = &self.world.tally;
        tally.begin(self.number, "connect");
        let opened =
            timeout(LIMIT, Session::open(&self.world, &self.tenant, self.is_app, &mut self.random)).await;
        match opened {
            Ok(Ok(session)) => {
                tally.end(self.number, None);
                tally.session();
                return Some(session);
            }
            Ok(Err(error)) => {
                let code = sqlstate(&error);
                tally.end(self.number, Some(&code));
                // A server that does not answer keeps whoever logs in waiting.
                if code != "57P05" && !DISASTER.contains(&&*code) {
                    tally.violation(format!("{} can't connect: {error:?}", self.name()));
                }
            }
            Err(_) => self.hangs("connect"),
        }
        None
    }

    /// Does something within the time limit. Whether the session goes on.
    async fn attempt(&mut self, session: &mut Session, kind: Kind) -> bool {
        let name = kind.name();
        self.world.tally.begin(self.number, name);
        let outcome = timeout(LIMIT, operations::run(self, session, kind)).await;
        let tally = &self.world.tally;
        match outcome {
            Ok(Ok(())) => {
                tally.end(self.number, None);
                true
            }
            Ok(Err(Failure::Error(error))) => {
                let code = sqlstate(&error);
                tally.end(self.number, Some(&code));
                let is_disaster = DISASTER.contains(&&*code);
                let is_late_cancel = code == "57014" && session.has_cancelled;
                if !is_disaster && !is_late_cancel && !kind.allows(&code) {
                    tally.violation(format!("{}: {name}: {error:?}", session.name(self)));
                }
                // Where it was one statement and the session lives on, nothing was changed by it.
                is_disaster && code != "closed" && kind.is_one_statement() && !session.client.is_closed()
            }
            Ok(Err(Failure::Violation(what))) => {
                tally.end(self.number, Some("violation"));
                tally.violation(format!("{}: {name}: {what}", session.name(self)));
                false
            }
            Err(_) => {
                self.hangs(name);
                false
            }
        }
    }

    async fn leave(&mut self, session: Session) {
        self.world.tally.begin(self.number, "leave");
        let left = timeout(LIMIT, operations::leave(self, session)).await;
        match left {
            Ok(()) => self.world.tally.end(self.number, None),
            Err(_) => self.hangs("leave"),
        }
    }

    fn hangs(&self, name: &str) {
        self.world.tally.end(self.number, Some("hang"));
        self.world.tally.violation(format!("{}: {name} took longer than {LIMIT:?}", self.name()));
    }

    /// For messages.
    pub fn name(&self) -> String {
        let Tenant { slug, isolation, .. } = &self.tenant;
        let door = if self.is_app { "app" } else { "tenant" };
        format!("client {} ({slug}, {isolation} isolation, {door} door)", self.number)
    }

    /// Looks at rows: their owner is this client's tenant.
    pub fn see<'a>(&self, owners: impl Iterator<Item = &'a str>) -> Outcome {
        let mut seen = 0;
        for owner in owners {
            seen += 1;
            if owner != self.tenant.slug {
                return Err(Failure::Violation(format!("a row of {owner}")));
            }
        }
        self.world.tally.rows(seen);
        Ok(())
    }
}
