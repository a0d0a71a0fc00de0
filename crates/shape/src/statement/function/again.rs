//! Functions whose rewritten bodies follow the columns of the tables that they name.

use std::sync::Arc;

use pg_query::NodeEnum;
use pg_query::protobuf::{CreateFunctionStmt, TypeName};

use super::body;
use crate::ast;
use crate::catalog::{Body, Catalog};
use crate::model::{Emitted, Scope};
use crate::refuse::Refuse;
use crate::statement::Work;
use crate::text;
use crate::tokens::Edits;

/// Keeps a function in PL/pgSQL, to be written anew when columns change.
pub(super) fn keep(
    work: &mut Work<'_>,
    stmt: &CreateFunctionStmt,
    (plain, shared): (&str, &str),
) -> Result<(), Refuse> {
    let Some(function) = ast::names(&stmt.funcname).pop() else { return Ok(()) };
    let types = types(stmt);
    let key = format!("{function}({types:?})");
    work.catalog.bodies.remove(&key);
    // One whose signature names what may be dropped with CASCADE goes with that.
    let depends = types.iter().flatten().any(|name| is_made(work.catalog, name));
    if depends || rewritten(work, plain)? != shared {
        return Ok(());
    }
    let tokens = text::scan(plain)?;
    let inner = text::body(&tokens).and_then(|at| tokens.string_value(at)).unwrap_or_default();
    let mut names: Vec<String> = text::scan(&inner)?.list.into_iter().map(|t| t.name).collect();
    names.sort();
    names.dedup();
    let columns = work.catalog.columns_of(&names);
    let body = Body { function, plain: plain.to_owned(), shared: shared.to_owned(), names, columns };
    work.catalog.bodies.insert(key, Arc::new(body));
    Ok(())
}

/// The functions that must be written anew behind this statement. One that can't be keeps its text: it names what is gone,
/// and fails when it runs, as the plain one does.
pub(crate) fn again(work: &mut Work<'_>) -> Vec<Emitted> {
    let kept: Vec<(String, Arc<Body>)> =
        work.catalog.bodies.iter().map(|(key, body)| (key.clone(), Arc::clone(body))).collect();
    let mut anew = Vec::new();
    for (key, body) in kept {
        let columns = work.catalog.columns_of(&body.names);
        if columns == body.columns {
            continue;
        }
        // What was dropped often comes again with other columns; until then the body fails, as the plain one does.
        let shared = if columns.relations < body.columns.relations {
            body.shared.clone()
        } else {
            let Ok(shared) = rewritten(work, &body.plain) else { continue };
            shared
        };
        if shared != body.shared
            && let Ok(sql) = or_replace(&shared)
        {
            anew.push(Emitted { sql, scope: Scope::Database, transactional: true });
        }
        let (function, plain, names) = (body.function.clone(), body.plain.clone(), body.names.clone());
        work.catalog.bodies.insert(key, Arc::new(Body { function, plain, shared, names, columns }));
    }
    anew
}

fn rewritten(work: &Work<'_>, plain: &str) -> Result<String, Refuse> {
    body::carry(work, &text::shared(plain, work.catalog, work.options)?)
}

fn or_replace(sql: &str) -> Result<String, Refuse> {
    let tokens = text::scan(sql)?;
    let mut edits = Edits::default();
    if !tokens.are(1, &["or", "replace"])
        && let Some(create) = tokens.list.first()
    {
        edits.insert(create.range.end, " OR REPLACE");
    }
    Ok(edits.apply(sql))
}

/// The names of the types of arguments and result.
fn types(stmt: &CreateFunctionStmt) -> Vec<Vec<String>> {
    let arguments = stmt.parameters.iter().filter_map(|p| match &p.node {
        Some(NodeEnum::FunctionParameter(p)) => p.arg_type.as_ref(),
        _ => None,
    });
    let names = |t: &TypeName| ast::names(&t.names);
    arguments.map(names).chain(stmt.return_type.as_ref().map(names)).collect()
}

fn is_made(catalog: &Catalog, name: &str) -> bool {
    catalog.tables.contains_key(name) || catalog.views.contains_key(name) || catalog.types.contains_key(name)
}
