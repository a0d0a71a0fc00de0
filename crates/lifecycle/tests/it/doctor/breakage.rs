//! Each finding: broken, found by its code alone, mended by its own SQL.

use std::collections::BTreeSet;

use tenantry_domain::Isolation;

use super::findings;
use crate::support::lab::{Lab, connect, lab};

/// What to break, and the finding that must show.
type Breakage = (&'static str, &'static str);

async fn check(lab: &Lab, cases: &[Breakage]) {
    let client = connect(&lab.superuser).await;
    for (code, sql) in cases {
        let values = lab.values();
        let sql = values.iter().fold((*sql).to_owned(), |s, (n, v)| s.replace(&format!("{{{n}}}"), v));
        client.batch_execute(&sql).await.unwrap_or_else(|e| panic!("{code}: {sql}: {e:?}"));
        let found = findings(lab, &client).await;
        let codes: BTreeSet<&str> = found.iter().map(|f| f.code).collect();
        assert_eq!(codes, BTreeSet::from([*code]), "after {sql}: {found:#?}");
        for finding in &found {
            assert!(!finding.object.is_empty() && !finding.danger.is_empty());
            client
                .batch_execute(&finding.mend)
                .await
                .unwrap_or_else(|e| panic!("{code}: {}: {e:?}", finding.mend));
        }
        assert_eq!(findings(lab, &client).await, [], "after the mend of {sql}");
    }
}

