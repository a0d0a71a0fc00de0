//! One tenant in schema or database isolation: each file in one transaction, together with the note that it is done.

use tenantry_domain::{Error, Isolation, Result, TenantId};
use tenantry_postgres::acting::{MOVER, for_many};
use tenantry_postgres::bootstrap::ensure_functions;
use tenantry_postgres::connect::connect;
use tenantry_postgres::error::{db_error, sqlstate};
use tenantry_postgres::tenant::home;
use tokio::sync::Mutex;
use tokio_postgres::Client;

use super::local::Local;
use super::message;
use super::session::{Mark, Session, Target, Who, create_extensions};
use super::site::{APPLICATION_NAME, Site, is_contention};
use crate::ledger;
use crate::rollout::history::Move;
use crate::rollout::order::Direction;
use crate::rollout::safety::Safety;
use crate::vary;

const FOLLOW_VERSION: &str = include_str!("follow_version.sql");
/// Hours after which the password of a tenant's owner ends by itself, should nobody be left to end it.
const LOGIN_HOURS: i64 = 1;
/// Tries to change a database's privileges while others change them too.
const GRANT_TRIES: usize = 20;
/// Bytes of a message for several tenants at most.
const MESSAGE_BYTES_MAX: usize = 256 * 1024;
/// SQLSTATE `internal_error`: what PostgreSQL says of two changes of one catalog row at a time.
const CATALOG_CONFLICT: &str = "XX000";

/// How far a tenant came, and why no further.
#[derive(Debug)]
pub(crate) struct Stuck {
    /// The version that it is at.
    pub version: i64,
    /// The migration that failed, if it was one.
    pub at: Option<i64>,
    pub error: Error,
}

/// What one worker of a rollout migrates its tenants through.
pub(crate) struct Desk<'a> {
    site: &'a Site,
    safety: &'a Safety,
    /// Only one at a time changes who may log in to a database.
    doors: &'a Mutex<()>,
    data: Option<Client>,
    used: usize,
}

impl<'a> Desk<'a> {
    /// With a connection of the wave before, if there is one; else nothing is connected before the first tenant comes.
    pub fn new(site: &'a Site, safety: &'a Safety, doors: &'a Mutex<()>) -> Self {
        let (data, used) = site.spare.take().map_or((None, 0), |(client, used)| (Some(client), used));
        Self { site, safety, doors, data, used }
    }

    /// Leaves the connection to the next wave.
    pub fn leave(self) {
        if let Some(client) = self.data {
            self.site.spare.put(client, self.used);
        }
    }

    /// Migrates a tenant to where the history leads. With `last`, locks that can't be had are told with the statement that
    /// wants them.
    pub async fn migrate(&mut self, tenant: &Local, last: bool) -> Result<i64, Stuck> {
        let result = match tenant.isolation {
            Isolation::Database => self.own_database(tenant, last).await,
            _ => self.own_schema(tenant, last).await,
        };
        match result {
            Ok(version) => Ok(version),
            Err(stuck) => {
                // Whatever state it was left in, nobody else is to find it.
                self.data = None;
                let error = self.blamed(tenant, stuck.error).await;
                Err(Stuck { error, ..stuck })
            }
        }
    }

    /// Migrates several tenants in one message, each in a transaction of its own; false where that can't be, and nothing was
    /// begun.
    ///
    /// # Errors
    /// Of the first that could not be migrated. Those before it are done, those behind it untouched.
    pub async fn migrate_together(&mut self, tenants: &[&Local]) -> Result<bool> {
        let Some(text) = self.together(tenants)? else { return Ok(false) };
        let client = self.data().await?;
        let Err(e) = client.batch_execute(&text).await else {
            self.used += tenants.len() - 1;
            return Ok(true);
        };
        let error = db_error(e, "migrate several tenants");
        // Where even this fails the next tenant gets another connection.
        if client.batch_execute("ROLLBACK").await.is_err() {
            self.data = None;
        }
        Err(error)
    }

    /// Everything that these tenants need; none where one of them needs more than a message.
    fn together(&self, tenants: &[&Local]) -> Result<Option<String>> {
        let mut text = String::new();
        for tenant in tenants {
            let moves = self.site.history.moves(tenant.version);
            if tenant.isolation != Isolation::Schema || !self.as_platform(tenant.id, &moves) {
                return Ok(None);
            }
            let schema = self.site.layout.tenant_schema(tenant.id);
            let target = platform_target(self.site, tenant.id, &schema);
            for step in moves {
                let runs = step.file.own_schema();
                match message::whole(step, &runs, &target.acting, (tenant.id, false))? {
                    Some(one) if text.len() + one.len() <= MESSAGE_BYTES_MAX => text.push_str(&one),
                    _ => return Ok(None),
                }
            }
        }
        Ok(Some(text))
    }

