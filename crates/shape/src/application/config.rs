//! `set_config()`: SET as a function, with values that may be parameters.
//!
//! What it sets follows the client only where it is certain that the call is made once when the statement is done: as a target
//! of a SELECT of nothing else. Anywhere else (behind WHERE, in CASE, in a prepared statement of SQL) its session is cleaned
//! afterwards, unless it sets for the transaction alone.

use pg_query::NodeEnum as N;
use serde_json::Value;
use tenantry_domain::Isolation;

use super::{Denial, Effects, Rules, Statement, Step, settings};

/// What the third argument says.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Scope {
    Session,
    Transaction,
    Unknown,
}

/// What the second argument is.
enum Given {
    /// Written out; none: NULL.
    Value(Option<String>),
    /// A parameter, counted from 1.
    Parameter(usize),
    /// Anything.
    Unknown,
}

/// Settings whose values have a say in what may run: SET alone sets them in shared isolation.
const BY_SET_ALONE: [&str; 6] = [
    settings::TENANT,
    "client_encoding",
    "role",
    "search_path",
    "session_authorization",
    "standard_conforming_strings",
];
/// A list of names, which may be quoted.
const SEARCH_PATH: &str = "search_path";

/// Whether each call of the statement is made once when it is done: it selects calls of `set_config()` and
/// `current_setting()` and constants, from nothing.
pub(super) fn certain(statement: &Statement<'_>) -> bool {
    let N::SelectStmt(s) = &statement.node else { return false };
    let is_bare = s.from_clause.is_empty()
        && s.where_clause.is_none()
        && s.group_clause.is_empty()
        && s.having_clause.is_none()
        && s.window_clause.is_empty()
        && s.distinct_clause.is_empty()
        && s.sort_clause.is_empty()
        && s.limit_count.is_none()
        && s.limit_offset.is_none()
        && s.values_lists.is_empty()
        && s.locking_clause.is_empty()
        && s.with_clause.is_none()
        && s.into_clause.is_none()
        && s.larg.is_none();
    let targets = statement.json.pointer("/SelectStmt/target_list").and_then(Value::as_array);
    is_bare && targets.is_some_and(|targets| targets.iter().all(is_certain_target))
}

fn is_certain_target(target: &Value) -> bool {
    let Some(value) = target.pointer("/node/ResTarget/val/node") else { return false };
    let Some(call) = uncast(value).get("FuncCall") else { return is_plain(value) };
    let names = call.get("funcname").and_then(Value::as_array).into_iter().flatten();
    let last = names.filter_map(|n| n.pointer("/node/String/sval")).next_back().and_then(Value::as_str);
    let mut arguments = call.get("args").and_then(Value::as_array).into_iter().flatten();
    matches!(last, Some("set_config" | "current_setting"))
        && arguments.all(|argument| argument.get("node").is_some_and(is_plain))
}

/// A constant or a parameter, with a cast or without.
fn is_plain(value: &Value) -> bool {
    let value = uncast(value);
    value.get("AConst").is_some() || value.get("ParamRef").is_some()
}

/// Without casts that leave the text as it is; any other may change it.
fn uncast(value: &Value) -> &Value {
    let Some(cast) = value.get("TypeCast") else { return value };
    let names = cast.pointer("/type_name/names").and_then(Value::as_array).into_iter().flatten();
    let name = names.filter_map(|n| n.pointer("/node/String/sval")).next_back().and_then(Value::as_str);
    let is_array =
        cast.pointer("/type_name/array_bounds").and_then(Value::as_array).is_some_and(|b| !b.is_empty());
    match cast.pointer("/arg/node") {
        Some(inner) if matches!(name, Some("text" | "bool")) && !is_array => uncast(inner),
        _ => value,
    }
}

/// Adds what a call does; refuses it where it must not be made.
pub(super) fn add(call: &Value, certain: bool, rules: &Rules, effects: &mut Effects) -> Result<(), Denial> {
    effects.reads_only = false;
    let argument = |i: usize| call.pointer(&format!("/args/{i}/node")).map(uncast);
    let name = argument(0).and_then(text).map(str::to_ascii_lowercase);
    let given = argument(1).map_or(Given::Unknown, given);
    let scope = call.pointer("/args/2/node").map_or(Scope::Unknown, scope);
    if rules.isolation == Isolation::Shared {
        check(name.as_deref(), rules)?;
    }
    let Some(name) = name else {
        effects.leaves.unknown = true;
        return Ok(());
    };
    let value = match &given {
        Given::Value(Some(value)) => vec![value.clone()],
        _ => Vec::new(),
    };
    settings::breaking(&name, &value)?;
    if name == settings::TENANT {
        effects.steps.push(settings::set(&name, value, scope != Scope::Session, rules));
        return Ok(());
    }
    let local = scope == Scope::Transaction;
    effects.leaves.seed |= name == "seed";
    effects.leaves.settings |= !local;
    match (given, certain) {
        _ if scope == Scope::Unknown => effects.leaves.unknown = true,
        (Given::Value(value), true) => match values(&name, value) {
            Some(values) => effects.steps.push(Step::Set { name, values, local }),
            None => effects.leaves.unknown |= !local,
        },
        (Given::Parameter(parameter), true) if !local && name != SEARCH_PATH => {
            effects.steps.push(Step::SetParameter { name, parameter });
        }
        _ => effects.leaves.unknown |= !local,
    }
    Ok(())
}

/// In shared isolation: what SET may set too, as long as the value has no say.
fn check(name: Option<&str>, rules: &Rules) -> Result<(), Denial> {
    match name {
        None => Err(Denial::forbidden(
            "set_config() in shared isolation needs the setting's name written out",
            "write the name as a string; the value may be a parameter",
        )),
        Some(name) if BY_SET_ALONE.contains(&name) => Err(Denial::forbidden(
            format!("set_config() can't set parameter \"{name}\" in shared isolation"),
            "use SET as a statement of its own",
        )),
        Some(name) => settings::check_shared(name, &[], rules),
    }
}

/// The values that a text means to the server; none: it can't be told here.
fn values(name: &str, value: Option<String>) -> Option<Vec<String>> {
    match value {
        None => Some(Vec::new()),
        Some(value) if name != SEARCH_PATH => Some(vec![value]),
        Some(value) if value.contains('"') => None,
        // No names at all are one empty text, as SET has it.
        Some(value) => Some(value.split(',').map(|name| name.trim().to_ascii_lowercase()).collect()),
    }
}

fn text(value: &Value) -> Option<&str> {
    value.pointer("/AConst/val/Sval/sval").and_then(Value::as_str)
}

fn given(value: &Value) -> Given {
    if let Some(text) = text(value) {
        return Given::Value(Some(text.to_owned()));
    }
    if value.pointer("/AConst/isnull").and_then(Value::as_bool) == Some(true) {
        return Given::Value(None);
    }
    let number = value.pointer("/ParamRef/number").and_then(Value::as_u64);
    match number.and_then(|number| usize::try_from(number).ok()).filter(|number| *number > 0) {
        Some(number) => Given::Parameter(number),
        None => Given::Unknown,
    }
}

fn scope(value: &Value) -> Scope {
    let constant = uncast(value);
    let boolean = constant.pointer("/AConst/val/Boolval/boolval").and_then(Value::as_bool);
    let written = text(constant).map(str::to_ascii_lowercase);
    match (boolean, written.as_deref()) {
        (Some(true), _) | (_, Some("t" | "true")) => Scope::Transaction,
        (Some(false), _) | (_, Some("f" | "false")) => Scope::Session,
        _ => Scope::Unknown,
    }
}
