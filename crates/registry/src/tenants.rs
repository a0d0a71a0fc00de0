//! Tenants: the rows of `tenantry.tenants`.

use crate::statement::{execute, query, query_one, query_opt};
use jiff::Timestamp;
use serde::Serialize;
use tenantry_domain::{Error, ErrorCode, Isolation, JobId, Result, Slug, Tenant, TenantId, TenantStatus};
use tokio_postgres::Row;

use crate::GenericClient;
use uuid::Uuid;

use crate::Registry;
use crate::error::control_error;

pub(crate) const INSERT: &str = include_str!("tenants/insert.sql");
pub(crate) const CREATE_JOB: &str = include_str!("tenants/create_job.sql");
pub(crate) const SET_ACTOR: &str = include_str!("tenants/set_actor.sql");
pub(crate) const FIND: &str = include_str!("tenants/find.sql");
pub(crate) const GET: &str = include_str!("tenants/get.sql");
pub(crate) const LIST: &str = include_str!("tenants/list.sql");
pub(crate) const SET_STATUS: &str = include_str!("tenants/set_status.sql");
pub(crate) const SET_DELETED: &str = include_str!("tenants/set_deleted.sql");
pub(crate) const SET_PURGING: &str = include_str!("tenants/set_purging.sql");
pub(crate) const RENAME: &str = include_str!("tenants/rename.sql");
pub(crate) const REMOVE: &str = include_str!("tenants/remove.sql");
pub(crate) const REMOVE_FAILED: &str = include_str!("tenants/remove_failed.sql");
pub(crate) const EXPIRED: &str = include_str!("tenants/expired.sql");
pub(crate) const SET_LABELS: &str = include_str!("tenants/set_labels.sql");
pub(crate) const CREDENTIAL: &str = include_str!("tenants/credential.sql");
pub(crate) const GENERATION: &str = include_str!("tenants/generation.sql");
pub(crate) const CREDENTIALS_OVER: &str = include_str!("tenants/credentials_over.sql");
pub(crate) const REPLACE_CREDENTIAL: &str = include_str!("tenants/replace_credential.sql");

/// A tenant with what only the registry knows of it.
#[derive(Clone, Debug, Serialize)]
pub struct TenantRow {
    /// The tenant.
    #[serde(flatten)]
    pub tenant: Tenant,
    /// The cluster asked for.
    pub cluster: Option<String>,
    /// Whom to write to.
    pub owner_email: Option<String>,
    /// When it was created.
    pub created_at: Timestamp,
    /// When it was last changed.
    pub updated_at: Timestamp,
    /// When it was deleted.
    pub deleted_at: Option<Timestamp>,
    /// Until when it is kept after its deletion.
    pub purge_after: Option<Timestamp>,
}

/// What a new tenant may name; everything else has a default.
#[derive(Clone, Debug, Default)]
pub struct NewTenant {
    /// What people read; absent: the slug.
    pub name: Option<String>,
    /// Absent: as the plan says, else as `tenantry.toml` says.
    pub isolation: Option<Isolation>,
    /// A plan of `tenantry.toml`.
    pub plan: Option<String>,
    /// A region of a cluster.
    pub region: Option<String>,
    /// A cluster.
    pub cluster: Option<String>,
    /// Whom to write to.
    pub owner_email: Option<String>,
}

impl TenantRow {
    /// Whether its purge has begun: it was deleted, and is being deleted again. A part of its data may be gone.
    pub fn is_being_purged(&self) -> bool {
        self.tenant.status == TenantStatus::Deleting && self.deleted_at.is_some()
    }

    /// The labels that people gave it.
    pub fn labels(&self) -> Vec<&str> {
        let labels = self.tenant.settings.get("labels").and_then(|l| l.as_array());
        labels.into_iter().flatten().filter_map(|l| l.as_str()).collect()
    }
}

