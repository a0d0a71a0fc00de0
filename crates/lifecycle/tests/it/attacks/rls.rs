//! Reading and writing rows of others in shared tables, and tables of others elsewhere.

use tenantry_testkit::attack::Expect::{Done, NoRows, Refused, Shows, SomeRows, Touched, Value};
use tenantry_testkit::attack::{ALL, Attack, DATABASE, OWN_TABLES, SCHEMA, SHARED, Who, attack};

const DENIED: &[&str] = &["42501"];

pub fn cases() -> Vec<Attack> {
    [reading(), ownership(), own_policies(), functions(), writing(), copying(), privileges()].concat()
}

fn reading() -> Vec<Attack> {
    let own = "SELECT name FROM {own_products} WHERE name LIKE 'OWN%'";
    vec![
        attack("S01", "a plain SELECT of the victim's rows", SHARED)
            .tries("SELECT name FROM {victim_products} WHERE name LIKE 'SECRET%'", NoRows)
            .tries("SELECT count(*) FROM {victim_products} WHERE tenant_id = '{victim_id}'", Value("0"))
            .tries("SELECT count(*) FROM {victim_products} WHERE category = 'rare_b'", Value("0"))
            .twin(Who::A, own, SomeRows),
        attack("S01", "a plain SELECT of the victim's table", SCHEMA)
            .refused("SELECT name FROM {victim_products} LIMIT 1", DENIED)
            .refused("UPDATE {victim_products} SET price = 0", DENIED)
            .refused("DELETE FROM {victim_products}", DENIED)
            .refused("INSERT INTO {victim_products} (barcode) VALUES ('x')", DENIED)
            .refused("TRUNCATE {victim_products}", DENIED)
            .refused("SELECT {victim_schema}.lookup('%')", DENIED)
            .refused("SELECT * FROM shared.products", DENIED)
            .refused("SELECT * FROM template.products", DENIED)
            .twin(Who::A, own, SomeRows),
        attack("S89", "a table of another database", DATABASE)
            .refused("SELECT name FROM {victim_database}.app.products LIMIT 1", &["0A000"])
            .twin(Who::A, own, SomeRows),
        attack("S21", "a view reads as who asks", SHARED)
            .tries("SELECT name FROM shared.product_names WHERE name LIKE 'SECRET%'", NoRows)
            .twin(Who::A, "SELECT name FROM shared.product_names WHERE name LIKE 'OWN%'", SomeRows),
        attack("S22", "a materialized view knows no row security", SHARED)
            .first(Who::Super, "CREATE MATERIALIZED VIEW shared.top AS SELECT name FROM shared.products")
            .refused("SELECT name FROM shared.top", DENIED)
            .twin(Who::Super, "SELECT name FROM shared.top", SomeRows)
            .twin(Who::Super, "DROP MATERIALIZED VIEW shared.top", Done),
        attack("S42", "SET row_security = off", SHARED)
            .tries("SET row_security = off", Done)
            .refused("SELECT name FROM shared.products", DENIED)
            .twin(Who::A, "SET row_security = on", Done)
            .twin(Who::A, own, SomeRows),
        attack("X05", "Tenantry's own tables", ALL)
            .refused("SELECT * FROM tenantry.local_tenants", DENIED)
            .refused("SELECT * FROM tenantry.ledger", DENIED)
            .refused("SELECT * FROM tenantry.fences", DENIED)
            .refused("SELECT * FROM tenantry.counters", DENIED)
            .refused("SELECT tenantry.check_fence(1, 1)", DENIED)
            .refused("SELECT tenantry.advance(1, 1::smallint, 1, 1, 1, 2, false)", DENIED)
            .refused("UPDATE tenantry.ledger SET version = 0", DENIED)
            .twin(Who::A, "SELECT tenantry.current_tenant() = '{own_id}'", Value("t"))
            .twin(
                Who::Super,
                "SELECT * FROM tenantry.local_tenants, tenantry.ledger, tenantry.counters",
                Done,
            ),
    ]
}

