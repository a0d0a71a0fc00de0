//! Each rule with what it finds and with a twin that is fine.

use super::*;

/// What is applied before each case.
const APP: &str = "
CREATE TYPE mood AS ENUM ('sad', 'happy');
CREATE DOMAIN cents AS bigint;
CREATE SEQUENCE numbers;
CREATE TABLE other (id int PRIMARY KEY);
CREATE TABLE t (
  id int PRIMARY KEY, a int NOT NULL DEFAULT 0, b text, v varchar(10), n numeric(10, 2), o int REFERENCES other,
  price cents, m mood, CONSTRAINT b_long CHECK (length(b) > 3), CONSTRAINT v_key UNIQUE (v)
);
CREATE INDEX t_b ON t (b);
CREATE UNIQUE INDEX t_n ON t (n);
CREATE TABLE p (day date NOT NULL, x int) PARTITION BY RANGE (day);
CREATE TABLE p1 PARTITION OF p FOR VALUES FROM ('2026-01-01') TO ('2027-01-01');
CREATE TABLE p2 (day date NOT NULL, x int);
CREATE TABLE p3 (day date NOT NULL, x int, CHECK (day >= '2028-01-01'));
CREATE VIEW seen AS SELECT id FROM t;
CREATE MATERIALIZED VIEW counted AS SELECT count(*) AS n FROM t;
CREATE FUNCTION twice(x int) RETURNS int LANGUAGE sql AS 'SELECT x * 2';
CREATE FUNCTION touch() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN RETURN NEW; END';
";

fn app() -> Linter {
    let mut linter = Linter::new();
    linter.applied("0001_app.sql", APP).unwrap();
    linter
}

fn lint(text: &str) -> Linted {
    app().pending("2.sql", text, None).unwrap_or_else(|e| panic!("{text}: {e}"))
}

fn rules(linted: &Linted) -> Vec<&'static str> {
    linted.findings.iter().map(|f| f.rule.as_str()).collect()
}

