//! The tenant's owner, let in for one transaction: what runs there, a tenant's own code included, has that tenant's rights.
//!
//! Under the job's fence: a worker that was thought dead can neither open the door nor keep a session behind it.

use tenantry_domain::{Error, ErrorCode, Isolation, Result, TenantId, layout};
use tenantry_jobs::Run;
use tenantry_postgres::acting::Acting;
use tenantry_postgres::bootstrap::ensure_functions;
use tenantry_postgres::catalog::Catalog;
use tenantry_postgres::connect::connect;
use tenantry_postgres::error::db_error;
use tenantry_registry::{Placement, TenantRow};
use tokio_postgres::Client;

use super::Variations;
use crate::drift::record;

/// What these connections call themselves.
const APPLICATION_NAME: &str = "tenantry vary";
/// Hours after which the owner's password ends by itself.
const LOGIN_HOURS: i64 = 1;

const END_SESSIONS: &str = include_str!("door/end_sessions.sql");
const CHECK_FENCE: &str = include_str!("door/check_fence.sql");

/// A tenant's data of one service, and the platform's way to it.
pub(super) struct Door<'a> {
    pub at: &'a Variations,
    pub tenant: TenantId,
    pub placement: Placement,
    /// The tenant's login, whose own objects are its own business.
    pub login: String,
    /// The platform's connection to the data database, where fences are.
    data: Client,
}

impl<'a> Door<'a> {
    pub async fn new(at: &'a Variations, row: &TenantRow, placement: Placement) -> Result<Self> {
        let server = at.clusters.server(&placement.cluster)?;
        let database = at.app.layout().data_database(&placement.service);
        let data = connect(server, &database, APPLICATION_NAME).await?;
        let login = at.app.layout().tenant_role(&row.tenant, at.app.isolation.tenant_key);
        Ok(Self { at, tenant: row.tenant.id, placement, login, data })
    }

    pub fn owner(&self) -> String {
        self.at.app.layout().tenant_owner_role(self.tenant)
    }

    /// Who uses the tenant's objects.
    pub fn reader(&self) -> String {
        match self.placement.isolation {
            Isolation::Schema => self.login.clone(),
            other => self.at.app.layout().group_role(other),
        }
    }

    pub fn acting(&self) -> Acting {
        let (role, schema) = (self.owner(), self.placement.schema.clone());
        Acting { role, schema, lock_ms_max: self.at.app.limits.ddl_lock_ms_max }
    }

    /// The platform's connection to the database that holds the data.
    pub async fn platform(&self) -> Result<Client> {
        let server = self.at.clusters.server(&self.placement.cluster)?;
        let client = connect(server, &self.placement.database, APPLICATION_NAME).await?;
        ensure_functions(&client, &self.at.app.layout()).await?;
        Ok(client)
    }

    /// What the template of this tenant holds.
    pub async fn template(&self) -> Result<Catalog> {
        let (app, place) = (&self.at.app, &self.placement);
        let (database, schema) = match place.isolation {
            Isolation::Database => (app.layout().template_database(&place.service), layout::DATABASE_SCHEMA),
            _ => (place.database.clone(), layout::TEMPLATE_SCHEMA),
        };
        let client = connect(self.at.clusters.server(&place.cluster)?, &database, APPLICATION_NAME).await?;
        client.batch_execute("BEGIN READ ONLY").await.map_err(|e| db_error(e, "read the template"))?;
        record::read_template(&client, schema, app.isolation.tenant_ddl).await
    }

    /// A session of the owner's own. [`Door::close`] has to follow.
    pub async fn open(&self, run: &Run) -> Result<Client> {
        let until = jiff::Timestamp::now() + jiff::SignedDuration::from_hours(LOGIN_HOURS);
        let (open, password) = self.acting().open_login(&self.placement.database, &until.to_string())?;
        self.change(run, &open, "let the tenant's owner in").await?;
        let server = self.at.clusters.server(&self.placement.cluster)?.with_login(self.owner(), password);
        connect(&server, &self.placement.database, APPLICATION_NAME).await
    }

    /// Keeps the owner out, and ends what sessions of it this module has left.
    pub async fn close(&self, run: &Run) -> Result<()> {
        let close = self.acting().close_login()?;
        self.change(run, &close, "keep the tenant's owner out").await
    }

    /// Changes the owner's login: in one transaction, which fails when a newer worker has the job.
    async fn change(&self, run: &Run, sql: &str, doing: &str) -> Result<()> {
        let result = async {
            self.data.batch_execute("BEGIN").await.map_err(|e| db_error(e, doing))?;
            self.data
                .execute(CHECK_FENCE, &[&run.job.0, &run.fence])
                .await
                .map_err(|e| fence_error(e, run, doing))?;
            self.data
                .execute(END_SESSIONS, &[&self.owner(), &APPLICATION_NAME])
                .await
                .map_err(|e| db_error(e, doing))?;
            self.data.batch_execute(sql).await.map_err(|e| db_error(e, doing))?;
            self.data.batch_execute("COMMIT").await.map_err(|e| db_error(e, doing))
        }
        .await;
        if result.is_err() {
            // Fails where the connection is lost; the server rolls back by itself then.
            let _ = self.data.batch_execute("ROLLBACK").await;
        }
        result
    }

    /// The schema that the data stands in.
    pub fn schema(&self) -> &str {
        match self.placement.isolation {
            Isolation::Database => layout::DATABASE_SCHEMA,
            _ => &self.placement.schema,
        }
    }
}

fn fence_error(e: tokio_postgres::Error, run: &Run, doing: &str) -> Error {
    let fenced = e.as_db_error().is_some_and(|db| {
        db.code().code() == "40001" && db.message().ends_with("was taken over by another worker")
    });
    if fenced {
        return Error::new(ErrorCode::JobFenced, format!("job {} was taken over by another worker", run.job));
    }
    db_error(e, doing)
}
