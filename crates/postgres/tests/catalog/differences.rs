//! Each kind of change is found, and nothing else.

use tenantry_postgres::catalog::{Catalog, Difference};

use crate::{read, server};

const BASE: &str =
    "CREATE TYPE status AS ENUM ('new', 'old'); CREATE DOMAIN code AS text CHECK (VALUE <> '');
    CREATE SEQUENCE s; CREATE TABLE parent (id integer PRIMARY KEY);
    CREATE TABLE t (id integer PRIMARY KEY, name text NOT NULL DEFAULT 'x', parent integer REFERENCES parent,
        state status, CONSTRAINT named CHECK (name <> ''), UNIQUE (name));
    CREATE INDEX t_parent ON t (parent); CREATE VIEW v AS SELECT name FROM t;
    CREATE FUNCTION f(n integer) RETURNS integer LANGUAGE sql AS 'SELECT n';
    CREATE FUNCTION g() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN RETURN NEW; END';
    CREATE TRIGGER g BEFORE INSERT ON t FOR EACH ROW EXECUTE FUNCTION g();
    CREATE POLICY p ON t USING (name > 'a'); COMMENT ON TABLE t IS 'a table'";

fn brief(difference: &Difference) -> String {
    match difference {
        Difference::Missing { kind, name, .. } => format!("- {kind} {name}"),
        Difference::Extra { kind, name, .. } => format!("+ {kind} {name}"),
        Difference::Changed { kind, name, .. } => format!("~ {kind} {name}"),
        Difference::Reordered { table } => format!("^ {table}"),
    }
}

async fn changed(client: &mut tokio_postgres::Client, sql: &str) -> Catalog {
    let transaction = client.transaction().await.unwrap();
    transaction.batch_execute(&format!("SET LOCAL search_path = template; {sql}")).await.unwrap();
    tenantry_postgres::catalog::read(&transaction, "template").await.unwrap()
}

#[tokio::test]
async fn each_change_is_found() {
    let mut client = server::database().await;
    client.batch_execute(&format!("SET search_path = template; {BASE}")).await.unwrap();
    let before = read(&mut client, "template").await;
    let cases: &[(&str, &[&str])] = &[
        ("ALTER TYPE status RENAME VALUE 'old' TO 'gone'", &["~ enum status"]),
        (
            "ALTER DOMAIN code ADD CHECK (length(VALUE) < 9)",
            &["+ check constraint of a domain code.code_check1"],
        ),
        ("ALTER SEQUENCE s INCREMENT 2", &["~ sequence s"]),
        ("SELECT nextval('s')", &[]),
        ("ALTER TABLE t ADD COLUMN more integer", &["+ column t.more"]),
        ("ALTER TABLE t DROP COLUMN state", &["- column t.state"]),
        ("ALTER TABLE t ALTER COLUMN name DROP DEFAULT", &["~ column t.name"]),
        ("ALTER TABLE t ALTER COLUMN name DROP NOT NULL", &["~ column t.name"]),
        ("ALTER TABLE t ALTER COLUMN id TYPE bigint", &["~ column t.id"]),
        ("ALTER TABLE t ALTER COLUMN name SET STATISTICS 9", &["~ column t.name"]),
        (
            "ALTER TABLE t DROP COLUMN state, ADD COLUMN state status; ALTER TABLE t DROP COLUMN parent, ADD COLUMN parent integer REFERENCES parent; CREATE INDEX t_parent ON t (parent)",
            &["^ t"],
        ),
        ("ALTER TABLE t DROP CONSTRAINT named", &["- check constraint t.named"]),
        ("ALTER TABLE t DROP CONSTRAINT t_name_key", &["- unique constraint t.t_name_key"]),
        ("ALTER TABLE t DROP CONSTRAINT t_parent_fkey", &["- foreign key t.t_parent_fkey"]),
        ("ALTER TABLE t ALTER CONSTRAINT t_parent_fkey DEFERRABLE", &["~ foreign key t.t_parent_fkey"]),
        ("ALTER TABLE t SET (fillfactor = 50)", &["~ table t"]),
        ("ALTER TABLE t ENABLE ROW LEVEL SECURITY", &["~ table t"]),
        ("ALTER TABLE t REPLICA IDENTITY FULL", &["~ table t"]),
        ("ALTER TABLE t DISABLE TRIGGER g", &["~ trigger t.g"]),
        ("ALTER POLICY p ON t USING (name > 'b')", &["~ row security policy t.p"]),
        ("DROP INDEX t_parent; CREATE INDEX t_parent ON t (parent) WHERE parent > 0", &["~ index t_parent"]),
        ("CREATE STATISTICS st ON id, name FROM t", &["+ extended statistics st"]),
        ("CREATE OR REPLACE VIEW v AS SELECT name FROM t WHERE id > 0", &["~ view v"]),
        ("CREATE RULE r AS ON DELETE TO t DO INSTEAD NOTHING", &["+ rule t.r"]),
        (
            "CREATE OR REPLACE FUNCTION f(n integer) RETURNS integer LANGUAGE sql AS 'SELECT n + 1'",
            &["~ function f(n integer)"],
        ),
        ("CREATE FUNCTION f(n text) RETURNS integer LANGUAGE sql AS 'SELECT 1'", &["+ function f(n text)"]),
        ("COMMENT ON TABLE t IS 'another'", &["~ comment TABLE t"]),
        ("COMMENT ON COLUMN t.id IS 'key'", &["+ comment COLUMN t.id"]),
        (
            "ALTER TABLE parent RENAME TO p2",
            &[
                "- table parent",
                "~ foreign key t.t_parent_fkey",
                "+ table p2",
                "+ column p2.id",
                "- column parent.id",
                "- primary key parent.parent_pkey",
                "+ primary key p2.parent_pkey",
            ],
        ),
        ("INSERT INTO parent VALUES (1); GRANT SELECT ON t TO PUBLIC", &[]),
    ];
    for (sql, expect) in cases {
        let after = changed(&mut client, sql).await;
        let mut found: Vec<String> = before.difference(&after).iter().map(brief).collect();
        let mut expect = expect.to_vec();
        found.sort();
        expect.sort_unstable();
        assert_eq!(found, expect, "{sql}");
        assert_eq!(expect.is_empty(), before.fingerprint() == after.fingerprint(), "{sql}");
    }
}
