//! One tenant's data of one service: made from a blank or from the template, and taken away again.

use std::sync::Arc;

use tenantry_domain::layout::TEMPLATE_SCHEMA;
use tenantry_domain::{Isolation, Result, ServiceName, Tenant};
use tenantry_jobs::Run;
use tenantry_postgres::clone::{CloneScript, clone_script};
use tenantry_postgres::connect::connect;
use tenantry_postgres::error::db_error;
use tenantry_postgres::tenant::{Script, Scripts};
use tenantry_registry::{Blank, Placement};

use crate::platform::Platform;

const IS_LOCAL: &str = include_str!("home/is_local.sql");
const TEMPLATE_VERSION: &str = include_str!("home/template_version.sql");
const ROLE_EXISTS: &str = include_str!("home/role_exists.sql");
const DATABASE_EXISTS: &str = include_str!("home/database_exists.sql");

/// A tenant's data of one service.
pub(crate) struct Home {
    platform: Platform,
    tenant: Tenant,
    placement: Placement,
    blank: Option<Blank>,
    scripts: Scripts,
}

impl Home {
    /// At this placement, perhaps from a blank.
    pub fn new(platform: &Platform, tenant: Tenant, placement: Placement, blank: Option<Blank>) -> Self {
        let layout = platform.app.layout();
        let mut scripts =
            Scripts::new(&platform.app, &placement.service, &tenant).number("version", placement.version);
        if let Some(blank) = &blank {
            scripts = scripts.with_blank(&layout, &placement.service, blank.id);
        }
        Self { platform: platform.clone(), tenant, placement, blank, scripts }
    }

    /// The newest migration that the templates of a service hold.
    pub async fn template_version(platform: &Platform, at: (&str, &ServiceName)) -> Result<i64> {
        let client = platform.data(at.0, at.1).await?;
        let statement = client
            .prepare_cached(TEMPLATE_VERSION)
            .await
            .map_err(|e| db_error(e, "read the template's version"))?;
        let row = client
            .query_one(&statement, &[])
            .await
            .map_err(|e| db_error(e, "read the template's version"))?;
        Ok(row.get(0))
    }

    /// Whether the tenant's login is there.
    pub async fn login_exists(
        platform: &Platform,
        at: (&str, &ServiceName),
        tenant: &Tenant,
    ) -> Result<bool> {
        let role = platform.app.layout().tenant_role(tenant, platform.app.isolation.tenant_key);
        let client = platform.data(at.0, at.1).await?;
        let statement =
            client.prepare_cached(ROLE_EXISTS).await.map_err(|e| db_error(e, "look for the login"))?;
        let row =
            client.query_one(&statement, &[&role]).await.map_err(|e| db_error(e, "look for the login"))?;
        Ok(row.get(0))
    }

    fn at(&self) -> (&str, &ServiceName) {
        (&self.placement.cluster, &self.placement.service)
    }

    /// Makes the data; a repetition finds it there. Returns the newest migration that it holds.
    pub async fn provide(mut self, run: &Run) -> Result<i64> {
        if let Some(version) = self.version_there().await? {
            return Ok(version);
        }
        let version = Self::template_version(&self.platform, self.at()).await?;
        if version != self.placement.version {
            // A migration came between placing the tenant and now: the blank is of no use any more.
            self.discard_blank(run).await?;
            self.placement.version = version;
            self.scripts = self.scripts.number("version", version);
        }
        match (self.tenant.isolation, &self.blank) {
            (Isolation::Shared, _) => self.provide_rows(run).await?,
            (Isolation::Schema, Some(_)) => self.take_schema(run).await?,
            (Isolation::Schema, None) => self.build_schema(run).await?,
            (Isolation::Database, Some(_)) => self.take_database(run).await?,
            (Isolation::Database, None) => self.build_database(run).await?,
        }
        Ok(version)
    }

    /// Drops what stands there of the blank; the registry forgets it when the job ends.
    async fn discard_blank(&mut self, run: &Run) -> Result<()> {
        let Some(blank) = &self.blank else { return Ok(()) };
        let script = if self.tenant.isolation == Isolation::Database {
            let layout = self.platform.app.layout();
            let database = layout.blank_database(&self.placement.service, blank.id);
            self.drop_database(run, &self.blank_scripts(blank), &database).await?;
            self.drop_blank(&[Script::DROP_OWNER])?
        } else {
            self.drop_blank(&[Script::DROP_SCHEMA, Script::DROP_OWNER])?
        };
        self.platform.fenced(self.at(), run, &script, "drop a blank that is out of date").await?;
        self.blank = None;
        Ok(())
    }

