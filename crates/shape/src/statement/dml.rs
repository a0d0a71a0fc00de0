//! INSERT, UPDATE, DELETE, MERGE, SELECT, CALL: once for every tenant; on global tables once.

mod order;

use pg_query::NodeEnum;
use pg_query::protobuf::Node;
use serde_json::Value;

use super::{Output, Resolve, Work, setting};
use crate::ast;
use crate::catalog::Catalog;
use crate::model::{Emitted, Scope};
use crate::refuse::Refuse;
use crate::text;

/// Carries a data statement.
pub(crate) fn carry(work: &mut Work<'_>, stmt: &NodeEnum) -> Result<Output, Refuse> {
    let json = serde_json::to_value(stmt).unwrap_or_default();
    let settings = settings_made(&json);
    if let Some(name) = settings.iter().find(|name| setting::says_who_runs(name)) {
        return Err(Refuse::all(
            format!("set_config sets {name}, which says who runs"),
            "leave it out: Tenantry sets it",
        ));
    }
    if settings.iter().any(|name| name == "search_path") {
        return Ok(work.left_out("set_config('search_path', ...) is left out: Tenantry sets the path"));
    }
    if let Some(note) = left_out(stmt, &json)? {
        return Ok(work.left_out(note));
    }
    refuse_ends(work, &json)?;
    if let Some(output) = defining(work, stmt, &json)? {
        return Ok(output);
    }
    let mut global = false;
    for target in written_tables(&json) {
        refuse_system_catalog(work.catalog, &target)?;
        let table = work.own_object(&target)?;
        if work.catalog.tables.get(&table).is_some_and(|t| t.materialized) {
            return Err(Refuse::all(
                format!("it changes the materialized view {table}"),
                "change what its query reads, and REFRESH it",
            ));
        }
        if work.is_global(&table) {
            global = true;
        } else if !work.catalog.views.contains_key(&table) {
            work.table(&table)?;
        }
    }
    if global {
        if let Some(other) =
            tables_named(&json).into_iter().find(|t| work.catalog.tables.get(t).is_some_and(|t| !t.global))
        {
            return Err(Refuse::all(
                format!(
                    "a statement that changes a global table reads {other}, whose rows belong to tenants"
                ),
                "write the values into the statement",
            ));
        }
        let emitted =
            |sql: &String| Emitted { sql: sql.clone(), scope: Scope::Database, transactional: true };
        return Ok(Output { shared: vec![emitted(&work.shared)], plain: vec![emitted(&work.plain)] });
    }
    let shared = Emitted { sql: work.shared.clone(), scope: Scope::Tenant, transactional: true };
    Ok(Output { shared: order::kept(work, stmt, shared)?, plain: vec![work.plain_text(false)] })
}

/// What a migration has no use for: a notification, and a SELECT that does nothing but take or release advisory locks.
fn left_out(stmt: &NodeEnum, json: &Value) -> Result<Option<&'static str>, Refuse> {
    if functions_called(json).iter().any(|f| f == "pg_notify") {
        if !matches!(stmt, NodeEnum::SelectStmt(_)) || !tables_named(json).is_empty() {
            return Err(Refuse::all(
                "it calls pg_notify, which reaches every tenant's sessions",
                "do that in the application",
            ));
        }
        return Ok(Some(super::habits::NOTIFICATION));
    }
    let NodeEnum::SelectStmt(select) = stmt else { return Ok(None) };
    let locks = |target: &Node| match &target.node {
        Some(NodeEnum::ResTarget(t)) => match t.val.as_deref().and_then(|v| v.node.as_ref()) {
            Some(NodeEnum::FuncCall(f)) => text::is_advisory_lock(&ast::names(&f.funcname)),
            _ => false,
        },
        _ => false,
    };
    let only = !select.target_list.is_empty() && select.target_list.iter().all(locks);
    Ok((only && tables_named(json).is_empty())
        .then_some("the advisory lock is left out: Tenantry runs one migration at a time"))
}

/// Refuses to write rows of the server's own catalogs: it takes a superuser, and they are common to all tenants.
pub(crate) fn refuse_system_catalog(catalog: &Catalog, target: &[String]) -> Result<(), Refuse> {
    let Some(name) = target.last() else { return Ok(()) };
    let qualified = matches!(target, [schema, _] if schema == "pg_catalog" || schema == "information_schema");
    let unqualified = target.len() == 1 && name.starts_with("pg_") && !catalog.tables.contains_key(name);
    if !qualified && !unqualified {
        return Ok(());
    }
    Err(Refuse::all(
        format!("it writes to the system catalog {name}, where the objects of all tenants stand"),
        match name.as_str() {
            "pg_index" => {
                "write DROP INDEX before the statements that are to run without the index, and CREATE INDEX behind them"
            }
            "pg_trigger" => "write ALTER TABLE ... DISABLE TRIGGER and ENABLE TRIGGER around the statements",
            "pg_enum" => "write ALTER TYPE ... ADD VALUE or RENAME VALUE",
            "pg_constraint" => "write ALTER TABLE ... DROP CONSTRAINT and ADD CONSTRAINT",
            _ => "write the command that makes the change (CREATE, ALTER, DROP)",
        },
    ))
}

