//! `doctor`: a healthy laboratory has no findings; what is broken is found, by exactly the finding meant, and the mend
//! that comes with it mends it.

use std::collections::BTreeSet;

use tenantry_domain::{Isolation, TenantKeyType};
use tenantry_lifecycle::doctor::attack::{Ground, TenantAccess, attack};
use tenantry_lifecycle::doctor::{DoctorContext, Finding, check_database, check_server};
use tokio_postgres::Client;

use crate::support::lab::{Lab, Plan, Tenant, build, column, connect, lab};

mod breakage;

/// What the checks of a laboratory compare with.
pub fn context(lab: &Lab) -> DoctorContext {
    DoctorContext {
        layout: lab.layout.clone(),
        kind: lab.kind(),
        tenant_column: column(lab.plan.key).to_owned(),
        tenant_key: lab.plan.key,
        tenant_ddl: lab.plan.tenant_ddl,
        global_tables: BTreeSet::from(["countries".to_owned()]),
        tenant_connections_max: 20,
    }
}

/// Findings of database and server, but for other laboratories' on the same server.
pub async fn findings(lab: &Lab, client: &Client) -> Vec<Finding> {
    let context = context(lab);
    let mut found = check_database(client, &context).await.unwrap();
    let server = check_server(client, &context).await.unwrap();
    found.extend(server.into_iter().filter(|f| f.code != "server" || !f.object.starts_with("database lab_")));
    found
}

#[tokio::test]
async fn a_healthy_laboratory_has_no_findings() {
    for isolation in Isolation::ALL {
        for (tenant_ddl, key) in [(false, TenantKeyType::Uuid), (true, TenantKeyType::Integer)] {
            let lab = build(Plan { isolation, tenant_ddl, key }).await;
            let client = connect(&lab.superuser).await;
            assert_eq!(findings(&lab, &client).await, [], "{isolation} {tenant_ddl} {key}");
        }
    }
}

/// Tried with every object, as a join would have it, these roles take a minute; looked up, a fraction of a second.
#[tokio::test]
async fn grants_are_looked_through_quickly_among_thousands_of_tenants() {
    let lab = build(Plan { isolation: Isolation::Schema, tenant_ddl: false, key: TenantKeyType::Uuid }).await;
    let client = connect(&lab.superuser).await;
    let check = include_str!("../../src/doctor/foreign_grant.sql");
    let check = check.replace(":own_database", "false").replace("(:groups)", "('{}'::text[])");
    client
        .batch_execute(
            "BEGIN; SET LOCAL statement_timeout = '10s';
             DO $$ BEGIN FOR i IN 1..5000 LOOP EXECUTE 'CREATE ROLE t_' || md5(i::text); END LOOP; END $$",
        )
        .await
        .unwrap();
    client.batch_execute(&check).await.unwrap();
    client.batch_execute("ROLLBACK").await.unwrap();
}

#[tokio::test]
async fn objects_of_tenants_that_may_create_are_no_findings() {
    for isolation in [Isolation::Schema, Isolation::Database] {
        let lab = build(Plan { isolation, tenant_ddl: true, key: TenantKeyType::Uuid }).await;
        let a = connect(&lab.a.url).await;
        a.batch_execute(
            "CREATE TABLE mine (id bigint PRIMARY KEY); CREATE VIEW seen AS SELECT * FROM mine;
             CREATE FUNCTION act() RETURNS integer LANGUAGE sql SECURITY DEFINER AS 'SELECT 1'",
        )
        .await
        .unwrap();
        let client = connect(&lab.superuser).await;
        assert_eq!(findings(&lab, &client).await, [], "{isolation}");
    }
}

fn access<'a>(lab: &Lab, tenant: &Tenant, client: &'a Client) -> TenantAccess<'a> {
    let key =
        if lab.plan.key == TenantKeyType::Uuid { tenant.id.to_string() } else { tenant.number.to_string() };
    TenantAccess {
        client,
        id: tenant.id,
        key,
        role: tenant.role.clone(),
        schema: tenant.schema.clone(),
        database: tenant.database.clone(),
    }
}

async fn attacks(lab: &Lab) -> Vec<Finding> {
    let (a, b) = (connect(&lab.a.url).await, connect(&lab.b.url).await);
    let ground = Ground {
        isolation: lab.plan.isolation,
        tenant_column: column(lab.plan.key).to_owned(),
        app_owner: lab.layout.owner_role(),
        tenant_ddl: lab.plan.tenant_ddl,
    };
    let intrusion = if lab.a.database == lab.b.database {
        None
    } else {
        let url = lab.a.url.replace(&lab.a.database, &lab.b.database);
        Some(tokio_postgres::connect(&url, tokio_postgres::NoTls).await.map(|(client, connection)| {
            tokio::spawn(connection);
            client
        }))
    };
    attack(&access(lab, &lab.a, &a), &access(lab, &lab.b, &b), &ground, intrusion).await.unwrap()
}

#[tokio::test]
async fn live_attacks_find_nothing_in_a_healthy_laboratory() {
    for isolation in Isolation::ALL {
        let lab = lab(isolation).await;
        assert_eq!(attacks(&lab).await, [], "{isolation}");
        let b = connect(&lab.b.url).await;
        let sql = format!("SELECT count(*) FROM \"{}\".products", lab.b.schema);
        assert_eq!(
            b.query_one(&sql, &[]).await.unwrap().get::<_, i64>(0),
            300,
            "{isolation}: nothing changed"
        );
    }
}

