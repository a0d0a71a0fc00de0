//! Learning of others' rows without reading them, and blocking them through keys.

use tenantry_testkit::attack::Expect::{Done, NoRows, Refused, Shows, SomeRows, Touched, Value};
use tenantry_testkit::attack::{Attack, DATABASE, ONE_DATABASE, OWN_TABLES, SCHEMA, SHARED, Who, attack};

const DENIED: &[&str] = &["42501"];

pub fn cases() -> Vec<Attack> {
    [keys(), references(), counters(), planner(), sizes()].concat()
}

fn keys() -> Vec<Attack> {
    let taken = "INSERT INTO shared.products (barcode) VALUES ('BAR_A_1')";
    vec![
        attack("S29", "a unique key tells what others have", SHARED)
            .tries("INSERT INTO shared.products (barcode) VALUES ('BAR_B_7')", Touched(1))
            .tries("DELETE FROM shared.products WHERE barcode = 'BAR_B_7'", Touched(1))
            .meanwhile(Who::B, "SELECT name FROM shared.products WHERE barcode = 'BAR_B_7'", Value("SECRET_B_7"))
            .twin(Who::A, taken, Refused(&["23505"])),
        attack("T03", "a primary key tells what others have", SHARED)
            .tries("INSERT INTO shared.products (id, barcode) VALUES (250, 'MINE')", Touched(1))
            .tries("DELETE FROM shared.products WHERE id = 250", Touched(1))
            .twin(Who::A, "INSERT INTO shared.products (id, barcode) VALUES (1, 'MINE')", Refused(&["23505"])),
        attack("S30", "ON CONFLICT DO NOTHING tells silently", SHARED)
            .tries("INSERT INTO shared.products (barcode) VALUES ('BAR_B_8') ON CONFLICT DO NOTHING", Touched(1))
            .tries("DELETE FROM shared.products WHERE barcode = 'BAR_B_8'", Touched(1))
            .twin(
                Who::A,
                "INSERT INTO shared.products (barcode) VALUES ('BAR_A_1') ON CONFLICT DO NOTHING",
                Touched(0),
            ),
        attack("S31", "ON CONFLICT DO UPDATE takes a hidden row over", SHARED)
            .refused(
                "INSERT INTO shared.products (barcode) VALUES ('BAR_B_9') ON CONFLICT (barcode) DO UPDATE SET name = 'EVIL'",
                &["42P10"],
            )
            .tries(
                "INSERT INTO shared.products (barcode) VALUES ('BAR_B_9') ON CONFLICT (tenant_id, barcode) DO UPDATE SET name = 'EVIL'",
                Touched(1),
            )
            .tries("DELETE FROM shared.products WHERE barcode = 'BAR_B_9'", Touched(1))
            .meanwhile(Who::B, "SELECT name FROM shared.products WHERE barcode = 'BAR_B_9'", Value("SECRET_B_9"))
            .twin(
                Who::A,
                "INSERT INTO shared.products (barcode) VALUES ('BAR_A_1') ON CONFLICT (tenant_id, barcode) DO UPDATE SET price = 1 RETURNING name",
                Value("OWN_A_1"),
            ),
        attack("X10", "an insert under way makes the victim's insert of the same key wait", ONE_DATABASE)
            .first(Who::A, "BEGIN")
            .tries("INSERT INTO {own_products} (barcode) VALUES ('BLOCK')", Touched(1))
            .meanwhile(Who::B, "SET lock_timeout = '500ms'", Done)
            .meanwhile(Who::B, "INSERT INTO {victim_products} (barcode) VALUES ('BLOCK')", Touched(1))
            .meanwhile(Who::B, "DELETE FROM {victim_products} WHERE barcode = 'BLOCK'", Touched(1))
            .tries("ROLLBACK", Done)
            .twin(Who::A, "INSERT INTO {own_products} (barcode) VALUES ('BLOCK')", Touched(1))
            .twin(Who::A, "INSERT INTO {own_products} (barcode) VALUES ('BLOCK')", Refused(&["23505"]))
            .twin(Who::A, "DELETE FROM {own_products} WHERE barcode = 'BLOCK'", Touched(1)),
    ]
}

fn references() -> Vec<Attack> {
    let to = "INSERT INTO shared.orders (product_id) VALUES (1)";
    vec![
        attack("S32", "a foreign key tells what others have", SHARED)
            .refused("INSERT INTO shared.orders (product_id) VALUES (250)", &["23503"])
            .refused("INSERT INTO shared.orders (product_id) VALUES (999999)", &["23503"])
            .twin(Who::A, "BEGIN", Done)
            .twin(Who::A, to, Touched(1))
            .twin(Who::A, "ROLLBACK", Done),
        attack("S33", "a reference pins the victim's row", SHARED)
            .refused("INSERT INTO shared.orders (product_id) VALUES (251)", &["23503"])
            .meanwhile(Who::B, "BEGIN", Done)
            .meanwhile(Who::B, "DELETE FROM shared.products WHERE id = 251", Touched(1))
            .meanwhile(Who::B, "ROLLBACK", Done)
            .twin(Who::A, "DELETE FROM shared.products WHERE id = 1", Refused(&["23503"])),
    ]
}