/// Rules that find something, the text that they find it in, and a text in which nothing is found.
const CASES: &[(&[&str], &str, &str)] = &[
    (
        &["rewrites-table"],
        "ALTER TABLE t ADD COLUMN c uuid DEFAULT gen_random_uuid()",
        "ALTER TABLE t ADD COLUMN c timestamptz NOT NULL DEFAULT now()",
    ),
    (
        &["rewrites-table"],
        "ALTER TABLE t ADD COLUMN c uuid NOT NULL DEFAULT gen_random_uuid()",
        "ALTER TABLE t ADD COLUMN c uuid; ALTER TABLE t ALTER COLUMN c SET DEFAULT gen_random_uuid()",
    ),
    (&["rewrites-table"], "ALTER TABLE t ADD COLUMN c bigserial", "ALTER TABLE t ADD COLUMN c bigint"),
    (
        &["rewrites-table"],
        "ALTER TABLE t ADD COLUMN c int GENERATED ALWAYS AS IDENTITY",
        "ALTER TABLE t ALTER COLUMN a SET STATISTICS 1000",
    ),
    (
        &["rewrites-table"],
        "ALTER TABLE t ADD COLUMN c int GENERATED ALWAYS AS (a * 2) STORED",
        "ALTER TABLE t ADD COLUMN c int DEFAULT 1 + 1",
    ),
    (&["rewrites-table"], "ALTER TABLE t SET UNLOGGED", "ALTER TABLE t SET (fillfactor = 70)"),
    (
        &["changes-type"],
        "ALTER TABLE t ALTER COLUMN a TYPE bigint",
        "ALTER TABLE t ALTER COLUMN v TYPE varchar(20)",
    ),
    (
        &["changes-type"],
        "ALTER TABLE t ALTER COLUMN v TYPE text USING upper(v)",
        "ALTER TABLE t ALTER COLUMN v TYPE text",
    ),
    (
        &["changes-type"],
        "ALTER TABLE t ALTER COLUMN n TYPE numeric(12, 4)",
        "ALTER TABLE t ALTER COLUMN n TYPE numeric(12, 2)",
    ),
    (
        &["changes-type"],
        "ALTER TABLE t ALTER COLUMN b TYPE text COLLATE \"C\"",
        "ALTER TABLE t ALTER COLUMN b TYPE varchar",
    ),
    (
        &["not-null-scan"],
        "ALTER TABLE t ALTER COLUMN b SET NOT NULL",
        "ALTER TABLE t ALTER COLUMN a SET NOT NULL",
    ),
    (
        &["check-scan"],
        "ALTER TABLE t ADD CONSTRAINT c CHECK (a > 0)",
        "ALTER TABLE t ADD CONSTRAINT c CHECK (a > 0) NOT VALID",
    ),
    (
        &["check-scan"],
        "ALTER TABLE t ADD COLUMN c int CHECK (c > 0)",
        "ALTER TABLE t ADD COLUMN c int, ADD CONSTRAINT c CHECK (c > 0) NOT VALID",
    ),
    (
        &["foreign-key-scan"],
        "ALTER TABLE t ADD FOREIGN KEY (a) REFERENCES other",
        "ALTER TABLE t ADD FOREIGN KEY (a) REFERENCES other NOT VALID",
    ),
    (
        &["foreign-key-scan"],
        "ALTER TABLE t ADD COLUMN c int DEFAULT 1 REFERENCES other",
        "ALTER TABLE t ADD COLUMN c int REFERENCES other",
    ),
    (
        &["domain-scan"],
        "ALTER DOMAIN cents ADD CONSTRAINT positive CHECK (VALUE > 0)",
        "ALTER DOMAIN cents ADD CONSTRAINT positive CHECK (VALUE > 0) NOT VALID",
    ),
    (
        &["attach-scan"],
        "ALTER TABLE p ATTACH PARTITION p2 FOR VALUES FROM ('2027-01-01') TO ('2028-01-01')",
        "ALTER TABLE p ATTACH PARTITION p3 FOR VALUES FROM ('2028-01-01') TO ('2029-01-01')",
    ),
    (&["index-not-concurrent"], "CREATE INDEX i ON t (a)", "CREATE INDEX CONCURRENTLY i ON t (a)"),
    (&["index-not-concurrent"], "CREATE UNIQUE INDEX i ON p (day)", "CREATE INDEX i ON ONLY p (day)"),
    (&["index-not-concurrent"], "CREATE INDEX i ON t (a)", "CREATE INDEX IF NOT EXISTS t_b ON t (b)"),
    (&["drop-index-not-concurrent"], "DROP INDEX t_b", "DROP INDEX CONCURRENTLY t_b"),
    (&["drop-index-not-concurrent"], "DROP INDEX nobody_knows", "DROP INDEX IF EXISTS nobody_knows"),
    (
        &["key-in-place"],
        "ALTER TABLE t ADD CONSTRAINT k UNIQUE (a)",
        "ALTER TABLE t ADD CONSTRAINT k UNIQUE USING INDEX t_n",
    ),
    (
        &["key-in-place", "not-null-scan"],
        "ALTER TABLE t ADD PRIMARY KEY (b)",
        "ALTER TABLE t ADD PRIMARY KEY USING INDEX t_n",
    ),
    (&["key-in-place"], "ALTER TABLE t ADD COLUMN c int UNIQUE", "ALTER TABLE t ADD COLUMN c int"),
    (
        &["exclusion-in-place"],
        "ALTER TABLE t ADD EXCLUDE USING gist (a WITH =)",
        "CREATE TABLE fresh (a int); ALTER TABLE fresh ADD EXCLUDE USING gist (a WITH =)",
    ),
    (
        &["detach-not-concurrent"],
        "ALTER TABLE p DETACH PARTITION p1",
        "ALTER TABLE p DETACH PARTITION p1 CONCURRENTLY",
    ),
    (&["blocking-maintenance"], "VACUUM (FULL) t", "VACUUM (ANALYZE) t"),
    (&["blocking-maintenance"], "CLUSTER t USING t_b", "ALTER TABLE t CLUSTER ON t_b"),
    (&["blocking-maintenance"], "REINDEX TABLE t", "REINDEX TABLE CONCURRENTLY t"),
    (&["blocking-maintenance"], "REINDEX INDEX t_b", "REINDEX INDEX CONCURRENTLY t_b"),
    (
        &["blocking-maintenance"],
        "REFRESH MATERIALIZED VIEW counted",
        "REFRESH MATERIALIZED VIEW CONCURRENTLY counted",
    ),
    (&["locks-table"], "LOCK TABLE t", "LOCK TABLE t IN ROW EXCLUSIVE MODE"),
    (
        &["foreign-key-scan", "lock-held"],
        "ALTER TABLE t ADD COLUMN c int; ALTER TABLE t ADD FOREIGN KEY (c) REFERENCES other",
        "ALTER TABLE t ADD COLUMN c int; ALTER TABLE t ADD FOREIGN KEY (c) REFERENCES other NOT VALID",
    ),
    (
        &["index-not-concurrent", "lock-held"],
        "ALTER TABLE other ADD COLUMN c int; CREATE INDEX i ON t (a)",
        "ALTER TABLE other ADD COLUMN c int; CREATE TRIGGER touched BEFORE UPDATE ON t EXECUTE FUNCTION touch()",
    ),
    (
        &["validates-at-once"],
        "ALTER TABLE t ADD CONSTRAINT c CHECK (a > 0) NOT VALID; ALTER TABLE t VALIDATE CONSTRAINT c",
        "ALTER TABLE t VALIDATE CONSTRAINT b_long",
    ),
    (&["drops-column"], "ALTER TABLE t DROP COLUMN b", "ALTER TABLE t DROP COLUMN IF EXISTS gone"),
    (&["drops-table"], "DROP TABLE other", "DROP TABLE IF EXISTS gone"),
    (&["drops-table"], "DROP TABLE t", "CREATE TABLE fresh (id int); DROP TABLE fresh"),
    (&["drops-object"], "DROP VIEW seen", "DROP VIEW seen; CREATE VIEW seen AS SELECT id, a FROM t"),
    (&["drops-object"], "DROP FUNCTION twice(int)", "DROP FUNCTION IF EXISTS gone(int)"),
    (&["drops-object"], "DROP TYPE mood", "CREATE TYPE fresh AS ENUM ('x'); DROP TYPE fresh"),
    (&["drops-object"], "DROP SEQUENCE numbers", "DROP SEQUENCE IF EXISTS gone"),
    (&["drops-object"], "DROP MATERIALIZED VIEW counted", "DROP TRIGGER IF EXISTS touched ON t"),
    (&["drops-key"], "ALTER TABLE t DROP CONSTRAINT v_key", "ALTER TABLE t DROP CONSTRAINT b_long"),
    (&["drops-key"], "ALTER TABLE t DROP CONSTRAINT t_pkey", "ALTER TABLE t DROP CONSTRAINT t_o_fkey"),
    (&["drops-key", "drop-index-not-concurrent"], "DROP INDEX t_n", "DROP INDEX CONCURRENTLY t_b"),
    (
        &["drops-not-null"],
        "ALTER TABLE t ALTER COLUMN a DROP NOT NULL",
        "CREATE TABLE fresh (a int NOT NULL); ALTER TABLE fresh ALTER COLUMN a DROP NOT NULL",
    ),
    (
        &["drops-default"],
        "ALTER TABLE t ALTER COLUMN a DROP DEFAULT",
        "ALTER TABLE t ALTER COLUMN b DROP DEFAULT",
    ),
    (
        &["renames-column"],
        "ALTER TABLE t RENAME COLUMN b TO c",
        "ALTER TABLE t RENAME CONSTRAINT b_long TO b_is_long",
    ),
    (
        &["renames-table"],
        "ALTER TABLE t RENAME TO things",
        "ALTER TABLE t RENAME TO things; CREATE VIEW t AS SELECT * FROM things",
    ),
    (&["renames-table"], "ALTER VIEW seen RENAME TO watched", "ALTER INDEX t_b RENAME TO by_b"),
    (&["renames-table"], "ALTER TABLE t SET SCHEMA elsewhere", "ALTER TABLE IF EXISTS gone RENAME TO come"),
    (&["renames-object"], "ALTER TYPE mood RENAME VALUE 'sad' TO 'blue'", "ALTER TYPE mood ADD VALUE 'blue'"),
    (
        &["renames-object"],
        "ALTER FUNCTION twice(int) RENAME TO double",
        "CREATE FUNCTION fresh() RETURNS int LANGUAGE sql AS 'SELECT 1'; ALTER FUNCTION fresh() RENAME TO old",
    ),
    (&["renames-object"], "ALTER TYPE mood RENAME TO temper", "CREATE TYPE temper AS ENUM ()"),
    (
        &["required-column"],
        "ALTER TABLE t ADD COLUMN c int NOT NULL",
        "ALTER TABLE t ADD COLUMN c int NOT NULL DEFAULT 1",
    ),
    (
        &["required-column"],
        "ALTER TABLE t ADD COLUMN c int NOT NULL DEFAULT NULL",
        "ALTER TABLE t ADD COLUMN IF NOT EXISTS a int NOT NULL",
    ),
    (&["json-column"], "ALTER TABLE t ADD COLUMN c json", "ALTER TABLE t ADD COLUMN c jsonb"),
    (
        &["key-in-place", "deferrable-key"],
        "ALTER TABLE t ADD CONSTRAINT k UNIQUE (a) DEFERRABLE",
        "ALTER TABLE t ADD FOREIGN KEY (a) REFERENCES other DEFERRABLE NOT VALID",
    ),
    (
        &["hides-rows"],
        "ALTER TABLE t ENABLE ROW LEVEL SECURITY",
        "CREATE TABLE fresh (a int); ALTER TABLE fresh ENABLE ROW LEVEL SECURITY; ALTER TABLE t FORCE ROW LEVEL SECURITY",
    ),
    (
        &["hides-rows"],
        "CREATE POLICY p ON t AS RESTRICTIVE USING (true)",
        "CREATE POLICY p ON t USING (true); ALTER POLICY p ON t USING (false); DROP POLICY p ON t",
    ),
    (&["drops-table", "drop-cascade"], "DROP TABLE other CASCADE", "DROP TABLE IF EXISTS gone CASCADE"),
    (
        &["drops-column", "drop-cascade"],
        "ALTER TABLE t DROP COLUMN b CASCADE",
        "CREATE TABLE fresh (a int, b int); ALTER TABLE fresh DROP COLUMN b CASCADE",
    ),
    (&["truncates"], "TRUNCATE t", "CREATE TABLE fresh (id int); TRUNCATE fresh"),
    (&["changes-all-rows"], "UPDATE t SET a = 1", "UPDATE t SET a = 1 WHERE a IS NULL"),
    (&["changes-all-rows"], "DELETE FROM t", "CREATE TABLE fresh (id int); DELETE FROM fresh"),
    (
        &["backfill-with-ddl"],
        "ALTER TABLE t ADD COLUMN c text; UPDATE t SET c = b WHERE c IS NULL",
        "ALTER TABLE t ADD COLUMN c text; UPDATE t SET c = 'x' WHERE id = 5",
    ),
    (
        &["backfill-with-ddl"],
        "UPDATE t SET b = v WHERE b IS NULL; ALTER TABLE t ADD COLUMN c text",
        "UPDATE t SET b = v WHERE id IN (1, 2) AND v > b; ALTER TABLE t ADD COLUMN c text",
    ),
    (
        &["backfill-with-ddl"],
        "ALTER TABLE t ADD COLUMN c text; INSERT INTO other SELECT id FROM t",
        "ALTER TABLE t ADD COLUMN c text; INSERT INTO other VALUES (1)",
    ),
    (
        &["enum-value-used"],
        "ALTER TYPE mood ADD VALUE 'calm'; UPDATE t SET m = 'calm' WHERE id = 1",
        "CREATE TYPE fresh AS ENUM ('a'); ALTER TYPE fresh ADD VALUE 'calm'; INSERT INTO other SELECT 1 WHERE 'calm' = 'x'",
    ),
    (
        &["concurrently-mixed"],
        "CREATE INDEX CONCURRENTLY i ON t (a); UPDATE t SET a = 1 WHERE id = 1",
        "SET lock_timeout = '2s'; CREATE INDEX CONCURRENTLY i ON t (a); CREATE INDEX CONCURRENTLY j ON t (b)",
    ),
    (&["empty-file"], "-- nothing yet", "SELECT 1"),
    (&["allow"], "-- tenantry: allow drops-table\nSELECT 1", "-- tenantry is great\nSELECT 1"),
];