    /// The error with the tenant's variation that the migration tripped over, if it was one.
    async fn blamed(&self, tenant: &Local, e: Error) -> Error {
        if !vary::may_be_to_blame(e.code()) {
            return e;
        }
        let site = self.site;
        let (database, _) = home(&site.layout, &site.service.name, tenant.id, tenant.isolation);
        let Ok(server) = site.server() else { return e };
        match connect(server, &database, APPLICATION_NAME).await {
            Ok(client) => vary::blame(&client, tenant.id, e).await,
            // The migration's own error says more.
            Err(_) => e,
        }
    }

    /// The connection to the data database; a new one now and then, since a session remembers each table that it touched.
    pub async fn data(&mut self) -> Result<&Client> {
        self.used += 1;
        if self.used > self.site.app.limits.rollout_tenants_per_connection {
            self.data = None;
        }
        let client = match self.data.take() {
            Some(client) if !client.is_closed() => client,
            _ => {
                self.used = 1;
                let client = self.site.connect_data().await?;
                prepare(&client, self.site).await?;
                client.batch_execute(MOVER).await.map_err(|e| db_error(e, "prepare the session"))?;
                client
            }
        };
        Ok(self.data.insert(client))
    }

    async fn own_schema(&mut self, tenant: &Local, last: bool) -> Result<i64, Stuck> {
        let site = self.site;
        let moves = site.history.moves(tenant.version);
        let schema = site.layout.tenant_schema(tenant.id);
        let stuck =
            |error| Stuck { version: tenant.version, at: moves.first().map(|m| m.file.version), error };
        if self.as_platform(tenant.id, &moves) {
            let target = platform_target(site, tenant.id, &schema);
            let client = self.data().await.map_err(stuck)?;
            return run_moves(client, &target, &moves, (tenant, last)).await;
        }
        let (database, doors) = (site.data_database(), self.doors);
        let data = self.data().await.map_err(stuck)?;
        let owner = Owner { site, tenant: tenant.id, database: &database, schema: &schema };
        let (client, target) = owner.open(data, doors).await.map_err(stuck)?;
        let result = run_moves(&client, &target, &moves, (tenant, true)).await;
        let closed = owner.close(data, doors, &target).await;
        result
            .and_then(|version| closed.map(|()| version).map_err(|error| Stuck { version, at: None, error }))
    }

    async fn own_database(&mut self, tenant: &Local, last: bool) -> Result<i64, Stuck> {
        let site = self.site;
        let (database, schema) = home(&site.layout, &site.service.name, tenant.id, tenant.isolation);
        let stuck = |error| Stuck { version: tenant.version, at: None, error };
        let (own, safety, version) = self.enter(&database).await.map_err(stuck)?;
        let moves = site.history.moves(version);
        let mut there = tenant.clone();
        there.version = version;
        let mut result = Ok(version);
        if !moves.is_empty() {
            let as_platform = safety.allows(tenant.id) && !moves.iter().any(|m| m.file.runs_dynamic_sql());
            result = if as_platform {
                run_moves(&own, &platform_target(site, tenant.id, &schema), &moves, (&there, last)).await
            } else {
                for step in moves.iter().filter(|m| m.direction == Direction::Up) {
                    create_extensions(&own, step.file).await.map_err(stuck)?;
                }
                let doors = self.doors;
                let data = self.data().await.map_err(stuck)?;
                let owner = Owner { site, tenant: tenant.id, database: &database, schema: &schema };
                let (client, target) = owner.open(data, doors).await.map_err(stuck)?;
                let result = run_moves(&client, &target, &moves, (&there, true)).await;
                let closed = owner.close(data, doors, &target).await;
                result.and_then(|v| closed.map(|()| v).map_err(|error| Stuck { version: v, at: None, error }))
            };
        }
        let reached = match &result {
            Ok(version) => *version,
            Err(stuck) => stuck.version,
        };
        if reached != tenant.version {
            let data = self.data().await.map_err(stuck)?;
            data.execute(FOLLOW_VERSION, &[&reached, &tenant.id.uuid()])
                .await
                .map_err(|e| stuck(db_error(e, "note the tenant's version")))?;
        }
        result
    }

