//! SET, RESET and what means the same: which settings a client may choose, and what the gateway has to follow.

use pg_query::NodeEnum as N;
use pg_query::protobuf::{Node, VariableSetKind as Kind, VariableSetStmt, a_const};
use tenantry_domain::Isolation;

use super::{Denial, Door, Rules, Statement, Step, effects};
use crate::ast;
use crate::tokens::Edits;

/// The setting by which the app door names its tenant.
pub(super) const TENANT: &str = "app.current_tenant";

/// What may be set in shared isolation, sorted: what changes answers, plans and times of the session's own statements.
const ALLOWED: [&str; 71] = [
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
    "effective_cache_size",
    "enable_bitmapscan",
    "enable_hashagg",
    "enable_hashjoin",
    "enable_incremental_sort",
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
    "seed",
    "seq_page_cost",
    "standard_conforming_strings",
    "statement_timeout",
    "synchronize_seqscans",
    "synchronous_commit",
    "timezone",
    "timezone_abbreviations",
    "transaction_deferrable",
    "transaction_isolation",
    "transaction_read_only",
    "transaction_timeout",
    "transform_null_equals",
    "vacuum_cost_delay",
    "work_mem",
    "xmlbinary",
    "xmloption",
];

/// Encodings in which every byte of a character of several bytes is above 127, without punctuation, sorted.
const SAFE_ENCODINGS: [&str; 48] = [
    "abc",
    "alt",
    "euccn",
    "eucjis2004",
    "eucjp",
    "euckr",
    "euctw",
    "iso88591",
    "iso885910",
    "iso885913",
    "iso885914",
    "iso885915",
    "iso885916",
    "iso88592",
    "iso88593",
    "iso88594",
    "iso88595",
    "iso88596",
    "iso88597",
    "iso88598",
    "iso88599",
    "koi8",
    "koi8r",
    "koi8u",
    "latin1",
    "latin10",
    "latin2",
    "latin3",
    "latin4",
    "latin5",
    "latin6",
    "latin7",
    "latin8",
    "latin9",
    "sqlascii",
    "tcvn",
    "tcvn5712",
    "unicode",
    "utf8",
    "vscii",
    "win1250",
    "win1251",
    "win1252",
    "win1253",
    "win1254",
    "win1256",
    "win1257",
    "win1258",
];

/// Schemas that everybody has.
const EVERYBODYS: [&str; 6] = ["$user", "extensions", "global", "information_schema", "pg_catalog", "public"];

/// Refuses what no session behind the gateway may set, and in shared isolation what is not in the list.
pub(super) fn check(node: &N, rules: &Rules) -> Result<(), Denial> {
    match node {
        N::VariableSetStmt(s) => check_set(s, rules),
        // For the sessions to come.
        N::AlterRoleSetStmt(s) => s.setstmt.as_ref().map_or(Ok(()), check_breaking),
        N::AlterDatabaseSetStmt(s) => s.setstmt.as_ref().map_or(Ok(()), check_breaking),
        _ => Ok(()),
    }
}

fn check_breaking(s: &VariableSetStmt) -> Result<(), Denial> {
    let sets = matches!(s.kind(), Kind::VarSetValue | Kind::VarSetCurrent);
    if sets { breaking(&name_of(s), &values(&s.args).unwrap_or_default()) } else { Ok(()) }
}

fn check_set(s: &VariableSetStmt, rules: &Rules) -> Result<(), Denial> {
    let name = name_of(s);
    check_breaking(s)?;
    if rules.isolation != Isolation::Shared {
        return Ok(());
    }
    match s.kind() {
        // What the session began with is its own.
        Kind::VarReset | Kind::VarResetAll => Ok(()),
        Kind::VarSetDefault => Ok(()),
        Kind::VarSetMulti if name == "transaction snapshot" => Err(forbidden(&name)),
        Kind::VarSetMulti => Ok(()),
        _ => check_shared(&name, &values(&s.args).unwrap_or_default(), rules),
    }
}

/// Refuses what would let the gateway read a text otherwise than the server, or the server take the session for another's.
pub(super) fn breaking(name: &str, values: &[String]) -> Result<(), Denial> {
    let value = values.first().map(|v| v.trim().to_ascii_lowercase()).unwrap_or_default();
    match name {
        "standard_conforming_strings" if !is_on(&value) => Err(Denial::unsupported(
            "standard_conforming_strings must stay on behind the gateway",
            "write strings with backslashes as E'...'",
        )),
        "client_encoding" if !is_safe(&value) => Err(Denial::unsupported(
            "this client_encoding is not supported behind the gateway",
            "use UTF8, or another encoding whose characters of several bytes hold no ASCII bytes",
        )),
        "session_authorization" => Err(Denial::forbidden(
            "SET SESSION AUTHORIZATION is not allowed behind the gateway",
            "log in as the other role",
        )),
        _ => Ok(()),
    }
}

fn is_on(value: &str) -> bool {
    value == "on"
        || value == "1"
        || !value.is_empty() && ("true".starts_with(value) || "yes".starts_with(value))
}

fn is_safe(value: &str) -> bool {
    let name: String = value.chars().filter(char::is_ascii_alphanumeric).collect();
    SAFE_ENCODINGS.binary_search(&name.as_str()).is_ok()
}

