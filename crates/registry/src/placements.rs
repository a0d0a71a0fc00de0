//! Placements: where a tenant's data of one service lives.

use crate::statement::{execute, query};
use serde::{Deserialize, Serialize};
use tenantry_domain::{Isolation, Result, ServiceName, TenantId};
use tokio_postgres::Row;

use crate::GenericClient;

use crate::Registry;
use crate::error::control_error;

pub(crate) const PUT: &str = include_str!("placements/put.sql");
pub(crate) const OF_TENANT: &str = include_str!("placements/of_tenant.sql");
pub(crate) const ALL: &str = include_str!("placements/all.sql");
pub(crate) const REMOVE: &str = include_str!("placements/remove.sql");
pub(crate) const SET_VERSION: &str = include_str!("placements/set_version.sql");
pub(crate) const SET_SHARED_VERSION: &str = include_str!("placements/set_shared_version.sql");
pub(crate) const CLUSTER_LOAD: &str = include_str!("placements/cluster_load.sql");

/// Where a tenant's data of one service lives.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Placement {
    /// Whose data.
    pub tenant: TenantId,
    /// Of which service.
    pub service: ServiceName,
    /// On which cluster.
    pub cluster: String,
    /// In which database.
    pub database: String,
    /// In which schema.
    pub schema: String,
    /// How it is kept apart there.
    pub isolation: Isolation,
    /// The newest migration applied there.
    pub version: i64,
}

impl Registry {
    /// The tenant's placements, by service.
    ///
    /// # Errors
    /// As [`control_error`].
    pub async fn placements(&self, tenant: TenantId) -> Result<Vec<Placement>> {
        let client = self.client().await?;
        let statement =
            client.prepare_cached(OF_TENANT).await.map_err(|e| control_error(e, "read the placements"))?;
        let rows = client
            .query(&statement, &[&tenant.uuid()])
            .await
            .map_err(|e| control_error(e, "read the placements"))?;
        rows.iter().map(read).collect()
    }

    /// Every placement of a service, of tenants that have data.
    ///
    /// # Errors
    /// As [`control_error`].
    pub async fn service_placements(&self, service: &ServiceName) -> Result<Vec<Placement>> {
        let client = self.client().await?;
        let rows = query(&client, ALL, &[&service.as_str()])
            .await
            .map_err(|e| control_error(e, "read the placements"))?;
        rows.iter().map(read).collect()
    }

    /// Notes the newest migration applied at a placement.
    ///
    /// # Errors
    /// As [`control_error`].
    pub async fn set_version(&self, tenant: TenantId, service: &ServiceName, version: i64) -> Result<()> {
        let client = self.client().await?;
        set_version(&client, tenant, service, version).await
    }

    /// Notes the newest migration of all shared tables of a service on a cluster.
    ///
    /// # Errors
    /// As [`control_error`].
    pub async fn set_shared_version(&self, service: &ServiceName, cluster: &str, version: i64) -> Result<()> {
        let client = self.client().await?;
        execute(&client, SET_SHARED_VERSION, &[&service.as_str(), &cluster, &version])
            .await
            .map_err(|e| control_error(e, "note the version of shared tables"))?;
        Ok(())
    }

    /// How many placements each cluster holds.
    ///
    /// # Errors
    /// As [`control_error`].
    pub async fn cluster_load(&self) -> Result<Vec<(String, Option<String>, bool, i64)>> {
        let client = self.client().await?;
        let rows =
            query(&client, CLUSTER_LOAD, &[]).await.map_err(|e| control_error(e, "read the clusters"))?;
        Ok(rows.iter().map(|r| (r.get(0), r.get(1), r.get(2), r.get(3))).collect())
    }
}

/// Writes a placement, in the caller's transaction.
///
/// # Errors
/// As [`control_error`].
pub async fn put(client: &impl GenericClient, placement: &Placement) -> Result<()> {
    execute(
        client,
        PUT,
        &[
            &placement.tenant.uuid(),
            &placement.service.as_str(),
            &placement.cluster,
            &placement.database,
            &placement.schema,
            &placement.isolation.as_str(),
            &placement.version,
        ],
    )
    .await
    .map_err(|e| control_error(e, "write the placement"))?;
    Ok(())
}

/// Notes the newest migration at a placement, in the caller's transaction.
///
/// # Errors
/// As [`control_error`].
pub async fn set_version(
    client: &impl GenericClient,
    tenant: TenantId,
    service: &ServiceName,
    version: i64,
) -> Result<()> {
    execute(client, SET_VERSION, &[&tenant.uuid(), &service.as_str(), &version])
        .await
        .map_err(|e| control_error(e, "note the version of a placement"))?;
    Ok(())
}

/// Forgets a tenant's placements, in the caller's transaction.
///
/// # Errors
/// As [`control_error`].
pub async fn remove(client: &impl GenericClient, tenant: TenantId) -> Result<()> {
    execute(client, REMOVE, &[&tenant.uuid()])
        .await
        .map_err(|e| control_error(e, "forget the placements"))?;
    Ok(())
}

pub(crate) fn read(row: &Row) -> Result<Placement> {
    let service: String = row.get(1);
    let isolation: String = row.get(5);
    Ok(Placement {
        tenant: TenantId::from_uuid(row.get(0)),
        service: service.parse()?,
        cluster: row.get(2),
        database: row.get(3),
        schema: row.get(4),
        isolation: isolation.parse()?,
        version: row.get(6),
    })
}
