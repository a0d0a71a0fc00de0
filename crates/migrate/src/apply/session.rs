//! Running one file's statements on one target, statement by statement: in one transaction, or, around statements that
//! PostgreSQL refuses in transactions, in several, with a note of how far it came.

use std::sync::atomic::{AtomicBool, Ordering};

use tenantry_domain::Result;
use tenantry_postgres::acting::{AS_PLATFORM, Acting, RESET, for_tenant};
use tenantry_postgres::error::db_error;
use tenantry_shape::Scope;
use tokio_postgres::Client;

use super::shaped::{Run, Shaped};
use crate::error::statement_error;
use crate::rollout::order::Direction;

const PROGRESS_OF: &str = include_str!("progress_of.sql");
const NOTE_PROGRESS: &str = include_str!("note_progress.sql");
const NOTE_MIGRATION: &str = include_str!("note_migration.sql");
const FORGET_MIGRATION: &str = include_str!("forget_migration.sql");
const MOVE_VERSION: &str = include_str!("move_version.sql");
const VIEWS_INVOKER: &str = include_str!("views_invoker.sql");
const DROP_INVALID: &str = include_str!("drop_invalid_index.sql");

const ROLL_BACK: &str = "ROLLBACK; SELECT tenantry.advisory_unlock_all()";

/// Who runs the statements.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Who {
    /// The platform's login, which acts as a role: only where no tenant's code can run.
    Platform,
    /// The tenant's owner itself, logged in.
    Owner,
}

/// Where statements run.
#[derive(Clone, Debug)]
pub(crate) struct Target {
    /// As messages name it.
    pub words: String,
    pub who: Who,
    pub acting: Acting,
}

/// How it is noted that a file is done, in the transaction that does it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Mark {
    /// A ledger gains or loses a row.
    Ledger(String, Direction),
    /// A tenant of a data database moves from one version to another.
    Version { id: String, before: i64, after: i64 },
}

impl Mark {
    /// The name under which progress within a file is noted.
    fn target(&self) -> &str {
        match self {
            Mark::Ledger(target, _) => target,
            Mark::Version { id, .. } => id,
        }
    }
}

/// One target's session.
pub(crate) struct Session<'a> {
    client: &'a Client,
    target: Target,
    /// Id and key of each tenant that data statements run for; empty: the statements run once.
    tenants: Vec<(String, String)>,
    /// Whether a transaction is open.
    open: AtomicBool,
}

impl<'a> Session<'a> {
    /// On a connection that nobody else uses meanwhile.
    pub fn new(client: &'a Client, target: Target) -> Self {
        Self { client, target, tenants: Vec::new(), open: AtomicBool::new(false) }
    }

    /// With the tenants that data statements run for.
    pub fn for_tenants(mut self, tenants: Vec<(String, String)>) -> Self {
        self.tenants = tenants;
        self
    }

    /// Its connection.
    pub fn client(&self) -> &Client {
        self.client
    }

    /// Goes on to another target within the same transaction.
    pub async fn next(self, target: Target) -> Result<Self> {
        self.say(AS_PLATFORM, "give the owner's rights back").await?;
        let open = AtomicBool::new(self.open.load(Ordering::Relaxed));
        let next = Self { client: self.client, target, tenants: Vec::new(), open };
        next.begin().await?;
        Ok(next)
    }

