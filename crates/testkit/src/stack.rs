//! An app on the test server: control database, data databases, engines; everything but the process.

use std::collections::BTreeMap;
use std::path::Path;
use std::sync::Arc;

use tenantry_domain::app::{ClusterSpec, IsolationSpec, Tables};
use tenantry_domain::{App, Isolation, JobId, Limits, Result, Service, ServiceName, TenantKeyType};
use tenantry_jobs::{Job, Worker};
use tenantry_lifecycle::Platform;
use tenantry_lifecycle::doctor::{Finding, check_database};
use tenantry_lifecycle::examine::context;
use tenantry_migrate::Migrator;
use tenantry_migrate::vary::Variations;
use tenantry_postgres::bootstrap::{DatabaseKind, ensure_control_database};
use tenantry_postgres::clusters::Clusters;
use tenantry_postgres::connect::connect;
use tenantry_postgres::pool::Pool;
use tenantry_postgres::server::Server;
use tenantry_registry::{NewTenant, Registry, TenantRow, migrations};
use tokio_postgres::Client;

use crate::names::unique_app_name;
use crate::server::server;

/// Who acts in tests.
pub const ACTOR: &str = "test";

/// An app on the test server with a name of its own. What it leaves there is swept by a later process.
pub struct TestApp {
    /// Its engines.
    pub platform: Platform,
    /// A worker for its jobs.
    pub worker: Worker,
    /// Its migrations.
    pub migrator: Migrator,
    _folder: Option<tempfile::TempDir>,
}

/// How a test's app differs from the default.
#[derive(Clone, Debug)]
pub struct AppOptions {
    /// `[isolation]`.
    pub isolation: IsolationSpec,
    /// `[tables] global`.
    pub global: Vec<String>,
    /// `[limits]`.
    pub limits: Limits,
}

impl Default for AppOptions {
    fn default() -> Self {
        let limits = Limits {
            connections_per_database_max: 24,
            blank_schemas_ready: 0,
            blank_databases_ready: 0,
            job_lease_seconds: 5,
            job_heartbeat_seconds: 1,
            ..Limits::default()
        };
        Self { isolation: IsolationSpec::default(), global: Vec::new(), limits }
    }
}

impl AppOptions {
    /// Another type of the tenant column.
    #[must_use]
    pub fn key(mut self, column: &str, key: TenantKeyType) -> Self {
        self.isolation.tenant_column = column.to_owned();
        self.isolation.tenant_key = key;
        self
    }
}

fn app(name: &str, migrations: &Path, options: AppOptions) -> App {
    let main: ServiceName = "main".parse().unwrap();
    let cluster =
        ClusterSpec { url: None, replicas: Vec::new(), region: None, engine: "postgres".to_owned() };
    let service = Service {
        name: main.clone(),
        migrations: migrations.to_path_buf(),
        layout: None,
        ignore: Vec::new(),
        cluster: None,
    };
    App {
        name: name.parse().unwrap(),
        control_url: None,
        clusters: BTreeMap::from([("local".parse().unwrap(), cluster)]),
        services: BTreeMap::from([(main, service)]),
        isolation: options.isolation,
        tables: Tables { global: options.global.into_iter().collect() },
        plans: BTreeMap::new(),
        http_listen: String::new(),
        gateway: tenantry_domain::app::GatewaySpec::default(),
        limits: options.limits,
    }
}

impl TestApp {
    /// An app with these migrations (file name and text) of service `main`, applied.
    pub async fn new(files: &[(&str, &str)], options: AppOptions) -> Self {
        let folder = tempfile::tempdir().unwrap();
        for (name, text) in files {
            std::fs::write(folder.path().join(name), text).unwrap();
        }
        let mut app = Self::without_migrations(folder.path(), options).await;
        app._folder = Some(folder);
        app.migrator.up(&|_| {}).await.expect("apply the test's migrations");
        app
    }

    /// An app with a folder of migrations for service `main`, prepared but not applied.
    pub async fn without_migrations(migrations: &Path, options: AppOptions) -> Self {
        let server = server().await.server();
        Self::on(server, migrations, options).await
    }

    /// The same on another server.
    pub async fn on(server: &Server, migrations: &Path, options: AppOptions) -> Self {
        Self::split(server, server, migrations, options).await
    }

    /// The same with its data on another server; the control database stays on the test server.
    pub async fn on_cluster(migrations: &Path, options: AppOptions, cluster: &Server) -> Self {
        Self::split(server().await.server(), cluster, migrations, options).await
    }