impl Registry {
    /// Adds a tenant; a trigger queues the job that provisions it. A failed tenant of the same slug, of which nothing
    /// is left, makes room.
    ///
    /// # Errors
    /// `slug_taken`, `plan_unknown`, `cluster_unknown`.
    pub async fn add_tenant(&self, slug: &Slug, new: &NewTenant, actor: &str) -> Result<(TenantId, JobId)> {
        let mut client = self.client().await?;
        let doing = format!("create tenant {slug}");
        let tx = client.transaction().await.map_err(|e| control_error(e, &doing))?;
        query_one(&tx, SET_ACTOR, &[&actor]).await.map_err(|e| control_error(e, &doing))?;
        execute(&tx, REMOVE_FAILED, &[&slug.as_str()]).await.map_err(|e| control_error(e, &doing))?;
        let row = query_one(
            &tx,
            INSERT,
            &[
                &slug.as_str(),
                &new.name,
                &new.isolation.map(Isolation::as_str),
                &new.plan,
                &new.region,
                &new.cluster,
                &new.owner_email,
            ],
        )
        .await
        .map_err(|e| control_error(e, &doing))?;
        let id: Uuid = row.get(0);
        let job: i64 = query_one(&tx, CREATE_JOB, &[&id]).await.map_err(|e| control_error(e, &doing))?.get(0);
        tx.commit().await.map_err(|e| control_error(e, &doing))?;
        Ok((TenantId::from_uuid(id), JobId(job)))
    }

    /// The tenant of this slug.
    ///
    /// # Errors
    /// `tenant_unknown`.
    pub async fn find_tenant(&self, slug: &str) -> Result<TenantRow> {
        let client = self.client().await?;
        let statement = client.prepare_cached(FIND).await.map_err(|e| control_error(e, "find the tenant"))?;
        let row =
            client.query_opt(&statement, &[&slug]).await.map_err(|e| control_error(e, "find the tenant"))?;
        match row {
            Some(row) => read(&row),
            None => Err(Error::new(ErrorCode::TenantUnknown, format!("there is no tenant {slug}"))),
        }
    }

    /// The tenant of this id.
    ///
    /// # Errors
    /// `tenant_unknown`.
    pub async fn tenant(&self, id: TenantId) -> Result<TenantRow> {
        let client = self.client().await?;
        let statement = client.prepare_cached(GET).await.map_err(|e| control_error(e, "read the tenant"))?;
        let row = client
            .query_opt(&statement, &[&id.uuid()])
            .await
            .map_err(|e| control_error(e, "read the tenant"))?;
        match row {
            Some(row) => read(&row),
            None => Err(Error::new(ErrorCode::TenantUnknown, format!("there is no tenant {id}"))),
        }
    }

    /// Every tenant, by slug.
    ///
    /// # Errors
    /// As [`control_error`].
    pub async fn tenants(&self) -> Result<Vec<TenantRow>> {
        let client = self.client().await?;
        let rows = query(&client, LIST, &[]).await.map_err(|e| control_error(e, "list the tenants"))?;
        rows.iter().map(read).collect()
    }

    /// Gives a tenant labels and takes others away.
    ///
    /// # Errors
    /// As [`control_error`].
    pub async fn set_labels(&self, id: TenantId, add: &[String], remove: &[String]) -> Result<()> {
        let client = self.client().await?;
        execute(&client, SET_LABELS, &[&id.uuid(), &add, &remove])
            .await
            .map_err(|e| control_error(e, "change the tenant's labels"))?;
        Ok(())
    }

    /// Deleted tenants whose retention time is over, and those whose purge has begun.
    ///
    /// # Errors
    /// As [`control_error`].
    pub async fn expired_tenants(&self) -> Result<Vec<TenantRow>> {
        let client = self.client().await?;
        let rows =
            query(&client, EXPIRED, &[]).await.map_err(|e| control_error(e, "list the expired tenants"))?;
        rows.iter().map(read).collect()
    }

    /// The generation of the tenant's credential for somebody outside, and its end. Without an end so far the present
    /// generation gets one in `hours`; a new one begins when less than half of `hours` is left.
    ///
    /// # Errors
    /// `tenant_unknown`.
    pub async fn credential(&self, id: TenantId, hours: i32) -> Result<(i32, Timestamp)> {
        let client = self.client().await?;
        let row = query_opt(&client, CREDENTIAL, &[&id.uuid(), &hours])
            .await
            .map_err(|e| control_error(e, "renew the tenant's credential"))?
            .ok_or_else(|| Error::new(ErrorCode::TenantUnknown, format!("there is no tenant {id}")))?;
        Ok((row.get(0), row.get(1)))
    }

    /// The generation of the tenant's credential as it is, and its end, if it was handed out.
    ///
    /// # Errors
    /// `tenant_unknown`.
    pub async fn generation(&self, id: TenantId) -> Result<(i32, Option<Timestamp>)> {
        let client = self.client().await?;
        let row = query_opt(&client, GENERATION, &[&id.uuid()])
            .await
            .map_err(|e| control_error(e, "read the tenant's credential"))?
            .ok_or_else(|| Error::new(ErrorCode::TenantUnknown, format!("there is no tenant {id}")))?;
        Ok((row.get(0), row.get(1)))
    }