#[test]
fn each_rule_finds_its_case_and_lets_the_twin_be() {
    for (expect, bad, good) in CASES {
        assert_eq!(rules(&lint(bad)), *expect, "{bad}");
        assert_eq!(rules(&lint(good)), [""; 0], "{good}");
    }
    let covered: Vec<&str> = CASES.iter().flat_map(|(rules, ..)| rules.iter().copied()).collect();
    for rule in Rule::ALL.iter().filter(|r| **r != Rule::MissingDown) {
        assert!(covered.contains(&rule.as_str()), "no case for {rule}");
    }
}

#[test]
fn names_of_rules_are_distinct_and_known() {
    for rule in Rule::ALL {
        assert_eq!(Rule::named(rule.as_str()), Some(*rule));
        assert!(rule.as_str().bytes().all(|b| b == b'-' || b.is_ascii_lowercase()), "{rule}");
    }
    assert_eq!(Rule::named("drop-everything"), None);
}

#[test]
fn a_missing_down_file_counts_where_there_are_others() {
    let mut linter = app();
    let mut down = |has_down| rules(&linter.pending("2.sql", "SELECT 1", has_down).unwrap());
    assert_eq!(down(Some(false)), ["missing-down"]);
    assert_eq!(down(Some(true)), [""; 0]);
    assert_eq!(down(None), [""; 0]);
    let text = "-- tenantry: allow missing-down: reports are never taken back\nSELECT 1";
    assert_eq!(rules(&linter.pending("2.sql", text, Some(false)).unwrap()), [""; 0]);
}

