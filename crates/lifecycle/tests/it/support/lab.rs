//! A laboratory: an app with one service, and two tenants A (attacker) and B (victim) in one isolation, made by hand as
//! DESIGN's isolation asks. The one place to change when tenants are made by the product itself.

use tenantry_domain::{
    AppName, Isolation, Layout, ServiceName, Tenant as Customer, TenantId, TenantKeyType, TenantStatus,
};
use tenantry_postgres::bootstrap::{self, DatabaseKind};
use tenantry_postgres::harden;
use tenantry_postgres::ident::{quote_ident, quote_literal};
use tenantry_postgres::sql::{Values, render};
use tenantry_testkit::attack::Who;
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
    let app: AppName = format!("lab-{}", &TenantId::random().hex()[..8]).parse().unwrap();
    let (layout, service) = (Layout::new(&app), "main".parse::<ServiceName>().unwrap());
    let root = connect(&server::superuser("postgres").await).await;
    bootstrap::lock_cluster(&root).await.unwrap();
    bootstrap::ensure_roles(&root, &layout).await.unwrap();
    root.batch_execute(&format!("ALTER ROLE {} PASSWORD 'secret'", quote_ident(&layout.app_role())))
        .await
        .unwrap();
    harden::server::close_maintenance_databases(&root).await.unwrap();
    let kinds = match plan.isolation {
        Isolation::Database => &[DatabaseKind::Data, DatabaseKind::Template][..],
        _ => &[DatabaseKind::Data],
    };
    for &kind in kinds {
        bootstrap::create_database(&root, &layout, &service, kind).await.unwrap();
        fill(plan, &layout, &service, kind).await;
    }
    // Ends the lock on set-up: other laboratories go on.
    drop(root);
    let root = connect(&server::superuser("postgres").await).await;
    let a = tenant(plan, &layout, &service, &root).await;
    let b = tenant(plan, &layout, &service, &root).await;
    rows(&a, ("OWN_A", "A"), "common", 10).await;
    rows(&b, ("SECRET_B", "B"), "rare_b", 300).await;
    let (superuser, superuser_at_b) =
        (server::superuser(&a.database).await, server::superuser(&b.database).await);
    connect(&superuser_at_b).await.batch_execute("ANALYZE").await.unwrap();
    let door = server::url(&layout.app_role(), &layout.data_database(&service)).await;
    Lab { plan, layout, service, a, b, superuser, superuser_at_b, door }
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