/// Refuses a call of a procedure that commits.
fn refuse_ends(work: &Work<'_>, json: &Value) -> Result<(), Refuse> {
    let ends = |f: &String| work.catalog.functions.get(f).is_some_and(|r| r.ends);
    match functions_called(json).into_iter().find(ends) {
        None => Ok(()),
        Some(procedure) => Err(Refuse::all(
            format!("it calls {procedure}, which ends the transaction that the migration runs in"),
            "call it from the application, or write what it does as statements of the migration",
        )),
    }
}

/// A call of a function that makes definitions: what they are, a shadow tells.
fn defining(work: &mut Work<'_>, stmt: &NodeEnum, json: &Value) -> Result<Option<Output>, Refuse> {
    let trigger = written_tables(json)
        .iter()
        .filter_map(|name| work.catalog.tables.get(name.last()?))
        .flat_map(|table| table.triggers.iter().map(|t| t.function.clone()))
        .find(|f| work.catalog.functions.get(f).is_some_and(|r| r.defines));
    if let Some(function) = trigger {
        return Err(Refuse::shared(
            format!("it fires the trigger function {function}, which makes definitions for all tenants"),
            "disable the trigger around the statement, and make the definitions as statements of the migration",
        ));
    }
    let called = functions_called(json);
    let Some(function) = called.iter().find(|f| work.catalog.functions.get(*f).is_some_and(|r| r.defines))
    else {
        return Ok(None);
    };
    let reads = tables_named(json).into_iter().find(|t| work.catalog.tables.contains_key(t));
    let writes = work.catalog.functions.get(function).is_some_and(|r| r.writes);
    if writes || reads.is_some() || !matches!(stmt, NodeEnum::SelectStmt(_) | NodeEnum::CallStmt(_)) {
        return Err(Refuse::shared(
            format!(
                "it calls {function}, which makes definitions, and touches rows, which differ from tenant to tenant"
            ),
            "make the definitions as statements of the migration",
        ));
    }
    work.resolve = Some(Resolve::Shadow(work.plain.clone()));
    Ok(Some(Output::default()))
}

/// The functions that a statement calls.
pub(crate) fn functions_called(json: &Value) -> Vec<String> {
    let mut found = Vec::new();
    ast::walk(json, &mut |kind, content| {
        let call = match kind {
            "FuncCall" => Some(content),
            "CallStmt" => content.get("funccall"),
            _ => None,
        };
        if let Some(call) = call
            && let Some(name) = call
                .get("funcname")
                .and_then(Value::as_array)
                .and_then(|parts| parts.last())
                .and_then(|part| part.pointer("/node/String/sval"))
                .and_then(Value::as_str)
        {
            found.push(name.to_owned());
        }
    });
    found
}

/// The tables that a statement, or a WITH part of it, changes.
fn written_tables(json: &Value) -> Vec<Vec<String>> {
    let mut found = Vec::new();
    ast::walk(json, &mut |kind, content| {
        if matches!(kind, "InsertStmt" | "UpdateStmt" | "DeleteStmt" | "MergeStmt")
            && let Some(relation) = content.get("relation")
        {
            found.push(relation_name(relation));
        }
    });
    found
}

fn relation_name(relation: &Value) -> Vec<String> {
    ["schemaname", "relname"]
        .iter()
        .filter_map(|key| relation.get(key).and_then(Value::as_str))
        .filter(|part| !part.is_empty())
        .map(str::to_owned)
        .collect()
}

/// Every relation that a statement names.
pub(crate) fn tables_named(json: &Value) -> Vec<String> {
    let mut found = Vec::new();
    collect_relations(json, &mut found);
    found
}

fn collect_relations(json: &Value, found: &mut Vec<String>) {
    match json {
        Value::Object(map) => {
            if let Some(name) = map.get("relname").and_then(Value::as_str) {
                found.push(name.to_owned());
            }
            map.values().for_each(|v| collect_relations(v, found));
        }
        Value::Array(list) => list.iter().for_each(|v| collect_relations(v, found)),
        _ => {}
    }
}

/// The settings that calls of `set_config` make, as dump files have it for `search_path`.
fn settings_made(json: &Value) -> Vec<String> {
    let mut found = Vec::new();
    ast::walk(json, &mut |kind, content| {
        if kind == "FuncCall" {
            let name = content
                .get("funcname")
                .and_then(Value::as_array)
                .and_then(|parts| parts.last())
                .and_then(|part| part.pointer("/node/String/sval"))
                .and_then(Value::as_str);
            let first = content.pointer("/args/0/node/AConst/val/Sval/sval").and_then(Value::as_str);
            if let (Some("set_config"), Some(setting)) = (name, first) {
                found.push(setting.to_ascii_lowercase());
            }
        }
    });
    found
}
