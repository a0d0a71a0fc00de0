//! Unknown keys: refused, with the nearest known one.

use tenantry_domain::{Error, ErrorCode, Result};

use super::raw::known_keys;

/// Refuses the first key that is not in the table of known ones.
pub fn check(table: &toml::Table) -> Result<()> {
    let known = known_keys();
    let mut paths = Vec::new();
    collect(table, "", &mut paths);
    for path in paths {
        if !known.iter().any(|k| matches(k, &path)) {
            let shape = |k: &str| k.split('.').next_back().unwrap_or(k).to_owned();
            let nearest = known
                .iter()
                .max_by(|a, b| similarity(a, &path).total_cmp(&similarity(b, &path)))
                .filter(|k| similarity(k, &path) > 0.7 || shape(k) == shape(&path));
            let hint = nearest.map_or_else(
                || "docs/configuration.md lists every key".to_owned(),
                |k| format!("did you mean {}?", k.replace('*', "NAME")),
            );
            return Err(Error::new(ErrorCode::ConfigInvalid, format!("unknown key {path}")).help(hint));
        }
    }
    Ok(())
}

fn similarity(known: &str, path: &str) -> f64 {
    let parts: Vec<&str> = path.split('.').collect();
    let known: Vec<&str> = known
        .split('.')
        .enumerate()
        .map(|(i, k)| if k == "*" { parts.get(i).copied().unwrap_or(k) } else { k })
        .collect();
    strsim::jaro_winkler(&known.join("."), path)
}

fn matches(known: &str, path: &str) -> bool {
    let (known, path): (Vec<_>, Vec<_>) = (known.split('.').collect(), path.split('.').collect());
    known.len() == path.len() && known.iter().zip(&path).all(|(k, p)| *k == "*" || k == p)
}

/// Paths of all values; a name of the user's that holds a dot counts as one part.
fn collect(table: &toml::Table, prefix: &str, paths: &mut Vec<String>) {
    for (key, value) in table {
        let key = key.replace('.', "_");
        let path = if prefix.is_empty() { key } else { format!("{prefix}.{key}") };
        match value {
            toml::Value::Table(inner) => collect(inner, &path, paths),
            _ => paths.push(path),
        }
    }
}
