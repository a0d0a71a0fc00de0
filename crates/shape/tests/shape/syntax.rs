//! Errors of the parser, with their place.

use crate::check;

#[test]
fn the_token_is_found() {
    check(
        r#""#,
        r#"CREATE TABLE a (id int);
-- é
  SELEC 1;"#,
        r#"
m.sql:3:3: syntax error at or near "SELEC"
"#,
    );
}

#[test]
fn in_the_middle_of_a_statement() {
    check(
        r#""#,
        r#"CREATE TABLE a (é int,
 b int, foo bar baz);
SELECT 1"#,
        r#"
m.sql:2:17: syntax error at or near "baz"
"#,
    );
}

#[test]
fn at_the_end() {
    check(
        r#""#,
        r#"CREATE TABLE a (id int"#,
        r#"
m.sql:1:23: syntax error at end of input
"#,
    );
}

#[test]
fn an_open_string() {
    check(
        r#""#,
        r#"SELECT 1;
 SELECT 'abc"#,
        r#"
m.sql:2:9: unterminated quoted string at or near "'abc"
"#,
    );
}
