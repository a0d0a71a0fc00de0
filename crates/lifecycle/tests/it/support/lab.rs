//! A laboratory: an app with one service, and two tenants A (attacker) and B (victim) in one isolation, set up by the
//! product itself on a server of the tests' own, since some attacks hurt a whole server.

use tenantry_domain::{Isolation, Layout, ServiceName, TenantId, TenantKeyType};
use tenantry_postgres::bootstrap::DatabaseKind;
use tenantry_postgres::harden;
use tenantry_postgres::ident::quote_ident;
use tenantry_postgres::server::Server;
use tenantry_postgres::tenant::home;
use tenantry_testkit::attack::Who;
use tenantry_testkit::{AppOptions, TestApp};
use tokio_postgres::{Client, NoTls};

use super::server;

/// What a laboratory is made of.
#[derive(Clone, Copy, Debug)]
pub struct Plan {
    pub isolation: Isolation,
    pub tenant_ddl: bool,
    pub key: TenantKeyType,
}

/// One tenant.
pub struct Tenant {
    pub id: TenantId,
    pub number: i32,
    pub role: String,
    pub owner: String,
    pub schema: String,
    pub database: String,
    pub url: String,
}

/// Two tenants side by side.
pub struct Lab {
    pub plan: Plan,
    pub layout: Layout,
    pub service: ServiceName,
    pub a: Tenant,
    pub b: Tenant,
    /// The superuser's URL of A's database.
    pub superuser: String,
    /// The superuser's URL of B's database.
    pub superuser_at_b: String,
    /// The app door's URL of the data database.
    pub door: String,
}

/// A laboratory without DDL for tenants and with UUIDs as keys.
pub async fn lab(isolation: Isolation) -> Lab {
    build(Plan { isolation, tenant_ddl: false, key: TenantKeyType::Uuid }).await
}

/// A laboratory to order.
pub async fn build(plan: Plan) -> Lab {
    let service: ServiceName = "main".parse().unwrap();
    let root = connect(&server::superuser("postgres").await).await;
    harden::server::close_maintenance_databases(&root).await.unwrap();
    let app = app(plan).await;
    let layout = app.platform.app.layout();
    root.batch_execute(&format!("ALTER ROLE {} PASSWORD 'secret'", quote_ident(&layout.app_role())))
        .await
        .unwrap();
    let a = tenant(&app, &root, "attacker", plan).await;
    let b = tenant(&app, &root, "victim", plan).await;
    rows(&a, ("OWN_A", "A"), "common", 10).await;
    rows(&b, ("SECRET_B", "B"), "rare_b", 300).await;
    let (superuser, superuser_at_b) =
        (server::superuser(&a.database).await, server::superuser(&b.database).await);
    connect(&superuser_at_b).await.batch_execute("ANALYZE").await.unwrap();
    let door = server::url(&layout.app_role(), &layout.data_database(&service)).await;
    Lab { plan, layout, service, a, b, superuser, superuser_at_b, door }
}

/// The app, set up as the product does it.
async fn app(plan: Plan) -> TestApp {
    let folder = tempfile::tempdir().unwrap();
    std::fs::write(folder.path().join("0001_shop.up.sql"), include_str!("shop.sql")).unwrap();
    let mut options = AppOptions::default().key(column(plan.key), plan.key);
    options.isolation.tenant_ddl = plan.tenant_ddl;
    options.global = vec!["countries".to_owned()];
    let server: Server = server::superuser("postgres").await.parse().unwrap();
    let app = TestApp::on(&server, folder.path(), options).await;
    app.migrator.up(&|_| {}).await.expect("apply the laboratory's migration");
    let layout = app.platform.app.layout();
    for kind in [DatabaseKind::Data, DatabaseKind::Template] {
        let database = match kind {
            DatabaseKind::Data => layout.data_database(&app.main()),
            DatabaseKind::Template => layout.template_database(&app.main()),
        };
        let client = connect(&server::superuser(&database).await).await;
        if has_query_statistics(&client).await {
            client.batch_execute("CREATE EXTENSION pg_stat_statements SCHEMA extensions").await.unwrap();
            harden::harden(&client, &layout, kind, plan.tenant_ddl).await.unwrap();
        }
    }
    app
}

/// A plain connection.
pub async fn connect(url: &str) -> Client {
    let (client, connection) = tokio_postgres::connect(url, NoTls).await.unwrap();
    tokio::spawn(connection);
    client
}

impl Lab {
    /// What kind of database the tenants' data stands in.
    pub fn kind(&self) -> DatabaseKind {
        kind(self.plan.isolation)
    }

    /// Where each one logs in.
    pub fn url(&self, who: Who) -> String {
        match who {
            Who::A => self.a.url.clone(),
            Who::B => self.b.url.clone(),
            Who::Super => self.superuser.clone(),
            Who::SuperAtB => self.superuser_at_b.clone(),
            Who::AAtVictim => self.a_at(&self.b.database),
            Who::AAtPostgres => self.a_at("postgres"),
            Who::AAtTemplate => self.a_at(&self.layout.template_database(&self.service)),
            Who::App => self.door.clone(),
        }
    }

