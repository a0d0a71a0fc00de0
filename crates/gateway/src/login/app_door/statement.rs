//! `SET app.current_tenant`, found in a statement's text.

use tenantry_domain::Slug;

/// The tenant that a statement names, if it is `SET [SESSION] app.current_tenant = SLUG` and nothing else. The value may
/// stand in quotes of either kind or in none.
pub fn named_tenant(sql: &str) -> Option<Slug> {
    let mut rest = sql.trim().trim_end_matches(';').trim_end();
    rest = keyword(rest, "set")?;
    rest = keyword(rest, "session").unwrap_or(rest);
    rest = name(rest)?;
    rest = match rest.strip_prefix('=') {
        Some(value) => value,
        None => keyword(rest, "to")?,
    };
    let value = rest.trim();
    let value = ['\'', '"']
        .iter()
        .find_map(|quote| value.strip_prefix(*quote)?.strip_suffix(*quote))
        .unwrap_or(value);
    value.parse().ok()
}

fn keyword<'a>(text: &'a str, word: &str) -> Option<&'a str> {
    let (head, rest) = text.split_at_checked(word.len())?;
    let is_apart = rest.starts_with(|c: char| c.is_whitespace() || c == '\'' || c == '"');
    (head.eq_ignore_ascii_case(word) && is_apart).then(|| rest.trim_start())
}

fn name(text: &str) -> Option<&str> {
    ["app.current_tenant", "\"app\".\"current_tenant\"", "\"app.current_tenant\""].iter().find_map(|name| {
        let (head, rest) = text.split_at_checked(name.len())?;
        head.eq_ignore_ascii_case(name).then(|| rest.trim_start())
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn statements_that_name_a_tenant() {
        for sql in [
            "SET app.current_tenant = 'acme'",
            "set app.current_tenant to acme;",
            " SET SESSION app.current_tenant TO 'acme' ; ",
            "SET \"app\".\"current_tenant\"='acme'",
            "SET app.current_tenant=\"acme\"",
        ] {
            assert_eq!(named_tenant(sql).map(String::from).as_deref(), Some("acme"), "{sql}");
        }
        for sql in [
            "SET LOCAL app.current_tenant = 'acme'",
            "SET app.current_tenant = 'acme'; SELECT 1",
            "SET app.current_tenant = 'acme' -- x",
            "SET app.current_tenants = 'acme'",
            "SET app.current_tenant = ''",
            "SET app.current_tenant",
            "SETapp.current_tenant = 'acme'",
            "SELECT set_config('app.current_tenant', 'acme', false)",
            "",
        ] {
            assert_eq!(named_tenant(sql), None, "{sql}");
        }
    }
}
