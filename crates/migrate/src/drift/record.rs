//! Notes in the data database: which tenants are there, what the templates held after each migration, what is meant to
//! be different in a tenant.

use std::collections::HashMap;

use tenantry_domain::{ErrorCode, Isolation, Layout, Result, ResultExt, layout};
use tenantry_postgres::catalog::inspect::{Rights, Roles, inspect};
use tenantry_postgres::catalog::{Catalog, Change};
use tenantry_postgres::connect::connect;
use tenantry_postgres::error::db_error;
use tokio_postgres::{Client, GenericClient};

use super::standing::{begin, end};
use crate::apply::site::{APPLICATION_NAME, Site};

const NEWEST: &str = include_str!("record/newest.sql");
const CATALOG: &str = include_str!("record/catalog.sql");
const NOTE: &str = include_str!("record/note.sql");
const FORGET: &str = include_str!("record/forget.sql");
const FORGET_AFTER: &str = include_str!("record/forget_after.sql");
const VARIATIONS: &str = include_str!("record/variations.sql");

/// Migrations whose catalogs are kept: as far as tenants may lag behind and still be compared.
const VERSIONS_KEPT: i64 = 50;

/// What is noted under these words.
pub(crate) const SHARED: &str = "shared";
pub(crate) const GLOBAL: &str = "global";
pub(crate) const TEMPLATE: &str = "template";
pub(crate) const DATABASE: &str = "database";

/// What is meant to be different in one tenant's schema.
#[derive(Clone, Debug)]
pub(crate) struct Variation {
    pub name: String,
    pub checksum: String,
    pub changes: Vec<Change>,
}

/// The newest migration of the template.
pub(crate) async fn newest(data: &Client) -> Result<i64> {
    let row = data.query_one(NEWEST, &[]).await.map_err(|e| db_error(e, "read the template's version"))?;
    Ok(row.get(0))
}

/// The catalog noted of a target after a migration.
pub(crate) async fn catalog(data: &Client, target: &str, version: i64) -> Result<Option<Catalog>> {
    let doing = "read what was noted of a catalog";
    let row = data.query_opt(CATALOG, &[&target, &version]).await.map_err(|e| db_error(e, doing))?;
    row.map(|row| serde_json::from_str(row.get(0)).code(ErrorCode::Internal, doing)).transpose()
}

/// The variations of every tenant (by its id) that this database knows of, in the order in which they were declared.
pub(crate) async fn variations(client: &impl GenericClient) -> Result<HashMap<String, Vec<Variation>>> {
    let doing = "read the variations declared";
    let rows = client.query(VARIATIONS, &[]).await.map_err(|e| db_error(e, doing))?;
    let mut all: HashMap<String, Vec<Variation>> = HashMap::new();
    for row in rows {
        let changes = serde_json::from_str(row.get(3)).code(ErrorCode::Internal, doing)?;
        let variation = Variation { name: row.get(1), checksum: row.get(2), changes };
        all.entry(row.get(0)).or_default().push(variation);
    }
    Ok(all)
}

/// Reads the schema `shared`, with what the migrations and the shape have granted there.
pub(crate) async fn read_shared(client: &impl GenericClient, names: &Layout) -> Result<Catalog> {
    read_standing(client, names, layout::SHARED_SCHEMA).await
}

/// Reads the schema `global`.
pub(crate) async fn read_global(client: &impl GenericClient, names: &Layout) -> Result<Catalog> {
    read_standing(client, names, layout::GLOBAL_SCHEMA).await
}

async fn read_standing(client: &impl GenericClient, names: &Layout, schema: &str) -> Result<Catalog> {
    let (owner, reader) = (names.owner_role(), names.group_role(Isolation::Shared));
    let roles = Roles { owner: &owner, reader: &reader, login: None };
    Ok(inspect(client, schema, Rights::Read(roles)).await?.catalog)
}

/// Reads a template's schema, with the rights that tenants get.
pub(crate) async fn read_template(
    client: &impl GenericClient,
    schema: &str,
    tenant_ddl: bool,
) -> Result<Catalog> {
    Ok(inspect(client, schema, Rights::Ruled { tenant_ddl }).await?.catalog)
}

/// Forgets what was noted of the newest migration, whose last part has only just been done.
///
/// # Errors
/// What the server said.
pub(crate) async fn forget_newest(data: &Client) -> Result<()> {
    let before = newest(data).await?.saturating_sub(1);
    data.execute(FORGET_AFTER, &[&before]).await.map(|_| ()).map_err(|e| db_error(e, DOING))
}

/// Notes what the shared tables, the global tables and the templates hold, unless that has been done for the newest
/// migration. `data` is the platform's connection to the data database, not in a transaction; whoever calls keeps the
/// templates as they are meanwhile.
///
/// # Errors
/// What the server said.
pub(crate) async fn note(site: &Site, data: &Client) -> Result<()> {
    let version = newest(data).await?;
    // What was taken back may come again with another text.
    data.execute(FORGET_AFTER, &[&version]).await.map_err(|e| db_error(e, DOING))?;
    if version == 0 || is_noted(data, version).await? {
        return Ok(());
    }
    let (names, ddl) = (&site.layout, site.app.isolation.tenant_ddl);
    let database = async {
        let own = names.template_database(&site.service.name);
        let client = connect(site.server()?, &own, APPLICATION_NAME).await?;
        begin(&client).await?;
        read_template(&client, layout::DATABASE_SCHEMA, ddl).await
    };
    let main = async {
        // One that has read catalogs before does it in half the time: its caches are warm.
        let client = site.borrow_data().await?;
        begin(&client).await?;
        let read = async {
            let shared = read_shared(&**client, names).await?;
            let global = read_global(&**client, names).await?;
            Ok((shared, global, read_template(&**client, layout::TEMPLATE_SCHEMA, ddl).await?))
        };
        let read = read.await;
        end(&client).await?;
        read
    };
    // Side by side: the fleet waits for it.
    let (database, (shared, global, schema)) = tokio::try_join!(database, main)?;
    let noted = [(SHARED, &shared), (GLOBAL, &global), (TEMPLATE, &schema), (DATABASE, &database)];
    data.batch_execute("BEGIN").await.map_err(|e| db_error(e, DOING))?;
    let noted = write(data, version, &noted).await;
    let last = if noted.is_ok() { "COMMIT" } else { "ROLLBACK" };
    let ended = data.batch_execute(last).await.map_err(|e| db_error(e, DOING));
    noted.and(ended)
}

const DOING: &str = "note what the templates hold";

async fn is_noted(data: &Client, version: i64) -> Result<bool> {
    let row = data.query_opt(CATALOG, &[&DATABASE, &version]).await.map_err(|e| db_error(e, DOING))?;
    Ok(row.is_some())
}

async fn write(data: &Client, version: i64, noted: &[(&str, &Catalog)]) -> Result<()> {
    for (target, catalog) in noted {
        let text = serde_json::to_string(catalog).code(ErrorCode::Internal, DOING)?;
        data.execute(NOTE, &[&target, &version, &text]).await.map_err(|e| db_error(e, DOING))?;
    }
    data.execute(FORGET, &[&VERSIONS_KEPT]).await.map(|_| ()).map_err(|e| db_error(e, DOING))
}
