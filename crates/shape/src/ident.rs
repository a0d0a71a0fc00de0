//! Quoting of identifiers and string constants, by the server's own rules.

use pg_query::protobuf::KeywordKind;

use crate::tokens;

/// The identifier, quoted when the server would fold or misread it.
pub(crate) fn quote(name: &str) -> String {
    if is_plain(name) { name.to_owned() } else { format!("\"{}\"", name.replace('"', "\"\"")) }
}

/// Identifiers, quoted and separated by commas.
pub(crate) fn quote_list<S: AsRef<str>>(names: &[S]) -> String {
    names.iter().map(|n| quote(n.as_ref())).collect::<Vec<_>>().join(", ")
}

/// The value as a string constant.
pub(crate) fn literal(value: &str) -> String {
    if value.contains('\\') {
        format!("E'{}'", value.replace('\\', "\\\\").replace('\'', "''"))
    } else {
        format!("'{}'", value.replace('\'', "''"))
    }
}

/// Text as it stands between the quotes of a string constant.
pub(crate) fn inside_literal(text: &str) -> String {
    text.replace('\'', "''")
}

fn is_plain(name: &str) -> bool {
    let mut chars = name.chars();
    let starts = chars.next().is_some_and(|c| c.is_ascii_lowercase() || c == '_');
    if !starts || !chars.all(|c| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '_') {
        return false;
    }
    match tokens::scan(name) {
        Ok(tokens) => tokens
            .iter()
            .all(|t| matches!(t.keyword_kind(), KeywordKind::NoKeyword | KeywordKind::UnreservedKeyword)),
        Err(_) => false,
    }
}
