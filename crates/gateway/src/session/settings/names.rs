//! The settings that a client may choose.

use std::fmt;

/// A setting of the allow-list.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Setting(u8);

/// Sorted, in lower case. What lets a session see or do more than its role allows is not in it; neither is what the
/// platform sets for tenants (`app.*`, `tenantry.*`).
const NAMES: [&str; 64] = [
    "application_name",
    "array_nulls",
    "backslash_quote",
    "bytea_output",
    "check_function_bodies",
    "client_encoding",
    "client_min_messages",
    "constraint_exclusion",
    "cursor_tuple_fraction",
    "datestyle",
    "default_statistics_target",
    "default_text_search_config",
    "default_toast_compression",
    "default_transaction_deferrable",
    "default_transaction_isolation",
    "default_transaction_read_only",
    "enable_bitmapscan",
    "enable_hashagg",
    "enable_hashjoin",
    "enable_indexonlyscan",
    "enable_indexscan",
    "enable_material",
    "enable_memoize",
    "enable_mergejoin",
    "enable_nestloop",
    "enable_partitionwise_aggregate",
    "enable_partitionwise_join",
    "enable_seqscan",
    "enable_sort",
    "escape_string_warning",
    "extra_float_digits",
    "force_parallel_mode",
    "from_collapse_limit",
    "geqo",
    "geqo_threshold",
    "gin_fuzzy_search_limit",
    "hash_mem_multiplier",
    "idle_in_transaction_session_timeout",
    "idle_session_timeout",
    "intervalstyle",
    "jit",
    "join_collapse_limit",
    "lc_monetary",
    "lc_numeric",
    "lc_time",
    "lock_timeout",
    "maintenance_work_mem",
    "max_parallel_workers_per_gather",
    "plan_cache_mode",
    "quote_all_identifiers",
    "random_page_cost",
    "search_path",
    "seq_page_cost",
    "standard_conforming_strings",
    "statement_timeout",
    "synchronize_seqscans",
    "synchronous_commit",
    "timezone",
    "timezone_abbreviations",
    "transaction_timeout",
    "transform_null_equals",
    "work_mem",
    "xmlbinary",
    "xmloption",
];

const fn position(name: &str) -> Setting {
    let mut at = 0;
    while at < NAMES.len() {
        if equal(NAMES[at].as_bytes(), name.as_bytes()) {
            return Setting(at as u8);
        }
        at += 1;
    }
    panic!("a name that is not in the list")
}

const fn equal(a: &[u8], b: &[u8]) -> bool {
    if a.len() != b.len() {
        return false;
    }
    let mut at = 0;
    while at < a.len() {
        if a[at] != b[at] {
            return false;
        }
        at += 1;
    }
    true
}

impl Setting {
    /// `application_name`.
    pub const APPLICATION_NAME: Setting = position("application_name");
    /// `client_encoding`.
    pub const CLIENT_ENCODING: Setting = position("client_encoding");
    /// `search_path`.
    pub const SEARCH_PATH: Setting = position("search_path");

    /// The setting of this name, in any case.
    pub fn find(name: &str) -> Option<Self> {
        let at =
            NAMES.binary_search_by(|known| known.bytes().cmp(name.bytes().map(|b| b.to_ascii_lowercase())));
        at.ok().and_then(|at| u8::try_from(at).ok()).map(Setting)
    }

    /// Its name, in lower case.
    pub fn name(self) -> &'static str {
        NAMES[usize::from(self.0)]
    }

    /// Every setting of the list.
    #[cfg(test)]
    pub fn all() -> impl Iterator<Item = Setting> {
        (0..NAMES.len()).filter_map(|at| u8::try_from(at).ok()).map(Setting)
    }
}

impl fmt::Debug for Setting {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_list_is_sorted_and_found_in_any_case() {
        assert!(NAMES.is_sorted());
        for setting in Setting::all() {
            assert_eq!(Setting::find(setting.name()), Some(setting));
            assert_eq!(Setting::find(&setting.name().to_uppercase()), Some(setting));
        }
        assert_eq!(Setting::find("DateStyle").unwrap().name(), "datestyle");
    }

    /// What would change who one is, or what one's statements run.
    #[test]
    fn what_is_not_in_the_list() {
        for name in [
            "role",
            "session_authorization",
            "is_superuser",
            "row_security",
            "session_replication_role",
            "app.current_tenant",
            "tenantry.x",
            "local_preload_libraries",
            "session_preload_libraries",
            "dynamic_library_path",
            "log_statement",
            "allow_system_table_mods",
            "default_tablespace",
            "temp_tablespaces",
            "password_encryption",
            "",
            "time zone",
            "search_path ",
            "_pq_.x",
            "default_table_access_method",
            "temp_file_limit",
            "exit_on_error",
            "replication",
            "createrole_self_grant",
            "event_triggers",
            "restrict_nonsystem_relation_kind",
        ] {
            assert_eq!(Setting::find(name), None, "{name}");
        }
    }
}