/// The safe sequences that the findings name are found to be safe.
#[test]
fn the_remedies_find_nothing() {
    let sequences: &[&[&str]] = &[
        &[
            "ALTER TABLE t ADD CONSTRAINT c CHECK (b IS NOT NULL AND a > 0) NOT VALID",
            "ALTER TABLE t VALIDATE CONSTRAINT c",
            "ALTER TABLE t ALTER COLUMN b SET NOT NULL; ALTER TABLE t DROP CONSTRAINT c",
        ],
        &[
            "CREATE UNIQUE INDEX CONCURRENTLY k ON t (a)",
            "ALTER TABLE t ADD CONSTRAINT t_a_key UNIQUE USING INDEX k",
        ],
        &[
            "ALTER TABLE t ADD FOREIGN KEY (a) REFERENCES other NOT VALID",
            "ALTER TABLE t VALIDATE CONSTRAINT t_a_fkey",
        ],
        &[
            "ALTER TABLE p2 ADD CONSTRAINT bounds CHECK (day >= '2027-01-01' AND day < '2028-01-01') NOT VALID",
            "ALTER TABLE p2 VALIDATE CONSTRAINT bounds",
            "ALTER TABLE p ATTACH PARTITION p2 FOR VALUES FROM ('2027-01-01') TO ('2028-01-01')",
        ],
        &[
            "ALTER TABLE t ADD CONSTRAINT b_there NOT NULL b NOT VALID",
            "ALTER TABLE t VALIDATE CONSTRAINT b_there",
            "ALTER TABLE t ALTER COLUMN b SET NOT NULL",
        ],
    ];
    for files in sequences {
        let mut linter = app();
        for file in *files {
            assert_eq!(rules(&linter.pending("2.sql", file, None).unwrap()), [""; 0], "{file}");
            linter.settle();
        }
    }
}

