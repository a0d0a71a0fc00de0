//! The audit trail: what was done, by whom.

use crate::GenericClient;
use crate::statement::{execute, query};
use jiff::Timestamp;
use serde::Serialize;
use tenantry_domain::{JobId, Result, TenantId};
use uuid::Uuid;

use crate::Registry;
use crate::error::control_error;

pub(crate) const ADD: &str = include_str!("audit/add.sql");
pub(crate) const LIST: &str = include_str!("audit/list.sql");

/// One entry.
#[derive(Clone, Debug, Serialize)]
pub struct AuditEntry {
    /// When.
    pub at: Timestamp,
    /// Who: a user, a key, or the command's operating-system user.
    pub actor: String,
    /// What, as `tenant.create`.
    pub action: String,
    /// Whose tenant.
    pub tenant: Option<Uuid>,
    /// Its slug at that time.
    pub slug: Option<String>,
    /// The job that did it.
    pub job: Option<i64>,
    /// More, as JSON.
    pub detail: serde_json::Value,
}

/// What an entry tells.
#[derive(Clone, Debug)]
pub struct Act<'a> {
    /// Who.
    pub actor: &'a str,
    /// What, as `tenant.create`.
    pub action: &'a str,
    /// Whose tenant.
    pub tenant: TenantId,
    /// Its slug.
    pub slug: &'a str,
    /// The job that did it.
    pub job: JobId,
    /// More, as JSON.
    pub detail: serde_json::Value,
}

/// Adds an entry, in the transaction of what it tells of.
///
/// # Errors
/// As [`control_error`].
pub async fn add(client: &impl GenericClient, act: &Act<'_>) -> Result<()> {
    execute(client, ADD, &[&act.actor, &act.action, &act.tenant.uuid(), &act.slug, &act.job.0, &act.detail])
        .await
        .map_err(|e| control_error(e, "write the audit entry"))?;
    Ok(())
}

impl Registry {
    /// The newest entries of a tenant, newest first.
    ///
    /// # Errors
    /// As [`control_error`].
    pub async fn audit_entries(&self, tenant: TenantId, entries_max: i64) -> Result<Vec<AuditEntry>> {
        let client = self.client().await?;
        let rows = query(&client, LIST, &[&tenant.uuid(), &entries_max])
            .await
            .map_err(|e| control_error(e, "read the audit entries"))?;
        Ok(rows
            .iter()
            .map(|r| AuditEntry {
                at: r.get(0),
                actor: r.get(1),
                action: r.get(2),
                tenant: r.get(3),
                slug: r.get(4),
                job: r.get(5),
                detail: r.get(6),
            })
            .collect())
    }
}