fn ownership() -> Vec<Attack> {
    let rolled_back = |case: Attack, sql| {
        case.twin(Who::Super, "BEGIN", Done).twin(Who::Super, sql, Done).twin(Who::Super, "ROLLBACK", Done)
    };
    vec![
        attack("S18", "a tenant owns nothing", ALL)
            .tries("SELECT relname FROM pg_class WHERE relowner = '{own_role_name}'::regrole", NoRows)
            .tries("SELECT nspname FROM pg_namespace WHERE nspowner = '{own_role_name}'::regrole", NoRows)
            .tries("SELECT datname FROM pg_database WHERE datdba = '{own_role_name}'::regrole", NoRows)
            .twin(
                Who::A,
                "SELECT relname FROM pg_class WHERE relowner <> '{own_role_name}'::regrole",
                SomeRows,
            ),
        rolled_back(
            attack("S19", "row security switched off", SHARED)
                .refused("ALTER TABLE shared.products DISABLE ROW LEVEL SECURITY", DENIED)
                .refused("ALTER TABLE shared.products NO FORCE ROW LEVEL SECURITY", DENIED)
                .refused("DROP POLICY tenantry ON shared.products", DENIED),
            "ALTER TABLE shared.products DISABLE ROW LEVEL SECURITY",
        ),
        rolled_back(
            attack("S20", "a permissive policy more", SHARED)
                .refused("CREATE POLICY evil ON shared.products USING (true)", DENIED)
                .refused("ALTER POLICY tenantry ON shared.products USING (true)", DENIED),
            "CREATE POLICY evil ON shared.products USING (true)",
        ),
    ]
}

const WIDE: &str = "DROP POLICY tenantry ON shared.products;
  CREATE POLICY \"!tenantry\" ON shared.products AS RESTRICTIVE USING (tenant_id = (SELECT tenantry.current_tenant()))
    WITH CHECK (tenant_id = (SELECT tenantry.current_tenant()));
  CREATE POLICY tenantry_open ON shared.products TO {app_owner} USING (true) WITH CHECK (true);
  CREATE POLICY wide ON shared.products USING (true);
  CREATE POLICY readers ON shared.products FOR SELECT TO public USING (true);
  CREATE POLICY writers ON shared.products FOR INSERT WITH CHECK (true)";

const BACK: &str = "DROP POLICY tenantry_open ON shared.products; DROP POLICY wide ON shared.products;
  DROP POLICY readers ON shared.products; DROP POLICY writers ON shared.products; DROP POLICY \"!tenantry\" ON shared.products;
  CREATE POLICY tenantry ON shared.products USING (tenant_id = (SELECT tenantry.current_tenant()))
    WITH CHECK (tenant_id = (SELECT tenantry.current_tenant()))";

/// An app that has policies of its own, each as wide as it can be, on a table that migrations have brought to the form of
/// `docs/shapes.md`.
fn own_policies() -> Vec<Attack> {
    vec![
        attack("X13", "the app's own policies, as wide as they can be", SHARED)
            .first(Who::Super, WIDE)
            .tries("SELECT name FROM shared.products WHERE name LIKE 'SECRET%'", NoRows)
            .tries("SELECT count(*) FROM shared.products WHERE tenant_id = '{victim_id}'", Value("0"))
            .tries("SELECT name FROM shared.product_names WHERE name LIKE 'SECRET%'", NoRows)
            .tries("UPDATE shared.products SET price = 0 WHERE tenant_id = '{victim_id}'", Touched(0))
            .tries("DELETE FROM shared.products WHERE name LIKE 'SECRET%'", Touched(0))
            .refused("UPDATE shared.products SET tenant_id = '{victim_id}'", DENIED)
            .refused(
                "INSERT INTO shared.products (barcode, tenant_id) VALUES ('EVIL', '{victim_id}')",
                DENIED,
            )
            .refused("CREATE POLICY wider ON shared.products USING (true)", DENIED)
            .refused("DROP POLICY \"!tenantry\" ON shared.products", DENIED)
            .meanwhile(Who::B, "SELECT count(*) FROM shared.products", Value("300"))
            .twin(Who::A, "SELECT count(*) FROM shared.products", Value("10"))
            .twin(Who::A, "UPDATE shared.products SET price = 10 WHERE barcode = 'BAR_A_10'", Touched(1))
            .twin(Who::A, "INSERT INTO shared.products (barcode) VALUES ('FINE')", Touched(1))
            .twin(Who::A, "DELETE FROM shared.products WHERE barcode = 'FINE'", Touched(1))
            .twin(Who::Super, BACK, Done),
    ]
}

