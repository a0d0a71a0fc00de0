//! Blocking and hearing others: locks, channels, snapshots, prepared transactions.

use tenantry_testkit::attack::Expect::{Done, Hears, Refused, SomeRows, Value};
use tenantry_testkit::attack::{
    ALL, Attack, DATABASE, ONE_DATABASE, OWN_TABLES, SCHEMA, SHARED, Who, attack,
};

const DENIED: &[&str] = &["42501"];

pub fn cases() -> Vec<Attack> {
    [channels(), advisory(), tables(), transactions()].concat()
}

fn channels() -> Vec<Attack> {
    vec![
        attack("S64", "LISTEN hears the victim's NOTIFY", ONE_DATABASE)
            .tries("LISTEN orders", Done)
            .meanwhile(Who::B, "NOTIFY orders, 'SECRET_B_NOTE'", Done)
            .tries("SELECT 1", Hears("SECRET_B_NOTE"))
            .known_open(),
        attack("S65", "NOTIFY forges for the victim", ONE_DATABASE)
            .meanwhile(Who::B, "LISTEN orders", Done)
            .tries("NOTIFY orders, 'forged'", Done)
            .meanwhile(Who::B, "SELECT 1", Hears("forged"))
            .known_open(),
        attack("S64", "channels end at the database", DATABASE)
            .tries("LISTEN orders", Done)
            .meanwhile(Who::B, "NOTIFY orders, 'SECRET_B_NOTE'", Done)
            .tries("SELECT 1", Done)
            .twin(Who::A, "LISTEN orders", Done)
            .twin(Who::A, "NOTIFY orders, 'own note'", Hears("own note")),
        attack("S65", "pg_notify() hides from a parser", ALL)
            .refused("SELECT pg_notify('orders', 'forged')", DENIED)
            .twin(Who::Super, "SELECT pg_notify('orders', 'fine')", SomeRows),
        attack("T04", "the fill of the notification queue", ALL)
            .refused("SELECT pg_notification_queue_usage()", DENIED)
            .twin(Who::Super, "SELECT pg_notification_queue_usage()", SomeRows),
        attack("T04", "an idle listener in a transaction pins the server's notification queue", ALL)
            .tries("LISTEN q", Done)
            .tries("BEGIN", Done)
            .tries("SELECT 1", SomeRows)
            .tries("COMMIT", Done)
            .known_open(),
    ]
}

fn advisory() -> Vec<Attack> {
    let many = "SELECT count(pg_advisory_xact_lock(g)) FROM generate_series(1, 100) g";
    let own = "SELECT count(tenantry.advisory_xact_lock(g)) FROM generate_series(1, 100) g";
    vec![
        attack("S66", "the victim's advisory lock", ALL)
            .refused("SELECT pg_advisory_lock(42)", DENIED)
            .refused("SELECT pg_try_advisory_lock(42)", DENIED)
            .refused("SELECT pg_advisory_unlock_all()", DENIED)
            .refused("SELECT tenantry.advisory_key('42')", DENIED)
            .refused("SELECT tenantry.advisory_key_to_take('42')", DENIED)
            .refused("SELECT value FROM tenantry.advisory_secret", DENIED)
            .meanwhile(Who::B, "SELECT tenantry.advisory_lock(42)", SomeRows)
            .tries("SELECT tenantry.try_advisory_lock(42)", Value("t"))
            .tries("SELECT tenantry.advisory_unlock_all()", SomeRows)
            .tries("SELECT tenantry.advisory_unlock(42)", Value("f"))
            .meanwhile(Who::B, "SELECT tenantry.advisory_unlock(42)", Value("t"))
            .twin(Who::Super, "SELECT pg_advisory_xact_lock(42)", SomeRows),
        attack("S67", "advisory locks fill the server's lock table", ALL)
            .refused(many, DENIED)
            .refused("SELECT count(tenantry.advisory_xact_lock(g)) FROM generate_series(1, 200) g", &["53400"])
            .refused("SELECT count(tenantry.advisory_lock(g)) FROM generate_series(1, 200) g", &["53400"])
            .tries("SELECT tenantry.advisory_unlock_all()", SomeRows)
            .twin(Who::A, own, Value("100"))
            .twin(Who::Super, many, SomeRows),
        attack("S68", "temporary tables fill the server's lock table", ALL)
            .refused("CREATE TEMPORARY TABLE z ()", DENIED)
            .twin(Who::Super, "CREATE TEMPORARY TABLE z ()", Done),
        attack("S68", "tables of one's own fill the server's lock table", OWN_TABLES)
            .tries("BEGIN; CREATE TABLE {own_schema}.z1 (); CREATE TABLE {own_schema}.z2 ()", Done)
            .meanwhile(
                Who::Super,
                "SELECT count(DISTINCT relation) >= 2 FROM pg_locks l JOIN pg_stat_activity s USING (pid) WHERE s.usename = '{own_role_name}' AND l.mode = 'AccessExclusiveLock'",
                Value("t"),
            )
            .tries("ROLLBACK", Done)
            .with_ddl()
            .known_open(),
    ]
}