fn counters() -> Vec<Attack> {
    vec![
        attack("S49", "counters tell the volume of others", SHARED)
            .refused("SELECT last_value FROM shared.orders_id_seq", DENIED)
            .refused("SELECT last_value FROM shared.products_id_seq", DENIED)
            .refused("SELECT nextval('shared.orders_id_seq')", DENIED)
            .refused("SELECT currval('shared.orders_id_seq')", DENIED)
            .tries("BEGIN", Done)
            .tries("INSERT INTO shared.products (barcode) VALUES ('COUNT') RETURNING id < 200", Value("t"))
            .tries("ROLLBACK", Done)
            .twin(Who::A, "SELECT max(id) >= 10 FROM shared.products", Value("t")),
        attack("S50", "setval on a shared sequence", SHARED)
            .refused("SELECT setval('shared.orders_id_seq', 9223372036854775806)", DENIED)
            .refused("SELECT setval('shared.products_id_seq', 5)", DENIED)
            .refused("SELECT tenantry.next_value('pg_class'::regclass)", &["42809"])
            .refused(
                "SELECT tenantry.next_identity('shared.orders', 1::smallint, 1, 1, 1, 9, false)",
                &["42809"],
            )
            .meanwhile(Who::B, "BEGIN", Done)
            .meanwhile(
                Who::B,
                "INSERT INTO shared.orders (product_id) VALUES (1) RETURNING id < 200",
                Value("t"),
            )
            .meanwhile(Who::B, "ROLLBACK", Done)
            .twin(Who::A, "BEGIN", Done)
            .twin(Who::A, "SELECT tenantry.set_value('shared.orders_id_seq', 5000)", Value("5000"))
            .twin(Who::A, "INSERT INTO shared.orders (product_id) VALUES (1) RETURNING id", Value("5001"))
            .twin(Who::A, "ROLLBACK", Done),
    ]
}

fn planner() -> Vec<Attack> {
    vec![
        attack("S44", "the planner's estimate tells how common a value is", SHARED)
            .tries(
                "EXPLAIN SELECT 1 FROM shared.products WHERE category = 'nobody has this'",
                Shows("rows=1 "),
            )
            .tries("EXPLAIN SELECT 1 FROM shared.products WHERE category = 'rare_b'", Shows("rows=150 "))
            .known_open(),
        attack("S45", "pg_stats shows the most common values", ONE_DATABASE)
            .tries("SELECT * FROM pg_stats WHERE most_common_vals::text LIKE '%rare_b%'", NoRows)
            .tries("SELECT * FROM pg_stats WHERE schemaname IN ('shared', '{victim_schema_name}')", NoRows)
            .refused("SELECT * FROM pg_statistic", DENIED)
            .twin(
                Who::Super,
                "SELECT * FROM pg_stats WHERE most_common_vals::text LIKE '%rare_b%'",
                SomeRows,
            ),
        attack("S97", "EXPLAIN ANALYZE counts the rows it removed", SHARED)
            .tries("SET enable_indexscan = off", Done)
            .tries("SET enable_bitmapscan = off", Done)
            .tries(
                "EXPLAIN (ANALYZE, COSTS off, TIMING off, SUMMARY off) SELECT count(*) FROM shared.products",
                Shows("Rows Removed by Filter: 300"),
            )
            .known_open(),
        attack("S98", "hidden rows take time, which can be measured", SHARED)
            .tries("SET enable_indexscan = off", Done)
            .tries("SET enable_bitmapscan = off", Done)
            .tries("EXPLAIN (COSTS off) SELECT count(*) FROM shared.products", Shows("Seq Scan on products"))
            .known_open(),
    ]
}

fn sizes() -> Vec<Attack> {
    let count = "SELECT c.reltuples FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace WHERE n.nspname = '{victim_schema_name}' AND c.relname = 'products' AND c.reltuples >= 300";
    let size = "SELECT pg_total_relation_size(c.oid) FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace WHERE n.nspname = '{victim_schema_name}' AND c.relname = 'products'";
    vec![
        attack("S46", "pg_class counts the rows of others", ONE_DATABASE).tries(count, SomeRows).known_open(),
        attack("S47", "pg_stat_user_tables counts the writes of others", SHARED)
            .refused("SELECT n_live_tup, n_tup_ins FROM pg_stat_user_tables", DENIED)
            .twin(Who::Super, "SELECT n_live_tup, n_tup_ins FROM pg_stat_user_tables", SomeRows),
        attack("S47", "pg_stat_user_tables counts the writes of others", OWN_TABLES)
            .refused("SELECT relname FROM pg_stat_user_tables", DENIED)
            .refused("SELECT relname FROM pg_statio_user_tables", DENIED)
            .twin(Who::Super, "SELECT relname FROM pg_stat_user_tables", SomeRows),
        attack("S48", "the size of a table of others", ONE_DATABASE)
            .refused(size, DENIED)
            .refused("SELECT pg_database_size(current_database())", DENIED)
            .twin(Who::Super, size, SomeRows),
        attack("S48", "the size of a database of others", DATABASE)
            .refused("SELECT pg_database_size('{victim_database_name}')", DENIED)
            .twin(Who::A, "SELECT pg_total_relation_size('{own_products}')", SomeRows),
        attack("X11", "columns of the victim's tables", SCHEMA)
            .refused("SELECT '{victim_products}'::regclass", DENIED)
            .twin(Who::A, "SELECT '{own_products}'::regclass", SomeRows),
    ]
}
