//! The shadow: a scratch database of one tenant, where blocks of PL/pgSQL are tried whose definitions show only when
//! they run. It is made when the first such block is met and its answer is not known, follows the history from there,
//! and is dropped when the history is shaped. Answers are kept in the control database under the checksum of everything
//! that stands before the block.

use sha2::{Digest as _, Sha256};
use tenantry_domain::{App, Error, ErrorCode, Result, Service};
use tenantry_postgres::acting::Acting;
use tenantry_postgres::clusters::Clusters;
use tenantry_postgres::connect::connect;
use tenantry_postgres::error::db_error;
use tenantry_postgres::shadow::{self, FIRED, FORGET, NOTED};
use tenantry_registry::Registry;
use tenantry_registry::shadows::KeptAnswer;
use tenantry_shape::{Emitted, SCHEMA_PLACEHOLDER, Scope, ShadowAnswer, ShadowQuestion, Statement};
use tokio::runtime::Handle;
use tokio_postgres::Client;

use crate::apply::session::{Session, Target, Who};
use crate::apply::shaped::Run;

/// Whose history is shaped, and where.
#[derive(Clone, Copy)]
pub(crate) struct Shaping<'a> {
    /// The app.
    pub app: &'a App,
    /// Its service.
    pub service: &'a Service,
    /// Where answers are kept.
    pub registry: &'a Registry,
    /// Where the shadow is made: on the service's first cluster.
    pub clusters: &'a Clusters,
}

/// The shadow of one service while its history is shaped: on a thread that may wait.
pub(crate) struct Shadow<'a> {
    shaping: Shaping<'a>,
    runtime: Handle,
    open: Option<Open>,
    sum: Sum,
    /// How many statements the shadow has run.
    replayed: usize,
}

/// A shadow database.
struct Open {
    /// Holds the lock of the service's shadow.
    maintenance: Client,
    name: String,
    client: Client,
}

/// Stands in front of what the checksum of an answer is made from; another one when answers change their meaning.
const ANSWERS: &[u8] = b"2";

impl<'a> Shadow<'a> {
    /// No database is made yet. The shaping must not run on a thread of the runtime that serves others.
    ///
    /// # Errors
    /// `internal` outside of a runtime.
    pub fn new(shaping: Shaping<'a>) -> Result<Self> {
        let runtime = Handle::try_current()
            .map_err(|e| Error::new(ErrorCode::Internal, "shape the migrations").because(e))?;
        Ok(Self { shaping, runtime, open: None, sum: Sum::new(), replayed: 0 })
    }

    /// What a block does behind these statements of earlier files and those before it in its own.
    ///
    /// # Errors
    /// `migration_failed` when the block or a statement before it fails; what servers say.
    pub fn ask(&mut self, earlier: &[&Statement], question: ShadowQuestion<'_>) -> Result<ShadowAnswer> {
        let all: Vec<&Statement> = earlier.iter().copied().chain(question.before).collect();
        let checksum = self.sum.of(&all, question.probe);
        let runtime = self.runtime.clone();
        let kept = runtime.block_on(async {
            if let Some(known) = self.shaping.registry.shadow_answer(&checksum).await? {
                return Ok(known);
            }
            let new = all.get(self.replayed..).unwrap_or_default();
            let answer = self.answer(&checksum, new, question.probe).await;
            self.replayed = all.len();
            answer
        })?;
        Ok(known(kept))
    }

    /// Starts anew: what follows stands behind other statements.
    ///
    /// # Errors
    /// What the server said.
    pub fn restart(&mut self) -> Result<()> {
        self.sum = Sum::new();
        self.close()
    }

    /// Drops the database, if one was made.
    ///
    /// # Errors
    /// What the server said.
    pub fn close(&mut self) -> Result<()> {
        self.replayed = 0;
        let Some(open) = self.open.take() else { return Ok(()) };
        drop(open.client);
        self.runtime.block_on(shadow::drop_database(&open.maintenance, &open.name))
    }

    /// Brings the shadow up to the block, tries the block, and takes it back.
    async fn answer(&mut self, checksum: &str, statements: &[&Statement], probe: &str) -> Result<KeptAnswer> {
        if self.open.is_none() {
            self.open = Some(self.create().await?);
        }
        let Some(open) = &self.open else {
            return Err(Error::new(ErrorCode::Internal, "there is no shadow database"));
        };
        let session = Session::new(&open.client, self.target());
        for file in statements.chunk_by(|a, b| a.file == b.file) {
            let runs: Vec<Run<'_>> = file.iter().flat_map(|s| stand_ins(s)).collect();
            session.replay(&runs).await?;
        }
        let answer = self.attempt(&open.client, &session, probe).await;
        let _ = open.client.batch_execute("ROLLBACK").await;
        let answer = answer?;
        self.shaping.registry.keep_shadow_answer(checksum, &answer).await?;
        Ok(answer)
    }