/// A check that was dropped or isn't validated proves nothing.
#[test]
fn what_proves_nothing() {
    for before in [
        "ALTER TABLE t ADD CONSTRAINT c CHECK (b IS NOT NULL) NOT VALID",
        "ALTER TABLE t ADD CONSTRAINT c CHECK (b IS NOT NULL); ALTER TABLE t DROP CONSTRAINT c",
        "ALTER TABLE t ADD CONSTRAINT c CHECK (b IS NOT NULL OR a > 0)",
        "ALTER TABLE t ADD CONSTRAINT c CHECK (v IS NOT NULL)",
        "ALTER TABLE t ALTER COLUMN b SET NOT NULL; ALTER TABLE t ALTER COLUMN b DROP NOT NULL",
    ] {
        let mut linter = app();
        linter.applied("2.sql", before).unwrap();
        let linted = linter.pending("3.sql", "ALTER TABLE t ALTER COLUMN b SET NOT NULL", None).unwrap();
        assert_eq!(rules(&linted), ["not-null-scan"], "{before}");
    }
}

#[test]
fn what_pending_files_make_is_not_live_until_it_is_rolled_out() {
    let mut linter = app();
    let make = "CREATE TABLE fresh (id int PRIMARY KEY, a int); ALTER TABLE fresh RENAME TO newer;";
    assert_eq!(rules(&linter.pending("2.sql", make, None).unwrap()), [""; 0]);
    let change = "CREATE INDEX ON newer (a); ALTER TABLE newer DROP COLUMN a; UPDATE newer SET id = 1;";
    assert_eq!(rules(&linter.pending("3.sql", change, None).unwrap()), [""; 0]);
    linter.settle();
    let change = "CREATE INDEX ON newer (id);";
    assert_eq!(rules(&linter.pending("4.sql", change, None).unwrap()), ["index-not-concurrent"]);
}