fn functions() -> Vec<Attack> {
    let leak = "CREATE FUNCTION extensions.leak(text) RETURNS boolean LANGUAGE plpgsql COST 0.0000000001 AS $$ BEGIN RAISE NOTICE 'saw %', $1; RETURN true; END $$";
    vec![
        attack("S23", "a cheap function of one's own in front of the policy", ALL)
            .refused(
                "CREATE FUNCTION pg_temp.leak(text) RETURNS boolean LANGUAGE plpgsql AS $$ BEGIN RETURN true; END $$",
                DENIED,
            )
            .twin(
                Who::Super,
                "CREATE FUNCTION pg_temp.leak(text) RETURNS boolean LANGUAGE plpgsql AS $$ BEGIN RETURN true; END $$",
                Done,
            ),
        attack("S24", "a cheap, chatty function sees own rows only", SHARED)
            .first(Who::Super, leak)
            .first(Who::Super, "GRANT EXECUTE ON FUNCTION extensions.leak(text) TO {group}")
            .tries("SELECT count(*) FROM shared.products WHERE extensions.leak(name)", Done)
            .tries("SELECT count(*) FROM shared.product_names WHERE extensions.leak(name)", Done)
            .twin(Who::A, "SELECT count(*) FROM shared.products WHERE extensions.leak(name)", Shows("saw OWN_A_1"))
            .twin(Who::Super, "DROP FUNCTION extensions.leak(text)", Done),
        attack("S25", "a LEAKPROOF function", ALL)
            .refused(
                "CREATE FUNCTION {own_schema}.lp(text) RETURNS boolean LANGUAGE sql LEAKPROOF AS 'SELECT true'",
                DENIED,
            )
            .twin(Who::Super, "BEGIN", Done)
            .twin(
                Who::Super,
                "CREATE FUNCTION {own_schema}.lp(text) RETURNS boolean LANGUAGE sql LEAKPROOF AS 'SELECT true'",
                Done,
            )
            .twin(Who::Super, "ROLLBACK", Done),
        attack("S26", "errors that quote hidden values", SHARED)
            .refused("SELECT count(*) FROM shared.products WHERE name::integer > 0", &["22P02"])
            .refused("SELECT count(*) FROM shared.products WHERE 1 / (price - price) > 0", &["22012"])
            .twin(Who::A, "SELECT count(*) FROM shared.products WHERE length(name) > 0", SomeRows),
        attack("S27", "a temporary table that a definer function would read", ALL)
            .refused("CREATE TEMPORARY TABLE products (name text)", DENIED)
            .tries("SELECT {own_schema}.lookup('SECRET%') IS NULL", Value("t"))
            .twin(Who::A, "SELECT {own_schema}.lookup('OWN%')", Value("OWN_A_9")),
        attack("S28", "a temporary view that makes a definer function run one's code", ALL)
            .refused("CREATE TEMPORARY VIEW products AS SELECT 'x'::text AS name", DENIED)
            .tries("SET search_path = pg_temp, pg_catalog", Done)
            .tries("SELECT {own_schema}.lookup('OWN%')", Value("OWN_A_9"))
            .twin(Who::Super, "CREATE TEMPORARY VIEW products AS SELECT 'x'::text AS name", Done),
    ]
}

fn writing() -> Vec<Attack> {
    vec![
        attack("S34", "a row planted at the victim's", SHARED)
            .refused("INSERT INTO shared.products (barcode, tenant_id) VALUES ('EVIL', '{victim_id}')", DENIED)
            .twin(Who::A, "INSERT INTO shared.products (barcode, tenant_id) VALUES ('FINE', '{own_id}')", Touched(1))
            .twin(Who::A, "DELETE FROM shared.products WHERE barcode = 'FINE'", Touched(1)),
        attack("S35", "an own row moved to the victim", SHARED)
            .refused("UPDATE shared.products SET tenant_id = '{victim_id}' WHERE barcode = 'BAR_A_10'", DENIED)
            .twin(Who::A, "UPDATE shared.products SET price = 10 WHERE barcode = 'BAR_A_10'", Touched(1)),
        attack("S41", "MERGE over hidden rows", SHARED)
            .tries(
                "MERGE INTO shared.products p USING (VALUES ('BAR_B_10')) s (b) ON p.barcode = s.b WHEN MATCHED THEN UPDATE SET name = 'EVIL'",
                Touched(0),
            )
            .meanwhile(Who::B, "SELECT name FROM shared.products WHERE barcode = 'BAR_B_10'", Value("SECRET_B_10"))
            .twin(
                Who::A,
                "MERGE INTO shared.products p USING (VALUES ('BAR_A_10')) s (b) ON p.barcode = s.b WHEN MATCHED THEN UPDATE SET price = 10",
                Touched(1),
            ),
        attack("X06", "UPDATE and DELETE of everything", SHARED)
            .tries("BEGIN", Done)
            .tries("DELETE FROM shared.orders", Touched(5))
            .tries("UPDATE shared.products SET price = 0", Touched(10))
            .tries("DELETE FROM shared.products WHERE name LIKE 'SECRET%'", Touched(0))
            .tries("ROLLBACK", Done)
            .meanwhile(Who::B, "SELECT count(*) FROM shared.products", Value("300"))
            .twin(Who::A, "SELECT count(*) FROM shared.products", Value("10")),
        attack("X07", "global tables are read-only", &[tenantry_domain::Isolation::Shared])
            .refused("INSERT INTO global.countries VALUES ('xx', 'Evil')", DENIED)
            .refused("UPDATE global.countries SET name = 'Evil'", DENIED)
            .refused("DELETE FROM global.countries", DENIED)
            .refused("TRUNCATE global.countries", DENIED)
            .twin(Who::A, "SELECT name FROM global.countries", SomeRows),
    ]
}