    /// Runs a file and notes that it is done; the last transaction stays open for [`Session::commit`].
    pub async fn run(&self, file: &Shaped, runs: &[Run<'_>], mark: &Mark) -> Result<()> {
        let result = self.run_all(file, runs, mark).await;
        if result.is_err() {
            self.roll_back().await;
        }
        result
    }

    /// Takes back what is open, advisory locks among it that outlast transactions; on a lost connection the server does that
    /// by itself.
    pub async fn roll_back(&self) {
        self.open.store(false, Ordering::Relaxed);
        let _ = self.client.batch_execute(ROLL_BACK).await;
    }

    async fn run_all(&self, file: &Shaped, runs: &[Run<'_>], mark: &Mark) -> Result<()> {
        let in_one = runs.iter().all(|r| r.emitted.transactional);
        // A file is written for a session of its own, where functions have not met columns that had other types.
        self.say("DISCARD PLANS", "begin the migration").await?;
        let done: i32 = if in_one { 0 } else { self.progress_of(file, mark.target()).await? };
        self.begin().await?;
        if in_one && matches!(mark, Mark::Version { .. }) {
            // First, so that whoever else migrates this tenant waits here, and then fails, before it has done anything.
            self.note(file, mark).await?;
            self.as_role().await?;
        }
        let mut number = done;
        let mut left = runs.get(usize::try_from(done).unwrap_or(0)..).unwrap_or_default();
        while let [first, ..] = left {
            let turn = self.turn(left);
            let (now, rest) = left.split_at(turn.max(1));
            if turn > 0 {
                self.each_tenant(now).await?;
            } else if first.emitted.transactional {
                self.inside(first).await?;
            } else {
                self.commit().await?;
                self.outside(first).await?;
                self.begin().await?;
            }
            for _ in now {
                number += 1;
                if !in_one {
                    self.note_progress(file, mark.target(), number).await?;
                }
            }
            if !first.emitted.transactional {
                // What is done can't be undone: it stays noted, whatever becomes of the statements below.
                self.commit().await?;
                self.begin().await?;
            }
            left = rest;
        }
        if file.makes_views() {
            self.say(VIEWS_INVOKER, "let views read with their reader's rights").await?;
        }
        if !(in_one && matches!(mark, Mark::Version { .. })) {
            self.note(file, mark).await?;
        }
        self.as_platform().await
    }

    /// Notes that the file is done; the platform's own rights hold afterwards.
    async fn note(&self, file: &Shaped, mark: &Mark) -> Result<()> {
        self.as_platform().await?;
        let noted = match mark {
            Mark::Ledger(target, Direction::Up) => {
                let parameters: &[&(dyn tokio_postgres::types::ToSql + Sync)] =
                    &[target, &file.version, &file.name, &file.checksum];
                self.client.execute(NOTE_MIGRATION, parameters).await
            }
            Mark::Ledger(target, Direction::Down) => {
                self.client.execute(FORGET_MIGRATION, &[target, &file.version]).await
            }
            Mark::Version { id, before, after } => {
                self.client.execute(MOVE_VERSION, &[id, before, after]).await
            }
        };
        noted.map(|_| ()).map_err(|e| db_error(e, "note the migration"))
    }

    /// Runs a file's statements and keeps what they do, without a note: on a shadow.
    pub async fn replay(&self, runs: &[Run<'_>]) -> Result<()> {
        let result = async {
            self.begin().await?;
            for run in runs {
                if run.emitted.transactional {
                    self.inside(run).await?;
                } else {
                    self.commit().await?;
                    self.outside(run).await?;
                    self.begin().await?;
                }
            }
            self.commit().await
        }
        .await;
        if result.is_err() {
            self.open.store(false, Ordering::Relaxed);
            let _ = self.client.batch_execute("ROLLBACK").await;
        }
        result
    }

    /// Commits what is open.
    pub async fn commit(&self) -> Result<()> {
        self.open.store(false, Ordering::Relaxed);
        self.say("COMMIT", "commit the migration").await
    }

    /// Begins a transaction with the target's rights; in one that is open already, takes those alone.
    pub async fn begin(&self) -> Result<()> {
        let is_open = self.open.swap(true, Ordering::Relaxed);
        let sql = if is_open { self.target.acting.enter()? } else { self.target.acting.begin()? };
        self.say(&sql, "begin the migration").await
    }

    /// A statement within the transaction, once.
    async fn inside(&self, run: &Run<'_>) -> Result<()> {
        let sql = run.emitted.render(&self.target.acting.schema);
        if run.extension().is_some() {
            // It takes a superuser; a tenant's owner finds it made already.
            if self.target.who == Who::Platform {
                self.as_platform().await?;
                self.statement(run, &sql).await?;
                self.as_role().await?;
            }
            return Ok(());
        }
        self.statement(run, &sql).await
    }

    /// How many of these statements, from the first one on, run for one tenant after the other.
    fn turn(&self, runs: &[Run<'_>]) -> usize {
        let per_tenant = |run: &&Run<'_>| run.emitted.transactional && run.emitted.scope == Scope::Tenant;
        if self.tenants.is_empty() { 0 } else { runs.iter().take_while(per_tenant).count() }
    }

    /// Statements that follow one another, all of them for one tenant before the next one has its turn.
    async fn each_tenant(&self, runs: &[Run<'_>]) -> Result<()> {
        for (id, key) in &self.tenants {
            self.say(&for_tenant(id, key)?, "name the tenant").await?;
            for run in runs {
                self.statement(run, &run.emitted.render(&self.target.acting.schema)).await?;
            }
        }
        Ok(())
    }

    /// A statement that can't run in a transaction. What an earlier try left half done (an invalid index) goes first.
    async fn outside(&self, run: &Run<'_>) -> Result<()> {
        let doing = "prepare a statement outside transactions";
        self.say(&self.target.acting.outside()?, doing).await?;
        let schema = &self.target.acting.schema;
        let rows = self.client.query(DROP_INVALID, &[schema]).await.map_err(|e| db_error(e, doing))?;
        for row in rows {
            let drop: &str = row.get(0);
            self.say(drop, "drop an index that was left invalid").await?;
        }
        let done = self.statement(run, &run.emitted.render(schema)).await;
        let reset = self.say(RESET, doing).await;
        done.and(reset)
    }

    async fn statement(&self, run: &Run<'_>, sql: &str) -> Result<()> {
        self.client
            .batch_execute(sql)
            .await
            .map_err(|e| statement_error(e, run.statement, sql, &self.target.words))
    }

    /// The platform's own rights again, within the transaction.
    pub async fn as_platform(&self) -> Result<()> {
        match self.target.who {
            Who::Platform => self.say(AS_PLATFORM, "give the owner's rights back").await,
            Who::Owner => Ok(()),
        }
    }

    /// The role's rights again, after [`Session::as_platform`].
    async fn as_role(&self) -> Result<()> {
        match self.target.who {
            Who::Platform => self.say(&self.target.acting.again()?, "take the owner's rights").await,
            Who::Owner => Ok(()),
        }
    }

    async fn progress_of(&self, file: &Shaped, ledger: &str) -> Result<i32> {
        // The session of a target before this one may have left an owner's rights behind.
        self.as_platform().await?;
        let row = self
            .client
            .query_one(PROGRESS_OF, &[&ledger, &file.version])
            .await
            .map_err(|e| db_error(e, "read how far the migration came"))?;
        Ok(row.get(0))
    }

    async fn note_progress(&self, file: &Shaped, ledger: &str, done: i32) -> Result<()> {
        self.as_platform().await?;
        self.client
            .execute(NOTE_PROGRESS, &[&ledger, &file.version, &done])
            .await
            .map_err(|e| db_error(e, "note how far the migration came"))?;
        self.as_role().await
    }

    async fn say(&self, sql: &str, doing: &str) -> Result<()> {
        self.client.batch_execute(sql).await.map_err(|e| db_error(e, doing))
    }
}

/// Makes a file's extensions in a tenant's own database, as the platform.
pub(crate) async fn create_extensions(client: &Client, file: &Shaped) -> Result<()> {
    for run in file.own_database().iter().filter(|r| r.extension().is_some()) {
        let sql = run.emitted.render(tenantry_domain::layout::DATABASE_SCHEMA);
        client
            .batch_execute(&sql)
            .await
            .map_err(|e| statement_error(e, run.statement, &sql, "the tenant's database"))?;
    }
    Ok(())
}
