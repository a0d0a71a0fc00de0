//! CREATE VIEW: with the rights of whoever reads it, so that row-level security applies to them.

use pg_query::NodeEnum;
use pg_query::protobuf::{AlterTableStmt, Node, ViewStmt};

use super::{Output, Work};
use crate::ast;
use crate::catalog::{Reads, View};
use crate::emit;
use crate::model::Scope;
use crate::refuse::Refuse;
use crate::text;

/// Carries a CREATE VIEW.
pub(crate) fn carry(work: &mut Work<'_>, stmt: ViewStmt) -> Result<Output, Refuse> {
    let name = work.own_name(stmt.view.as_ref())?;
    if stmt.view.as_ref().is_some_and(|v| v.relpersistence == "t") {
        return Err(Refuse::shared(
            "a temporary view is not carried",
            "use a WITH query in the statement that reads it",
        ));
    }
    if work.catalog.views.contains_key(&name) {
        if !stmt.replace {
            return Err(Refuse::duplicate(format!("a relation {name}"), "write CREATE OR REPLACE VIEW"));
        }
    } else if work.catalog.relation_taken(&name, false) {
        return Err(Refuse::duplicate(format!("a relation {name}"), "give the view another name"));
    }
    let plain = work.plain_text(false);
    let aliases = ast::names(&stmt.aliases);
    let mut columns = text::view_columns(&work.plain, work.catalog).unwrap_or_default();
    for (i, alias) in aliases.into_iter().enumerate() {
        match columns.get_mut(i) {
            Some(column) => *column = alias,
            None => columns.push(alias),
        }
    }
    let reads = Reads::of(stmt.query.as_deref());
    let secured = reads.relations.iter().filter(|r| work.catalog.is_secured(r));
    let secured: Vec<&str> = secured.map(String::as_str).collect();
    if !secured.is_empty() {
        let note = format!(
            "the policies of {} hold through {name} too: views read with the rights of whoever asks",
            secured.join(", ")
        );
        work.notes.push(note);
    }
    work.catalog.views.insert(name, View { columns, reads });
    let mut stmt = stmt;
    set_invoker(&mut stmt)?;
    let shared = emit::tree(&NodeEnum::ViewStmt(Box::new(stmt)), Scope::Database)?;
    Ok(Output { shared: vec![shared], plain: vec![plain] })
}

/// Carries an ALTER VIEW: every view stays security_invoker in shared tables.
pub(super) fn alter(work: &mut Work<'_>, stmt: &AlterTableStmt) -> Result<Output, Refuse> {
    let mut output = work.as_written(false);
    let mut stmt = stmt.clone();
    let mut kept = false;
    stmt.cmds.retain_mut(|cmd| {
        let Some(NodeEnum::AlterTableCmd(cmd)) = cmd.node.as_mut() else { return true };
        let Some(NodeEnum::List(options)) = cmd.def.as_mut().and_then(|d| d.node.as_mut()) else {
            return true;
        };
        let before = options.items.len();
        options.items.retain(|n| !is_invoker(n));
        kept |= options.items.len() < before;
        before == 0 || !options.items.is_empty()
    });
    if kept {
        work.notes.push("security_invoker is left out: in shared tables every view has it".to_owned());
        output.shared.clear();
        if !stmt.cmds.is_empty() {
            output.shared.push(emit::tree(&NodeEnum::AlterTableStmt(stmt), Scope::Database)?);
        }
    }
    Ok(output)
}

fn is_invoker(n: &Node) -> bool {
    matches!(&n.node, Some(NodeEnum::DefElem(d)) if d.defname == "security_invoker")
}

pub(super) fn set_invoker(stmt: &mut ViewStmt) -> Result<(), Refuse> {
    stmt.options.retain(|n| !is_invoker(n));
    if let NodeEnum::ViewStmt(model) =
        ast::parse_one("CREATE VIEW v WITH (security_invoker = true) AS SELECT 1")?
    {
        stmt.options.extend(model.options);
    }
    Ok(())
}
