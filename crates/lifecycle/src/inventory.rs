//! What stands on a cluster against what the registry knows: anything that belongs to nobody is an orphan.
//!
//! Jobs in flight make and remove things all the time: what a job that has not ended may be about is left out.

use std::collections::BTreeSet;

use serde::Serialize;
use tenantry_domain::{Isolation, Result, ServiceName, TenantStatus};
use tenantry_postgres::error::db_error;
use tenantry_registry::Blank;

use crate::platform::Platform;

const ROLES: &str = include_str!("inventory/roles.sql");
const SCHEMAS: &str = include_str!("inventory/schemas.sql");
const DATABASES: &str = include_str!("inventory/databases.sql");
const LOCALS: &str = include_str!("inventory/locals.sql");
const ROWS: &str = include_str!("inventory/rows.sql");

/// Something on a cluster that no tenant and no blank accounts for, or something of theirs that is missing.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
pub struct Discrepancy {
    /// The cluster.
    pub cluster: String,
    /// `role`, `schema`, `database`, `local tenant` or `rows`.
    pub kind: &'static str,
    /// Its name.
    pub name: String,
    /// Whether it should be there and is not; otherwise it is there and should not be.
    pub missing: bool,
}

/// What should be there, or is, of one kind.
type Names = BTreeSet<(&'static str, String)>;

/// Compares every cluster with the registry.
///
/// # Errors
/// As for the registry and the data databases.
pub async fn discrepancies(platform: &Platform) -> Result<Vec<Discrepancy>> {
    let mut found = Vec::new();
    let clusters: Vec<String> = platform.clusters.names().map(str::to_owned).collect();
    for cluster in clusters {
        let expected = expected(platform, &cluster).await?;
        let there = there(platform, &cluster).await?;
        let named = |(kind, name): &(&'static str, String), missing| Discrepancy {
            cluster: cluster.clone(),
            kind,
            name: name.clone(),
            missing,
        };
        found.extend(there.difference(&expected).map(|n| named(n, false)));
        found.extend(expected.difference(&there).map(|n| named(n, true)));
    }
    Ok(found)
}

async fn expected(platform: &Platform, cluster: &str) -> Result<Names> {
    let layout = platform.app.layout();
    let mut names = Names::new();
    for row in platform.registry.tenants().await? {
        if matches!(row.tenant.status, TenantStatus::Provisioning | TenantStatus::Failed) {
            continue;
        }
        for placement in platform.registry.placements(row.tenant.id).await? {
            if placement.cluster != cluster {
                continue;
            }
            names.insert(("role", layout.tenant_role(&row.tenant, platform.app.isolation.tenant_key)));
            names.insert(("local tenant", format!("{} in {}", row.tenant.id, placement.service)));
            if placement.isolation != Isolation::Shared {
                names.insert(("role", layout.tenant_owner_role(row.tenant.id)));
            }
            match placement.isolation {
                Isolation::Shared => {}
                Isolation::Schema => _ = names.insert(("schema", placement.schema)),
                Isolation::Database => _ = names.insert(("database", placement.database)),
            }
        }
    }
    for blank in platform.registry.blanks().await?.into_iter().filter(|b| b.cluster == cluster) {
        let Blank { id, service, isolation, .. } = blank;
        names.insert(("role", layout.tenant_owner_role(id)));
        names.insert(match isolation {
            Isolation::Database => ("database", layout.blank_database(&service, id)),
            Isolation::Shared | Isolation::Schema => ("schema", layout.blank_schema(id)),
        });
    }
    Ok(names)
}

async fn there(platform: &Platform, cluster: &str) -> Result<Names> {
    let layout = platform.app.layout();
    let mut groups: Vec<String> = Isolation::ALL.map(|i| layout.group_role(i)).to_vec();
    groups.push(layout.tenant_owners_role());
    let mut names = Names::new();
    for service in platform.app.services.values() {
        if service.cluster.as_ref().is_some_and(|c| c.as_str() != cluster) {
            continue;
        }
        let prefix = layout.data_database(&service.name);
        read(platform, (cluster, &service.name), "role", (ROLES, &[&groups]), &mut names).await?;
        read(platform, (cluster, &service.name), "schema", (SCHEMAS, &[]), &mut names).await?;
        read(platform, (cluster, &service.name), "database", (DATABASES, &[&prefix]), &mut names).await?;
        let label = service.name.as_str();
        read(platform, (cluster, &service.name), "local tenant", (LOCALS, &[&label]), &mut names).await?;
        let column = platform.app.isolation.tenant_column.as_str();
        read(platform, (cluster, &service.name), "rows", (ROWS, &[&column]), &mut names).await?;
    }
    Ok(names)
}

async fn read(
    platform: &Platform,
    at: (&str, &ServiceName),
    kind: &'static str,
    (sql, parameters): (&str, &[&(dyn tokio_postgres::types::ToSql + Sync)]),
    names: &mut Names,
) -> Result<()> {
    let client = platform.data(at.0, at.1).await?;
    let rows = client.query(sql, parameters).await.map_err(|e| db_error(e, "take stock of the cluster"))?;
    names.extend(rows.iter().map(|r| (kind, r.get(0))));
    Ok(())
}
