//! Quoting of identifiers and literals. It stands here and nowhere else.

/// An identifier as SQL reads it back, whatever it holds (PostgreSQL, "Lexical Structure", 4.1.1).
///
/// Always quotes, so that keywords and capitals need no thought.
pub fn quote_ident(name: &str) -> String {
    format!("\"{}\"", name.replace('"', "\"\""))
}

/// A string literal that is right whatever `standard_conforming_strings` says.
pub fn quote_literal(text: &str) -> String {
    let quoted = text.replace('\'', "''");
    if quoted.contains('\\') {
        format!(" E'{}'", quoted.replace('\\', "\\\\"))
    } else {
        format!("'{quoted}'")
    }
}
