//! Becoming somebody else.

use tenantry_testkit::attack::Expect::{Done, NoRows, SomeRows};
use tenantry_testkit::attack::{ALL, Attack, OWN_TABLES, SHARED, Who, attack};

const DENIED: &[&str] = &["42501"];

pub fn cases() -> Vec<Attack> {
    [switching(), hidden(), granting()].concat()
}

fn switching() -> Vec<Attack> {
    let own = ("SET ROLE {own_role}", "SELECT name FROM {own_products} LIMIT 1");
    let with_twin = |case: Attack| case.twin(Who::A, own.0, Done).twin(Who::A, own.1, SomeRows);
    vec![
        with_twin(attack("S08", "SET ROLE to the victim", ALL).refused("SET ROLE {victim_role}", DENIED)),
        with_twin(
            attack("X02", "SET ROLE to an owner or the platform", ALL)
                .refused("SET ROLE {victim_owner}", DENIED)
                .refused("SET ROLE {own_owner}", DENIED)
                .refused("SET ROLE {app_owner}", DENIED)
                .refused("SET ROLE {platform}", DENIED)
                .refused("SET ROLE {app_role}", DENIED)
                .refused("SET ROLE pg_read_all_data", DENIED),
        ),
        attack("X03", "SET ROLE to the group changes neither tenant nor rows", SHARED)
            .tries("SET ROLE {group}", Done)
            .tries("SELECT name FROM {victim_products} WHERE name LIKE 'SECRET%'", NoRows)
            .twin(Who::A, "SET ROLE {group}", Done)
            .twin(Who::A, own.1, SomeRows),
        with_twin(
            attack("S10", "RESET ROLE, then SET ROLE to the victim", ALL)
                .tries("RESET ROLE", Done)
                .refused("SET ROLE {victim_role}", DENIED),
        ),
        with_twin(
            attack("S11", "SET SESSION AUTHORIZATION DEFAULT, then SET ROLE", ALL)
                .tries("SET SESSION AUTHORIZATION DEFAULT", Done)
                .refused("SET ROLE {victim_role}", DENIED),
        ),
        attack("S12", "SET SESSION AUTHORIZATION to the victim", ALL)
            .refused("SET SESSION AUTHORIZATION {victim_role}", DENIED)
            .twin(Who::A, "SET SESSION AUTHORIZATION {own_role}", Done),
        with_twin(
            attack("S13", "DISCARD ALL, then SET ROLE", ALL)
                .tries("DISCARD ALL", Done)
                .refused("SET ROLE {victim_role}", DENIED),
        ),
        with_twin(
            attack("S15", "the end of a SET LOCAL ROLE", ALL)
                .tries("BEGIN", Done)
                .tries("SET LOCAL ROLE {own_role}", Done)
                .tries("COMMIT", Done)
                .refused("SET ROLE {victim_role}", DENIED),
        ),
    ]
}

fn hidden() -> Vec<Attack> {
    vec![
        attack("S09", "set_config('role', ...)", OWN_TABLES)
            .refused("SELECT set_config('role', '{victim_role_name}', false)", DENIED)
            .twin(Who::A, "SELECT set_config('role', '{own_role_name}', false)", SomeRows),
        attack("S09", "set_config('role', ...)", SHARED)
            .refused("SELECT set_config('role', '{own_role_name}', false)", DENIED)
            .twin(Who::Super, "SELECT set_config('role', '{own_role_name}', false)", SomeRows),
        attack("S14", "SET ROLE hidden in DO and EXECUTE", OWN_TABLES)
            .refused("DO $$ BEGIN EXECUTE 'SET ' || 'ROLE {victim_role}'; END $$", DENIED)
            .twin(Who::A, "DO $$ BEGIN EXECUTE 'SET ' || 'ROLE {own_role}'; END $$", Done)
            .with_ddl(),
        attack("S16", "a function that changes the role", OWN_TABLES)
            .tries(
                "CREATE FUNCTION {own_schema}.become(who text) RETURNS text LANGUAGE plpgsql AS $$ BEGIN PERFORM set_config('role', who, true); RETURN current_user; END $$",
                Done,
            )
            .refused("SELECT {own_schema}.become('{victim_role_name}')", DENIED)
            .refused("SELECT {own_schema}.become('{victim_owner_name}')", DENIED)
            .twin(Who::A, "SELECT {own_schema}.become('{own_role_name}')", SomeRows)
            .twin(Who::A, "DROP FUNCTION {own_schema}.become(text)", Done)
            .with_ddl(),
    ]
}

fn granting() -> Vec<Attack> {
    let as_superuser = |case: Attack, sql| {
        case.twin(Who::Super, "BEGIN", Done).twin(Who::Super, sql, Done).twin(Who::Super, "ROLLBACK", Done)
    };
    vec![
        as_superuser(
            attack("S17", "GRANT of the victim's role to oneself", ALL)
                .refused("GRANT {victim_role} TO {own_role}", DENIED)
                .refused("GRANT {app_owner} TO {own_role}", DENIED)
                .refused("GRANT pg_read_all_data TO {own_role}", DENIED),
            "GRANT {victim_role} TO {own_role}",
        ),
        as_superuser(
            attack("X04", "powers for oneself, a new password for the victim", ALL)
                .refused("ALTER ROLE {own_role} SUPERUSER", DENIED)
                .refused("ALTER ROLE {own_role} BYPASSRLS", DENIED)
                .refused("ALTER ROLE {own_role} CREATEROLE", DENIED)
                .refused("ALTER ROLE {own_role} CREATEDB", DENIED)
                .refused("ALTER ROLE {own_role} REPLICATION", DENIED)
                .refused("ALTER ROLE {own_role} CONNECTION LIMIT -1", DENIED)
                .refused("ALTER ROLE {victim_role} RENAME TO t_x", DENIED)
                .refused("ALTER ROLE {victim_role} PASSWORD 'owned'", DENIED)
                .refused("ALTER ROLE {victim_role} SET statement_timeout = '1ms'", DENIED)
                .refused("DROP ROLE {victim_role}", DENIED),
            "ALTER ROLE {own_role} CONNECTION LIMIT -1",
        ),
        attack("S43", "session_replication_role switches off triggers and foreign keys", ALL)
            .refused("SET session_replication_role = replica", DENIED)
            .twin(Who::Super, "SET session_replication_role = replica", Done),
    ]
}