    fn a_at(&self, database: &str) -> String {
        self.a.url.replace(&format!("/{}", self.a.database), &format!("/{database}"))
    }

    /// What the placeholders of attacks stand for.
    pub fn values(&self) -> Vec<(&'static str, String)> {
        let mut values = vec![
            ("group", quote_ident(&self.layout.group_role(self.plan.isolation))),
            ("group_name", self.layout.group_role(self.plan.isolation)),
            ("app_role", quote_ident(&self.layout.app_role())),
            ("platform", quote_ident(&self.layout.platform_role())),
            ("app_owner", quote_ident(&self.layout.owner_role())),
            ("data_database", quote_ident(&self.layout.data_database(&self.service))),
        ];
        for (prefix, t) in [("own", &self.a), ("victim", &self.b)] {
            let schema = quote_ident(&t.schema);
            values.extend(match prefix {
                "own" => vec![
                    ("own_schema", schema.clone()),
                    ("own_products", format!("{schema}.products")),
                    ("own_orders", format!("{schema}.orders")),
                    ("own_role", quote_ident(&t.role)),
                    ("own_role_name", t.role.clone()),
                    ("own_owner", quote_ident(&t.owner)),
                    ("own_database", quote_ident(&t.database)),
                    ("own_id", t.id.to_string()),
                ],
                _ => vec![
                    ("victim_schema", schema.clone()),
                    ("victim_products", format!("{schema}.products")),
                    ("victim_orders", format!("{schema}.orders")),
                    ("victim_role", quote_ident(&t.role)),
                    ("victim_role_name", t.role.clone()),
                    ("victim_owner_name", t.owner.clone()),
                    ("victim_schema_name", t.schema.clone()),
                    ("victim_database_name", t.database.clone()),
                    ("victim_owner", quote_ident(&t.owner)),
                    ("victim_database", quote_ident(&t.database)),
                    ("victim_id", t.id.to_string()),
                ],
            });
        }
        values
    }

    /// Runs a script as the superuser in A's database, and in B's where it is another one.
    pub async fn everywhere(&self, sql: &str) {
        let mut urls = vec![&self.superuser];
        if self.a.database != self.b.database {
            urls.push(&self.superuser_at_b);
        }
        for url in urls {
            connect(url).await.batch_execute(sql).await.unwrap_or_else(|e| panic!("{sql}: {e:?}"));
        }
    }
}

fn kind(isolation: Isolation) -> DatabaseKind {
    if isolation == Isolation::Database { DatabaseKind::Template } else { DatabaseKind::Data }
}

/// Whether the server has the extension `pg_stat_statements` and has loaded it.
pub async fn has_query_statistics(client: &Client) -> bool {
    let sql = "SELECT EXISTS (SELECT FROM pg_available_extensions WHERE name = 'pg_stat_statements')
        AND current_setting('shared_preload_libraries') LIKE '%pg_stat_statements%'";
    client.query_one(sql, &[]).await.unwrap().get(0)
}

/// The tenant column of laboratories with this type of key.
pub fn column(key: TenantKeyType) -> &'static str {
    if key == TenantKeyType::Uuid { "tenant_id" } else { "shop_id" }
}

/// A tenant, made as the product makes them, with a password that the tests know.
async fn tenant(app: &TestApp, root: &Client, slug: &str, plan: Plan) -> Tenant {
    let customer = app.tenant(slug, plan.isolation).await.tenant;
    let layout = app.platform.app.layout();
    let role = layout.tenant_role(&customer, plan.key);
    root.batch_execute(&format!("ALTER ROLE {} PASSWORD 'secret'", quote_ident(&role))).await.unwrap();
    let (database, schema) = home(&layout, &app.main(), customer.id, plan.isolation);
    let url = server::url(&role, &database).await;
    // Shared tables belong to the app's owner.
    let owner = match plan.isolation {
        Isolation::Shared => layout.owner_role(),
        Isolation::Schema | Isolation::Database => layout.tenant_owner_role(customer.id),
    };
    Tenant { id: customer.id, number: customer.number, role, owner, schema, database, url }
}

/// Rows of a tenant's own, written through its own login. The victim has more, and a few orders.
async fn rows(t: &Tenant, (mark, letter): (&str, &str), category: &str, count: i32) {
    let client = connect(&t.url).await;
    let products = format!("{}.products", quote_ident(&t.schema));
    let orders = format!("{}.orders", quote_ident(&t.schema));
    let script = format!(
        "INSERT INTO {products} (barcode, category, name, price)
           SELECT 'BAR_{letter}_' || g, '{category}', '{mark}_' || g, g FROM generate_series(1, {count}) g;
         INSERT INTO {orders} (product_id, qty) SELECT id, 1 FROM {products} ORDER BY id LIMIT 5;"
    );
    client.batch_execute(&script).await.unwrap_or_else(|e| panic!("{mark}: {e:?}"));
}
