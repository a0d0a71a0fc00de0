//! What one session leaves for another, own settings and limits.

use tenantry_testkit::attack::Expect::{Done, SomeRows};
use tenantry_testkit::attack::{ALL, Attack, Who, attack};

const DENIED: &[&str] = &["42501"];

pub fn cases() -> Vec<Attack> {
    vec![
        attack("S69", "a temporary table in the way of a real one", ALL)
            .refused("CREATE TEMPORARY TABLE products (name text)", DENIED)
            .refused("CREATE TABLE pg_temp.products (name text)", DENIED)
            .refused("SELECT name INTO TEMPORARY products FROM {own_products}", DENIED)
            .twin(Who::Super, "CREATE TEMPORARY TABLE products (name text)", Done),
        attack("S70", "a temporary view in the way of a real one", ALL)
            .refused("CREATE TEMPORARY VIEW v_orders AS SELECT 1", DENIED)
            .refused("CREATE TEMPORARY SEQUENCE s", DENIED)
            .twin(Who::Super, "CREATE TEMPORARY VIEW v_orders AS SELECT 1", Done),
        attack("S75", "ALTER ROLE self PASSWORD", ALL)
            .tries("BEGIN", Done)
            .tries("ALTER ROLE {own_role} PASSWORD 'owned'", Done)
            .tries("ROLLBACK", Done)
            .known_open(),
        attack("S76", "ALTER ROLE self SET", ALL)
            .tries("BEGIN", Done)
            .tries("ALTER ROLE {own_role} SET statement_timeout = '1ms'", Done)
            .tries("ALTER ROLE {own_role} IN DATABASE {own_database} SET search_path = pg_catalog", Done)
            .tries("ROLLBACK", Done)
            .known_open(),
        attack("S77", "limits of one's own", ALL)
            .tries("SET statement_timeout = 0", Done)
            .tries("SET idle_in_transaction_session_timeout = 0", Done)
            .tries("SET work_mem = '2GB'", Done)
            .known_open(),
        attack("S78", "temp_file_limit", ALL)
            .refused("SET temp_file_limit = -1", DENIED)
            .refused("SET log_statement = 'none'", DENIED)
            .refused("SET track_activities = off", DENIED)
            .twin(Who::Super, "SET temp_file_limit = -1", Done),
        attack("T05", "temporary tables where none are meant", ALL)
            .refused("CREATE TEMPORARY TABLE t (i integer)", DENIED)
            .twin(Who::Super, "CREATE TEMPORARY TABLE t (i integer)", Done),
        attack("X20", "sleeping on a connection", ALL)
            .refused("SELECT pg_sleep(0)", DENIED)
            .refused("SELECT pg_sleep_for('0s')", DENIED)
            .refused("SELECT pg_sleep_until(now())", DENIED)
            .twin(Who::Super, "SELECT pg_sleep(0)", SomeRows),
    ]
}
