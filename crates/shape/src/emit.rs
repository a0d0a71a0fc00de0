//! Printing of trees: print, parse again, compare. What does not come back as it was meant is never emitted.

use pg_query::NodeEnum;
use pg_query::protobuf::{Constraint, Node};

use crate::ast;
use crate::ident;
use crate::model::{Emitted, Scope};
use crate::refuse::Refuse;
use crate::tokens::{Edits, Tokens};

/// A statement from text that Tenantry composed; it must parse.
pub(crate) fn text(sql: impl Into<String>, scope: Scope) -> Result<Emitted, Refuse> {
    let sql = sql.into();
    ast::parse_one(&sql)?;
    Ok(Emitted { sql, scope, transactional: true })
}

/// A statement from a tree.
pub(crate) fn tree(stmt: &NodeEnum, scope: Scope) -> Result<Emitted, Refuse> {
    Ok(Emitted { sql: print(stmt)?, scope, transactional: true })
}

/// Prints a tree and makes sure that the text means the same.
pub(crate) fn print(stmt: &NodeEnum) -> Result<String, Refuse> {
    let defect = |why: &str| {
        Refuse::all(
            format!("the rewritten statement can't be printed faithfully ({why})"),
            "write the statement in a simpler form, and report this one: it is a defect of Tenantry",
        )
    };
    let mut masked = stmt.clone();
    let names = mask_set_columns(&mut masked);
    let printed = masked.deparse(pg_query::DeparseOptions::default()).map_err(|e| defect(&e.to_string()))?;
    let sql = unmask(&printed, &names).map_err(|e| defect(&e))?;
    let again = ast::parse_one(&sql)?;
    if ast::shape_of(&again) == ast::shape_of(stmt) { Ok(sql) } else { Err(defect(&sql)) }
}

/// The printer writes the columns of `ON DELETE SET NULL (..)` without quotes. They are printed under names
/// that need none, and put back afterwards.
fn mask_set_columns(stmt: &mut NodeEnum) -> Vec<String> {
    let mut names = Vec::new();
    each_constraint(stmt, &mut |constraint| {
        for column in &mut constraint.fk_del_set_cols {
            if let Some(name) = ast::name_of(column) {
                *column = ast::name_node(&mask(names.len()));
                names.push(name);
            }
        }
    });
    names
}

fn mask(i: usize) -> String {
    format!("tenantry_masked_column_{i}")
}

fn unmask(printed: &str, names: &[String]) -> Result<String, String> {
    if names.is_empty() {
        return Ok(printed.to_owned());
    }
    let tokens = Tokens::scan(printed)?;
    let mut edits = Edits::default();
    for (at, token) in tokens.list.iter().enumerate() {
        let Some(i) = (0..names.len()).find(|i| mask(*i) == token.name) else { continue };
        edits.replace(token.range.clone(), ident::quote(&names[i]));
        if tokens.symbol(at + 1, ')')
            && tokens
                .list
                .get(at + 2)
                .is_some_and(|t| t.range.start == tokens.list[at + 1].range.end && t.symbol == ' ')
        {
            edits.insert(tokens.list[at + 1].range.end, " ");
        }
    }
    Ok(edits.apply(printed))
}

/// Calls `visit` with every constraint of a CREATE or ALTER TABLE.
fn each_constraint(stmt: &mut NodeEnum, visit: &mut dyn FnMut(&mut Constraint)) {
    let visit_node = &mut |n: &mut Node| match n.node.as_mut() {
        Some(NodeEnum::Constraint(c)) => visit(c),
        Some(NodeEnum::ColumnDef(column)) => {
            for n in &mut column.constraints {
                if let Some(NodeEnum::Constraint(c)) = n.node.as_mut() {
                    visit(c);
                }
            }
        }
        _ => {}
    };
    match stmt {
        NodeEnum::CreateStmt(create) => {
            create.table_elts.iter_mut().chain(&mut create.constraints).for_each(visit_node)
        }
        NodeEnum::AlterTableStmt(alter) => {
            for cmd in &mut alter.cmds {
                if let Some(NodeEnum::AlterTableCmd(cmd)) = cmd.node.as_mut()
                    && let Some(def) = cmd.def.as_mut()
                {
                    visit_node(def);
                }
            }
        }
        _ => {}
    }
}