/// Breaks one thing after the other in one laboratory: the attack named works then, and no longer after the repair.
async fn check_attacks(isolation: Isolation, cases: &[(&str, &str, &str)]) {
    let lab = lab(isolation).await;
    for (name, break_sql, mend_sql) in cases {
        let fill = |sql: &str| {
            let values = lab.values();
            values.iter().fold(sql.to_owned(), |s, (name, value)| s.replace(&format!("{{{name}}}"), value))
        };
        let root = connect(&lab.superuser_at_b).await;
        root.batch_execute(&fill(break_sql)).await.unwrap();
        let found = attacks(&lab).await;
        assert!(
            found.iter().any(|f| f.object.starts_with(name)),
            "{isolation}: {name} unnoticed: {found:#?}"
        );
        root.batch_execute(&fill(mend_sql)).await.unwrap();
        assert_eq!(attacks(&lab).await, [], "{isolation}: {name}");
    }
}

#[tokio::test]
async fn live_attacks_work_where_shared_tables_are_open() {
    let open = (
        "ALTER TABLE shared.products DISABLE ROW LEVEL SECURITY",
        "ALTER TABLE shared.products ENABLE ROW LEVEL SECURITY",
    );
    check_attacks(
        Isolation::Shared,
        &[
            ("read_rows on shared.products", open.0, open.1),
            ("change_rows on shared.products", open.0, open.1),
            ("plant_row on shared.products", open.0, open.1),
            ("block_rows on shared.products", open.0, open.1),
            (
                "delete_rows on shared.orders",
                "ALTER TABLE shared.orders DISABLE ROW LEVEL SECURITY",
                "ALTER TABLE shared.orders ENABLE ROW LEVEL SECURITY",
            ),
            ("truncate_table on shared.orders", "GRANT TRUNCATE ON shared.orders TO {group}", "REVOKE TRUNCATE ON shared.orders FROM {group}"),
            ("become_victim", "GRANT {victim_role} TO {own_role}", "REVOKE {victim_role} FROM {own_role}"),
            ("become_owner", "GRANT {app_owner} TO {own_role}", "REVOKE {app_owner} FROM {own_role}"),
            ("advisory_lock", "GRANT EXECUTE ON FUNCTION pg_try_advisory_xact_lock(bigint) TO PUBLIC", "REVOKE EXECUTE ON FUNCTION pg_try_advisory_xact_lock(bigint) FROM PUBLIC"),
            ("sizes", "GRANT EXECUTE ON FUNCTION pg_total_relation_size(regclass) TO PUBLIC", "REVOKE EXECUTE ON FUNCTION pg_total_relation_size(regclass) FROM PUBLIC"),
            ("role_settings", "GRANT SELECT (rolconfig) ON pg_roles TO PUBLIC", "REVOKE SELECT (rolconfig) ON pg_roles FROM PUBLIC"),
            ("large_object", "GRANT EXECUTE ON FUNCTION lo_creat(integer) TO PUBLIC", "REVOKE EXECUTE ON FUNCTION lo_creat(integer) FROM PUBLIC"),
            ("platform_tables", "GRANT SELECT ON tenantry.local_tenants TO {group}", "REVOKE SELECT ON tenantry.local_tenants FROM {group}"),
            ("temporary_table", "GRANT TEMPORARY ON DATABASE {own_database} TO PUBLIC", "REVOKE TEMPORARY ON DATABASE {own_database} FROM PUBLIC"),
            ("create_schema", "GRANT CREATE ON DATABASE {own_database} TO {own_role}", "REVOKE CREATE ON DATABASE {own_database} FROM {own_role}"),
            ("create_role", "ALTER ROLE {own_role} CREATEROLE", "ALTER ROLE {own_role} NOCREATEROLE"),
            ("run_program", "GRANT pg_execute_server_program TO {own_role}", "REVOKE pg_execute_server_program FROM {own_role}"),
            ("authorize_as_victim", "ALTER ROLE {own_role} SUPERUSER", "ALTER ROLE {own_role} NOSUPERUSER"),
            (
                "statistics",
                "GRANT SELECT ON pg_stat_activity TO PUBLIC; GRANT EXECUTE ON FUNCTION pg_stat_get_activity(integer) TO PUBLIC",
                "REVOKE SELECT ON pg_stat_activity FROM PUBLIC; REVOKE EXECUTE ON FUNCTION pg_stat_get_activity(integer) FROM PUBLIC",
            ),
        ],
    )
    .await;
}

#[tokio::test]
async fn live_attacks_work_where_schemas_and_databases_are_open() {
    let open = (
        "GRANT USAGE ON SCHEMA {victim_schema} TO {own_role}; GRANT SELECT, UPDATE, TRUNCATE ON ALL TABLES IN SCHEMA {victim_schema} TO {own_role}",
        "REVOKE USAGE ON SCHEMA {victim_schema} FROM {own_role}; REVOKE ALL ON ALL TABLES IN SCHEMA {victim_schema} FROM {own_role}",
    );
    let names = [
        "read_table on tenant_",
        "change_table on tenant_",
        "lock_table on tenant_",
        "truncate_table on tenant_",
    ];
    check_attacks(Isolation::Schema, &names.map(|n| (n, open.0, open.1))).await;
    check_attacks(
        Isolation::Database,
        &[(
            "intrude",
            "GRANT CONNECT ON DATABASE {victim_database} TO {own_role}",
            "REVOKE CONNECT ON DATABASE {victim_database} FROM {own_role}",
        )],
    )
    .await;
}
