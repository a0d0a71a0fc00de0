//! Variations: what is meant to be different in one tenant's schema.

use jiff::Timestamp;
use serde::Serialize;
use serde_json::Value;
use tenantry_domain::{Result, ServiceName, TenantId};

use crate::error::control_error;
use crate::statement::{execute, query};
use crate::{GenericClient, Registry};

pub(crate) const PUT: &str = include_str!("variations/put.sql");
pub(crate) const REMOVE: &str = include_str!("variations/remove.sql");
pub(crate) const OF_TENANT: &str = include_str!("variations/of_tenant.sql");

/// A variation as it was declared.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Variation {
    /// Of which service's data.
    pub service: ServiceName,
    /// Its name among the tenant's.
    pub name: String,
    /// The file that it was read from.
    pub file: String,
    /// That file's text.
    #[serde(skip)]
    pub text: String,
    /// SHA-256 of the text, in hexadecimal.
    pub checksum: String,
    /// The newest migration that the tenant held then.
    pub version: i64,
    /// What it has changed: an array of objects with `verb`, `kind` and `name`.
    pub changes: Value,
    /// Who declared it.
    pub actor: String,
    /// The job that made it so.
    pub job: i64,
    /// When.
    pub declared_at: Timestamp,
}

/// Keeps a declaration (its time is now), in the caller's transaction.
///
/// # Errors
/// As [`control_error`].
pub async fn put(client: &impl GenericClient, tenant: TenantId, it: &Variation) -> Result<()> {
    let service = it.service.as_str();
    execute(
        client,
        PUT,
        &[
            &tenant.uuid(),
            &service,
            &it.name,
            &it.file,
            &it.text,
            &it.checksum,
            &it.version,
            &it.changes,
            &it.actor,
            &it.job,
        ],
    )
    .await
    .map_err(|e| control_error(e, "keep the variation"))?;
    Ok(())
}

/// Forgets a declaration, in the caller's transaction.
///
/// # Errors
/// As [`control_error`].
pub async fn remove(
    client: &impl GenericClient,
    tenant: TenantId,
    service: &ServiceName,
    name: &str,
) -> Result<()> {
    execute(client, REMOVE, &[&tenant.uuid(), &service.as_str(), &name])
        .await
        .map_err(|e| control_error(e, "forget the variation"))?;
    Ok(())
}

impl Registry {
    /// A tenant's variations, by service, in the order in which they were declared.
    ///
    /// # Errors
    /// As [`control_error`].
    pub async fn variations(&self, tenant: TenantId) -> Result<Vec<Variation>> {
        let client = self.client().await?;
        let rows = query(&client, OF_TENANT, &[&tenant.uuid()])
            .await
            .map_err(|e| control_error(e, "read the variations"))?;
        let read = |row: &tokio_postgres::Row| {
            let service: &str = row.get(0);
            Ok(Variation {
                service: service.parse()?,
                name: row.get(1),
                file: row.get(2),
                text: row.get(3),
                checksum: row.get(4),
                version: row.get(5),
                changes: row.get(6),
                actor: row.get(7),
                job: row.get(8),
                declared_at: row.get(9),
            })
        };
        rows.iter().map(read).collect()
    }
}
