//! Many small tenants in schema isolation, made by copying in SQL, as a fleet of some age has them.

use tenantry_domain::Isolation;
use tenantry_testkit::AppOptions;

use crate::folder::{Lab, one};

pub const FIRST: &str = "CREATE TABLE notes (id integer PRIMARY KEY, body text);";

/// An app with the first migration and so many copies.
pub async fn fleet(options: AppOptions, copies: usize) -> Lab {
    let lab = Lab::new(options).await;
    lab.apply("0001_first.up.sql", FIRST).await;
    copy(&lab, copies).await;
    lab
}

/// Options under which retries are quick.
pub fn quick() -> AppOptions {
    let mut options = AppOptions::default();
    options.limits.ddl_lock_ms_max = 100;
    options.limits.rollout_tries_max = 3;
    options.limits.rollout_backoff_ms = 10;
    options
}

/// Tenants `copy-1` and so on, at the template's version.
pub async fn copy(lab: &Lab, copies: usize) {
    let layout = lab.app.platform.app.layout();
    let data = lab.app.data().await;
    let sql = format!(
        "DO $$
         DECLARE id uuid; hex text;
         BEGIN
           FOR i IN 1..{copies} LOOP
             id := gen_random_uuid();
             hex := replace(id::text, '-', '');
             EXECUTE format('CREATE ROLE o_%s NOLOGIN IN ROLE {owners}', hex);
             EXECUTE format('CREATE SCHEMA tenant_%s AUTHORIZATION o_%1$s', hex);
             EXECUTE format('CREATE TABLE tenant_%s.notes (LIKE template.notes INCLUDING ALL)', hex);
             EXECUTE format('ALTER TABLE tenant_%s.notes OWNER TO o_%1$s', hex);
             INSERT INTO tenantry.local_tenants (id, key, isolation, schema_name, version, created_at)
             VALUES (id, id, 'schema', 'tenant_' || hex, 1, now() + make_interval(secs => i));
           END LOOP;
         END $$",
        owners = layout.tenant_owners_role(),
    );
    data.batch_execute(&sql).await.unwrap();
    let rows = data
        .query(
            "SELECT id::text FROM tenantry.local_tenants WHERE isolation = 'schema' ORDER BY created_at, id",
            &[],
        )
        .await
        .unwrap();
    let ids: Vec<String> = rows.iter().map(|r| r.get(0)).collect();
    let control = lab.app.platform.registry.client().await.unwrap();
    let database = layout.data_database(&lab.app.main());
    let sql = format!(
        "SET session_replication_role = replica;
         INSERT INTO tenantry.tenants (id, slug, name, status, isolation)
         SELECT i.id::uuid, 'copy-' || n, 'Copy', 'active', 'schema'
         FROM unnest(string_to_array('{ids}', ',')) WITH ORDINALITY AS i (id, n);
         INSERT INTO tenantry.placements (tenant, service, cluster, database, schema_name, isolation, version)
         SELECT id, 'main', 'local', '{database}', 'tenant_' || replace(id::text, '-', ''), 'schema', 1
         FROM tenantry.tenants WHERE slug LIKE 'copy-%';
         RESET session_replication_role;",
        ids = ids.join(","),
    );
    control.batch_execute(&sql).await.unwrap();
}

/// The text of migration number `n`, which every one of these is: a column and its index.
pub fn column(n: usize) -> String {
    format!("ALTER TABLE notes ADD COLUMN c{n} integer;\nCREATE INDEX notes_c{n} ON notes (c{n});\n")
}

/// The schema of a tenant.
pub async fn schema_of(lab: &Lab, slug: &str) -> String {
    let tenant = lab.app.platform.registry.find_tenant(slug).await.unwrap().tenant;
    lab.app.platform.app.layout().tenant_schema(tenant.id)
}

/// Gives a tenant a row that a NOT NULL constraint on `body` breaks at.
pub async fn spoil(lab: &Lab, slug: &str) {
    let schema = schema_of(lab, slug).await;
    lab.app.data().await.batch_execute(&format!("INSERT INTO {schema}.notes (id) VALUES (1)")).await.unwrap();
}

/// Mends that.
pub async fn mend(lab: &Lab, slug: &str) {
    let schema = schema_of(lab, slug).await;
    lab.app.data().await.batch_execute(&format!("DELETE FROM {schema}.notes")).await.unwrap();
}

/// How many copies hold which version by the data database's map. Each of them must really have the columns and indexes
/// of that version, all of them and no more.
pub async fn versions(lab: &Lab) -> Vec<(i64, i64)> {
    let data = lab.app.data().await;
    let torn: Vec<String> = one(
        &data,
        "SELECT coalesce(array_agg(format('%s: version %s, %s columns, %s indexes', t.id, t.version, c.columns, c.indexes)), '{}')
         FROM tenantry.local_tenants t,
           LATERAL (SELECT
             (SELECT count(*) FROM pg_attribute a JOIN pg_class r ON r.oid = a.attrelid
               WHERE r.relnamespace = n.oid AND r.relname = 'notes' AND a.attname ~ '^c[0-9]+$' AND NOT a.attisdropped) AS columns,
             (SELECT count(*) FROM pg_class r JOIN pg_index i ON i.indexrelid = r.oid
               WHERE r.relnamespace = n.oid AND r.relname ~ '^notes_c' AND i.indisvalid) AS indexes
             FROM pg_namespace n WHERE n.nspname = t.schema_name) c
         WHERE t.isolation = 'schema' AND (c.columns <> t.version - 1 OR c.indexes <> t.version - 1)",
    )
    .await;
    assert_eq!(torn, [""; 0], "every tenant is wholly at its version");
    let rows = data
        .query(
            "SELECT version, count(*) FROM tenantry.local_tenants WHERE isolation = 'schema' GROUP BY 1 ORDER BY 1",
            &[],
        )
        .await
        .unwrap();
    rows.iter().map(|r| (r.get(0), r.get(1))).collect()
}

/// The registry's view, which must be that of the data database once a rollout has ended.
pub async fn registry_agrees(lab: &Lab) {
    let registry = &lab.app.platform.registry;
    let counts = registry.version_counts().await.unwrap();
    let of_schema: Vec<(i64, i64)> = counts
        .iter()
        .filter(|c| c.isolation == Isolation::Schema.as_str())
        .map(|c| (c.version, c.tenants))
        .collect();
    assert_eq!(of_schema, versions(lab).await);
}
