//! Calls of functions that a statement makes in plain sight.

use serde_json::Value;

use super::{Denial, Effects, Rules, Statement, config};
use crate::ast;

/// A view whose rule for UPDATE is a call of set_config().
const SETTINGS_VIEW: &str = "pg_settings";

/// Adds what the calls of a statement do; refuses what must not be called.
pub(super) fn add(statement: &Statement<'_>, rules: &Rules, effects: &mut Effects) -> Result<(), Denial> {
    let mut calls = Vec::new();
    let mut sets = false;
    ast::walk(&statement.json, &mut |kind, content| match kind {
        "FuncCall" => calls.push(content),
        "UpdateStmt" | "MergeStmt" => {
            sets |= content.pointer("/relation/relname").and_then(Value::as_str) == Some(SETTINGS_VIEW);
        }
        _ => {}
    });
    if sets {
        return Err(Denial::forbidden("UPDATE of pg_settings is not allowed behind the gateway", "use SET"));
    }
    let certain = config::certain(statement);
    calls.into_iter().try_for_each(|call| match is_config(call) {
        true => config::add(call, certain, rules, effects),
        false => {
            one(call, rules, effects);
            Ok(())
        }
    })
}

fn one(call: &Value, rules: &Rules, effects: &mut Effects) {
    let parts = name(call);
    let (schema, name) = match parts.as_slice() {
        [name] => ("", name.as_str()),
        [schema, name] => (schema.as_str(), name.as_str()),
        [.., schema, name] => (schema.as_str(), name.as_str()),
        [] => return,
    };
    let leaves = &mut effects.leaves;
    let builtin = matches!(schema, "" | "pg_catalog");
    let own = if schema == "tenantry" { Some(name) } else { name.strip_prefix("pg_").filter(|_| builtin) };
    if let Some(own) = own.filter(|own| own.starts_with("advisory_") || own.starts_with("try_advisory_")) {
        effects.reads_only = false;
        effects.primary_only = true;
        leaves.locks |= !own.contains("unlock") && !own.contains("xact");
        return;
    }
    match name {
        "nextval" | "currval" | "setval" | "lastval" if builtin => {
            leaves.sequences = true;
            writes(effects);
        }
        // Not volatile, but a transaction gets its number by them.
        "txid_current" | "pg_current_xact_id" | "pg_notify" if builtin => writes(effects),
        "setseed" if builtin => {
            leaves.seed = true;
            effects.reads_only = false;
        }
        "next_value" | "current_value" | "set_value" if schema == "tenantry" => {
            leaves.sequences = true;
            writes(effects);
        }
        "notify" if schema == "tenantry" => writes(effects),
        "current_tenant" | "get_current_tenant" | "current_tenant_key" | "no_tenant"
            if schema == "tenantry" => {}
        name if (builtin || schema == "extensions") && rules.harmless.contains(name) => {}
        _ => {
            leaves.unknown = true;
            effects.reads_only = false;
        }
    }
}

/// Whether a statement calls `set_config()` anywhere.
pub(super) fn sets_config(statement: &Statement<'_>) -> bool {
    let mut found = false;
    ast::walk(&statement.json, &mut |kind, content| found |= kind == "FuncCall" && is_config(content));
    found
}

/// Whether it is a call of `set_config()`, or of what stands for it in shared isolation.
fn is_config(call: &Value) -> bool {
    let parts = name(call);
    let parts: Vec<&str> = parts.iter().map(String::as_str).collect();
    matches!(parts.as_slice(), ["set_config"] | [.., "pg_catalog" | "tenantry", "set_config"])
}

/// What even a read-only transaction may do on a primary alone.
fn writes(effects: &mut Effects) {
    effects.reads_only = false;
    effects.primary_only = true;
}

fn name(call: &Value) -> Vec<String> {
    let parts = call.get("funcname").and_then(Value::as_array).into_iter().flatten();
    parts.filter_map(|p| p.pointer("/node/String/sval").and_then(Value::as_str)).map(str::to_owned).collect()
}
