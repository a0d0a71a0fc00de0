//! Blanks: schemas and databases prepared in advance, so that a new tenant only takes one.

use crate::statement::{execute, query, query_one, query_opt};
use serde::{Deserialize, Serialize};
use tenantry_domain::{Isolation, JobId, Result, ServiceName, TenantId};
use tokio_postgres::Row;

use crate::GenericClient;
use uuid::Uuid;

use crate::Registry;
use crate::error::control_error;

pub(crate) const RESERVE: &str = include_str!("blanks/reserve.sql");
pub(crate) const READY: &str = include_str!("blanks/ready.sql");
pub(crate) const TAKE: &str = include_str!("blanks/take.sql");
pub(crate) const TAKEN: &str = include_str!("blanks/taken.sql");
pub(crate) const REMOVE: &str = include_str!("blanks/remove.sql");
pub(crate) const GIVE_BACK: &str = include_str!("blanks/give_back.sql");
pub(crate) const WITHDRAW: &str = include_str!("blanks/withdraw.sql");
pub(crate) const LIST: &str = include_str!("blanks/list.sql");
pub(crate) const COUNT: &str = include_str!("blanks/count.sql");
pub(crate) const STALE: &str = include_str!("blanks/stale.sql");

/// A schema or database that waits for its tenant.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Blank {
    /// Its id, which its names carry as a tenant's would.
    pub id: TenantId,
    /// Of which service.
    pub service: ServiceName,
    /// On which cluster.
    pub cluster: String,
    /// A schema or a database.
    pub isolation: Isolation,
    /// The newest migration that it holds.
    pub version: i64,
}

impl Registry {
    /// Every blank that stands somewhere.
    ///
    /// # Errors
    /// As [`control_error`].
    pub async fn blanks(&self) -> Result<Vec<Blank>> {
        let client = self.client().await?;
        let rows = query(&client, LIST, &[]).await.map_err(|e| control_error(e, "list the blanks"))?;
        rows.iter().map(read).collect()
    }

    /// How many blanks of this kind and version are ready or being prepared.
    ///
    /// # Errors
    /// As [`control_error`].
    pub async fn count_blanks(
        &self,
        service: &ServiceName,
        cluster: &str,
        isolation: Isolation,
        version: i64,
    ) -> Result<i64> {
        let client = self.client().await?;
        let row = query_one(&client, COUNT, &[&service.as_str(), &cluster, &isolation.as_str(), &version])
            .await
            .map_err(|e| control_error(e, "count the blanks"))?;
        Ok(row.get(0))
    }

    /// Blanks of other versions than this one: of no use any more.
    ///
    /// # Errors
    /// As [`control_error`].
    pub async fn stale_blanks(
        &self,
        service: &ServiceName,
        cluster: &str,
        version: i64,
    ) -> Result<Vec<Blank>> {
        let client = self.client().await?;
        let rows = query(&client, STALE, &[&service.as_str(), &cluster, &version])
            .await
            .map_err(|e| control_error(e, "find stale blanks"))?;
        rows.iter().map(read).collect()
    }
}

/// Marks a prepared blank ready, in the transaction that ends its job's step.
///
/// # Errors
/// As [`control_error`].
pub async fn ready(client: &impl GenericClient, id: TenantId) -> Result<()> {
    execute(client, READY, &[&id.uuid()]).await.map_err(|e| control_error(e, "mark the blank ready"))?;
    Ok(())
}

/// Takes a ready blank for a job, if there is one; taking twice for one job gives the same blank.
///
/// # Errors
/// As [`control_error`].
pub async fn take(client: &impl GenericClient, wanted: &Blank, job: JobId) -> Result<Option<Blank>> {
    let doing = "take a blank";
    let taken = query_opt(client, TAKEN, &[&job.0, &wanted.service.as_str()])
        .await
        .map_err(|e| control_error(e, doing))?;
    if let Some(row) = taken {
        return read(&row).map(Some);
    }
    let row = query_opt(
        client,
        TAKE,
        &[&wanted.service.as_str(), &wanted.cluster, &wanted.isolation.as_str(), &wanted.version, &job.0],
    )
    .await
    .map_err(|e| control_error(e, doing))?;
    row.as_ref().map(read).transpose()
}

/// Gives back the blanks that a job has taken and left as they were.
///
/// # Errors
/// As [`control_error`].
pub async fn give_back(client: &impl GenericClient, job: JobId) -> Result<()> {
    execute(client, GIVE_BACK, &[&job.0]).await.map_err(|e| control_error(e, "give the blanks back"))?;
    Ok(())
}

/// Marks a ready blank as taken by a job that will drop it; false when somebody else was quicker.
///
/// # Errors
/// As [`control_error`].
pub async fn withdraw(client: &impl GenericClient, id: TenantId, job: JobId) -> Result<bool> {
    let changed = execute(client, WITHDRAW, &[&id.uuid(), &job.0])
        .await
        .map_err(|e| control_error(e, "withdraw the blank"))?;
    Ok(changed > 0)
}

/// Notes that a job is about to prepare a blank.
///
/// # Errors
/// As [`control_error`].
pub async fn reserve(client: &impl GenericClient, blank: &Blank, job: JobId) -> Result<()> {
    execute(
        client,
        RESERVE,
        &[
            &blank.id.uuid(),
            &blank.service.as_str(),
            &blank.cluster,
            &blank.isolation.as_str(),
            &blank.version,
            &job.0,
        ],
    )
    .await
    .map_err(|e| control_error(e, "reserve a blank"))?;
    Ok(())
}

/// Forgets a blank that was used up or dropped.
///
/// # Errors
/// As [`control_error`].
pub async fn remove(client: &impl GenericClient, id: TenantId) -> Result<()> {
    execute(client, REMOVE, &[&id.uuid()]).await.map_err(|e| control_error(e, "forget the blank"))?;
    Ok(())
}

fn read(row: &Row) -> Result<Blank> {
    let id: Uuid = row.get(0);
    let service: String = row.get(1);
    let isolation: String = row.get(3);
    Ok(Blank {
        id: TenantId::from_uuid(id),
        service: service.parse()?,
        cluster: row.get(2),
        isolation: isolation.parse()?,
        version: row.get(4),
    })
}