const SHARED: &[Breakage] = &[
    ("rls_disabled", "ALTER TABLE shared.orders DISABLE ROW LEVEL SECURITY"),
    ("rls_not_forced", "ALTER TABLE shared.orders NO FORCE ROW LEVEL SECURITY"),
    ("policy_missing", "DROP POLICY tenantry ON shared.orders"),
    ("policy_wrong", "ALTER POLICY tenantry ON shared.orders USING (true)"),
    ("policy_wrong", "ALTER POLICY tenantry ON shared.orders WITH CHECK (tenant_id IS NOT NULL)"),
    (
        "policy_wrong",
        "ALTER POLICY tenantry ON shared.orders USING (tenant_id = (SELECT tenantry.current_tenant()) OR qty IS NULL)",
    ),
    ("policy_wrong", "ALTER POLICY tenantry ON shared.orders TO {group}"),
    (
        "policy_wrong",
        "DROP POLICY tenantry ON shared.orders; CREATE POLICY tenantry ON shared.orders FOR SELECT USING (tenant_id = (SELECT tenantry.current_tenant()))",
    ),
    (
        "policy_wrong",
        "ALTER POLICY tenantry ON shared.orders USING (tenant_id = current_setting('app.current_tenant')::uuid)",
    ),
    ("policy_extra", "CREATE POLICY support ON shared.orders USING (true)"),
    // With policies of the app's own the boundary is restrictive: nothing is found until it goes or lets others through.
    ("policy_missing", "CREATE POLICY app ON shared.orders USING (true); DROP POLICY tenantry ON shared.orders"),
    ("policy_wrong", "ALTER POLICY \"!tenantry\" ON shared.orders USING (true)"),
    (
        "policy_wrong",
        "DROP POLICY \"!tenantry\" ON shared.orders; CREATE POLICY \"!tenantry\" ON shared.orders USING (tenant_id = (SELECT tenantry.current_tenant())) WITH CHECK (tenant_id = (SELECT tenantry.current_tenant()))",
    ),
    (
        "policy_extra",
        "DROP POLICY \"!tenantry\" ON shared.orders; CREATE POLICY tenantry ON shared.orders USING (tenant_id = (SELECT tenantry.current_tenant())) WITH CHECK (tenant_id = (SELECT tenantry.current_tenant()))",
    ),
    ("tenant_column", "ALTER TABLE shared.orders ALTER COLUMN tenant_id DROP DEFAULT"),
    (
        "tenant_column",
        "ALTER TABLE shared.orders DROP CONSTRAINT orders_pkey; ALTER TABLE shared.orders ALTER COLUMN tenant_id DROP NOT NULL",
    ),
    ("key_without_tenant", "ALTER TABLE shared.products ADD CONSTRAINT loose UNIQUE (name)"),
    ("key_without_tenant", "CREATE UNIQUE INDEX loose_index ON shared.products (lower(barcode)) WHERE price > 0"),
    ("key_without_tenant", "ALTER TABLE shared.orders ADD PRIMARY KEY (id, tenant_id)"),
    ("index_without_tenant", "CREATE INDEX loose_ordered ON shared.products (category) INCLUDE (name)"),
    (
        "foreign_key_without_tenant",
        "CREATE TABLE shared.lines (id bigint, product bigint, tenant_id uuid NOT NULL DEFAULT tenantry.current_tenant());
         ALTER TABLE shared.lines OWNER TO {app_owner};
         ALTER TABLE shared.lines ENABLE ROW LEVEL SECURITY; ALTER TABLE shared.lines FORCE ROW LEVEL SECURITY;
         CREATE POLICY tenantry ON shared.lines USING (tenant_id = (SELECT tenantry.current_tenant())) WITH CHECK (tenant_id = (SELECT tenantry.current_tenant()));
         CREATE UNIQUE INDEX lines_key ON shared.lines (tenant_id, id);
         ALTER TABLE shared.products ADD COLUMN line bigint, ADD COLUMN line_tenant uuid;
         ALTER TABLE shared.products ADD CONSTRAINT to_line FOREIGN KEY (line_tenant, line) REFERENCES shared.lines (tenant_id, id) ON DELETE SET NULL (line);
         CREATE TRIGGER \"!tenantry_cascade\" AFTER DELETE ON shared.lines FOR EACH ROW EXECUTE FUNCTION tenantry.cascade();
         CREATE TRIGGER \"!tenantry_cascaded_products\" BEFORE DELETE OR UPDATE ON shared.products FOR EACH ROW
           WHEN (NOT row_security_active('shared.products'::regclass)) EXECUTE FUNCTION tenantry.cascaded()",
    ),
    (
        "cascade_unguarded",
        "ALTER TABLE shared.products ADD COLUMN part bigint;
         ALTER TABLE shared.products ADD CONSTRAINT part FOREIGN KEY (tenant_id, part) REFERENCES shared.products (tenant_id, id) ON DELETE CASCADE;
         CREATE TRIGGER loose BEFORE DELETE ON shared.products FOR EACH ROW EXECUTE FUNCTION suppress_redundant_updates_trigger()",
    ),
    ("shared_guard", "DROP EVENT TRIGGER tenantry_guard_triggers"),
    ("view_not_invoker", "ALTER VIEW shared.product_names RESET (security_invoker)"),
    (
        "materialized_view_granted",
        "CREATE MATERIALIZED VIEW shared.top AS SELECT name FROM shared.products; GRANT SELECT ON shared.top TO {group}",
    ),
    ("shared_guard", "DROP EVENT TRIGGER tenantry_guard_shared"),
    ("shared_guard", "ALTER EVENT TRIGGER tenantry_guard_shared DISABLE"),
    ("shared_guard", "DROP EVENT TRIGGER tenantry_guard_drop"),
    ("shared_guard", "DROP EVENT TRIGGER tenantry_guard_policies"),
    ("definer_search_path", "ALTER FUNCTION shared.lookup(text) RESET search_path"),
    ("definer_search_path", "ALTER FUNCTION shared.lookup(text) SET search_path = shared"),
    ("definer_search_path", "ALTER FUNCTION shared.lookup(text) SET search_path = \"$user\", shared, pg_temp"),
    ("definer_of_superuser", "ALTER FUNCTION shared.lookup(text) OWNER TO postgres"),
    ("tenant_owns", "ALTER TABLE shared.orders OWNER TO {own_role}"),
    ("create_granted", "GRANT CREATE ON SCHEMA shared TO {group}"),
    ("create_granted", "GRANT CREATE ON SCHEMA extensions TO {own_role}"),
    ("database_granted", "GRANT CREATE ON DATABASE {own_database} TO {own_role}"),
    ("database_granted", "GRANT TEMPORARY ON DATABASE {own_database} TO {group}"),
    ("table_privilege", "GRANT TRUNCATE ON shared.orders TO {group}"),
    ("table_privilege", "GRANT REFERENCES, TRIGGER ON shared.orders TO {app_role}"),
    ("table_privilege", "GRANT TRIGGER ON global.countries TO {group}"),
    ("foreign_grant", "GRANT SELECT ON shared.orders TO {own_role}"),
    ("public_grant", "GRANT SELECT ON shared.orders TO PUBLIC"),
    ("public_grant", "GRANT USAGE ON SCHEMA shared TO PUBLIC"),
    ("public_grant", "GRANT EXECUTE ON FUNCTION shared.lookup(text) TO PUBLIC"),
    (
        "public_grant",
        "CREATE FUNCTION shared.fresh() RETURNS integer LANGUAGE sql AS 'SELECT 1'; ALTER FUNCTION shared.fresh() OWNER TO {app_owner}",
    ),
    ("sequence_granted", "GRANT USAGE ON SEQUENCE shared.orders_id_seq TO {group}"),
    ("global_writable", "GRANT INSERT ON global.countries TO {group}"),
    ("platform_granted", "GRANT SELECT ON tenantry.ledger TO {group}"),
    ("setting_drift", "ALTER ROLE {own_role} SET statement_timeout = '1ms'"),
    ("setting_drift", "ALTER ROLE {own_role} IN DATABASE {own_database} SET search_path = pg_catalog, shared"),
    ("role_powers", "ALTER ROLE {own_role} BYPASSRLS"),
    ("role_powers", "ALTER ROLE {group} CREATEROLE"),
    ("role_powers", "ALTER ROLE {own_owner} CREATEDB"),
    ("connections_unlimited", "ALTER ROLE {own_role} CONNECTION LIMIT -1"),
    ("role_membership", "GRANT {app_owner} TO {own_role}"),
    ("role_membership", "GRANT pg_read_all_data TO {own_role}"),
    ("role_membership", "GRANT {victim_role} TO {own_role}"),
    ("role_membership", "GRANT {victim_role} TO {app_owner}"),
    ("role_login", "ALTER ROLE {app_owner} LOGIN"),
    ("role_login", "ALTER ROLE {own_owner} LOGIN"),
];

