//! The shadow: a scratch database of one tenant, where blocks of PL/pgSQL are tried whose definitions show only when
//! they run. It is made when the first such block is met and its answer is not known, follows the history from there,
//! and is dropped when the history is shaped. Answers are kept in the control database under the checksum of everything
//! that stands before the block.

mod question;

use tenantry_domain::{App, Error, ErrorCode, Result, Service};
use tenantry_postgres::acting::Acting;
use tenantry_postgres::clusters::Clusters;
use tenantry_postgres::connect::connect;
use tenantry_postgres::error::db_error;
use tenantry_postgres::shadow::{self, FIRED, FORGET, NOTED};
use tenantry_registry::Registry;
use tenantry_registry::shadows::KeptAnswer;
use tenantry_shape::{Emitted, SCHEMA_PLACEHOLDER, Statement};
use tokio_postgres::Client;

pub(crate) use question::{Asker, Question, Questions, channel};

use crate::apply::session::{Session, Target, Who};
use crate::apply::shaped::Run;

/// Whose history is shaped, and where.
#[derive(Clone, Copy)]
pub(crate) struct Shaping<'a> {
    pub app: &'a App,
    pub service: &'a Service,
    pub registry: &'a Registry,
    pub clusters: &'a Clusters,
}

/// The shadow of one service while its history is shaped.
pub(crate) struct Shadow<'a> {
    shaping: Shaping<'a>,
    open: Option<Open>,
}

/// A shadow database.
struct Open {
    /// Holds the lock of the service's shadow.
    maintenance: Client,
    name: String,
    client: Client,
}

impl<'a> Shadow<'a> {
    /// None is made yet.
    pub fn new(shaping: Shaping<'a>) -> Self {
        Self { shaping, open: None }
    }

    /// Answers questions until nobody is left who asks.
    pub async fn serve(&mut self, questions: &mut Questions) {
        while let Some(question) = questions.next().await {
            match question {
                Question::Known { checksum, reply } => {
                    let _ = reply.send(self.shaping.registry.shadow_answer(&checksum).await);
                }
                Question::Try { checksum, statements, probe, reply } => {
                    let _ = reply.send(self.answer(&checksum, &statements, &probe).await);
                }
            }
        }
    }

    /// Drops the database, if one was made.
    ///
    /// # Errors
    /// What the server said.
    pub async fn close(self) -> Result<()> {
        let Some(open) = self.open else { return Ok(()) };
        drop(open.client);
        shadow::drop_database(&open.maintenance, &open.name).await
    }

    /// Brings the shadow up to the block, tries the block, and takes it back.
    async fn answer(&mut self, checksum: &str, statements: &[Statement], probe: &str) -> Result<KeptAnswer> {
        if self.open.is_none() {
            self.open = Some(self.create().await?);
        }
        let Some(open) = &self.open else {
            return Err(Error::new(ErrorCode::Internal, "there is no shadow database"));
        };
        let session = Session::new(&open.client, self.target());
        for file in statements.chunk_by(|a, b| a.file == b.file) {
            let runs: Vec<Run<'_>> = file.iter().flat_map(stand_ins).collect();
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

/// What of a statement runs on a shadow.
fn stand_ins(statement: &Statement) -> Vec<Run<'_>> {
    let emitted: Vec<&Emitted> = match &statement.shadow {
        Some(stand_in) => vec![stand_in],
        None => statement.plain.iter().collect(),
    };
    emitted.into_iter().map(|emitted| Run { statement, emitted }).collect()
}

fn tried() -> Emitted {
    Emitted { sql: String::new(), scope: tenantry_shape::Scope::Tenant, transactional: true }
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
