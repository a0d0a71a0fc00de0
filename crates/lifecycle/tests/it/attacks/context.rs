//! The tenant's context: where it comes from, and that nothing but the login decides it.

use tenantry_testkit::attack::Expect::{Done, NoRows, Refused, SomeRows, Value};
use tenantry_testkit::attack::{ALL, Attack, SHARED, Who, attack};

pub fn cases() -> Vec<Attack> {
    [settings(), door()].concat()
}

fn settings() -> Vec<Attack> {
    let own = "SELECT name FROM {own_products} LIMIT 1";
    let secrets = "SELECT name FROM {own_products} WHERE name LIKE 'SECRET%'";
    vec![
        attack("S02", "SET of the tenant setting", SHARED)
            .tries("SET app.current_tenant = '{victim_id}'", Done)
            .tries("SET app.current_tenant_key = '{victim_id}'", Done)
            .tries(secrets, NoRows)
            .tries("SELECT tenantry.current_tenant() = '{own_id}'", Value("t"))
            .twin(Who::A, own, SomeRows),
        attack("S03", "set_config() inside a SELECT", SHARED)
            .refused("SELECT set_config('app.current_tenant', '{victim_id}', false)", &["42501"])
            .refused("UPDATE pg_settings SET setting = 'off' WHERE name = 'row_security'", &["42501"])
            .tries(secrets, NoRows)
            .twin(Who::Super, "SELECT set_config('app.current_tenant', '{victim_id}', false)", SomeRows),
        attack("S04", "the setting in a DO block with EXECUTE", ALL)
            .refused("DO $$ BEGIN EXECUTE 'SET app.cur' || 'rent_tenant = ''{victim_id}'''; END $$", &["42501"])
            .twin(Who::Super, "DO $$ BEGIN EXECUTE 'SET app.cur' || 'rent_tenant = ''{victim_id}'''; END $$", Done)
            .without_ddl(),
        attack("S05", "the setting in the SET clause of a temporary function", ALL)
            .refused(
                "CREATE FUNCTION pg_temp.f() RETURNS text LANGUAGE sql SET app.current_tenant = '{victim_id}' AS 'SELECT 1::text'",
                &["42501"],
            )
            .twin(
                Who::Super,
                "CREATE FUNCTION pg_temp.f() RETURNS text LANGUAGE sql SET app.current_tenant = '{victim_id}' AS 'SELECT 1::text'",
                Done,
            ),
        attack("S06", "ALTER ROLE self SET of the tenant setting", ALL)
            .refused("ALTER ROLE {own_role} SET app.current_tenant = '{victim_id}'", &["42501"])
            .twin(Who::Super, "BEGIN", Done)
            .twin(Who::Super, "ALTER ROLE {own_role} SET app.current_tenant = '{victim_id}'", Done)
            .twin(Who::Super, "ROLLBACK", Done),
    ]
}

fn door() -> Vec<Attack> {
    let count = "SELECT count(*) > 0 FROM shared.products";
    vec![
        attack("S07", "no context means an error, never all rows", SHARED)
            .meanwhile(Who::App, count, Refused(&["28000"]))
            .meanwhile(Who::App, "SET app.current_tenant = ''", Done)
            .meanwhile(Who::App, count, Refused(&["28000"]))
            .meanwhile(Who::App, "INSERT INTO shared.products (barcode) VALUES ('x')", Refused(&["28000"]))
            .meanwhile(Who::App, "RESET app.current_tenant", Done)
            .meanwhile(Who::App, "DELETE FROM shared.products", Refused(&["28000"]))
            .twin(Who::App, "SET app.current_tenant = '{own_id}'", Done)
            .twin(Who::App, "SELECT count(*) > 0 FROM shared.products WHERE name LIKE 'OWN%'", Value("t"))
            .twin(Who::App, "SELECT count(*) FROM shared.products WHERE name LIKE 'SECRET%'", Value("0")),
        attack("X01", "the platform as a group of tenants, without a context", SHARED)
            .meanwhile(Who::Super, "SET ROLE {group}", Done)
            .meanwhile(Who::Super, count, Refused(&["28000"]))
            .twin(Who::A, count, Value("t")),
    ]
}
