//! Partitions, children, LIKE and their like: in every isolation the same objects under the same names, each tenant's
//! rows its own.

use tenantry_domain::Isolation;
use tenantry_testkit::{AppOptions, TestApp};
use tokio_postgres::Client;

use crate::folder::{Lab, in_slug, one};

/// Names of relations, columns, constraints and triggers of a schema, without what Tenantry adds.
const OBJECTS: &str = "
  SELECT coalesce(array_agg(DISTINCT o.text ORDER BY o.text), '{}') FROM (
    SELECT CASE c.relkind WHEN 'm' THEN 'r' ELSE c.relkind::text END || ' ' || c.relname AS text, c.relnamespace AS schema FROM pg_class c
     WHERE c.relkind IN ('r', 'p', 'v', 'm', 'i', 'I', 'S') AND c.relname !~ '(_tenantry_idx|^tenantry_)'
    UNION ALL
    SELECT c.relname || '.' || a.attname || ' ' || format_type(a.atttypid, a.atttypmod) || CASE WHEN a.attnotnull THEN ' not null' ELSE '' END, c.relnamespace
      FROM pg_attribute a JOIN pg_class c ON c.oid = a.attrelid
     WHERE c.relkind IN ('r', 'p', 'v', 'm') AND a.attnum > 0 AND NOT a.attisdropped AND a.attname <> 'tenant_id'
       AND c.relname !~ '^tenantry_'
    UNION ALL
    SELECT c.relname || ' ' || k.contype::text || ' ' || k.conname, c.relnamespace
      FROM pg_constraint k JOIN pg_class c ON c.oid = k.conrelid
     WHERE k.contype IN ('p', 'u', 'x', 'c', 'f') AND k.conparentid = 0
    UNION ALL
    SELECT c.relname || ' trigger ' || g.tgname, c.relnamespace FROM pg_trigger g JOIN pg_class c ON c.oid = g.tgrelid
     WHERE NOT g.tgisinternal AND g.tgname !~ '^!tenantry'
  ) o WHERE o.schema = $1::text::regnamespace";

/// The objects of a schema.
async fn objects(client: &Client, schema: &str) -> Vec<String> {
    client.query_one(OBJECTS, &[&schema]).await.unwrap().get(0)
}

/// Asserts that the shared tables and the template of the plain shape have the same objects, and that doctor agrees.
pub async fn same_objects(app: &TestApp) {
    let data = app.data().await;
    let (shared, plain) = (objects(&data, "shared").await, objects(&data, "template").await);
    let only = |a: &[String], b: &[String]| a.iter().filter(|x| !b.contains(x)).cloned().collect::<Vec<_>>();
    assert_eq!((only(&shared, &plain), only(&plain, &shared)), (vec![], vec![]), "shared alone, plain alone");
    let findings = app.findings().await;
    assert!(findings.is_empty(), "{findings:#?}");
}

/// Applies the files one after the other with two tenants of every isolation there from the first on.
pub async fn history(options: AppOptions, files: &[&str]) -> Lab {
    with_tenants(Lab::new(options).await, files).await
}

/// The same in a folder that is there.
async fn with_tenants(lab: Lab, files: &[&str]) -> Lab {
    for (i, text) in files.iter().enumerate() {
        lab.apply(&format!("{:04}_step.up.sql", i + 1), text).await;
        if i == 0 {
            for slug in ["ann", "bob"] {
                for isolation in Isolation::ALL {
                    lab.app.tenant(&format!("{slug}-{isolation}"), isolation).await;
                }
            }
        }
        same_objects(&lab.app).await;
    }
    lab
}

/// Runs `write` for both tenants of every isolation, with the tenant's name in place of NAME, and then compares what
/// each reads: its own rows, the same in every isolation.
pub async fn each_reads_its_own(lab: &Lab, write: &str, reads: &[(&str, &str)]) {
    for slug in ["ann", "bob"] {
        for isolation in Isolation::ALL {
            let own = lab.app.login(&format!("{slug}-{isolation}")).await;
            own.batch_execute(&write.replace("NAME", slug))
                .await
                .unwrap_or_else(|e| panic!("{slug} {isolation}: {e:?}"));
        }
    }
    for slug in ["ann", "bob"] {
        for isolation in Isolation::ALL {
            let own = lab.app.login(&format!("{slug}-{isolation}")).await;
            for (sql, expected) in reads {
                let found: Option<String> =
                    one(&own, &format!("SELECT string_agg(x::text, ' ') FROM ({sql}) x")).await;
                assert_eq!(
                    found.unwrap_or_default(),
                    expected.replace("NAME", slug),
                    "{slug} {isolation}: {sql}"
                );
            }
        }
    }
}