    /// Removes whatever [`Home::provide`] may have made, and whatever stands there now.
    pub async fn withdraw(&self, run: &Run) -> Result<()> {
        match self.tenant.isolation {
            Isolation::Shared => {
                let script = self.scripts.render_all(&[Script::REMOVE_ROWS, Script::REMOVE_LOCAL])?;
                self.platform.fenced(self.at(), run, &script, "remove the tenant's rows").await
            }
            Isolation::Schema => {
                let mut script = self.scripts.render_all(&[
                    Script::DROP_SCHEMA,
                    Script::DROP_OWNER,
                    Script::DISOWN_LOGIN,
                    Script::REMOVE_LOCAL,
                ])?;
                script.push_str(&self.drop_blank(&[Script::DROP_SCHEMA, Script::DROP_OWNER])?);
                self.platform.fenced(self.at(), run, &script, "drop the tenant's schema").await
            }
            Isolation::Database => {
                self.drop_database(run, &self.scripts, &self.placement.database).await?;
                if let Some(blank) = &self.blank {
                    let layout = self.platform.app.layout();
                    let scripts = self.blank_scripts(blank);
                    let database = layout.blank_database(&self.placement.service, blank.id);
                    self.drop_database(run, &scripts, &database).await?;
                }
                let mut script = self.scripts.render_all(&[
                    Script::DROP_OWNER,
                    Script::DISOWN_LOGIN,
                    Script::REMOVE_LOCAL,
                ])?;
                script.push_str(&self.drop_blank(&[Script::DROP_OWNER])?);
                self.platform.fenced(self.at(), run, &script, "drop the tenant's roles").await
            }
        }
    }

    /// The newest migration of what stands there, if anything does.
    async fn version_there(&self) -> Result<Option<i64>> {
        let client = self.platform.data(self.at().0, self.at().1).await?;
        let statement =
            client.prepare_cached(IS_LOCAL).await.map_err(|e| db_error(e, "look for the tenant"))?;
        let row = client
            .query_opt(&statement, &[&self.tenant.id.uuid()])
            .await
            .map_err(|e| db_error(e, "look for the tenant"))?;
        Ok(row.map(|r| r.get(0)))
    }

    async fn provide_rows(&self, run: &Run) -> Result<()> {
        let script =
            self.scripts.render_all(&[Script::CHECK_TEMPLATE, Script::ADD_LOCAL, Script::CLONE_ROWS])?;
        self.platform.fenced(self.at(), run, &script, "copy the template's rows").await
    }

    /// The grants that end the making of a schema.
    fn finish_schema(&self) -> Result<String> {
        let mut script =
            self.scripts.render_all(&[Script::GRANT_SCHEMA, Script::SET_LOGIN_PATH, Script::ADD_LOCAL])?;
        if self.platform.app.isolation.tenant_ddl {
            script.push_str(&self.scripts.render(Script::GRANT_SCHEMA_DDL)?);
        }
        Ok(script)
    }

    async fn take_schema(&self, run: &Run) -> Result<()> {
        let layout = self.platform.app.layout();
        let Some(blank) = &self.blank else { return Ok(()) };
        let clone = self.clone_script().await?;
        let rename = clone.rename_script(&layout.blank_schema(blank.id), &self.placement.schema);
        let mut script = self.scripts.render(Script::CHECK_TEMPLATE)?;
        script.push_str(&self.scripts.clone().raw("rename", rename).render(Script::RENAME_SCHEMA)?);
        script.push_str(&self.finish_schema()?);
        self.platform.fenced(self.at(), run, &script, "give the tenant a prepared schema").await
    }

    async fn build_schema(&self, run: &Run) -> Result<()> {
        let mut script = self.scripts.render_all(&[
            Script::CHECK_TEMPLATE,
            Script::CREATE_OWNER,
            Script::CREATE_SCHEMA,
        ])?;
        let clone: Arc<CloneScript> = self.clone_script().await?;
        script.push_str(&clone_into(&clone, &self.scripts, &self.placement.schema)?);
        script.push_str(&self.finish_schema()?);
        self.platform.fenced(self.at(), run, &script, "clone the template's schema").await
    }

    async fn clone_script(&self) -> Result<Arc<CloneScript>> {
        template_clone(&self.platform, self.at(), self.placement.version).await
    }

    fn finish_database(&self) -> Result<String> {
        self.scripts.render_all(&[Script::GRANT_DATABASE, Script::ADD_LOCAL])
    }

    async fn take_database(&self, run: &Run) -> Result<()> {
        let script = self.scripts.render_all(&[Script::CHECK_TEMPLATE, Script::RENAME_DATABASE])?
            + &self.finish_database()?;
        self.platform.fenced(self.at(), run, &script, "give the tenant a prepared database").await
    }

