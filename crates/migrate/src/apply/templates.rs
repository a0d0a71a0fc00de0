//! The templates of a site: the shared tables, the template schema and the template database, all or nothing where a file
//! can run in a transaction.
//!
//! Meanwhile nobody makes tenants from them: the template's lock is held, and let go of before the tenants' turn, so that
//! new tenants can be made during the waves. They come out at the new version.

use tenantry_domain::{Isolation, Result, TenantId, layout};
use tenantry_jobs::failpoint;
use tenantry_postgres::bootstrap::ensure_functions;
use tenantry_postgres::connect::connect;
use tenantry_postgres::error::db_error;
use tenantry_postgres::tenant::template_key;
use tokio_postgres::Client;

use super::local::local_tenants;
use super::session::{Mark, Session, Who};
use super::site::{APPLICATION_NAME, Site, backoff, is_contention};
use crate::drift::record;
use crate::ledger;
use crate::rollout::history::Move;
use crate::rollout::operation::KIND;
use crate::rollout::order::Direction;

/// Advisory lock of a data database, exclusive here: nobody makes tenants from a template that is changing.
const TEMPLATE_LOCK: i64 = 84107;
const TAKE_LOCK: &str = include_str!("template_lock.sql");
const LET_GO: &str = include_str!("template_unlock.sql");
const SHARED_VERSION: &str = include_str!("shared_version.sql");

/// A file that was run for the templates.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Ran {
    pub version: i64,
    pub name: String,
    pub file: String,
}

/// What was run for the templates, and who is told which file it is.
struct Told<'a> {
    ran: &'a mut Vec<Ran>,
    tell: &'a (dyn Fn(&str) + Sync),
}

impl Site {
    /// Brings the templates where the history leads. Locks that can't be had are tried for again, with the template's lock
    /// let go meanwhile.
    ///
    /// # Errors
    /// `migration_changed` before anything has run; `migration_failed`, `busy` and what servers say: the file named left
    /// nothing behind.
    pub async fn migrate_templates(&self, tell: &(dyn Fn(&str) + Sync)) -> Result<Vec<Ran>> {
        let data = self.connect_data().await?;
        ensure_functions(&data, &self.layout).await?;
        let mut ran = Vec::new();
        self.under_lock(&data, Some(Told { ran: &mut ran, tell })).await?;
        Ok(ran)
    }

    /// Does what was put off until every tenant has passed, where every tenant has.
    ///
    /// # Errors
    /// `migration_failed`, `busy` and what servers say; it is then still to be done.
    pub async fn finish_templates(&self) -> Result<()> {
        if self.history.retires_nothing() {
            return Ok(());
        }
        let data = self.connect_data().await?;
        self.under_lock(&data, None).await
    }

    /// Works with the template's lock, again and again while locks can't be had: on the templates, with what was run and who is
    /// told, or on what comes behind the tenants.
    async fn under_lock(&self, data: &Client, mut templates: Option<Told<'_>>) -> Result<()> {
        let mut tries = 0;
        loop {
            let doing = "take the template's lock";
            data.execute(TAKE_LOCK, &[&TEMPLATE_LOCK]).await.map_err(|e| db_error(e, doing))?;
            let result = match &mut templates {
                Some(told) => self.locked(data, told.ran, told.tell).await,
                None => self.retire_behind(data).await,
            };
            data.execute(LET_GO, &[&TEMPLATE_LOCK])
                .await
                .map_err(|e| db_error(e, "let go of the template's lock"))?;
            match result {
                Ok(()) => return Ok(()),
                Err(e) if is_contention(&e) && tries + 1 < self.app.limits.rollout_tries_max => tries += 1,
                Err(e) => return Err(e),
            }
            tokio::time::sleep(backoff(&self.app, tries)).await;
        }
    }