#[tokio::test]
async fn partitions() {
    let first = "CREATE TABLE users (id int PRIMARY KEY, name text UNIQUE);
      INSERT INTO users VALUES (1, 'seed');
      CREATE TABLE events (id bigserial, at date NOT NULL, kind text NOT NULL, by int REFERENCES users, PRIMARY KEY (id, at, kind), CHECK (id > 0)) PARTITION BY RANGE (at);
      CREATE INDEX ON events (kind) WHERE kind <> '';
      CREATE TABLE events_23 PARTITION OF events FOR VALUES FROM ('2023-01-01') TO ('2024-01-01');
      CREATE TABLE events_24 PARTITION OF events FOR VALUES FROM ('2024-01-01') TO ('2025-01-01') PARTITION BY LIST (kind);
      CREATE TABLE events_24_a PARTITION OF events_24 FOR VALUES IN ('a');
      CREATE TABLE events_rest (LIKE events INCLUDING ALL);
      ALTER TABLE events ATTACH PARTITION events_rest DEFAULT;
      CREATE TABLE counted (id int GENERATED ALWAYS AS IDENTITY, half int) PARTITION BY HASH (half);
      CREATE TABLE counted_0 PARTITION OF counted FOR VALUES WITH (MODULUS 2, REMAINDER 0);
      CREATE TABLE counted_1 PARTITION OF counted FOR VALUES WITH (MODULUS 2, REMAINDER 1);
      INSERT INTO events (at, kind, by) VALUES ('2023-05-05', 'seed', 1), ('2030-01-01', 'none', NULL);
      INSERT INTO counted (half) VALUES (1), (2), (3);";
    let second = "CREATE TABLE events_24_rest PARTITION OF events_24 DEFAULT;
      CREATE INDEX events_by ON events (by) INCLUDE (kind);
      ALTER TABLE events ADD COLUMN note text, ADD UNIQUE (at, kind, id);
      CREATE TABLE events_26 (LIKE events INCLUDING DEFAULTS INCLUDING CONSTRAINTS);
      ALTER TABLE events ATTACH PARTITION events_26 FOR VALUES FROM ('2026-01-01') TO ('2027-01-01');
      ALTER TABLE events RENAME COLUMN kind TO sort;
      UPDATE events SET note = sort;
      CREATE INDEX ON events USING gin (to_tsvector('simple', note));";
    let third = "ALTER TABLE events DETACH PARTITION events_23;
      ALTER TABLE events DROP CONSTRAINT events_at_kind_id_key;
      DROP TABLE events_24_a;
      ALTER INDEX events_by RENAME TO events_by_user;
      CREATE TABLE refers (id bigint, at date, kind text, FOREIGN KEY (id, at, kind) REFERENCES events DEFERRABLE);
      TRUNCATE counted_0;";
    let lab = history(AppOptions::default(), &[first, second]).await;
    each_reads_its_own(
        &lab,
        "INSERT INTO users VALUES (7, 'NAME');
         INSERT INTO events (at, sort, by) VALUES ('2023-02-02', 'NAME', 7), ('2024-02-02', 'a', 7), ('2024-02-02', 'NAME', 7), ('2026-02-02', 'z', 7);
         INSERT INTO counted (half) VALUES (1), (2);",
        &[
            ("SELECT id, sort FROM events ORDER BY id", "(1,seed) (2,none) (3,NAME) (4,a) (5,NAME) (6,z)"),
            ("SELECT sort FROM events_23 ORDER BY id", "(seed) (NAME)"),
            ("SELECT sort FROM events_24_rest", "(NAME)"),
            ("SELECT count(*) FROM events_rest", "(1)"),
            ("SELECT id FROM counted ORDER BY id", "(1) (2) (3) (4) (5)"),
        ],
    )
    .await;
    lab.apply("0003_step.up.sql", third).await;
    same_objects(&lab.app).await;
    each_reads_its_own(
        &lab,
        "UPDATE events_23 SET note = 'NAME' WHERE at = '2023-02-02'; INSERT INTO refers VALUES (5, '2024-02-02', 'NAME');",
        &[
            ("SELECT note FROM events_23 ORDER BY id", "(seed) (NAME)"),
            ("SELECT sort FROM events ORDER BY id", "(none) (NAME) (z)"),
            ("SELECT count(*) < 5 FROM counted", "(t)"),
        ],
    )
    .await;
}

