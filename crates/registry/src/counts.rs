//! How many tenants and blanks there are, for metrics.

use tenantry_domain::{Isolation, Result, TenantStatus};

use crate::Registry;
use crate::error::control_error;

pub(crate) const TENANTS: &str = include_str!("counts/tenants.sql");
pub(crate) const BLANKS: &str = include_str!("counts/blanks.sql");

/// Ready blanks of one kind.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct BlankCount {
    /// Of which service.
    pub service: String,
    /// On which cluster.
    pub cluster: String,
    /// Schemas or databases.
    pub isolation: Isolation,
    /// How many wait for a tenant.
    pub ready: i64,
}

impl Registry {
    /// How many tenants there are of each status and isolation; pairs without any are left out.
    ///
    /// # Errors
    /// As [`control_error`].
    pub async fn tenant_counts(&self) -> Result<Vec<(TenantStatus, Isolation, i64)>> {
        let client = self.client().await?;
        let rows = client.query(TENANTS, &[]).await.map_err(|e| control_error(e, "count the tenants"))?;
        rows.iter()
            .map(|r| {
                let (status, isolation): (String, String) = (r.get(0), r.get(1));
                Ok((status.parse()?, isolation.parse()?, r.get(2)))
            })
            .collect()
    }

    /// How many blanks are ready, by service, cluster and isolation.
    ///
    /// # Errors
    /// As [`control_error`].
    pub async fn blank_counts(&self) -> Result<Vec<BlankCount>> {
        let client = self.client().await?;
        let rows = client.query(BLANKS, &[]).await.map_err(|e| control_error(e, "count the blanks"))?;
        rows.iter()
            .map(|r| {
                let isolation: String = r.get(2);
                Ok(BlankCount {
                    service: r.get(0),
                    cluster: r.get(1),
                    isolation: isolation.parse()?,
                    ready: r.get(3),
                })
            })
            .collect()
    }
}