fn copying() -> Vec<Attack> {
    vec![
        attack("S36", "COPY TO", SHARED)
            .tries("COPY (SELECT name FROM shared.products WHERE name LIKE 'SECRET%') TO STDOUT", NoRows)
            .tries("COPY shared.products TO STDOUT", SomeRows)
            .twin(
                Who::A,
                "COPY (SELECT name FROM shared.products WHERE name LIKE 'OWN%') TO STDOUT",
                SomeRows,
            ),
        attack("S37", "COPY FROM plants rows", SHARED)
            .refused("COPY shared.products (barcode, tenant_id) FROM STDIN\nEVIL\t{victim_id}", &["0A000"])
            .twin(
                Who::Super,
                "COPY shared.products (id, barcode, tenant_id) FROM STDIN\n99999\tFINE\t{own_id}",
                Touched(1),
            )
            .twin(Who::A, "DELETE FROM shared.products WHERE barcode = 'FINE'", Touched(1)),
        attack("S37", "COPY FROM into a table of one's own", OWN_TABLES)
            .tries("COPY {own_products} (barcode) FROM STDIN\nFINE", Touched(1))
            .twin(Who::A, "DELETE FROM {own_products} WHERE barcode = 'FINE'", Touched(1)),
    ]
}

fn privileges() -> Vec<Attack> {
    let rolled_back = |case: Attack, sql| {
        case.twin(Who::Super, "BEGIN", Done).twin(Who::Super, sql, Done).twin(Who::Super, "ROLLBACK", Done)
    };
    let trigger = "CREATE TRIGGER evil BEFORE INSERT ON {own_orders} FOR EACH ROW EXECUTE FUNCTION {own_schema}.no_negative_price()";
    vec![
        rolled_back(
            attack("S38", "TRUNCATE knows no row security", SHARED)
                .refused("TRUNCATE shared.orders", DENIED)
                .meanwhile(Who::B, "SELECT count(*) FROM shared.orders", Value("5")),
            "TRUNCATE shared.orders",
        ),
        rolled_back(
            attack("S39", "a foreign key of one's own probes hidden keys", ALL)
                .refused("CREATE TEMPORARY TABLE probe (id bigint REFERENCES {own_products})", DENIED)
                .refused("CREATE TABLE shared.probe (id bigint)", &["42501", "3F000"])
                .refused("CREATE SCHEMA own_probe", DENIED),
            "CREATE SCHEMA own_probe",
        ),
        rolled_back(attack("S40", "a trigger on the app's tables", ALL).refused(trigger, DENIED), trigger),
        attack("X08", "a lock on a hidden row", SHARED)
            .tries("SELECT 1 FROM shared.products WHERE barcode = 'BAR_B_1' FOR UPDATE", NoRows)
            .meanwhile(Who::B, "UPDATE shared.products SET price = 1 WHERE barcode = 'BAR_B_1'", Touched(1))
            .twin(Who::A, "SELECT 1 FROM shared.products WHERE barcode = 'BAR_A_1' FOR UPDATE", SomeRows),
        attack("X09", "rules, comments and statistics on the app's tables", ALL)
            .refused("CREATE RULE evil AS ON INSERT TO {own_orders} DO INSTEAD NOTHING", DENIED)
            .refused("COMMENT ON TABLE {own_orders} IS 'evil'", DENIED)
            .refused("CREATE INDEX evil ON {own_orders} (qty)", DENIED)
            .refused("ALTER TABLE {own_orders} ADD COLUMN evil text", DENIED)
            .meanwhile(Who::A, "ALTER TABLE {own_orders} RENAME TO evil", Refused(DENIED))
            .twin(Who::Super, "COMMENT ON TABLE {own_orders} IS 'fine'", Done),
    ]
}
