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

/// Whether a statement may be meant to change the tenant, in whatever way: it names the setting.
pub fn mentions_tenant(sql: &[u8]) -> bool {
    const SETTING: &[u8] = b"current_tenant";
    const BEFORE: &[u8] = b"app";
    let lower = |at: usize, word: &[u8]| sql[at..at + word.len()].eq_ignore_ascii_case(word);
    (0..sql.len().saturating_sub(SETTING.len() - 1)).any(|at| {
        // `tenantry.current_tenant()` is the function, and `get_current_tenant` too.
        let before = sql[..at].iter().rposition(|byte| !matches!(byte, b'.' | b'"' | b' '));
        let is_ours =
            before.is_some_and(|end| end + 1 >= BEFORE.len() && lower(end + 1 - BEFORE.len(), BEFORE));
        lower(at, SETTING) && is_ours
    })
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

    #[test]
    fn statements_that_mention_the_setting() {
        for sql in [
            "SET app.current_tenant = 'x'",
            "select set_config('APP.Current_Tenant', $1, false)",
            "RESET \"app\".\"current_tenant\"",
            "app.current_tenant",
        ] {
            assert!(mentions_tenant(sql.as_bytes()), "{sql}");
        }
        for sql in
            ["select tenantry.current_tenant()", "select get_current_tenant()", "current_tenant", "", "app"]
        {
            assert!(!mentions_tenant(sql.as_bytes()), "{sql}");
        }
    }
}