    /// Tenants whose credential was handed out and has come to its end.
    ///
    /// # Errors
    /// As [`control_error`].
    pub async fn credentials_over(&self) -> Result<Vec<TenantId>> {
        let client = self.client().await?;
        let rows = query(&client, CREDENTIALS_OVER, &[])
            .await
            .map_err(|e| control_error(e, "list the credentials that are over"))?;
        Ok(rows.iter().map(|r| TenantId::from_uuid(r.get(0))).collect())
    }

    /// Begins a new generation, without an end, in place of one that is over. False: somebody was faster.
    ///
    /// # Errors
    /// As [`control_error`].
    pub async fn replace_credential(&self, id: TenantId) -> Result<bool> {
        let client = self.client().await?;
        let replaced = execute(&client, REPLACE_CREDENTIAL, &[&id.uuid()])
            .await
            .map_err(|e| control_error(e, "replace the tenant's credential"))?;
        Ok(replaced > 0)
    }
}

/// Moves a tenant from a status in which this is allowed to the next one; part of the caller's transaction.
///
/// # Errors
/// `tenant_status` when the tenant's status is none of those from which `next` may follow.
pub async fn set_status(client: &impl GenericClient, id: TenantId, next: TenantStatus) -> Result<()> {
    let from: Vec<&str> =
        TenantStatus::ALL.iter().filter(|s| s.may_become(next) || **s == next).map(|s| s.as_str()).collect();
    let changed = execute(client, SET_STATUS, &[&id.uuid(), &next.as_str(), &from])
        .await
        .map_err(|e| control_error(e, "change the tenant's status"))?;
    if changed == 0 {
        return Err(Error::new(ErrorCode::TenantStatus, format!("tenant {id} can't become {next}")));
    }
    Ok(())
}

/// Marks a tenant deleted and kept for `days`.
///
/// # Errors
/// As [`control_error`].
pub async fn set_deleted(client: &impl GenericClient, id: TenantId, days: i32) -> Result<()> {
    execute(client, SET_DELETED, &[&id.uuid(), &days])
        .await
        .map_err(|e| control_error(e, "mark the tenant deleted"))?;
    Ok(())
}

/// Marks a deleted or failed tenant as one whose purge has begun; part of the caller's transaction.
///
/// # Errors
/// `tenant_status` when it is neither (restored by now, say).
pub async fn set_purging(client: &impl GenericClient, id: TenantId) -> Result<()> {
    let changed = execute(client, SET_PURGING, &[&id.uuid()])
        .await
        .map_err(|e| control_error(e, "begin to purge the tenant"))?;
    if changed == 0 {
        let message = format!("tenant {id} can't be purged: it is not deleted");
        return Err(Error::new(ErrorCode::TenantStatus, message));
    }
    Ok(())
}

/// Gives a tenant another slug.
///
/// # Errors
/// `slug_taken`, `slug_reserved`.
pub async fn rename(client: &impl GenericClient, id: TenantId, slug: &str, name: Option<&str>) -> Result<()> {
    execute(client, RENAME, &[&id.uuid(), &slug, &name])
        .await
        .map_err(|e| control_error(e, &format!("rename the tenant to {slug}")))?;
    Ok(())
}

/// Removes a tenant's row and placements, once nothing of it is left anywhere.
///
/// # Errors
/// As [`control_error`].
pub async fn remove(client: &impl GenericClient, id: TenantId) -> Result<()> {
    execute(client, REMOVE, &[&id.uuid()]).await.map_err(|e| control_error(e, "remove the tenant"))?;
    Ok(())
}

fn read(row: &Row) -> Result<TenantRow> {
    let slug: String = row.get("slug");
    let isolation: String = row.get("isolation");
    let status: String = row.get("status");
    Ok(TenantRow {
        tenant: Tenant {
            id: TenantId::from_uuid(row.get("id")),
            slug: slug.parse()?,
            name: row.get("name"),
            status: status.parse()?,
            isolation: isolation.parse()?,
            plan: row.get("plan"),
            region: row.get("region"),
            number: row.get("number"),
            settings: row.get("settings"),
        },
        cluster: row.get("cluster"),
        owner_email: row.get("owner_email"),
        created_at: row.get("created_at"),
        updated_at: row.get("updated_at"),
        deleted_at: row.get("deleted_at"),
        purge_after: row.get("purge_after"),
    })
}
