//! What `tenantry.toml` declares, written into the registry so that rows can refer to it.

use serde_json::json;
use tenantry_domain::{App, Result, names};

use crate::Registry;
use crate::error::control_error;

pub(crate) const CLUSTER: &str = include_str!("declared/cluster.sql");
pub(crate) const SERVICE: &str = include_str!("declared/service.sql");
pub(crate) const PLAN: &str = include_str!("declared/plan.sql");

impl Registry {
    /// Writes clusters, services, plans and defaults. What `tenantry.toml` no longer names stays as long as rows refer
    /// to it.
    ///
    /// # Errors
    /// As [`control_error`].
    pub async fn declare(&self, app: &App) -> Result<()> {
        let doing = "write what tenantry.toml declares";
        let mut client = self.client().await?;
        let tx = client.transaction().await.map_err(|e| control_error(e, doing))?;
        for (name, cluster) in &app.clusters {
            let region = cluster.region.as_ref().map(|r| r.as_str());
            tx.execute(CLUSTER, &[&name.as_str(), &region, &cluster.engine])
                .await
                .map_err(|e| control_error(e, doing))?;
        }
        for service in app.services.values() {
            let cluster = service.cluster.as_ref().map(|c| c.as_str());
            tx.execute(SERVICE, &[&service.name.as_str(), &cluster])
                .await
                .map_err(|e| control_error(e, doing))?;
        }
        for plan in app.plans.values() {
            let definition = serde_json::to_value(plan).unwrap_or_else(|_| json!({}));
            tx.execute(PLAN, &[&plan.name.as_str(), &definition])
                .await
                .map_err(|e| control_error(e, doing))?;
        }
        tx.commit().await.map_err(|e| control_error(e, doing))?;
        drop(client);
        self.set_setting("default_isolation", &json!(app.isolation.default)).await?;
        self.set_setting("reserved_slugs", &json!(names::RESERVED_SLUGS)).await
    }
}