const SCHEMA: &[Breakage] = &[
    ("view_not_invoker", "ALTER VIEW {own_schema}.product_names SET (security_invoker = false)"),
    ("definer_search_path", "ALTER FUNCTION {own_schema}.lookup(text) RESET search_path"),
    ("tenant_owns", "ALTER TABLE {own_orders} OWNER TO {own_role}"),
    ("create_granted", "GRANT CREATE ON SCHEMA {own_schema} TO {own_role}"),
    ("create_granted", "GRANT CREATE ON SCHEMA {own_schema} TO {group}"),
    ("foreign_grant", "GRANT SELECT ON {victim_products} TO {own_role}"),
    ("foreign_grant", "GRANT USAGE ON SCHEMA {victim_schema} TO {own_role}"),
    ("foreign_grant", "GRANT EXECUTE ON FUNCTION {victim_schema}.lookup(text) TO {own_role}"),
    ("foreign_grant", "GRANT SELECT ON {own_products} TO {group}"),
    ("public_grant", "GRANT USAGE ON SCHEMA {own_schema} TO PUBLIC"),
    (
        "setting_drift",
        "ALTER ROLE {own_role} IN DATABASE {own_database} SET search_path = {victim_schema}, global, extensions",
    ),
    ("setting_drift", "ALTER ROLE {own_role} IN DATABASE {own_database} SET work_mem = '1GB'"),
];

const DATABASE: &[Breakage] = &[
    ("view_not_invoker", "ALTER VIEW app.product_names RESET (security_invoker)"),
    ("tenant_owns", "ALTER TABLE app.orders OWNER TO {own_role}"),
    ("create_granted", "GRANT CREATE ON SCHEMA app TO {group}"),
    ("database_granted", "GRANT CONNECT ON DATABASE {own_database} TO {victim_role}"),
    ("database_granted", "GRANT CONNECT ON DATABASE {own_database} TO {group}"),
    ("database_granted", "GRANT TEMPORARY ON DATABASE {own_database} TO {own_role}"),
    ("public_grant", "GRANT SELECT ON app.orders TO PUBLIC"),
    ("global_misplaced", "DROP TABLE global.countries; CREATE TABLE app.countries (code text)"),
    ("hardening", "GRANT TEMPORARY ON DATABASE {own_database} TO PUBLIC"),
];

#[tokio::test]
async fn shared() {
    let lab = lab(Isolation::Shared).await;
    check(&lab, SHARED).await;
}

#[tokio::test]
async fn schema() {
    check(&lab(Isolation::Schema).await, SCHEMA).await;
}

#[tokio::test]
async fn database() {
    check(&lab(Isolation::Database).await, DATABASE).await;
}

/// A table made by hand, as if for one tenant: everything that is missing is named, and mended.
#[tokio::test]
async fn a_raw_table_among_shared_ones_is_mended() {
    let lab = lab(Isolation::Shared).await;
    let client = connect(&lab.superuser).await;
    client
        .batch_execute(
            "CREATE TABLE shared.raw (id bigint PRIMARY KEY, parent bigint REFERENCES shared.raw ON DELETE SET NULL, code text UNIQUE);
             CREATE INDEX ON shared.raw (parent)",
        )
        .await
        .unwrap();
    let found = findings(&lab, &client).await;
    let codes: BTreeSet<&str> = found.iter().map(|f| f.code).collect();
    let expected = [
        "foreign_key_without_tenant",
        "index_without_tenant",
        "key_without_tenant",
        "rls_disabled",
        "rls_not_forced",
        "tenant_column",
    ];
    assert_eq!(codes, BTreeSet::from(expected), "{found:#?}");
    // A mend may wait for another's (a key for its column): until nothing changes.
    for _ in 0..4 {
        for finding in findings(&lab, &client).await {
            let _ = client.batch_execute(&finding.mend).await;
        }
    }
    assert_eq!(findings(&lab, &client).await, []);
}