fn tables() -> Vec<Attack> {
    vec![
        attack("S94", "LOCK TABLE stops everybody", SHARED)
            .tries("BEGIN", Done)
            .tries("LOCK TABLE shared.products IN ACCESS EXCLUSIVE MODE", Done)
            .meanwhile(Who::B, "SET lock_timeout = '100ms'", Done)
            .meanwhile(Who::B, "UPDATE shared.products SET price = price", Refused(&["55P03"]))
            .tries("ROLLBACK", Done)
            .known_open(),
        attack("S94", "LOCK TABLE on the victim's table", SCHEMA)
            .refused("BEGIN; LOCK TABLE {victim_products} IN ACCESS SHARE MODE", DENIED)
            .tries("ROLLBACK", Done)
            .refused("BEGIN; LOCK TABLE shared.products IN ACCESS SHARE MODE", DENIED)
            .tries("ROLLBACK", Done)
            .refused("BEGIN; LOCK TABLE template.products IN ACCESS SHARE MODE", &["42501", "42P01"])
            .tries("ROLLBACK", Done)
            .twin(Who::A, "BEGIN", Done)
            .twin(Who::A, "LOCK TABLE {own_products} IN ACCESS EXCLUSIVE MODE", Done)
            .twin(Who::A, "ROLLBACK", Done),
        attack("X17", "LOCK TABLE on tables of everybody", ALL)
            .refused("BEGIN; LOCK TABLE pg_catalog.pg_class IN ACCESS EXCLUSIVE MODE", DENIED)
            .tries("ROLLBACK", Done)
            .refused("BEGIN; LOCK TABLE pg_catalog.pg_authid IN ACCESS SHARE MODE", DENIED)
            .tries("ROLLBACK", Done)
            .refused("BEGIN; LOCK TABLE tenantry.ledger IN ACCESS SHARE MODE", DENIED)
            .tries("ROLLBACK", Done)
            .twin(Who::Super, "BEGIN", Done)
            .twin(Who::Super, "LOCK TABLE tenantry.ledger IN ACCESS SHARE MODE", Done)
            .twin(Who::Super, "ROLLBACK", Done),
        attack(
            "X17",
            "LOCK TABLE on global tables",
            &[tenantry_domain::Isolation::Shared, tenantry_domain::Isolation::Schema],
        )
        .refused("BEGIN; LOCK TABLE global.countries IN ACCESS EXCLUSIVE MODE", DENIED)
        .tries("ROLLBACK", Done)
        .refused("BEGIN; LOCK TABLE global.countries IN SHARE MODE", DENIED)
        .tries("ROLLBACK", Done)
        .twin(Who::A, "BEGIN; LOCK TABLE global.countries IN ACCESS SHARE MODE; ROLLBACK", Done),
        attack("X18", "maintenance that takes locks", ALL)
            .refused("REINDEX TABLE {own_products}", DENIED)
            .refused("CLUSTER {own_products} USING products_pkey", DENIED)
            .refused("CHECKPOINT", DENIED)
            .twin(Who::Super, "REINDEX TABLE {own_products}", Done),
    ]
}

fn transactions() -> Vec<Attack> {
    vec![
        attack("S93", "prepared transactions left behind", ALL)
            .tries("BEGIN", Done)
            .refused("PREPARE TRANSACTION 'left behind'", &["55000"])
            .twin(Who::A, "BEGIN", Done)
            .twin(Who::A, "COMMIT", Done),
        attack("S95", "an old snapshot keeps vacuum from cleaning up", ALL)
            .tries("BEGIN ISOLATION LEVEL REPEATABLE READ", Done)
            .tries("SELECT 1 FROM {own_products} LIMIT 1", SomeRows)
            .meanwhile(
                Who::Super,
                "SELECT count(*) FROM pg_stat_activity WHERE usename = '{own_role_name}' AND backend_xmin IS NOT NULL AND state = 'idle in transaction'",
                Value("1"),
            )
            .tries("ROLLBACK", Done)
            .known_open(),
        attack("T06", "a snapshot exported", ALL)
            .tries("BEGIN ISOLATION LEVEL REPEATABLE READ", Done)
            .refused("SELECT pg_export_snapshot()", DENIED)
            .twin(Who::Super, "SELECT pg_export_snapshot()", SomeRows),
        attack("X19", "an own table locked in one schema blocks nobody else", OWN_TABLES)
            .tries("BEGIN", Done)
            .tries("LOCK TABLE {own_products} IN ACCESS EXCLUSIVE MODE", Done)
            .meanwhile(Who::B, "SET lock_timeout = '500ms'", Done)
            .meanwhile(Who::B, "UPDATE {victim_products} SET price = price", Done)
            .tries("ROLLBACK", Done)
            .twin(Who::A, "SELECT 1", SomeRows),
    ]
}
