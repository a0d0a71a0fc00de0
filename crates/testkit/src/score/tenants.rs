//! The tenants that a history is scored with: two in each isolation, made before the first migration.

use futures_util::future::join_all;
use tenantry_domain::{Isolation, Result, TenantId};
use tenantry_postgres::tenant::home;
use tokio_postgres::Client;

use super::events::{Event, Outcome, replay};
use super::snapshot::{self, Snapshot};
use crate::stack::TestApp;

/// One of them.
pub struct Tenant {
    /// Its isolation.
    pub isolation: Isolation,
    /// Its id.
    pub id: TenantId,
    /// Its login's role.
    pub role: String,
    /// Database and schema of its data.
    pub home: (String, String),
    /// A session of its own login.
    pub client: Client,
}

/// All of them.
pub struct Tenants {
    /// Two by two in the order of isolations.
    pub all: Vec<Tenant>,
}

impl Tenants {
    /// Makes them.
    pub async fn new(app: &TestApp) -> Self {
        let mut all = Vec::new();
        for isolation in Isolation::ALL {
            for name in ["one", "two"] {
                let tenant = Self::tenant(app, format!("{name}-{isolation}"), isolation).await;
                all.push(tenant.expect("create a tenant without anything"));
            }
        }
        Self { all }
    }

    /// One more, made now.
    ///
    /// # Errors
    /// When it can't be made.
    pub async fn tenant(app: &TestApp, slug: String, isolation: Isolation) -> Result<Tenant> {
        let row = app.try_tenant(&slug, isolation).await?;
        let layout = app.platform.app.layout();
        let role = layout.tenant_role(&row.tenant, app.platform.app.isolation.tenant_key);
        let home = home(&layout, &app.main(), row.tenant.id, isolation);
        let client = app.login(&slug).await;
        Ok(Tenant { isolation, id: row.tenant.id, role, home, client })
    }

    /// Both of an isolation.
    pub fn of(&self, isolation: Isolation) -> Vec<&Tenant> {
        self.all.iter().filter(|t| t.isolation == isolation).collect()
    }

    /// Every tenant runs the same statements; outcomes by tenant.
    pub async fn replay(&self, events: &[Event]) -> Vec<Vec<Outcome>> {
        join_all(self.all.iter().map(|tenant| replay(&tenant.client, events))).await
    }
}

impl Tenant {
    /// The objects of its schema.
    pub async fn snapshot(&self, tenant_column: &str) -> Snapshot {
        let column = if self.isolation == Isolation::Shared { tenant_column } else { "" };
        let client = crate::server::server().await.connect(&self.home.0).await;
        snapshot::read(&client, &self.home.1, column).await
    }
}

/// Applies what is in the folder.
///
/// # Errors
/// What the engine says.
pub async fn migrate(app: &TestApp) -> Result<()> {
    app.migrator.up(&|_| {}).await.map(|_| ())
}
