//! Rollouts as the control database sees them: versions of many tenants at once, and who could not be brought along.

use jiff::Timestamp;
use serde::Serialize;
use tenantry_domain::{ErrorCode, JobId, Result, ServiceName, TenantId};
use tokio_postgres::Row;
use uuid::Uuid;

use crate::Registry;
use crate::error::control_error;
use crate::statement::{execute, query, query_one};

pub(crate) const NOTE_FAILURE: &str = include_str!("rollouts/note_failure.sql");
pub(crate) const FAILURES: &str = include_str!("rollouts/failures.sql");
pub(crate) const OPEN_FAILURES: &str = include_str!("rollouts/open_failures.sql");
pub(crate) const MEND: &str = include_str!("rollouts/mend.sql");
pub(crate) const SET_VERSIONS: &str = include_str!("rollouts/set_versions.sql");
pub(crate) const BEHIND: &str = include_str!("rollouts/behind.sql");
pub(crate) const VERSIONS: &str = include_str!("rollouts/versions.sql");

/// Why a rollout could not bring a tenant along.
#[derive(Clone, Debug, Serialize)]
pub struct Failure {
    /// The rollout.
    pub job: JobId,
    /// The tenant.
    pub tenant: Uuid,
    /// Its slug, as long as it is there.
    pub slug: Option<String>,
    /// Of which service.
    pub service: String,
    /// The migration that failed.
    pub version: i64,
    /// The error's code.
    pub code: String,
    /// What was wrong.
    pub message: String,
    /// File, line and column of the statement, where it is known.
    pub place: Option<String>,
    /// When.
    pub at: Timestamp,
    /// When a later rollout brought the tenant along.
    pub mended_at: Option<Timestamp>,
}

/// A failure to be noted.
#[derive(Clone, Debug)]
pub struct NewFailure<'a> {
    /// The rollout.
    pub job: JobId,
    /// The tenant.
    pub tenant: TenantId,
    /// Of which service.
    pub service: &'a ServiceName,
    /// The migration that failed.
    pub version: i64,
    /// The error's code.
    pub code: ErrorCode,
    /// What was wrong.
    pub message: &'a str,
    /// File, line and column of the statement.
    pub place: Option<String>,
}

/// How many tenants of one isolation hold which version.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct VersionCount {
    /// Of which service.
    pub service: String,
    /// On which cluster.
    pub cluster: String,
    /// `shared`, `schema` or `database`.
    pub isolation: String,
    /// The newest migration.
    pub version: i64,
    /// So many tenants.
    pub tenants: i64,
}

impl Registry {
    /// Notes why a tenant could not be brought along; once more for the same tenant replaces what was noted.
    ///
    /// # Errors
    /// As [`control_error`].
    pub async fn note_failure(&self, failure: &NewFailure<'_>) -> Result<()> {
        let client = self.client().await?;
        let parameters: &[&(dyn tokio_postgres::types::ToSql + Sync)] = &[
            &failure.job.0,
            &failure.tenant.uuid(),
            &failure.service.as_str(),
            &failure.version,
            &failure.code.as_str(),
            &failure.message,
            &failure.place,
        ];
        execute(&client, NOTE_FAILURE, parameters)
            .await
            .map_err(|e| control_error(e, "note the tenant's failure"))?;
        Ok(())
    }

    /// Whom a rollout could not bring along, by slug.
    ///
    /// # Errors
    /// As [`control_error`].
    pub async fn failures(&self, job: JobId) -> Result<Vec<Failure>> {
        let client = self.client().await?;
        let rows =
            query(&client, FAILURES, &[&job.0]).await.map_err(|e| control_error(e, "read the failures"))?;
        Ok(rows.iter().map(read).collect())
    }

    /// What still holds back tenants: the newest failure of each that no rollout has mended since.
    ///
    /// # Errors
    /// As [`control_error`].
    pub async fn open_failures(&self) -> Result<Vec<Failure>> {
        let client = self.client().await?;
        let rows =
            query(&client, OPEN_FAILURES, &[]).await.map_err(|e| control_error(e, "read the failures"))?;
        Ok(rows.iter().map(read).collect())
    }

    /// Notes that these tenants have been brought along, whatever kept them before.
    ///
    /// # Errors
    /// As [`control_error`].
    pub async fn mend_failures(&self, service: &ServiceName, tenants: &[TenantId]) -> Result<()> {
        let client = self.client().await?;
        let ids: Vec<Uuid> = tenants.iter().map(|t| t.uuid()).collect();
        execute(&client, MEND, &[&service.as_str(), &ids])
            .await
            .map_err(|e| control_error(e, "note the mended failures"))?;
        Ok(())
    }

    /// Notes the newest migration of many tenants, in one statement.
    ///
    /// # Errors
    /// As [`control_error`].
    pub async fn set_versions(&self, service: &ServiceName, versions: &[(TenantId, i64)]) -> Result<()> {
        let client = self.client().await?;
        let ids: Vec<Uuid> = versions.iter().map(|(t, _)| t.uuid()).collect();
        let numbers: Vec<i64> = versions.iter().map(|(_, v)| *v).collect();
        execute(&client, SET_VERSIONS, &[&service.as_str(), &ids, &numbers])
            .await
            .map_err(|e| control_error(e, "note the tenants' versions"))?;
        Ok(())
    }

    /// Whether the registry believes some tenant to be at another version than these say of every tenant of a service on
    /// a cluster.
    ///
    /// # Errors
    /// As [`control_error`].
    pub async fn is_behind(&self, newest: &[(ServiceName, String, i64)]) -> Result<bool> {
        let client = self.client().await?;
        let services: Vec<&str> = newest.iter().map(|(s, _, _)| s.as_str()).collect();
        let clusters: Vec<&str> = newest.iter().map(|(_, c, _)| c.as_str()).collect();
        let versions: Vec<i64> = newest.iter().map(|(_, _, v)| *v).collect();
        let row = query_one(&client, BEHIND, &[&services, &clusters, &versions])
            .await
            .map_err(|e| control_error(e, "compare the registry's versions"))?;
        Ok(row.get(0))
    }

    /// How many tenants hold which version.
    ///
    /// # Errors
    /// As [`control_error`].
    pub async fn version_counts(&self) -> Result<Vec<VersionCount>> {
        let client = self.client().await?;
        let rows = query(&client, VERSIONS, &[]).await.map_err(|e| control_error(e, "count the versions"))?;
        Ok(rows
            .iter()
            .map(|r| VersionCount {
                service: r.get(0),
                cluster: r.get(1),
                isolation: r.get(2),
                version: r.get(3),
                tenants: r.get(4),
            })
            .collect())
    }
}

fn read(row: &Row) -> Failure {
    Failure {
        job: JobId(row.get("job")),
        tenant: row.get("tenant"),
        slug: row.get("slug"),
        service: row.get("service"),
        version: row.get("version"),
        code: row.get("code"),
        message: row.get("message"),
        place: row.get("place"),
        at: row.get("at"),
        mended_at: row.get("mended_at"),
    }
}
