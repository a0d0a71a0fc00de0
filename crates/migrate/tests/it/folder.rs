//! A folder of migrations that grows while its app lives.

use std::path::Path;

use tempfile::TempDir;
use tenantry_domain::{Isolation, Result};
use tenantry_migrate::Report;
use tenantry_postgres::server::Server;
use tenantry_testkit::{AppOptions, TestApp};
use tokio_postgres::Client;
use tokio_postgres::types::FromSql;

/// An app and its folder of migrations.
pub struct Lab {
    pub app: TestApp,
    folder: TempDir,
}

impl Lab {
    pub async fn new(options: AppOptions) -> Self {
        let folder = tempfile::tempdir().unwrap();
        Self { app: TestApp::without_migrations(folder.path(), options).await, folder }
    }

    /// With control database and data on another server than the tests' common one.
    pub async fn on(server: &Server, options: AppOptions) -> Self {
        let folder = tempfile::tempdir().unwrap();
        Self { app: TestApp::on(server, folder.path(), options).await, folder }
    }

    pub fn folder(&self) -> &Path {
        self.folder.path()
    }

    pub fn write(&self, file: &str, text: &str) {
        std::fs::write(self.folder.path().join(file), text).unwrap();
    }

    /// Writes a file of a layout that has a folder for each migration.
    pub fn migration(&self, file: &str, text: &str) {
        let path = self.folder.path().join(file);
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        std::fs::write(path, text).unwrap();
    }

    pub fn remove(&self, file: &str) {
        std::fs::remove_file(self.folder.path().join(file)).unwrap();
    }

    pub async fn up(&self) -> Result<Report> {
        self.app.migrator.up(&|_| {}).await
    }

    /// Writes a file and applies it.
    pub async fn apply(&self, file: &str, text: &str) {
        self.write(file, text);
        let report = self.up().await.unwrap_or_else(|e| panic!("{file}: {e:?}"));
        assert!(!report.applied.is_empty(), "{file} was pending");
    }

    /// A tenant of each isolation, called [`in_slug`].
    pub async fn tenants(&self) {
        for isolation in Isolation::ALL {
            self.app.tenant(&in_slug(isolation), isolation).await;
        }
    }

    /// How far the template has come, by the ledger.
    pub async fn template_version(&self) -> i64 {
        let sql = "SELECT coalesce(max(version), 0) FROM tenantry.ledger WHERE target = 'template'";
        one(&self.app.data().await, sql).await
    }

    /// The version of a tenant's data as the registry and as the data database tell it.
    pub async fn versions(&self, slug: &str) -> (i64, i64) {
        let id = self.app.platform.registry.find_tenant(slug).await.unwrap().tenant.id;
        let placements = self.app.platform.registry.placements(id).await.unwrap();
        let sql = format!("SELECT version FROM tenantry.local_tenants WHERE id = '{id}'");
        (placements[0].version, one(&self.app.data().await, &sql).await)
    }

    /// The names of what stands in the schemas of the app: nothing where nothing was applied.
    pub async fn relations(&self) -> Vec<String> {
        let sql = "SELECT coalesce(array_agg(relnamespace::regnamespace || '.' || relname ORDER BY 1), '{}')::text[]
                   FROM pg_class WHERE relnamespace IN ('shared'::regnamespace, 'template'::regnamespace,
                     'global'::regnamespace) AND relkind IN ('r', 'v', 'S', 'm')";
        one(&self.app.data().await, sql).await
    }
}

pub async fn one<T: for<'a> FromSql<'a>>(client: &Client, sql: &str) -> T {
    client.query_one(sql, &[]).await.unwrap_or_else(|e| panic!("{sql}: {e:?}")).get(0)
}

/// The slug of the tenant of this isolation.
pub fn in_slug(isolation: Isolation) -> String {
    format!("in-{isolation}")
}
