//! What catalogs and views tell of others.

use tenantry_testkit::attack::Expect::{Done, NoRows, Refused, SomeRows};
use tenantry_testkit::attack::{ALL, Attack, DATABASE, SCHEMA, SHARED, Who, attack};

const DENIED: &[&str] = &["42501"];

pub fn cases() -> Vec<Attack> {
    [names(), volume(), activity(), closed(), platform()].concat()
}

/// What PostgreSQL shows to everyone: names are opaque for that reason.
fn names() -> Vec<Attack> {
    vec![
        attack("S51", "schemas of others", SCHEMA)
            .tries("SELECT 1 FROM pg_namespace WHERE nspname = '{victim_schema_name}'", SomeRows)
            .known_open(),
        attack("S52", "roles of others", ALL)
            .tries("SELECT 1 FROM pg_roles WHERE rolname = '{victim_role_name}'", SomeRows)
            .tries("SELECT pg_has_role('{victim_role_name}', '{group_name}', 'MEMBER')", SomeRows)
            .known_open(),
        attack("S53", "databases of others", DATABASE)
            .tries("SELECT 1 FROM pg_database WHERE datname = '{victim_database_name}'", SomeRows)
            .known_open(),
        attack("S54", "columns of the victim's tables", SCHEMA)
            .tries(
                "SELECT 1 FROM pg_attribute a JOIN pg_class c ON c.oid = a.attrelid JOIN pg_namespace n ON n.oid = c.relnamespace WHERE n.nspname = '{victim_schema_name}' AND a.attname = 'barcode'",
                SomeRows,
            )
            .known_open(),
        attack("S55", "bodies of the victim's functions", SCHEMA)
            .tries(
                "SELECT prosrc FROM pg_proc p JOIN pg_namespace n ON n.oid = p.pronamespace WHERE n.nspname = '{victim_schema_name}'",
                SomeRows,
            )
            .known_open(),
        attack("S56", "view definitions and defaults of the victim's", SCHEMA)
            .tries(
                "SELECT pg_get_viewdef(c.oid) FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace WHERE n.nspname = '{victim_schema_name}' AND c.relkind = 'v'",
                SomeRows,
            )
            .tries(
                "SELECT pg_get_expr(d.adbin, d.adrelid) FROM pg_attrdef d JOIN pg_class c ON c.oid = d.adrelid JOIN pg_namespace n ON n.oid = c.relnamespace WHERE n.nspname = '{victim_schema_name}'",
                SomeRows,
            )
            .known_open(),
    ]
}

/// The server's own counters, which every tenant's work moves on.
fn volume() -> Vec<Attack> {
    vec![
        attack("X22", "transaction numbers and log positions tell how much the whole server writes", ALL)
            .tries("SELECT pg_current_wal_lsn(), pg_current_xact_id(), pg_control_checkpoint()", SomeRows)
            .known_open(),
    ]
}

fn activity() -> Vec<Attack> {
    let closed = |id, title, sql| attack(id, title, ALL).refused(sql, DENIED).twin(Who::Super, sql, Done);
    vec![
        closed("S57", "statements of others in pg_stat_activity", "SELECT query FROM pg_stat_activity"),
        closed("S58", "sessions of others", "SELECT usename, application_name FROM pg_stat_activity"),
        closed("S58", "databases at work", "SELECT datname FROM pg_stat_database"),
        closed("S59", "pg_stat_statements", "SELECT count(*) FROM extensions.pg_stat_statements"),
        closed(
            "S59",
            "pg_stat_statements' function",
            "SELECT count(*) FROM extensions.pg_stat_statements(false)",
        ),
        closed("S60", "locks of others", "SELECT relation FROM pg_locks"),
        closed("S60", "who waits for whom", "SELECT pg_blocking_pids(1)"),
        closed("S61", "ending a session", "SELECT pg_terminate_backend(1)"),
        closed("S61", "cancelling a statement", "SELECT pg_cancel_backend(1)"),
        attack("X23", "statements that others have prepared on a connection of the gateway", SHARED)
            .refused("SELECT statement FROM pg_prepared_statements", DENIED)
            .refused("SELECT statement FROM pg_prepared_statement()", DENIED)
            .twin(Who::Super, "SELECT statement FROM pg_prepared_statements", Done),
        closed("X12", "prepared transactions", "SELECT gid FROM pg_prepared_xacts"),
        closed("X12", "replication", "SELECT slot_name FROM pg_replication_slots"),
        closed("X12", "replicas", "SELECT application_name FROM pg_stat_replication"),
        closed("X12", "origins of replication", "SELECT roname FROM pg_replication_origin"),
    ]
}