#[tokio::test]
async fn children_and_likenesses() {
    let first = "CREATE TABLE early (id int); CREATE TABLE moved (LIKE early INCLUDING ALL, more text);
      CREATE TABLE base (id serial PRIMARY KEY, name text CHECK (name <> ''), UNIQUE (name));
      CREATE INDEX base_lower ON base (lower(name)) WHERE name > 'a';
      CREATE TABLE child (extra int UNIQUE) INHERITS (base);
      CREATE TABLE likes (LIKE base INCLUDING ALL, more text); INSERT INTO base (name) VALUES ('b1'); INSERT INTO child (name, extra) VALUES ('c1', 1);
      CREATE TABLE numbered (id int GENERATED BY DEFAULT AS IDENTITY (START 10) PRIMARY KEY, twice int GENERATED ALWAYS AS (id * 2) STORED);
      CREATE TABLE numbered_too (LIKE numbered INCLUDING ALL);";
    let second = "ALTER TABLE base ADD COLUMN note text DEFAULT 'n', ADD CHECK (note <> '');
      ALTER TABLE base RENAME COLUMN name TO title;
      CREATE TABLE again (LIKE base INCLUDING INDEXES INCLUDING CONSTRAINTS);
      INSERT INTO again SELECT * FROM base WHERE id < 2;
      CREATE TABLE loner (LIKE child INCLUDING CONSTRAINTS);
      ALTER TABLE loner INHERIT base;
      ALTER TABLE child NO INHERIT base;
      CREATE TEMP TABLE kept (a int PRIMARY KEY, b text); INSERT INTO kept VALUES (1, 'x');
      UPDATE base SET note = b FROM kept WHERE id = a;";

    let lab = history(AppOptions::default(), &[first, second]).await;
    each_reads_its_own(
        &lab,
        "INSERT INTO base (title) VALUES ('NAME'); INSERT INTO child (title, extra) VALUES ('NAME', 5);
         INSERT INTO likes (name, more) VALUES ('NAME', 'm'); INSERT INTO numbered_too DEFAULT VALUES;
         INSERT INTO loner (id, title) VALUES (1, 'NAME')",
        &[
            ("SELECT id, title, note FROM base ORDER BY id, note", "(1,b1,x) (1,NAME,) (3,NAME,n)"),
            ("SELECT id, title FROM child ORDER BY id", "(2,c1) (4,NAME)"),
            ("SELECT id, name FROM likes", "(5,NAME)"),
            ("SELECT id, twice FROM numbered_too", "(10,20)"),
            ("SELECT id, title FROM again", "(1,b1)"),
        ],
    )
    .await;
}

/// The tenant column of a child is its last, and its other columns remain the parents'.
#[tokio::test]
async fn a_childs_own_columns_stand_where_they_are_written() {
    let first = "CREATE TABLE base (id int PRIMARY KEY, name text DEFAULT 'd' CHECK (name <> ''), twice int GENERATED ALWAYS AS (id * 2) STORED);
      CREATE TABLE other (id int, kind text NOT NULL);
      CREATE TABLE child (extra text UNIQUE, CHECK (extra <> 'x')) INHERITS (base, other);
      CREATE TABLE grand (last text) INHERITS (child);
      INSERT INTO child VALUES (1, 's', DEFAULT, 'k', 'e'); INSERT INTO grand (id, name, kind, extra, last) SELECT id + 1, name, kind, extra, 'l' FROM child;";
    let second = "ALTER TABLE base DROP COLUMN name; ALTER TABLE base RENAME COLUMN twice TO double; ALTER TABLE base ADD CHECK (id > 0);
      CREATE TABLE late (at int) INHERITS (grand);";
    let lab = history(AppOptions::default(), &[first, second]).await;
    each_reads_its_own(
        &lab,
        "INSERT INTO child VALUES (5, DEFAULT, 'k', 'NAME'); INSERT INTO grand VALUES (6, DEFAULT, 'k', 'NAME', 'l');
         INSERT INTO late VALUES (7, DEFAULT, 'k', 'NAME', 'l', 9)",
        &[
            ("SELECT id, extra FROM child ORDER BY id", "(1,e) (2,e) (5,NAME) (6,NAME) (7,NAME)"),
            ("SELECT id, double FROM base ORDER BY id", "(1,2) (2,4) (5,10) (6,12) (7,14)"),
            ("SELECT id, kind, extra, last, at FROM late", "(7,k,NAME,l,9)"),
        ],
    )
    .await;
}