    /// The platform's session in a tenant's own database, whose code may run there, and the version that it holds.
    async fn enter(&self, database: &str) -> Result<(Client, Safety, i64)> {
        let site = self.site;
        let own = connect(site.server()?, database, APPLICATION_NAME).await?;
        ensure_functions(&own, &site.layout).await?;
        prepare(&own, site).await?;
        let safety = Safety::read(&own, &site.layout, site.app.isolation.tenant_ddl).await?;
        let version = ledger::read(&own, "template").await?.last().map_or(0, |e| e.version);
        Ok((own, safety, version))
    }

    /// Whether the platform's own session may do it.
    fn as_platform(&self, tenant: TenantId, moves: &[Move<'_>]) -> bool {
        self.safety.allows(tenant) && !moves.iter().any(|m| m.file.runs_dynamic_sql())
    }
}

fn platform_target(site: &Site, tenant: TenantId, schema: &str) -> Target {
    let role = site.layout.tenant_owner_role(tenant);
    site.target(&format!("tenant {tenant}"), Who::Platform, (role, schema))
}

async fn prepare(client: &Client, site: &Site) -> Result<()> {
    let sql = for_many(site.app.limits.ddl_lock_ms_max)?;
    client.batch_execute(&sql).await.map_err(|e| db_error(e, "prepare the session"))
}

/// Runs a tenant's files one after the other; returns the version that it has then.
async fn run_moves(
    client: &Client,
    target: &Target,
    moves: &[Move<'_>],
    (tenant, last): (&Local, bool),
) -> Result<i64, Stuck> {
    let mut version = tenant.version;
    for step in moves {
        run_move(client, target, *step, (tenant, last)).await.map_err(|error| Stuck {
            version,
            at: Some(step.file.version),
            error,
        })?;
        version = step.after;
    }
    Ok(version)
}

async fn run_move(
    client: &Client,
    target: &Target,
    step: Move<'_>,
    (tenant, last): (&Local, bool),
) -> Result<()> {
    let own_database = tenant.isolation == Isolation::Database;
    let runs = if own_database { step.file.own_database() } else { step.file.own_schema() };
    if target.who == Who::Platform
        && let Some(text) = message::whole(step, &runs, &target.acting, (tenant.id, own_database))?
    {
        let Err(e) = client.batch_execute(&text).await else { return Ok(()) };
        let error = db_error(e, &format!("tenant {}", tenant.id));
        if client.is_closed() || (is_contention(&error) && !last) {
            return Err(error);
        }
        // Once more statement by statement, to learn which one it is.
        client.batch_execute("ROLLBACK").await.map_err(|e| db_error(e, "take the migration back"))?;
    }
    let mark = if own_database {
        Mark::Ledger("template".to_owned(), step.direction)
    } else {
        Mark::Version { id: tenant.id.to_string(), before: step.before, after: step.after }
    };
    let session = Session::new(client, target.clone());
    session.run(step.file, &runs, &mark).await?;
    session.commit().await
}

/// The tenant's owner, let in for a moment: whatever of the tenant's own runs in its session has the tenant's rights and
/// no way to more.
struct Owner<'a> {
    site: &'a Site,
    tenant: TenantId,
    database: &'a str,
    schema: &'a str,
}

impl Owner<'_> {
    async fn open(&self, data: &Client, doors: &Mutex<()>) -> Result<(Client, Target)> {
        let role = self.site.layout.tenant_owner_role(self.tenant);
        let words = format!("tenant {}", self.tenant);
        let target = self.site.target(&words, Who::Owner, (role.clone(), self.schema));
        let until = jiff::Timestamp::now() + jiff::SignedDuration::from_hours(LOGIN_HOURS);
        let (open, password) = target.acting.open_login(self.database, &until.to_string())?;
        change(data, doors, &open, "let the tenant's owner in").await?;
        let server = self.site.server()?.with_login(role, password);
        match connect(&server, self.database, APPLICATION_NAME).await {
            Ok(client) => Ok((client, target)),
            Err(e) => {
                self.close(data, doors, &target).await?;
                Err(e)
            }
        }
    }

    async fn close(&self, data: &Client, doors: &Mutex<()>, target: &Target) -> Result<()> {
        let sql = target.acting.close_login()?;
        change(data, doors, &sql, "keep the tenant's owner out").await
    }
}

/// Changes roles and privileges; again where somebody else has just changed the same row of the catalog.
async fn change(data: &Client, doors: &Mutex<()>, sql: &str, doing: &str) -> Result<()> {
    let _door = doors.lock().await;
    let mut tries = 0;
    loop {
        let Err(e) = data.batch_execute(sql).await else { return Ok(()) };
        let e = db_error(e, doing);
        tries += 1;
        if sqlstate(&e) != Some(CATALOG_CONFLICT) || tries == GRANT_TRIES {
            return Err(e);
        }
        tokio::task::yield_now().await;
    }
}