    async fn split(server: &Server, cluster: &Server, migrations: &Path, options: AppOptions) -> Self {
        let app = app(&unique_app_name(), migrations, options);
        let control = app.layout().control_database();
        let maintenance = connect(server, "postgres", "test").await.unwrap();
        ensure_control_database(&maintenance, &control).await.expect("create the control database");
        let mut client = connect(server, &control, "test").await.unwrap();
        migrations::up(&mut client).await.expect("prepare the control database");
        let this = Self::over(app, server, cluster);
        this.platform.registry.declare(&this.platform.app).await.expect("declare the app");
        this.migrator.prepare().await.expect("prepare the cluster");
        this.platform.mend_gateway_login().await.expect("make the gateway's login");
        this
    }

    /// The app of this name that another process has made, as a process of its own would open it.
    pub async fn attach(name: &str, options: AppOptions) -> Self {
        Self::attach_with(name, Path::new(""), options).await
    }

    /// The same with its folder of migrations.
    pub async fn attach_with(name: &str, migrations: &Path, options: AppOptions) -> Self {
        let server = server().await.server().clone();
        Self::over(app(name, migrations, options), &server, &server)
    }

    fn over(app: App, server: &Server, cluster: &Server) -> Self {
        let limit = app.limits.connections_per_database_max;
        let control = app.layout().control_database();
        let registry = Registry::new(Pool::new(server, &control, "test", limit).unwrap().driver());
        let clusters = Clusters::new(BTreeMap::from([("local".parse().unwrap(), cluster.clone())]), limit);
        let platform = Platform::new(app, registry, clusters);
        let worker = Self::worker_of(&platform);
        let migrator =
            Migrator::new(Arc::clone(&platform.app), platform.registry.clone(), platform.clusters.clone());
        Self { platform, worker, migrator, _folder: None }
    }

    /// A further worker, as another process would be.
    pub fn worker_of(platform: &Platform) -> Worker {
        let mut operations = tenantry_lifecycle::operations(platform);
        let (app, clusters) = (Arc::clone(&platform.app), platform.clusters.clone());
        let migrator = Migrator::new(app, platform.registry.clone(), clusters);
        operations.push(Arc::new(migrator.operation()));
        operations.extend(tenantry_migrate::vary::operations(&Self::variations_of(platform)));
        Worker::new(platform.registry.clone(), operations, platform.app.limits.clone())
    }

    /// What declares variations of its tenants.
    pub fn variations(&self) -> Variations {
        Self::variations_of(&self.platform)
    }

    fn variations_of(platform: &Platform) -> Variations {
        Variations::new(platform.app.clone(), platform.registry.clone(), platform.clusters.clone())
    }

    /// Runs a job to its end.
    pub async fn drive(&self, job: JobId) -> Result<Job> {
        self.worker.drive(job, &|_| {}).await
    }

    /// A new tenant, ready.
    pub async fn tenant(&self, slug: &str, isolation: Isolation) -> TenantRow {
        self.try_tenant(slug, isolation).await.expect("create the test's tenant")
    }

    /// The same, where it may fail.
    ///
    /// # Errors
    /// What the job says.
    pub async fn try_tenant(&self, slug: &str, isolation: Isolation) -> Result<TenantRow> {
        let new = NewTenant { isolation: Some(isolation), ..NewTenant::default() };
        let (_, job) = self.platform.registry.add_tenant(&slug.parse().unwrap(), &new, ACTOR).await.unwrap();
        self.drive(job).await?;
        self.platform.registry.find_tenant(slug).await
    }

    /// The service `main`.
    pub fn main(&self) -> ServiceName {
        "main".parse().unwrap()
    }

    /// A session of the tenant's own login.
    pub async fn login(&self, slug: &str) -> Client {
        let row = self.platform.registry.find_tenant(slug).await.unwrap();
        let credential = self.platform.credential(&row, &self.main()).await.expect("a credential");
        connect(&credential.server, &credential.database, "test tenant").await.expect("log in as the tenant")
    }

    /// What `doctor` finds in the catalog of the data database.
    pub async fn findings(&self) -> Vec<Finding> {
        let context = context(&self.platform, DatabaseKind::Data);
        check_database(&self.data().await, &context).await.unwrap()
    }

    /// A superuser's session in the data database.
    pub async fn data(&self) -> Client {
        let database = self.platform.app.layout().data_database(&self.main());
        connect(self.platform.clusters.server("local").unwrap(), &database, "test").await.unwrap()
    }
}
