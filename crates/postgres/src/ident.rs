//! Quoting of identifiers and literals: the only place where it is done.
//!
//! Follows PostgreSQL's lexical rules (manual, section 4.1.2): double quotes doubled in identifiers, single
//! quotes doubled in literals, an `E` in front where a backslash stands inside.

use std::fmt;

use tenantry_domain::layout::IDENTIFIER_BYTES_MAX;
use tenantry_domain::{Error, ErrorCode, Result};

/// Quotes an identifier: `a"b` becomes `"a""b"`. Always quoted, so that no word can be taken for a keyword.
pub fn quote_ident(name: &str) -> String {
    format!("\"{}\"", name.replace('"', "\"\""))
}

/// Quotes a string literal exactly as the server's `quote_literal` does, whatever
/// `standard_conforming_strings` says.
pub fn quote_literal(text: &str) -> String {
    let doubled = text.replace('\'', "''");
    if doubled.contains('\\') {
        format!("E'{}'", doubled.replace('\\', "\\\\"))
    } else {
        format!("'{doubled}'")
    }
}

/// Text as it stands between the quotes of a literal: for texts that are put together around it.
pub fn inside_literal(text: &str) -> String {
    text.replace('\'', "''")
}

/// A value of `postgresql.conf`, quotes included (manual, section 20.1.2).
pub fn quote_setting(value: &str) -> String {
    format!("'{}'", value.replace('\\', "\\\\").replace('\'', "''"))
}

/// An identifier that the server takes without cutting it; displays quoted.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Ident(String);

impl Ident {
    /// Checks a name: not empty, no NUL, at most 63 bytes (the server would cut the rest off, and two names
    /// could become one).
    ///
    /// # Errors
    /// [`ErrorCode::Database`] with what is wrong with the name.
    pub fn new(name: impl Into<String>) -> Result<Self> {
        let name = name.into();
        let wrong = if name.is_empty() {
            "is empty".to_owned()
        } else if name.contains('\0') {
            "holds a NUL".to_owned()
        } else if name.len() > IDENTIFIER_BYTES_MAX {
            format!("has more than {IDENTIFIER_BYTES_MAX} bytes")
        } else {
            return Ok(Self(name));
        };
        Err(Error::new(ErrorCode::Database, format!("the identifier {name:?} {wrong}"))
            .help("use a name of 1 to 63 bytes without NUL"))
    }

    /// The name, unquoted.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for Ident {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&quote_ident(&self.0))
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used, clippy::expect_used, reason = "tests stop at the first surprise")]
mod tests {
    use super::*;

    #[test]
    fn quoting() {
        assert_eq!(quote_ident("a"), r#""a""#);
        assert_eq!(quote_ident(r#"a"; drop table b; --"#), r#""a""; drop table b; --""#);
        assert_eq!(quote_literal("it's"), "'it''s'");
        assert_eq!(quote_literal(r"a\'b"), r"E'a\\''b'");
    }

    #[test]
    fn names_that_the_server_would_change_are_refused() {
        for bad in ["", "a\0b", &"x".repeat(64), &"ä".repeat(32)] {
            assert!(Ident::new(bad).is_err(), "{bad:?}");
        }
        assert_eq!(Ident::new("x".repeat(63)).unwrap().to_string(), format!("\"{}\"", "x".repeat(63)));
    }
}
