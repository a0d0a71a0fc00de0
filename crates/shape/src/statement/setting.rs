//! SET. What says who runs, where, and how rows are kept apart is Tenantry's; what says how text is read and how a
//! query is planned holds for the file.

use pg_query::protobuf::{VariableSetKind, VariableSetStmt};

use super::{Output, Setting, Work};
use crate::ast;
use crate::model::{Emitted, SCHEMA_PLACEHOLDER, Scope};
use crate::refuse::Refuse;
use crate::text;
use crate::tokens::Edits;

/// Settings that dump files carry and that the engine sets itself.
const LEFT_OUT: [&str; 14] = [
    "row_security",
    "statement_timeout",
    "lock_timeout",
    "idle_in_transaction_session_timeout",
    "idle_session_timeout",
    "transaction_timeout",
    "client_encoding",
    "names",
    "escape_string_warning",
    "client_min_messages",
    "default_tablespace",
    "default_table_access_method",
    "default_with_oids",
    "synchronize_seqscans",
];

/// Settings that hold for the file: those that begin like this.
const CARRIED: [&str; 34] = [
    "array_nulls",
    "bytea_output",
    "check_function_bodies",
    "constraint_exclusion",
    "cursor_tuple_fraction",
    "datestyle",
    "default_statistics_target",
    "default_text_search_config",
    "effective_cache_size",
    "enable_",
    "extra_float_digits",
    "from_collapse_limit",
    "geqo",
    "gin_fuzzy_search_limit",
    "gin_pending_list_limit",
    "hash_mem_multiplier",
    "intervalstyle",
    "jit",
    "join_collapse_limit",
    "lc_monetary",
    "lc_numeric",
    "lc_time",
    "maintenance_work_mem",
    "max_parallel_",
    "min_parallel_",
    "parallel_",
    "plan_cache_mode",
    "quote_all_identifiers",
    "random_page_cost",
    "seq_page_cost",
    "timezone",
    "vacuum_cost_",
    "work_mem",
    "xml",
];

/// Carries a SET or a RESET.
pub(crate) fn carry(work: &mut Work<'_>, stmt: &VariableSetStmt) -> Result<Output, Refuse> {
    let name = stmt.name.to_ascii_lowercase();
    if stmt.kind() == VariableSetKind::VarResetAll {
        work.state.settings.clear();
        return Ok(work.left_out("RESET ALL is left out: the settings are Tenantry's"));
    }
    if stmt.kind() == VariableSetKind::VarSetMulti {
        return Ok(work.left_out("the transaction's isolation is left out: Tenantry sets it"));
    }
    if name == "search_path" {
        return search_path(work, stmt);
    }
    let value = stmt.args.first().and_then(|a| ast::option_text(Some(a))).unwrap_or_default();
    refuse_other_text(&name, &value)?;
    if LEFT_OUT.contains(&name.as_str()) || name == "standard_conforming_strings" {
        return Ok(work.left_out(format!("the setting {name} is left out: Tenantry sets it")));
    }
    if says_who_runs(&name) {
        return who_runs(work, stmt, &name, &value);
    }
    let of_the_app = name.contains('.');
    if !of_the_app && !CARRIED.iter().any(|known| name.starts_with(known)) {
        return Err(Refuse::all(
            format!("the setting {name} is not one that a migration may make"),
            if name == "session_replication_role" {
                "write ALTER TABLE ... DISABLE TRIGGER USER around the statements, for each table"
            } else {
                "leave it out"
            },
        ));
    }
    let sql = local(work, stmt, &name)?;
    work.state.settings.retain(|s| s.name != name);
    work.state.settings.push(Setting { name, sql: sql.clone(), is_local: stmt.is_local });
    let emitted = |scope| Emitted { sql: sql.clone(), scope, transactional: true };
    Ok(Output { shared: vec![emitted(Scope::Database)], plain: vec![emitted(Scope::Tenant)] })
}

/// Going back to the role that runs a dump says nothing; another role would see other rows and own what it makes.
fn who_runs(work: &mut Work<'_>, stmt: &VariableSetStmt, name: &str, value: &str) -> Result<Output, Refuse> {
    let is_role = matches!(name, "role" | "session_authorization");
    let back = matches!(stmt.kind(), VariableSetKind::VarReset | VariableSetKind::VarSetDefault);
    if is_role && (back || value.eq_ignore_ascii_case("none")) {
        return Ok(
            work.left_out(format!("the setting {name} is left out: migrations run as Tenantry's owner role"))
        );
    }
    Err(Refuse::all(
        format!("the setting {name} says who runs"),
        match is_role {
            true => "leave it out: migrations run as Tenantry's owner role, to which all objects belong",
            false => "leave it out: Tenantry sets it",
        },
    ))
}

/// Whether a setting says as whom or for which tenant a session runs.
pub(super) fn says_who_runs(name: &str) -> bool {
    matches!(name, "role" | "session_authorization")
        || name.starts_with("app.")
        || name.starts_with("tenantry.")
}

/// Text is read as it is written: in UTF-8, with backslashes that stand for themselves.
fn refuse_other_text(name: &str, value: &str) -> Result<(), Refuse> {
    let value = value.to_ascii_lowercase();
    let other = match name {
        "client_encoding" | "names" => !matches!(value.as_str(), "" | "utf8" | "utf-8" | "unicode"),
        "standard_conforming_strings" => matches!(value.as_str(), "off" | "false" | "0" | "no"),
        _ => false,
    };
    if other {
        return Err(Refuse::all(
            format!("{name} = {value} gives the text another meaning"),
            "save the file as UTF-8, write E'...' where a backslash is an escape, and take the statement out",
        ));
    }
    Ok(())
}

/// The statement, so that the setting ends with the transaction.
fn local(work: &Work<'_>, stmt: &VariableSetStmt, name: &str) -> Result<String, Refuse> {
    if stmt.kind() == VariableSetKind::VarReset {
        return Ok(format!("SET LOCAL {name} TO DEFAULT"));
    }
    let tokens = text::scan(&work.plain)?;
    let last = if tokens.is(1, "session") || tokens.is(1, "local") { 1 } else { 0 };
    let mut edits = Edits::default();
    if let Some(token) = tokens.list.get(last) {
        edits.replace(0..token.range.end, "SET LOCAL");
    }
    let sql = edits.apply(&work.plain);
    ast::parse_one(&sql)?;
    Ok(sql)
}

/// The path is Tenantry's; a path to schemas that there are not would change what names mean.
fn search_path(work: &mut Work<'_>, stmt: &VariableSetStmt) -> Result<Output, Refuse> {
    for schema in stmt.args.iter().filter_map(|a| ast::option_text(Some(a))) {
        for schema in schema.split(',').map(|s| s.trim().trim_matches('"')) {
            let known = matches!(
                schema,
                "" | "public"
                    | "$user"
                    | "pg_catalog"
                    | "pg_temp"
                    | "global"
                    | "extensions"
                    | SCHEMA_PLACEHOLDER
            );
            if !known {
                return Err(Refuse::all(
                    format!("search_path names the schema {schema}, and a tenant has one schema only"),
                    "leave it out; put table families apart by a prefix of their names",
                ));
            }
        }
    }
    Ok(work.left_out("the setting search_path is left out: Tenantry sets it"))
}
