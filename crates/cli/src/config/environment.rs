//! Each key can be given as `TENANTRY_SECTION_KEY`; it wins over the file.

use tenantry_domain::{Error, ErrorCode, Result};
use toml::Value;

use super::raw::known_keys;

/// Variables of Tenantry that are not keys of the file.
const OTHERS: &[&str] = &["TENANTRY_PG_BIN", "TENANTRY_LOG", "TENANTRY_DIR", "TENANTRY_DATABASE_URL"];
/// Beginnings of variables that only tests use.
const TEST_PREFIXES: &[&str] = &["TENANTRY_TEST_", "TENANTRY_FAILPOINT"];

/// Writes the variables into the table.
///
/// # Errors
/// `config_invalid` for a `TENANTRY_` variable that is no key.
pub fn overlay(table: &mut toml::Table, variables: &[(String, String)]) -> Result<()> {
    for (name, text) in variables {
        let Some(rest) = name.strip_prefix("TENANTRY_") else { continue };
        if OTHERS.contains(&name.as_str()) || TEST_PREFIXES.iter().any(|p| name.starts_with(p)) {
            continue;
        }
        let path = key_path(&rest.to_lowercase()).ok_or_else(|| {
            Error::new(ErrorCode::ConfigInvalid, format!("the variable {name} names no key of tenantry.toml"))
        })?;
        set(table, &path, value(&path, text));
    }
    Ok(())
}

/// The key that a variable means: `http_listen` is `http.listen`, `clusters_eu_url` is `clusters.eu.url`.
fn key_path(name: &str) -> Option<Vec<String>> {
    known_keys().iter().find_map(|known| {
        let parts: Vec<&str> = known.split('.').collect();
        match parts.as_slice() {
            [section, "*", key] => {
                let middle = name.strip_prefix(&format!("{section}_"))?.strip_suffix(&format!("_{key}"))?;
                (!middle.is_empty())
                    .then(|| vec![(*section).to_owned(), middle.to_owned(), (*key).to_owned()])
            }
            parts => (parts.join("_") == name).then(|| parts.iter().map(|p| (*p).to_owned()).collect()),
        }
    })
}

/// Lists are separated by commas; whole numbers, `true` and `false` are what they look like; all else is text.
fn value(path: &[String], text: &str) -> Value {
    if matches!(path.last().map(String::as_str), Some("global" | "replicas" | "ignore")) {
        let items = text.split(',').map(str::trim).filter(|s| !s.is_empty());
        return Value::Array(items.map(|s| Value::String(s.to_owned())).collect());
    }
    if let Ok(number) = text.parse::<i64>() {
        return Value::Integer(number);
    }
    match text {
        "true" => Value::Boolean(true),
        "false" => Value::Boolean(false),
        _ => Value::String(text.to_owned()),
    }
}

fn set(table: &mut toml::Table, path: &[String], value: Value) {
    let [first, rest @ ..] = path else { return };
    if rest.is_empty() {
        table.insert(first.clone(), value);
        return;
    }
    let inner = table.entry(first.clone()).or_insert_with(|| Value::Table(toml::Table::new()));
    if let Value::Table(inner) = inner {
        set(inner, rest, value);
    }
}
