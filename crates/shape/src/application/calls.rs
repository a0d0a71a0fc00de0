//! Calls of functions that a statement makes in plain sight.

use serde_json::Value;
use tenantry_domain::Isolation;

use super::{Denial, Effects, Rules, Statement, settings};
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
    calls.into_iter().try_for_each(|call| one(call, rules, effects))
}

fn one(call: &Value, rules: &Rules, effects: &mut Effects) -> Result<(), Denial> {
    let parts = name(call);
    let (schema, name) = match parts.as_slice() {
        [name] => ("", name.as_str()),
        [schema, name] => (schema.as_str(), name.as_str()),
        [.., schema, name] => (schema.as_str(), name.as_str()),
        [] => return Ok(()),
    };
    let leaves = &mut effects.leaves;
    let builtin = matches!(schema, "" | "pg_catalog");
    let own = if schema == "tenantry" { Some(name) } else { name.strip_prefix("pg_").filter(|_| builtin) };
    if let Some(own) = own.filter(|own| own.starts_with("advisory_") || own.starts_with("try_advisory_")) {
        effects.reads_only = false;
        effects.primary_only = true;
        leaves.locks |= !own.contains("unlock") && !own.contains("xact");
        return Ok(());
    }
    match name {
        "set_config" if builtin => return set_config(call, rules, effects),
        "nextval" | "currval" | "setval" | "lastval" if builtin => {
            leaves.sequences = true;
            writes(effects);
        }
        // Not volatile, but a transaction gets its number by them.
        "txid_current" | "pg_current_xact_id" | "pg_notify" if builtin => writes(effects),
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
    Ok(())
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

/// `set_config('name', 'value', local)`: as SET where all is written out.
fn set_config(call: &Value, rules: &Rules, effects: &mut Effects) -> Result<(), Denial> {
    if rules.isolation == Isolation::Shared {
        return Err(Denial::forbidden(
            "set_config() is not allowed in shared isolation",
            "use SET or SET LOCAL as a statement of its own",
        ));
    }
    let text =
        |i: usize| call.pointer(&format!("/args/{i}/node/AConst/val/Sval/sval")).and_then(Value::as_str);
    let Some(setting) = text(0).map(str::to_ascii_lowercase) else {
        effects.leaves.unknown = true;
        return Ok(());
    };
    settings::breaking(&setting, &text(1).map(str::to_owned).into_iter().collect::<Vec<_>>())?;
    let local = is_true(call.pointer("/args/2"));
    effects.leaves.settings |= !local;
    match text(1) {
        Some(value) => effects.steps.push(settings::set(&setting, vec![value.to_owned()], local, rules)),
        None => effects.leaves.unknown |= !local || setting == settings::TENANT,
    }
    Ok(())
}

fn is_true(argument: Option<&Value>) -> bool {
    let value = |pointer: &str| argument.and_then(|a| a.pointer(pointer));
    value("/node/AConst/val/Boolval/boolval").and_then(Value::as_bool) == Some(true)
        || value("/node/TypeCast/arg/node/AConst/val/Sval/sval")
            .and_then(Value::as_str)
            .is_some_and(|v| v.starts_with('t'))
}
