//! The settings that belong to the application: what `[gateway] settings` lists.

use std::collections::BTreeSet;

use crate::{Error, ErrorCode, Result};

/// Prefixes that belong to the platform, to the server's languages or to extensions. Not ours to hand out: what stands behind
/// them changes what the server does.
const TAKEN: [&str; 22] = [
    "auth_delay",
    "auto_explain",
    "basic_archive",
    "citus",
    "cron",
    "dblink",
    "isn",
    "passwordcheck",
    "pgaudit",
    "pgcrypto",
    "pglogical",
    "pgrst",
    "plperl",
    "plpgsql",
    "plpython",
    "plpython3",
    "plv8",
    "postgis",
    "sepgsql",
    "supautils",
    "tenantry",
    "timescaledb",
];
/// Extensions of PostgreSQL's own begin so.
const TAKEN_BEGINNING: &str = "pg_";
/// How the app door names its tenant: never a setting of the application's own.
const CURRENT_TENANT: &str = "app.current_tenant";
/// Bytes of a name that PostgreSQL keeps.
const NAME_BYTES_MAX: usize = 63;

/// Names of settings, and prefixes with everything behind their dot.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct OwnSettings {
    names: BTreeSet<String>,
    prefixes: BTreeSet<String>,
}

impl OwnSettings {
    /// From a list of names (`myapp.user_id`) and prefixes (`myapp.*`).
    ///
    /// # Errors
    /// `config_invalid` for what is no name of a setting that an application may have.
    pub fn parse(list: &[String]) -> Result<Self> {
        let mut own = Self::default();
        for entry in list {
            let entry = entry.to_ascii_lowercase();
            match entry.strip_suffix(".*") {
                Some(prefix) => {
                    check(prefix, &entry)?;
                    own.prefixes.insert(prefix.to_owned());
                }
                None => {
                    if !entry.contains('.') {
                        return Err(invalid(&entry, "is a setting of the server's or lacks its prefix")
                            .help("name settings as myapp.user_id, or all of a prefix as myapp.*"));
                    }
                    check(&entry, &entry)?;
                    own.names.insert(entry);
                }
            }
        }
        Ok(own)
    }

    /// Whether a setting, in lower case, is the application's own.
    pub fn has(&self, name: &str) -> bool {
        if name == CURRENT_TENANT || name.len() > NAME_BYTES_MAX || !is_name(name) {
            return false;
        }
        let mut prefixes = name.match_indices('.').filter_map(|(at, _)| name.get(..at));
        self.names.contains(name) || prefixes.any(|prefix| self.prefixes.contains(prefix))
    }

    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        self.names.is_empty() && self.prefixes.is_empty()
    }
}

fn check(name: &str, entry: &str) -> Result<()> {
    if !is_name(name) || name.len() > NAME_BYTES_MAX {
        return Err(invalid(entry, "is no name of a setting")
            .help("use letters, digits and underscores, with a dot between the parts"));
    }
    let first = name.split('.').next().unwrap_or_default();
    if TAKEN.binary_search(&first).is_ok() || first.starts_with(TAKEN_BEGINNING) || name == CURRENT_TENANT {
        return Err(invalid(entry, "belongs to the platform, the server or an extension")
            .help("choose another prefix for the settings of your application"));
    }
    Ok(())
}

/// As PostgreSQL takes them for settings that it does not know: identifiers with dots between them. Of ASCII only.
fn is_name(name: &str) -> bool {
    name.split('.').all(|part| {
        part.starts_with(|c: char| c.is_ascii_alphabetic() || c == '_')
            && part.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'_')
    })
}

fn invalid(entry: &str, what: &str) -> Error {
    Error::new(ErrorCode::ConfigInvalid, format!("gateway.settings: {entry:?} {what}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parse(list: &[&str]) -> Result<OwnSettings> {
        OwnSettings::parse(&list.iter().map(|e| (*e).to_owned()).collect::<Vec<_>>())
    }

    #[test]
    fn names_and_prefixes() {
        assert!(TAKEN.is_sorted());
        let own = parse(&["MyApp.*", "shop.user_id", "request.jwt.*", "app.*"]).unwrap();
        for name in ["myapp.x", "myapp.a.b", "shop.user_id", "request.jwt.claims", "app.user_id"] {
            assert!(own.has(name), "{name}");
        }
        for name in [
            "myapp",
            "myapp.",
            "myappx.y",
            "shop.other",
            "request.other",
            "app.current_tenant",
            "tenantry.pooling",
            "work_mem",
            "myapp.a b",
            "myapp.a;b",
            "",
        ] {
            assert!(!own.has(name), "{name}");
        }
        assert!(!own.has(&format!("myapp.{}", "x".repeat(60))));
        assert!(parse(&[]).unwrap().is_empty() && !OwnSettings::default().has("a.b"));
    }

    #[test]
    fn what_is_nobodys_to_give_is_refused() {
        for entry in [
            "tenantry.*",
            "Tenantry.pooling",
            "app.current_tenant",
            "plpgsql.*",
            "pg_stat_statements.track",
            "auto_explain.*",
            "work_mem",
            "role",
            "*",
            ".*",
            "myapp.",
            "my app.*",
            "myapp.*.x",
            "myapp..x",
            "1app.*",
            "",
        ] {
            let error = parse(&["shop.*", entry]).unwrap_err();
            assert_eq!(error.code(), ErrorCode::ConfigInvalid, "{entry}");
            assert!(!error.next_step().is_empty(), "{entry}");
        }
    }
}