    async fn locked(&self, data: &Client, ran: &mut Vec<Ran>, tell: &(dyn Fn(&str) + Sync)) -> Result<()> {
        let applied = ledger::read(data, "template").await?;
        ledger::check(&applied, self.history.migrations())?;
        self.refuse_to_turn(data).await?;
        let version = applied.last().map_or(0, |e| e.version);
        self.retire(data).await?;
        for step in self.history.moves(version) {
            tell(&step.file.file);
            self.one_file(data, step).await?;
            if !step.file.retiring().is_empty() {
                self.retire(data).await?;
            }
            ran.push(Ran {
                version: step.file.version,
                name: step.file.name.clone(),
                file: step.file.file.clone(),
            });
        }
        record::note(self, data).await
    }

    async fn one_file(&self, data: &Client, step: Move<'_>) -> Result<()> {
        let file = step.file;
        let owner = self.layout.owner_role();
        let database = self.layout.template_database(&self.service.name);
        let own = connect(self.server()?, &database, APPLICATION_NAME).await?;
        ensure_functions(&own, &self.layout).await?;
        let target =
            self.target("the template database", Who::Platform, (owner.clone(), layout::DATABASE_SCHEMA));
        let own = Session::new(&own, target);
        // Its commit comes first, so a process that ended between the two has left it ahead of the data database.
        let own_is_done = is_done(own.client(), "template", step).await?;
        let mark = |target: &str| Mark::Ledger(target.to_owned(), step.direction);
        if !own_is_done {
            own.run(file, &file.own_database(), &mark("template")).await?;
        }
        let result = self.data_database_of_one_file(data, step, mark).await;
        match result {
            Ok(session) => {
                if !own_is_done {
                    own.commit().await?;
                    failpoint::hit(KIND, "templates", "between").await;
                }
                session.commit().await
            }
            Err(e) => {
                own.roll_back().await;
                Err(e)
            }
        }
    }

    /// Shared tables and template schema; the transaction stays open.
    async fn data_database_of_one_file<'a>(
        &self,
        data: &'a Client,
        step: Move<'_>,
        mark: impl Fn(&str) -> Mark,
    ) -> Result<Session<'a>> {
        let file = step.file;
        let owner = self.layout.owner_role();
        // A file that can't run in one transaction may have ended here.
        let shared_is_done = is_done(data, "shared", step).await?;
        let shared = self.target("the shared tables", Who::Platform, (owner.clone(), layout::SHARED_SCHEMA));
        let session = Session::new(data, shared).for_tenants(self.shared_tenants(data).await?);
        if shared_is_done {
            session.begin().await?;
        } else {
            session.run(file, &file.shared(), &mark("shared")).await?;
        }
        let moved = async {
            session.as_platform().await?;
            let noted = session.client().execute(SHARED_VERSION, &[&step.after]).await;
            noted.map_err(|e| db_error(e, "note the version"))
        };
        if let Err(e) = moved.await {
            session.roll_back().await;
            return Err(e);
        }
        let template = self.target("the template schema", Who::Platform, (owner, layout::TEMPLATE_SCHEMA));
        let session = session.next(template).await?;
        session.run(file, &file.own_schema(), &mark("template")).await?;
        if let Err(e) = self.note_retiring(session.client(), step).await {
            session.roll_back().await;
            return Err(e);
        }
        Ok(session)
    }

    /// Tenants in shared tables with the template: whom data statements run for.
    async fn shared_tenants(&self, data: &Client) -> Result<Vec<(String, String)>> {
        let key = self.app.isolation.tenant_key;
        let mut tenants = vec![(TenantId::TEMPLATE.to_string(), template_key(key))];
        let local = local_tenants(data).await?;
        let shared = local.into_iter().filter(|t| t.isolation == Isolation::Shared);
        tenants.extend(shared.map(|t| (t.id.to_string(), t.key)));
        Ok(tenants)
    }
}

/// Whether a ledger says that the step was taken.
async fn is_done(client: &Client, target: &str, step: Move<'_>) -> Result<bool> {
    let holds = ledger::holds(client, target, step.file.version).await?;
    Ok(holds == (step.direction == Direction::Up))
}
