//! COPY ... FROM stdin with its lines.

use tenantry_shape::History;

use crate::check;
use crate::support::options;

#[test]
fn lines_become_rows() {
    check(
        "CREATE TABLE users (id uuid PRIMARY KEY, email text UNIQUE, name text);",
        "COPY public.users (id, name) FROM stdin;\n1\tO'Neil\\\\x\n2\t\\N\n\\.\n\nSELECT 1;",
        r#"
shared tenant: INSERT INTO shared.users (id, name) VALUES
('1', E'O''Neil\\x'),
('2', NULL)
plain tenant: INSERT INTO shared.users (id, name) VALUES
('1', E'O''Neil\\x'),
('2', NULL)
shared tenant: SELECT 1
plain tenant: SELECT 1
"#,
    );
}

#[test]
fn identities_take_the_values_and_generated_columns_are_not_named() {
    check(
        "CREATE TABLE t (id int GENERATED ALWAYS AS IDENTITY PRIMARY KEY, a int, b int GENERATED ALWAYS AS (a + 1) STORED);",
        "COPY t FROM STDIN WITH (FORMAT csv, HEADER, DELIMITER ';', NULL '-');\nid;a\n1;-\n2;\"-\"\n\\.\n",
        r#"
shared tenant: INSERT INTO shared.t (id, a) OVERRIDING SYSTEM VALUE VALUES
('1', NULL),
('2', '-')
plain tenant: INSERT INTO shared.t (id, a) OVERRIDING SYSTEM VALUE VALUES
('1', NULL),
('2', '-')
"#,
    );
}

#[test]
fn global_tables_once_and_empty_ones_never() {
    check(
        "CREATE TABLE countries (code text PRIMARY KEY); CREATE TABLE empty (a int);",
        "COPY countries FROM stdin WITH CSV;\nde\n\\.\nCOPY empty FROM stdin;\n\\.\n",
        r#"
shared once: INSERT INTO global.countries (code) VALUES
('de')
plain once: INSERT INTO global.countries (code) VALUES
('de')
note: the COPY has no lines
"#,
    );
}

#[test]
fn what_is_wrong_with_a_line_is_said_with_its_place() {
    check(
        "CREATE TABLE t (a int, b int);",
        "COPY t FROM stdin;\n1\t2\n3\n\\.\nCOPY t (a, c) FROM stdin;\n\\.",
        r#"
m.sql:3:1: the line has 1 fields for 2 columns; correct the line
m.sql:5:1: column c of table t is not made by the migrations so far; create it in an earlier statement, or correct the name
"#,
    );
}

#[test]
fn other_sources_and_options_are_refused() {
    check(
        "CREATE TABLE t (a int, b int);",
        "COPY t FROM '/tmp/x';\nCOPY t FROM PROGRAM 'ls';\nCOPY t TO stdout;\nCOPY t FROM stdin (FORMAT binary);\n\\.\nCOPY t FROM stdin WHERE a > 1;\n\\.",
        r#"
m.sql:1:1: COPY reads a file or a stream that is not here; write COPY ... FROM stdin with the lines behind it, or INSERT statements
m.sql:2:1: COPY reads a file or a stream that is not here; write COPY ... FROM stdin with the lines behind it, or INSERT statements
m.sql:3:1: COPY ... TO writes what nobody reads; take it out
m.sql:4:1: the option format of COPY is not carried; take it out and write the lines as the table is to have them
m.sql:6:1: COPY ... WHERE is not carried; take out the lines that are not wanted
"#,
    );
}

#[test]
fn many_lines_are_cut_into_statements() {
    let lines: String = (0..2_500).map(|i| format!("{i}\tsome text of row {i}\n")).collect();
    let sql = format!("CREATE TABLE t (a int, b text); COPY t FROM stdin;\n{lines}\\.\n");
    let statements = History::new(options()).apply("m.sql", &sql).unwrap();
    let rows: Vec<usize> = statements[1].shared.iter().map(|e| e.sql.matches("\n(").count()).collect();
    assert_eq!(rows, [1_000, 1_000, 500]);
}