fn closed() -> Vec<Attack> {
    let closed = |id, title, sql| attack(id, title, ALL).refused(sql, DENIED).twin(Who::Super, sql, Done);
    vec![
        closed("S62", "a large object written", "BEGIN; SELECT lo_from_bytea(0, 'x')"),
        closed("S62", "a large object read", "SELECT lo_get(oid) FROM (SELECT 1::oid LIMIT 0) t (oid)"),
        closed("S63", "large objects and their owners", "SELECT oid, lomowner FROM pg_largeobject_metadata"),
        closed("T01", "members of roles", "SELECT roleid, member FROM pg_auth_members"),
        closed("T01", "members of roles, by the old view", "SELECT groname, grolist FROM pg_group"),
        closed("T02", "settings of others", "SELECT setconfig FROM pg_db_role_setting"),
        closed("T02", "settings of others, by pg_user", "SELECT useconfig FROM pg_user"),
        attack("T02", "settings and limits of others, by pg_roles", ALL)
            .refused("SELECT rolconfig FROM pg_roles", DENIED)
            .refused("SELECT rolconnlimit FROM pg_roles", DENIED)
            .refused("SELECT rolvaliduntil FROM pg_roles", DENIED)
            .refused("SELECT passwd FROM pg_shadow", DENIED)
            .refused("SELECT rolpassword FROM pg_authid", DENIED)
            .twin(Who::A, "SELECT oid, rolname, rolcanlogin FROM pg_roles", SomeRows)
            .twin(Who::A, "SELECT usename FROM pg_user", SomeRows),
        closed("X13", "who has objects where", "SELECT dbid, refobjid FROM pg_shdepend"),
        attack("X13", "the operator's comments", ALL)
            .first(Who::Super, "COMMENT ON ROLE {victim_role} IS 'SECRET_B: pays late'")
            .refused("SELECT description FROM pg_shdescription", DENIED)
            .refused("SELECT shobj_description('{victim_role_name}'::regrole, 'pg_authid')", DENIED)
            .twin(Who::Super, "SELECT description FROM pg_shdescription", SomeRows)
            .twin(Who::Super, "COMMENT ON ROLE {victim_role} IS NULL", Done),
        attack("X14", "connection strings of subscriptions", ALL)
            .refused("SELECT subconninfo FROM pg_subscription", DENIED)
            .refused("SELECT * FROM pg_hba_file_rules", DENIED)
            .refused("SELECT * FROM pg_file_settings", DENIED)
            .tries("SELECT umoptions FROM pg_user_mappings WHERE umoptions IS NOT NULL", NoRows)
            .twin(Who::Super, "SELECT subconninfo FROM pg_subscription", Done),
    ]
}

fn platform() -> Vec<Attack> {
    vec![
        attack("X15", "functions that the platform makes later", ALL)
            .first(Who::Super, "SET ROLE {platform}")
            .first(
                Who::Super,
                "CREATE FUNCTION tenantry.later() RETURNS text LANGUAGE sql AS $$ SELECT 'x'::text $$",
            )
            .refused("SELECT tenantry.later()", DENIED)
            .twin(Who::Super, "SELECT tenantry.later()", SomeRows)
            .twin(Who::Super, "DROP FUNCTION tenantry.later()", Done),
        attack("X16", "messages in the write-ahead log", ALL)
            .refused("SELECT pg_logical_emit_message(false, 'tenantry', 'forged')", DENIED)
            .twin(Who::Super, "SELECT pg_logical_emit_message(false, 'tenantry', 'fine')", SomeRows),
        attack("T07", "comments on roles and databases", ALL)
            .refused("COMMENT ON ROLE {own_role} IS 'x'", DENIED)
            .refused("COMMENT ON DATABASE {own_database} IS 'x'", DENIED)
            .meanwhile(Who::A, "SECURITY LABEL ON ROLE {own_role} IS 'x'", Refused(&["22023", "42501"]))
            .twin(Who::Super, "COMMENT ON DATABASE {own_database} IS NULL", Done),
    ]
}