#[test]
fn a_silencer_names_its_rule_and_a_reason() {
    let silenced = "-- tenantry: allow drops-column, drop-cascade: nobody has read b since version 12\n-- more\nALTER TABLE t DROP COLUMN b CASCADE;";
    assert_eq!(rules(&lint(silenced)), [""; 0]);
    let check = |text: &str, expect: &[&str]| {
        let linted = lint(text);
        let got: Vec<String> =
            linted.findings.iter().map(|f| format!("{}: {}: {}", f.line, f.rule, f.message)).collect();
        let starts = got.len() == expect.len() && got.iter().zip(expect).all(|(g, e)| g.starts_with(e));
        assert!(starts, "{text}: {got:#?}");
    };
    check(
        "-- tenantry: allow drops-column\nALTER TABLE t DROP COLUMN b;",
        &["1: allow: the silencer gives no reason", "2: drops-column"],
    );
    check(
        "-- tenantry: allow drops-colum: typing\nALTER TABLE t DROP COLUMN b;",
        &["1: allow: there is no rule \"drops-colum\" to silence", "2: drops-column"],
    );
    check(
        "-- tenantry: allow drops-table: wrong one\nALTER TABLE t DROP COLUMN b;",
        &["1: allow: drops-table is silenced here, and finds nothing", "2: drops-column"],
    );
    check(
        "-- tenantry: allow drops-column: for the first\nALTER TABLE t DROP COLUMN b;\nALTER TABLE t DROP COLUMN v;",
        &["3: drops-column"],
    );
    check(
        "-- tenantry: ignore all: please\nSELECT 1;",
        &["1: allow: \"ignore all: please\" is not understood"],
    );
    check("-- tenantry: allow allow: please\nSELECT 1;", &["1: allow: there is no rule \"allow\""]);
    check("SELECT 1; -- tenantry: allow drops-table: too late", &[]);
    check("SELECT 'x\n-- tenantry: allow nonsense\n';", &[]);
    check(
        "SELECT 1;\n-- tenantry: allow drops-table: at the end",
        &["2: allow: drops-table is silenced here"],
    );
}