/// The list of shared isolation.
pub(super) fn check_shared(name: &str, values: &[String], rules: &Rules) -> Result<(), Denial> {
    if name == TENANT {
        return match rules.door {
            Door::App => Ok(()),
            Door::Tenant => {
                Err(Denial::forbidden("this login belongs to one tenant", "log in as the other tenant"))
            }
        };
    }
    if name == "role" && values.iter().all(|v| v == "none") {
        return Ok(());
    }
    if name == "search_path" {
        let own = |v: &String| EVERYBODYS.contains(&v.as_str()) || *v == rules.schema;
        return match values.iter().find(|v| !own(v)) {
            Some(_) => Err(Denial::forbidden(
                "search_path names a schema that is not the tenant's",
                "leave search_path as it is, or name public alone",
            )),
            None => Ok(()),
        };
    }
    if rules.own_settings.has(name) || ALLOWED.binary_search(&name).is_ok() {
        Ok(())
    } else {
        Err(forbidden(name))
    }
}

fn forbidden(name: &str) -> Denial {
    Denial::forbidden(
        format!("permission denied to set parameter \"{name}\" in shared isolation"),
        "leave it out; docs/gateway.md lists the settings that may be set",
    )
}

/// The setting's name in lower case, as the server compares it.
fn name_of(s: &VariableSetStmt) -> String {
    s.name.to_ascii_lowercase()
}

/// The values of SET; none where they are more than constants.
fn values(args: &[Node]) -> Option<Vec<String>> {
    args.iter().map(|arg| value(arg.node.as_ref()?)).collect()
}

fn value(node: &N) -> Option<String> {
    match node {
        N::AConst(c) => match c.val.as_ref() {
            Some(a_const::Val::Sval(s)) => Some(s.sval.clone()),
            Some(a_const::Val::Ival(i)) => Some(i.ival.to_string()),
            Some(a_const::Val::Fval(f)) => Some(f.fval.clone()),
            Some(a_const::Val::Boolval(b)) => Some(b.boolval.to_string()),
            // The parser leaves a zero out.
            None if !c.isnull => Some("0".to_owned()),
            _ => None,
        },
        // SET TIME ZONE INTERVAL '2' HOUR TO MINUTE.
        N::TypeCast(cast) => value(cast.arg.as_ref()?.node.as_ref()?),
        _ => None,
    }
}

/// What the server answers to RESET.
pub(super) const RESET_TAG: &str = "RESET";
/// What resets everything but the tenant, which is a setting on the connections that tenants share.
const RESET_ALL: &str = "CALL tenantry.reset_all()";

/// RESET ALL at the app door of shared tables leaves the tenant; true: it was one.
pub(super) fn keep_tenant(statement: &Statement<'_>, rules: &Rules, edits: &mut Edits) -> bool {
    let resets = matches!(&statement.node, N::VariableSetStmt(s) if s.kind() == Kind::VarResetAll);
    if !resets || rules.door != Door::App {
        return false;
    }
    let tokens = &statement.tokens.list;
    let (Some(first), Some(last)) = (tokens.get(statement.first), tokens.get(statement.first + 1)) else {
        return false;
    };
    edits.replace(first.range.start..last.range.end, RESET_ALL);
    true
}

/// What the gateway has to follow of a SET or RESET.
pub(super) fn steps(s: &VariableSetStmt, rules: &Rules) -> Vec<Step> {
    let name = name_of(s);
    let local = s.is_local;
    match s.kind() {
        Kind::VarResetAll => vec![Step::ResetAll],
        Kind::VarReset => vec![set_tenant(&name, None, local, rules).unwrap_or(Step::Reset(name))],
        Kind::VarSetDefault => {
            vec![set_tenant(&name, None, local, rules).unwrap_or(Step::Set {
                name,
                values: Vec::new(),
                local,
            })]
        }
        Kind::VarSetMulti if name == "transaction" => {
            vec![Step::Transaction { read_only: effects::read_only(&s.args) }]
        }
        Kind::VarSetMulti => modes(&s.args),
        _ => vec![set(&name, values(&s.args).unwrap_or_default(), local, rules)],
    }
}

/// A setting with its values, or the tenant that it names.
pub(super) fn set(name: &str, values: Vec<String>, local: bool, rules: &Rules) -> Step {
    let tenant = values.first().filter(|v| !v.is_empty()).cloned();
    set_tenant(name, tenant, local, rules).unwrap_or_else(|| Step::Set {
        name: name.to_owned(),
        values,
        local,
    })
}

fn set_tenant(setting: &str, name: Option<String>, local: bool, rules: &Rules) -> Option<Step> {
    (setting == TENANT && rules.door == Door::App).then_some(Step::Tenant { name, local })
}

/// SET SESSION CHARACTERISTICS AS TRANSACTION.
fn modes(args: &[Node]) -> Vec<Step> {
    let one = |n: &Node| match n.node.as_ref() {
        Some(N::DefElem(d)) => {
            let value = ast::option_text(d.arg.as_deref()).unwrap_or_else(|| "0".to_owned());
            Some(Step::Set { name: format!("default_{}", d.defname), values: vec![value], local: false })
        }
        _ => None,
    };
    args.iter().filter_map(one).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_lists_are_sorted() {
        assert!(ALLOWED.is_sorted() && SAFE_ENCODINGS.is_sorted() && EVERYBODYS.is_sorted());
    }
}