    async fn build_database(&self, run: &Run) -> Result<()> {
        build_database(&self.platform, self.at(), run, &self.scripts, &self.placement.database).await?;
        let script = self.scripts.render(Script::CHECK_TEMPLATE)? + &self.finish_database()?;
        self.platform.fenced(self.at(), run, &script, "let the tenant into its database").await
    }

    fn blank_scripts(&self, blank: &Blank) -> Scripts {
        Scripts::for_blank(&self.platform.app.layout(), &self.placement.service, blank.id, blank.isolation)
    }

    fn drop_blank(&self, scripts: &[Script]) -> Result<String> {
        self.blank.as_ref().map_or(Ok(String::new()), |b| self.blank_scripts(b).render_all(scripts))
    }

    async fn drop_database(&self, run: &Run, scripts: &Scripts, database: &str) -> Result<()> {
        drop_database(&self.platform, self.at(), run, scripts, database).await
    }
}

/// The clone script of a service's template as of a version; read once and kept.
pub(crate) async fn template_clone(
    platform: &Platform,
    at: (&str, &ServiceName),
    version: i64,
) -> Result<Arc<CloneScript>> {
    let key = (at.0.to_owned(), at.1.clone());
    if let Some(clone) = platform.kept_clone(&key, version) {
        return Ok(clone);
    }
    let doing = "read the template";
    let mut client = platform.data(at.0, at.1).await?;
    let tx = client.transaction().await.map_err(|e| db_error(e, doing))?;
    let clone = Arc::new(clone_script(&*tx, TEMPLATE_SCHEMA).await?);
    tx.commit().await.map_err(|e| db_error(e, doing))?;
    platform.keep_clone(key, version, &clone);
    Ok(clone)
}

/// The script that fills a new schema as its owner, rows included.
pub(crate) fn clone_into(clone: &CloneScript, scripts: &Scripts, schema: &str) -> Result<String> {
    let text = clone.render(schema, Some(TEMPLATE_SCHEMA));
    scripts.clone().raw("clone", text).render(Script::FILL_SCHEMA)
}

/// Makes a database from the template database and gives its objects to `owner`. Can be repeated at any point; `scripts`
/// name the template's `version`, and what an earlier attempt has made of another one is made anew.
pub(crate) async fn build_database(
    platform: &Platform,
    at: (&str, &ServiceName),
    run: &Run,
    scripts: &Scripts,
    database: &str,
) -> Result<()> {
    let doing = "create the tenant's database";
    let client = platform.exclusive(at, run).await?;
    // Held until the connection ends: the template stays as it is meanwhile, and nobody is connected to it.
    platform.hold_template(&client).await?;
    client.batch_execute(&scripts.render(Script::CHECK_TEMPLATE)?).await.map_err(|e| db_error(e, doing))?;
    let mut there: bool =
        client.query_one(DATABASE_EXISTS, &[&database]).await.map_err(|e| db_error(e, doing))?.get(0);
    if there {
        let inside = connect(platform.clusters.server(at.0)?, database, "tenantry job").await?;
        let check = inside.batch_execute(&scripts.render(Script::CHECK_TEMPLATE)?).await;
        drop(inside);
        if check.is_err() {
            let sql = scripts.clone().text("database", database).render(Script::DROP_DATABASE)?;
            client.batch_execute(&sql).await.map_err(|e| db_error(e, doing))?;
            there = false;
        }
    }
    if !there {
        let sql = scripts.render(Script::CREATE_DATABASE)?;
        client.batch_execute(&sql).await.map_err(|e| db_error(e, doing))?;
    }
    let owner: bool =
        client.query_one(ROLE_EXISTS, &[&scripts.owner()]).await.map_err(|e| db_error(e, doing))?.get(0);
    let mut script = scripts.render(Script::SEAL_DATABASE)?;
    if !owner {
        script.push_str(&scripts.render(Script::CREATE_OWNER)?);
    }
    client.batch_execute(&script).await.map_err(|e| db_error(e, doing))?;
    let inside = connect(platform.clusters.server(at.0)?, database, "tenantry job").await?;
    let mut script = scripts.render(Script::ADOPT_DATABASE)?;
    if platform.app.isolation.tenant_ddl {
        script.push_str(&scripts.render(Script::ADOPT_DATABASE_DDL)?);
    }
    inside.batch_execute(&script).await.map_err(|e| db_error(e, doing))
}

/// Drops a database if it is there.
pub(crate) async fn drop_database(
    platform: &Platform,
    at: (&str, &ServiceName),
    run: &Run,
    scripts: &Scripts,
    database: &str,
) -> Result<()> {
    platform.clusters.forget(at.0, database);
    let client = platform.exclusive(at, run).await?;
    let sql = scripts.clone().text("database", database).render(Script::DROP_DATABASE)?;
    client.batch_execute(&sql).await.map_err(|e| db_error(e, "drop the tenant's database"))
}