#[tokio::test]
async fn truncate_reaches_what_refers_to_the_table() {
    let first = "CREATE TABLE a (id serial PRIMARY KEY); CREATE TABLE b (id int PRIMARY KEY, a int REFERENCES a ON DELETE RESTRICT);
      CREATE TABLE r1 (id int PRIMARY KEY, r2 int); CREATE TABLE r2 (id int PRIMARY KEY, r1 int REFERENCES r1);
      ALTER TABLE r1 ADD FOREIGN KEY (r2) REFERENCES r2;
      CREATE TABLE gone (id int);
      CREATE FUNCTION note_it() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN INSERT INTO gone VALUES (OLD.id); RETURN OLD; END $$;
      CREATE TRIGGER noted BEFORE DELETE ON b FOR EACH ROW EXECUTE FUNCTION note_it();
      INSERT INTO a DEFAULT VALUES; INSERT INTO b VALUES (1, 1);
      INSERT INTO r1 VALUES (1, NULL); INSERT INTO r2 VALUES (1, 1); UPDATE r1 SET r2 = 1;";
    let lab =
        history(AppOptions::default(), &[first, "TRUNCATE a RESTART IDENTITY CASCADE; TRUNCATE r1 CASCADE;"])
            .await;
    each_reads_its_own(
        &lab,
        "INSERT INTO a DEFAULT VALUES",
        &[
            ("SELECT id FROM a", "(1)"),
            ("SELECT (SELECT count(*) FROM b), (SELECT count(*) FROM r1), (SELECT count(*) FROM r2), (SELECT count(*) FROM gone)", "(0,0,0,0)"),
        ],
    )
    .await;
}

/// Rows of a query and materialized views are made tenant by tenant, also for those who are there already.
#[tokio::test]
async fn results_of_queries() {
    let first = "CREATE TABLE orders (id serial PRIMARY KEY, buyer text, amount numeric);
      INSERT INTO orders (buyer, amount) VALUES ('seed', 1);
      CREATE MATERIALIZED VIEW sums AS SELECT buyer, sum(amount) FROM orders GROUP BY buyer;
      CREATE UNIQUE INDEX ON sums (buyer);
      COMMENT ON MATERIALIZED VIEW sums IS 'by buyer';
      CREATE FUNCTION again() RETURNS void LANGUAGE plpgsql SECURITY DEFINER SET search_path = public AS $$ BEGIN REFRESH MATERIALIZED VIEW CONCURRENTLY sums; END $$;";
    let second = "CREATE TABLE big AS SELECT id, buyer AS who FROM orders WHERE amount > 0;
      ALTER TABLE big ADD PRIMARY KEY (id);
      SELECT count(*) AS n, max(amount) INTO totals FROM orders;
      CREATE TEMP TABLE few ON COMMIT DROP AS SELECT id FROM orders WHERE buyer <> 'seed';
      UPDATE big SET who = who || '!' WHERE id IN (SELECT id FROM few);
      CREATE VIEW over_sums AS SELECT * FROM sums WHERE sum > 1;
      REFRESH MATERIALIZED VIEW CONCURRENTLY sums;
      CREATE MATERIALIZED VIEW gone AS SELECT id FROM orders;
      CREATE MATERIALIZED VIEW later AS SELECT n FROM totals WITH NO DATA;";
    let third = "DROP MATERIALIZED VIEW gone; ALTER MATERIALIZED VIEW sums RENAME TO totals_by; REFRESH MATERIALIZED VIEW later;
      ALTER TABLE orders RENAME buyer TO customer; DROP TABLE totals CASCADE;";
    let lab = Lab::new(AppOptions::default()).await;
    let lab = with_tenants(lab, &[first]).await;
    each_reads_its_own(
        &lab,
        "INSERT INTO orders (buyer, amount) VALUES ('NAME', 5), ('NAME', 6)",
        &[("SELECT buyer, sum FROM sums", "(seed,1)")],
    )
    .await;
    lab.apply("0002_step.up.sql", second).await;
    same_objects(&lab.app).await;
    each_reads_its_own(
        &lab,
        "INSERT INTO orders (buyer, amount) VALUES ('NAME', 7)",
        &[
            ("SELECT who FROM big ORDER BY id", "(seed) (NAME!) (NAME!)"),
            ("SELECT n, max FROM totals", "(3,6)"),
            ("SELECT buyer, sum FROM sums ORDER BY sum", "(seed,1) (NAME,11)"),
            ("SELECT buyer FROM over_sums", "(NAME)"),
        ],
    )
    .await;
    lab.apply("0003_step.up.sql", third).await;
    same_objects(&lab.app).await;
    for slug in ["ann-shared", "bob-schema"] {
        let own = lab.app.login(slug).await;
        let e = own.batch_execute("DELETE FROM totals_by").await.unwrap_err();
        assert_eq!(e.code().unwrap().code(), "42809", "{slug}: a materialized view is not written to");
    }
}