    async fn attempt(&self, client: &Client, session: &Session<'_>, probe: &str) -> Result<KeptAnswer> {
        let doing = "ask the shadow database";
        client.batch_execute(FORGET).await.map_err(|e| db_error(e, doing))?;
        session.begin().await?;
        let probe = Emitted { sql: probe.to_owned(), ..tried() };
        client.batch_execute(&probe.render(SCHEMA_PLACEHOLDER)).await.map_err(failed)?;
        session.as_platform().await?;
        let texts = client.query(NOTED, &[]).await.map_err(|e| db_error(e, doing))?;
        let fired = client.query_one(FIRED, &[]).await.map_err(|e| db_error(e, doing))?;
        let definitions: i64 = fired.get(0);
        Ok(KeptAnswer {
            texts: texts.iter().map(|row| row.get(0)).collect(),
            definitions: usize::try_from(definitions).unwrap_or_default(),
        })
    }

    fn target(&self) -> Target {
        let acting = Acting {
            role: self.shaping.app.layout().owner_role(),
            schema: SCHEMA_PLACEHOLDER.to_owned(),
            lock_ms_max: self.shaping.app.limits.ddl_lock_ms_max,
        };
        Target { words: "the shadow database".to_owned(), who: Who::Platform, acting }
    }

    async fn create(&self) -> Result<Open> {
        let Shaping { app, service, clusters, .. } = self.shaping;
        let layout = app.layout();
        let cluster = clusters
            .names()
            .find(|name| service.cluster.as_ref().is_none_or(|c| c.as_str() == *name))
            .ok_or_else(|| Error::new(ErrorCode::Internal, "the service has no cluster"))?;
        let server = clusters.server(cluster)?;
        // Any other database will do to make one; the data database is there.
        let data = layout.data_database(&service.name);
        let maintenance = connect(server, &data, "tenantry shadow").await?;
        let name = shadow::create(&maintenance, &layout, &service.name).await?;
        let mut client = connect(server, &name, "tenantry shadow").await?;
        shadow::fill(&mut client, &layout, app.isolation.tenant_key, SCHEMA_PLACEHOLDER).await?;
        Ok(Open { maintenance, name, client })
    }
}

/// The checksum under which an answer is kept: of everything that stands before a block, and the block.
pub(crate) struct Sum {
    /// Of the first `summed` statements.
    sum: Sha256,
    summed: usize,
}

impl Sum {
    pub fn new() -> Self {
        Self { sum: Sha256::new_with_prefix(ANSWERS), summed: 0 }
    }

    /// Of a block behind these statements, which begin with those that were given before.
    pub fn of(&mut self, all: &[&Statement], probe: &str) -> String {
        for statement in all.get(self.summed..).unwrap_or_default() {
            for emitted in statement.plain.iter().chain(&statement.shadow) {
                self.sum.update(emitted.sql.len().to_le_bytes());
                self.sum.update(emitted.sql.as_bytes());
            }
        }
        self.summed = all.len();
        let sum = self.sum.clone().chain_update(probe.as_bytes());
        sum.finalize().iter().map(|b| format!("{b:02x}")).collect()
    }
}

/// An answer as shaping takes it.
pub(crate) fn known(kept: KeptAnswer) -> ShadowAnswer {
    ShadowAnswer { texts: kept.texts, definitions: kept.definitions, unknown: false }
}

/// What of a statement runs on a shadow.
fn stand_ins(statement: &Statement) -> Vec<Run<'_>> {
    let emitted: Vec<&Emitted> = match &statement.shadow {
        Some(stand_in) => vec![stand_in],
        None => statement.plain.iter().collect(),
    };
    emitted.into_iter().map(|emitted| Run { statement, emitted }).collect()
}

fn tried() -> Emitted {
    Emitted { sql: String::new(), scope: Scope::Tenant, transactional: true }
}

/// What the block itself did wrong.
fn failed(e: tokio_postgres::Error) -> Error {
    let Some(db) = e.as_db_error() else { return db_error(e, "ask the shadow database") };
    let mut message =
        format!("the block fails when it is tried: {} (SQLSTATE {})", db.message(), db.code().code());
    if let Some(detail) = db.detail() {
        message.push_str(&format!("; {detail}"));
    }
    Error::new(ErrorCode::MigrationFailed, message)
}
