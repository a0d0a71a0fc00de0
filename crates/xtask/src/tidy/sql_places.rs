//! Servers and the executable contain no SQL: it stands in the crates below them.

use super::Finding;
use crate::rust_source::RustSource;
use crate::tree::{File, Tree};

/// Crates of rows 5 and 6.
const CRATES_WITHOUT_SQL: [&str; 4] = ["cli", "control", "dataapi", "gateway"];
const INSTEAD: &str = "call a function of the crate that owns the tables, and keep the SQL there";

pub fn check(tree: &Tree) -> Vec<Finding> {
    let without_sql = |file: &&File| {
        CRATES_WITHOUT_SQL.iter().any(|name| file.path.starts_with(&format!("crates/{name}/src/")))
            && !file.is_test_code()
    };
    tree.files().iter().filter(without_sql).flat_map(check_file).collect()
}

fn check_file(file: &File) -> Vec<Finding> {
    match file.extension() {
        "sql" => vec![Finding::new(&file.path, 1, "an SQL file in a crate without SQL", INSTEAD)],
        "rs" => {
            let source = RustSource::new(&file.text);
            let statements =
                source.literals.iter().filter(|(at, text)| !source.in_tests(**at) && is_sql(text));
            statements
                .map(|(at, _)| {
                    Finding::new(&file.path, source.line(*at), "SQL in a crate without SQL", INSTEAD)
                })
                .collect()
        }
        _ => Vec::new(),
    }
}

/// Whether a literal starts like a statement. In lower case, where a sentence may start with the same verb
/// ("create tenant acme"), the statement's second keyword has to be there too.
fn is_sql(literal: &str) -> bool {
    let text = literal.trim_start_matches(|c: char| c.is_whitespace() || c == '\\');
    let mut words = text.split_whitespace();
    let (Some(verb), Some(next)) = (words.next(), words.next()) else { return false };
    let lower = text.to_ascii_lowercase();
    let second = next.to_ascii_lowercase();
    let statement = match verb.to_ascii_lowercase().as_str() {
        "select" => lower.contains(" from ") || lower.contains('('),
        "insert" => second == "into",
        "update" => lower.contains(" set "),
        "delete" => second == "from",
        "create" | "alter" | "drop" => {
            matches!(second.as_str(), "table" | "index" | "view" | "policy" | "function" | "trigger" | "type")
        }
        _ => return false,
    };
    statement || verb.chars().all(|c| c.is_ascii_uppercase())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn statements_are_told_from_sentences() {
        for sql in [
            "SELECT 1",
            "select a from b",
            "select f()",
            "  \\\n  INSERT INTO a VALUES (1)",
            "update a set b = 1",
            "Delete From a",
            "CREATE ROLE x",
            "drop table a",
        ] {
            assert!(is_sql(sql), "{sql}");
        }
        for text in [
            "create tenant acme",
            "delete the tenant",
            "Update the settings",
            "select a plan",
            "SELECT",
            "drop",
            "",
        ] {
            assert!(!is_sql(text), "{text}");
        }
    }

    #[test]
    fn only_crates_without_sql_are_checked_and_not_their_tests() {
        let code = "fn a() { q(\"SELECT 1\") }\n#[cfg(test)]\nmod tests { const A: &str = \"SELECT 2\"; }\n";
        let tree = Tree::of(&[
            ("crates/cli/src/a.rs", code),
            ("crates/cli/tests/it/main.rs", code),
            ("crates/control/src/b.sql", "SELECT 1;\n"),
            ("crates/registry/src/a.rs", code),
        ]);
        let places: Vec<_> = check(&tree).into_iter().map(|f| (f.file, f.line)).collect();
        assert_eq!(
            places,
            [("crates/cli/src/a.rs".to_owned(), 1), ("crates/control/src/b.sql".to_owned(), 1)]
        );
    }
}
