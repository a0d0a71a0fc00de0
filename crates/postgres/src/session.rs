//! What a pooled session is prepared and cleaned up with, as text of the simple protocol.

use crate::ident::{quote_ident, quote_literal};

/// Puts a session back to how it was after its log-in: settings, prepared statements, temporary tables, cursors,
/// advisory locks, listening, the role.
pub const RESET: &str = "DISCARD ALL";

/// What the server answers to a statement that forgets prepared statements: its command tag.
pub const FORGETTING_TAGS: [&str; 2] = ["DISCARD ALL", "DEALLOCATE ALL"];

/// A statement that no server takes, whatever its settings: sent in place of one that is refused, so that the server
/// answers with an error in the right place of a pipeline, and takes the transaction back as for any other error.
pub const REFUSED: &str = "refused by the gateway";

/// Settings whose value is a list of names; `SET` takes them one by one.
const LISTS: [&str; 1] = ["search_path"];

/// Sets each setting that has a value and puts back the others: all, or with an error none.
pub fn change_settings<'a>(changes: impl IntoIterator<Item = (&'a str, Option<&'a str>)>) -> String {
    let mut sql = String::new();
    for (name, value) in changes {
        if !sql.is_empty() {
            sql.push_str("; ");
        }
        let parts: Vec<String> = name.split('.').map(quote_ident).collect();
        let name_sql = parts.join(".");
        match value {
            None => sql.push_str(&format!("RESET {name_sql}")),
            Some(value) if LISTS.iter().any(|list| list.eq_ignore_ascii_case(name)) => {
                sql.push_str(&format!("SET {name_sql} TO {}", list(value)));
            }
            Some(value) => sql.push_str(&format!("SET {name_sql} TO {}", quote_literal(value))),
        }
    }
    sql
}

/// A list of names as a setting holds it (`a, "B c"`), with every name a literal of its own.
fn list(value: &str) -> String {
    let mut names = Vec::new();
    let mut rest = value.trim_start();
    while !rest.is_empty() {
        let name;
        if let Some(quoted) = rest.strip_prefix('"') {
            (name, rest) = quoted_name(quoted);
        } else {
            let end = rest.find(',').unwrap_or(rest.len());
            name = rest[..end].trim().to_lowercase();
            rest = &rest[end..];
        }
        names.push(quote_literal(&name));
        rest = rest.trim_start().strip_prefix(',').unwrap_or("").trim_start();
    }
    if names.is_empty() { quote_literal("") } else { names.join(", ") }
}

/// The name up to its closing quote, in which a quote is doubled; and what follows.
fn quoted_name(quoted: &str) -> (String, &str) {
    let mut name = String::new();
    let mut chars = quoted.char_indices().peekable();
    while let Some((at, c)) = chars.next() {
        if c != '"' {
            name.push(c);
        } else if chars.next_if(|(_, next)| *next == '"').is_some() {
            name.push('"');
        } else {
            return (name, &quoted[at + 1..]);
        }
    }
    (name, "")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(name: &str, value: Option<&str>, sql: &str) {
        assert_eq!(change_settings([(name, value)]), sql);
    }

    #[test]
    fn values_are_quoted() {
        check("TimeZone", Some("UTC"), r#"SET "TimeZone" TO 'UTC'"#);
        check("application_name", Some("o'b\\"), r#"SET "application_name" TO E'o''b\\'"#);
        check("app.current_tenant", Some("x"), r#"SET "app"."current_tenant" TO 'x'"#);
        check("TimeZone", None, r#"RESET "TimeZone""#);
    }

    #[test]
    fn lists_are_taken_apart() {
        check("search_path", Some(r#"a, "B ""c" , "$user""#), r#"SET "search_path" TO 'a', 'B "c', '$user'"#);
        check("search_path", Some(""), r#"SET "search_path" TO ''"#);
        check("search_path", Some("a'; x"), r#"SET "search_path" TO 'a''; x'"#);
    }

    #[test]
    fn several_are_one_message() {
        assert_eq!(change_settings([("a", Some("1")), ("b", None)]), r#"SET "a" TO '1'; RESET "b""#);
    }
}
