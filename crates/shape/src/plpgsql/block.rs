//! A DO block as PostgreSQL's parser of PL/pgSQL reads it.

use pg_query::NodeEnum;
use serde_json::Value;

use crate::ast;
use crate::statement::{functions_called, tables_named};

/// What a block does.
#[derive(Clone, Debug, Default)]
pub(crate) struct Block {
    /// Definitions as they are written.
    pub defines: Vec<String>,
    /// The expressions whose text is executed.
    pub executes: Vec<String>,
    /// Statements that write rows as they are written, and whether what they return goes into variables.
    pub writes: Vec<(String, bool)>,
    /// The relations that its conditions, loops and assignments read.
    pub reads: Vec<String>,
    /// The functions that it calls.
    pub calls: Vec<String>,
    /// The names of its variables.
    pub variables: Vec<String>,
    pub locks: bool,
    /// It ends the transaction.
    pub ends: bool,
    /// It asks how many rows a statement found.
    pub counts: bool,
    /// A single definition that something guards.
    pub guarded: Option<Guarded>,
}

/// A definition that is made unless it is there.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Guarded {
    pub sql: String,
    /// The condition; none: an exception for what exists already is caught.
    pub condition: Option<String>,
}

/// Conditions of an exception that say: it is there already.
const DUPLICATES: [&str; 6] = [
    "duplicate_object",
    "duplicate_table",
    "duplicate_column",
    "duplicate_function",
    "duplicate_alias",
    "others",
];

/// Reads a DO statement; none: the parser does not accept it.
pub(crate) fn read(sql: &str) -> Option<Block> {
    let parsed = pg_query::parse_plpgsql(sql).ok()?;
    let function = parsed.pointer("/0/PLpgSQL_function")?;
    let mut block = Block::default();
    for datum in function.get("datums").and_then(Value::as_array).into_iter().flatten() {
        for (_, datum) in datum.as_object().into_iter().flatten() {
            if let Some(name) = datum.get("refname").and_then(Value::as_str)
                && !matches!(name, "found" | "sqlstate" | "sqlerrm" | "(unnamed row)")
            {
                block.variables.push(name.to_owned());
            }
        }
    }
    visit(function.get("action")?, &mut block);
    // The default of a variable and the query of a cursor stand with the variables.
    visit(function.get("datums")?, &mut block);
    block.guarded = guarded(function.get("action")?);
    Some(block)
}

fn query_of(expression: Option<&Value>) -> Option<&str> {
    expression?.pointer("/PLpgSQL_expr/query")?.as_str()
}

fn visit(json: &Value, block: &mut Block) {
    match json {
        Value::Object(map) => {
            for (kind, content) in map {
                match kind.as_str() {
                    "PLpgSQL_stmt_execsql" => statement(content, block),
                    "PLpgSQL_stmt_dynexecute" => {
                        block.executes.extend(query_of(content.get("query")).map(str::to_owned));
                        visit(content.get("params").unwrap_or(&Value::Null), block);
                    }
                    "PLpgSQL_stmt_commit" | "PLpgSQL_stmt_rollback" => block.ends = true,
                    "PLpgSQL_stmt_getdiag" => block.counts = true,
                    "PLpgSQL_expr" => expression(content, block),
                    _ => visit(content, block),
                }
            }
        }
        Value::Array(list) => list.iter().for_each(|inner| visit(inner, block)),
        _ => {}
    }
}

/// An SQL statement written out.
fn statement(content: &Value, block: &mut Block) {
    let Some(sql) = query_of(content.get("sqlstmt")) else { return };
    let into = content.get("into").and_then(Value::as_bool) == Some(true);
    let Ok(stmt) = ast::parse_one(sql) else {
        block.defines.push(sql.to_owned());
        return;
    };
    let json = serde_json::to_value(&stmt).unwrap_or_default();
    match stmt {
        NodeEnum::SelectStmt(_) if !writes(&json) => read_from(&json, block),
        NodeEnum::SelectStmt(_)
        | NodeEnum::InsertStmt(_)
        | NodeEnum::UpdateStmt(_)
        | NodeEnum::DeleteStmt(_)
        | NodeEnum::MergeStmt(_)
        | NodeEnum::TruncateStmt(_) => {
            block.calls.extend(functions_called(&json));
            block.writes.push((sql.to_owned(), into));
        }
        NodeEnum::LockStmt(_) => block.locks = true,
        // When rows are checked defines nothing.
        NodeEnum::ConstraintsSetStmt(_) => {}
        _ => block.defines.push(sql.to_owned()),
    }
}

