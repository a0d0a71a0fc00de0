//! `search_path` within the tenant's own schemas.
//!
//! PostgreSQL keeps a tenant out of schemas that are not its own, whatever the path says. The check here is for the
//! answer: an application that was written for one customer says `public`, which here is the tenant's schema, and one
//! that names what it can't have learns so when it connects and not by tables that are missing.

use tenantry_domain::layout::IDENTIFIER_BYTES_MAX;
use tenantry_domain::{Error, ErrorCode, Result};

/// Schemas that everybody has.
const EVERYBODYS: [&str; 4] = ["$user", "information_schema", "pg_catalog", "pg_temp"];

/// The schemas that a path may name.
#[derive(Clone, Copy, Debug)]
pub enum Own<'a> {
    /// These; the first one stands for `public`.
    Only(&'a [&'a str]),
    /// Any: the database is the tenant's own. This one stands for `public`.
    Any(&'a str),
}

/// The schemas of a path, in order, `public` replaced by the tenant's schema.
///
/// # Errors
/// `setting_invalid` for a list that is none, `setting_refused` for a schema that is not the tenant's.
pub fn own(path: &str, own: Own<'_>) -> Result<Vec<String>> {
    let names = split(path).ok_or_else(|| {
        Error::new(
            ErrorCode::SettingInvalid,
            format!("invalid value for parameter \"search_path\": {path:?}"),
        )
    })?;
    let mut schemas: Vec<String> = Vec::with_capacity(names.len());
    for name in names {
        let (standing_for_public, is_own) = match own {
            Own::Only(own) => (own.first().copied(), own.contains(&name.as_str())),
            Own::Any(usual) => (Some(usual), true),
        };
        let schema = match standing_for_public {
            Some(usual) if name == "public" => usual.to_owned(),
            _ if is_own || EVERYBODYS.contains(&name.as_str()) => name,
            _ => {
                let message = format!("permission denied to put schema {name:?} into search_path");
                return Err(Error::new(ErrorCode::SettingRefused, message)
                    .help("name schemas of the tenant only, or leave search_path out"));
            }
        };
        if !schemas.contains(&schema) {
            schemas.push(schema);
        }
    }
    Ok(schemas)
}

/// The identifiers of a list as the server reads it (`SplitIdentifierString`): in lower case unless quoted, cut after 63
/// bytes. `None`: not such a list.
pub fn split(list: &str) -> Option<Vec<String>> {
    let blank = |c: char| matches!(c, ' ' | '\t' | '\n' | '\r' | '\x0b' | '\x0c');
    let mut rest = list.trim_start_matches(blank);
    let mut names = Vec::new();
    if rest.is_empty() {
        return Some(names);
    }
    loop {
        let (name, behind) = match rest.strip_prefix('"') {
            Some(quoted) => unquote(quoted)?,
            None => {
                let end = rest.find(|c| c == ',' || blank(c)).unwrap_or(rest.len());
                let (name, behind) = rest.split_at(end);
                (Some(name).filter(|name| !name.is_empty())?.to_ascii_lowercase(), behind)
            }
        };
        names.push(cut(name));
        let behind = behind.trim_start_matches(blank);
        if behind.is_empty() {
            return Some(names);
        }
        rest = behind.strip_prefix(',')?.trim_start_matches(blank);
    }
}

/// The name up to the closing quote, and what stands behind it. Two quotes are one.
fn unquote(quoted: &str) -> Option<(String, &str)> {
    let mut name = String::new();
    let mut rest = quoted;
    loop {
        let (part, behind) = rest.split_once('"')?;
        name.push_str(part);
        match behind.strip_prefix('"') {
            Some(more) => {
                name.push('"');
                rest = more;
            }
            None => return Some((name, behind)),
        }
    }
}

fn cut(mut name: String) -> String {
    let mut end = name.len().min(IDENTIFIER_BYTES_MAX);
    while !name.is_char_boundary(end) {
        end -= 1;
    }
    name.truncate(end);
    name
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn lists_as_the_server_reads_them() {
        let cases: [(&str, &[&str]); 9] = [
            ("", &[]),
            ("  ", &[]),
            ("app", &["app"]),
            ("App, \"$user\" ,public", &["app", "$user", "public"]),
            ("\"A, b\",c", &["A, b", "c"]),
            ("\"a\"\"b\"", &["a\"b"]),
            ("\"\"", &[""]),
            ("$user", &["$user"]),
            ("a.b", &["a.b"]),
        ];
        for (list, expected) in cases {
            assert_eq!(split(list).unwrap(), expected, "{list:?}");
        }
        for wrong in [",", "a,", ",a", "a,,b", "\"a", "a b", "\"a\" b", "\"a\"b"] {
            assert_eq!(split(wrong), None, "{wrong:?}");
        }
        assert_eq!(split(&"x".repeat(70)).unwrap(), ["x".repeat(63)]);
        assert_eq!(split(&"ä".repeat(40)).unwrap(), ["ä".repeat(31)]);
    }

    #[test]
    fn paths_of_a_tenant_with_one_schema() {
        let check = |path: &str| own(path, Own::Only(&["tenant_1", "extensions"]));
        assert_eq!(check("public").unwrap(), ["tenant_1"]);
        assert_eq!(check("\"$user\", public").unwrap(), ["$user", "tenant_1"]);
        assert_eq!(
            check("tenant_1,public,extensions,pg_catalog").unwrap(),
            ["tenant_1", "extensions", "pg_catalog"]
        );
        assert_eq!(check("").unwrap(), [""; 0]);
        for other in ["tenant_2", "shared", "tenantry", "TENANT_1, \"TENANT_1\"", "pg_toast", "app"] {
            assert_eq!(check(other).unwrap_err().code().sqlstate(), "42501", "{other}");
        }
        assert_eq!(check("a,").unwrap_err().code().sqlstate(), "22023");
    }

    #[test]
    fn paths_in_a_database_of_ones_own() {
        assert_eq!(own("public, sales", Own::Any("app")).unwrap(), ["app", "sales"]);
    }

    proptest! {
        #[test]
        fn quoted_names_come_out_as_they_went_in(names in prop::collection::vec("\\PC{0,15}", 1..5)) {
            let list: Vec<String> = names.iter().map(|n| format!("\"{}\"", n.replace('"', "\"\""))).collect();
            prop_assert_eq!(split(&list.join(" , ")), Some(names));
        }

        #[test]
        fn nothing_but_own_schemas_gets_through(path in "[a-z_, \"$]{0,30}") {
            if let Ok(schemas) = own(&path, Own::Only(&["mine"])) {
                for schema in schemas {
                    prop_assert!(schema == "mine" || EVERYBODYS.contains(&schema.as_str()), "{}", schema);
                }
            }
        }
    }
}