/// Schemas, functions, tables and hardening of the data database and the template.
async fn fill(plan: Plan, layout: &Layout, service: &ServiceName, kind: DatabaseKind) {
    let (name, tables) = match kind {
        DatabaseKind::Data => (layout.data_database(service), include_str!("tables_shared.sql")),
        DatabaseKind::Template => (layout.template_database(service), include_str!("tables_own.sql")),
    };
    let mut client = connect(&server::superuser(&name).await).await;
    bootstrap::fill_database(&mut client, layout, kind, plan.key).await.unwrap();
    let values = Values::default()
        .text("schema", kind.schema())
        .text("column", column(plan.key))
        .raw("key_type", plan.key.sql())
        .raw("current_tenant", plan.key.current_tenant_call());
    let script = format!(
        "SET ROLE {}; {} RESET ROLE;",
        quote_ident(&layout.owner_role()),
        render(tables, &values).unwrap()
    );
    client.batch_execute(&script).await.unwrap();
    if has_query_statistics(&client).await {
        client.batch_execute("CREATE EXTENSION pg_stat_statements SCHEMA extensions").await.unwrap();
    }
    harden::harden(&client, layout, kind, plan.tenant_ddl).await.unwrap();
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

async fn tenant(plan: Plan, layout: &Layout, service: &ServiceName, root: &Client) -> Tenant {
    let id = TenantId::random();
    let customer = Customer {
        id,
        slug: "lab".parse().unwrap(),
        name: String::new(),
        status: TenantStatus::Active,
        isolation: plan.isolation,
        plan: None,
        region: None,
        number: i32::try_from(id.uuid().as_u128() >> 98).unwrap() + 1,
        settings: serde_json::Value::Null,
    };
    let role = layout.tenant_role(&customer, plan.key);
    let (schema, database) = match plan.isolation {
        Isolation::Shared => ("shared".to_owned(), layout.data_database(service)),
        Isolation::Schema => (layout.tenant_schema(id), layout.data_database(service)),
        Isolation::Database => ("app".to_owned(), layout.tenant_database(service, id)),
    };
    let url = server::url(&role, &database).await;
    let owner = layout.tenant_owner_role(id);
    let tenant = Tenant { id, number: customer.number, role, owner, schema, database, url };
    login(plan, layout, root, &tenant).await;
    match plan.isolation {
        Isolation::Shared => {}
        Isolation::Schema => own_schema(plan, layout, &tenant).await,
        Isolation::Database => own_database(plan, layout, service, root, &tenant).await,
    }
    tenant
}

/// The tenant's login and the owner of its objects.
async fn login(plan: Plan, layout: &Layout, root: &Client, t: &Tenant) {
    let none = "NOSUPERUSER NOBYPASSRLS NOCREATEROLE NOCREATEDB NOREPLICATION";
    let script = format!(
        "CREATE ROLE {role} LOGIN {none} CONNECTION LIMIT 20 PASSWORD 'secret' IN ROLE {group};
         CREATE ROLE {owner} NOLOGIN {none} IN ROLE {owners};",
        role = quote_ident(&t.role),
        group = quote_ident(&layout.group_role(plan.isolation)),
        owner = quote_ident(&t.owner),
        owners = quote_ident(&layout.tenant_owners_role()),
    );
    root.batch_execute(&script).await.unwrap();
}

async fn own_schema(plan: Plan, layout: &Layout, t: &Tenant) {
    let client = connect(&server::superuser(&t.database).await).await;
    let tables =
        render(include_str!("tables_own.sql"), &Values::default().text("schema", &t.schema)).unwrap();
    let (schema, role, owner) = (quote_ident(&t.schema), quote_ident(&t.role), quote_ident(&t.owner));
    let script = format!(
        "CREATE SCHEMA {schema} AUTHORIZATION {owner};
         SET ROLE {owner};
         ALTER DEFAULT PRIVILEGES REVOKE EXECUTE ON FUNCTIONS FROM PUBLIC;
         {tables}
         GRANT USAGE ON SCHEMA {schema} TO {role};
         GRANT SELECT, INSERT, UPDATE, DELETE ON ALL TABLES IN SCHEMA {schema} TO {role};
         GRANT USAGE, SELECT, UPDATE ON ALL SEQUENCES IN SCHEMA {schema} TO {role};
         GRANT EXECUTE ON ALL FUNCTIONS IN SCHEMA {schema} TO {role};
         RESET ROLE;
         ALTER ROLE {role} IN DATABASE {database} SET search_path = {schema}, global, extensions;
         INSERT INTO tenantry.local_tenants (id, key, isolation, schema_name) VALUES ({id}, {key}, 'schema', {name});
         {ddl}",
        database = quote_ident(&t.database),
        id = quote_literal(&t.id.to_string()),
        key = if plan.key == TenantKeyType::Uuid { quote_literal(&t.id.to_string()) } else { t.number.to_string() },
        name = quote_literal(&t.schema),
        ddl = if plan.tenant_ddl { format!("GRANT CREATE ON SCHEMA {schema} TO {role};") } else { String::new() },
    );
    client.batch_execute(&script).await.unwrap_or_else(|e| panic!("{}: {e:?}", layout.key()));
}

async fn own_database(plan: Plan, layout: &Layout, service: &ServiceName, root: &Client, t: &Tenant) {
    let (database, role) = (quote_ident(&t.database), quote_ident(&t.role));
    let template = quote_ident(&layout.template_database(service));
    root.batch_execute(&format!("CREATE DATABASE {database} TEMPLATE {template} STRATEGY wal_log"))
        .await
        .unwrap();
    root.batch_execute(&format!(
        "REVOKE ALL ON DATABASE {database} FROM PUBLIC; GRANT CONNECT ON DATABASE {database} TO {role};
         ALTER DATABASE {database} SET search_path = app, global, extensions"
    ))
    .await
    .unwrap();
    if plan.tenant_ddl {
        let client = connect(&server::superuser(&t.database).await).await;
        client.batch_execute(&format!("GRANT CREATE ON SCHEMA app TO {role}")).await.unwrap();
    }
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