/// What a function refreshes is the caller's alone.
#[tokio::test]
async fn a_function_refreshes() {
    let first = "CREATE TABLE orders (id serial PRIMARY KEY, buyer text);
      CREATE MATERIALIZED VIEW buyers AS SELECT DISTINCT buyer FROM orders;
      CREATE FUNCTION again() RETURNS void LANGUAGE plpgsql SECURITY DEFINER AS $$ BEGIN REFRESH MATERIALIZED VIEW buyers; END $$;";
    let lab = with_tenants(Lab::new(AppOptions::default()).await, &[first]).await;
    let write = "INSERT INTO orders (buyer) VALUES ('NAME'); SELECT again(); INSERT INTO orders (buyer) VALUES ('later')";
    each_reads_its_own(&lab, write, &[("SELECT * FROM (SELECT buyer FROM buyers) b", "(NAME)")]).await;
}

/// The server has no list of columns for ON UPDATE: a trigger sets them, and leaves the tenant alone.
#[tokio::test]
async fn foreign_keys_that_set_columns_on_update() {
    let first = "CREATE TABLE users (id int PRIMARY KEY, name text UNIQUE);
      CREATE TABLE posts (id int PRIMARY KEY, by int REFERENCES users ON UPDATE SET NULL ON DELETE SET NULL,
        \"forName\" text DEFAULT 'nobody' REFERENCES users (name) ON UPDATE SET DEFAULT);
      INSERT INTO users VALUES (1, 'seed'), (0, 'nobody'); INSERT INTO posts VALUES (1, 1, 'seed');";
    let lab = history(AppOptions::default(), &[first, "UPDATE users SET id = 2 WHERE id = 1;"]).await;
    each_reads_its_own(
        &lab,
        "INSERT INTO users VALUES (5, 'NAME'); INSERT INTO posts VALUES (2, 5, 'NAME'), (3, 5, 'seed');
         UPDATE users SET id = 6 WHERE id = 5; UPDATE users SET name = 'other' WHERE id = 6;",
        &[("SELECT id, by, \"forName\" FROM posts ORDER BY id", "(1,,seed) (2,,nobody) (3,,seed)")],
    )
    .await;
    let own = lab.app.login("ann-shared").await;
    let e = own.batch_execute("INSERT INTO posts VALUES (9, 99)").await.unwrap_err();
    assert_eq!(e.code().unwrap().code(), "23503", "the key is checked as before");
}

/// The usual way to an index of a partitioned table without stopping anybody: it is invalid while its parts are made.
#[tokio::test]
async fn an_index_of_a_partitioned_table_is_put_together() {
    let lab = Lab::new(AppOptions::default()).await;
    let text = "CREATE TABLE events (id int, at date NOT NULL, kind text) PARTITION BY RANGE (at);
        CREATE TABLE events_25 PARTITION OF events FOR VALUES FROM ('2025-01-01') TO ('2026-01-01');
        CREATE TABLE events_26 PARTITION OF events FOR VALUES FROM ('2026-01-01') TO ('2027-01-01');";
    lab.apply("0001_tables.up.sql", text).await;
    lab.tenants().await;
    let text = "CREATE INDEX events_kind ON ONLY events (kind);
        CREATE INDEX CONCURRENTLY events_25_kind ON events_25 (kind);
        CREATE INDEX CONCURRENTLY events_26_kind ON events_26 (kind);
        ALTER INDEX events_kind ATTACH PARTITION events_25_kind;
        ALTER INDEX events_kind ATTACH PARTITION events_26_kind;";
    lab.apply("0002_index.up.sql", text).await;
    for isolation in Isolation::ALL {
        let own = lab.app.login(&in_slug(isolation)).await;
        let sql = "SELECT indisvalid FROM pg_index WHERE indexrelid = to_regclass('events_kind')";
        assert!(one::<bool>(&own, sql).await, "{isolation}");
    }
}