#[test]
fn locks_are_told_with_how_long_they_last() {
    let check = |text: &str, expect: &[&str]| {
        let locks: Vec<String> = lint(text)
            .statements
            .iter()
            .flat_map(|s| &s.locks)
            .map(|l| format!("{} {} {}", l.table, l.mode.as_str(), l.hold.as_str()))
            .collect();
        assert_eq!(locks, expect, "{text}");
    };
    check("ALTER TABLE t ADD COLUMN c int", &["t ACCESS EXCLUSIVE for a moment"]);
    check("ALTER TABLE t ADD COLUMN c serial", &["t ACCESS EXCLUSIVE while the table is written anew"]);
    check(
        "ALTER TABLE t ADD COLUMN c int, VALIDATE CONSTRAINT b_long",
        &["t ACCESS EXCLUSIVE while the table is read"],
    );
    check("ALTER TABLE t VALIDATE CONSTRAINT b_long", &["t SHARE UPDATE EXCLUSIVE while the table is read"]);
    check(
        "ALTER TABLE t ADD FOREIGN KEY (a) REFERENCES other NOT VALID",
        &["t SHARE ROW EXCLUSIVE for a moment", "other SHARE ROW EXCLUSIVE for a moment"],
    );
    check("CREATE TABLE fresh (o int REFERENCES other)", &["other SHARE ROW EXCLUSIVE for a moment"]);
    check("CREATE TABLE fresh (id int PRIMARY KEY, up int REFERENCES fresh)", &[]);
    check(
        "CREATE TABLE p4 PARTITION OF p FOR VALUES FROM ('2029-01-01') TO ('2030-01-01')",
        &["p ACCESS EXCLUSIVE for a moment"],
    );
    check("CREATE INDEX CONCURRENTLY i ON t (a)", &["t SHARE UPDATE EXCLUSIVE while an index is built"]);
    check("CREATE INDEX i ON t (a)", &["t SHARE while an index is built"]);
    check("DROP TABLE t", &["t ACCESS EXCLUSIVE for a moment", "other ACCESS EXCLUSIVE for a moment"]);
    check("UPDATE t SET a = 1 WHERE id = 1", &["t ROW EXCLUSIVE while rows are changed"]);
    check("CREATE TABLE fresh (a int); ALTER TABLE fresh ADD COLUMN b int", &[]);
    check("LOCK TABLE t IN SHARE MODE", &["t SHARE for a moment"]);
}

#[test]
fn places_and_syntax_errors() {
    let linted = lint("SELECT 1;\n\n  DROP TABLE other;");
    assert_eq!(
        linted.findings[0].to_string(),
        "2.sql:3:3: drops-table: the previous version of the app still reads and writes other"
    );
    let e = app().pending("2.sql", "SELECT 1;\nDROP TABEL t;", None).unwrap_err();
    assert!(e.to_string().starts_with("2.sql:2:"), "{e}");
}

#[test]
fn every_rule_is_on_the_page() {
    let page = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("../../docs/migrations.md");
    let page = std::fs::read_to_string(page).unwrap();
    for rule in Rule::ALL {
        assert!(page.contains(&format!("`{rule}`")), "{rule} is not described");
    }
}
