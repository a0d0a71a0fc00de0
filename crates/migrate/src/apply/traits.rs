//! What a file's statements may do, told from their words. Errs on the side of caution: a word in a comment counts.

use super::shaped::Shaped;

/// Functions that run a text that they are given.
const RUNNERS: &[&str] = &[
    "query_to_xml",
    "cursor_to_xml",
    "table_to_xml",
    "schema_to_xml",
    "database_to_xml",
    "ts_stat",
    "ts_rewrite",
];

impl Shaped {
    /// Whether views may be made, which then have to read with their reader's rights.
    pub fn makes_views(&self) -> bool {
        self.statements.iter().any(|s| words(&s.source).any(|w| w == "view" || w == "execute"))
    }

    /// Whether SQL may run that is put together while it runs, from data perhaps: `EXECUTE` in a body or a block.
    pub fn runs_dynamic_sql(&self) -> bool {
        self.statements.iter().any(|s| is_dynamic(&s.source))
    }
}

fn is_dynamic(text: &str) -> bool {
    let mut words = words(text).peekable();
    while let Some(word) = words.next() {
        if RUNNERS.iter().any(|runner| word.starts_with(runner)) {
            return true;
        }
        // `EXECUTE FUNCTION` stands in triggers, `EXECUTE ON` in grants; there is nothing dynamic in either.
        let harmless = ["function", "procedure", "on"];
        if word == "execute" && words.peek().is_none_or(|next| !harmless.contains(&next.as_str())) {
            return true;
        }
    }
    false
}

fn words(text: &str) -> impl Iterator<Item = String> {
    text.split(|c: char| !(c.is_alphanumeric() || c == '_')).filter(|w| !w.is_empty()).map(str::to_lowercase)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn dynamic_sql_is_found() {
        for text in [
            "DO $$ BEGIN EXECUTE 'DROP TABLE x'; END $$",
            "CREATE FUNCTION f() RETURNS void LANGUAGE plpgsql AS $$ BEGIN execute format('%s', a); END $$",
            "SELECT query_to_xml(body, true, true, '') FROM notes",
            "EXECUTE",
        ] {
            assert!(is_dynamic(text), "{text}");
        }
        for text in [
            "CREATE TRIGGER t BEFORE INSERT ON a FOR EACH ROW EXECUTE FUNCTION f()",
            "CREATE TRIGGER t BEFORE INSERT ON a FOR EACH ROW EXECUTE\n  PROCEDURE f()",
            "GRANT EXECUTE ON FUNCTION f() TO PUBLIC",
            "ALTER TABLE notes ADD COLUMN executed boolean",
        ] {
            assert!(!is_dynamic(text), "{text}");
        }
    }
}