fn writes(json: &Value) -> bool {
    let mut found = false;
    ast::walk(json, &mut |kind, _| {
        found |= matches!(kind, "InsertStmt" | "UpdateStmt" | "DeleteStmt" | "MergeStmt");
    });
    found
}

/// A condition, a value, the query of a loop, a call.
fn expression(content: &Value, block: &mut Block) {
    let Some(query) = content.get("query").and_then(Value::as_str) else { return };
    let value = match content.get("parseMode").and_then(Value::as_i64) {
        Some(0) => query.to_owned(),
        Some(2) => format!("SELECT {query}"),
        _ => format!("SELECT {}", query.split_once('=').map_or(query, |(_, value)| value)),
    };
    match ast::parse_one(&value) {
        Ok(stmt) => {
            let json = serde_json::to_value(&stmt).unwrap_or_default();
            if writes(&json) {
                block.writes.push((value, true));
            }
            read_from(&json, block);
        }
        // What can't be read might read anything.
        Err(_) => block.reads.push(query.to_owned()),
    }
}

fn read_from(json: &Value, block: &mut Block) {
    block.reads.extend(tables_named(json));
    block.calls.extend(functions_called(json));
}

/// `BEGIN definition; EXCEPTION WHEN duplicate_object THEN NULL; END`, or `IF NOT EXISTS (...) THEN definition; END IF`.
fn guarded(action: &Value) -> Option<Guarded> {
    let mut body = action.pointer("/PLpgSQL_stmt_block/body")?.as_array()?;
    let mut exceptions = action.pointer("/PLpgSQL_stmt_block/exceptions");
    // The parser puts a block with exceptions into another one.
    let inner = body.first().and_then(|s| s.get("PLpgSQL_stmt_block"));
    if let (Some(inner), None) = (inner, exceptions) {
        body = if only(body)? { inner.get("body")?.as_array()? } else { return None };
        exceptions = inner.get("exceptions");
    }
    if !only(body)? {
        return None;
    }
    let first = body.first()?;
    if let Some(exceptions) = exceptions {
        let handlers = exceptions.pointer("/PLpgSQL_exception_block/exc_list")?.as_array()?;
        let sql = definition(first)?;
        return handlers.iter().all(is_harmless).then_some(Guarded { sql, condition: None });
    }
    let branch = first.get("PLpgSQL_stmt_if")?;
    if branch.get("else_body").is_some() || branch.get("elsif_list").is_some() {
        return None;
    }
    let then = branch.get("then_body")?.as_array()?;
    let sql = if then.len() == 1 { definition(then.first()?)? } else { return None };
    Some(Guarded { sql, condition: query_of(branch.get("cond")).map(str::to_owned) })
}

/// Whether there is one statement, the RETURN that the parser adds left out.
fn only(body: &[Value]) -> Option<bool> {
    let count = body.iter().filter(|s| s.get("PLpgSQL_stmt_return").is_none()).count();
    (count > 0).then_some(count == 1)
}

fn definition(statement: &Value) -> Option<String> {
    query_of(statement.pointer("/PLpgSQL_stmt_execsql/sqlstmt")).map(str::to_owned)
}

/// A handler that does nothing, of an error that says that something exists.
fn is_harmless(handler: &Value) -> bool {
    let Some(handler) = handler.get("PLpgSQL_exception") else { return false };
    let conditions = handler.get("conditions").and_then(Value::as_array);
    let names =
        conditions.into_iter().flatten().filter_map(|c| c.pointer("/PLpgSQL_condition/condname")?.as_str());
    let action = handler.get("action").and_then(Value::as_array);
    let quiet =
        action.is_none_or(|list| list.iter().all(|s| s.get("PLpgSQL_stmt_raise").is_some_and(is_notice)));
    quiet && names.into_iter().all(|name| DUPLICATES.contains(&name))
}

/// The levels below ERROR, as the server numbers them.
fn is_notice(raise: &Value) -> bool {
    raise.get("elog_level").and_then(Value::as_i64).is_some_and(|level| level < 20)
}
