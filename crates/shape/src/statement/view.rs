//! CREATE VIEW: with the rights of whoever reads it, so that row-level security applies to them.

use pg_query::NodeEnum;
use pg_query::protobuf::{Node, ViewStmt};

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
            return Err(Refuse::all(
                format!("a relation {name} exists already"),
                "write CREATE OR REPLACE VIEW",
            ));
        }
    } else if work.catalog.relation_taken(&name, false) {
        return Err(Refuse::all(format!("a relation {name} exists already"), "give the view another name"));
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

pub(super) fn set_invoker(stmt: &mut ViewStmt) -> Result<(), Refuse> {
    let is_invoker =
        |n: &Node| matches!(&n.node, Some(NodeEnum::DefElem(d)) if d.defname == "security_invoker");
    stmt.options.retain(|n| !is_invoker(n));
    if let NodeEnum::ViewStmt(model) =
        ast::parse_one("CREATE VIEW v WITH (security_invoker = true) AS SELECT 1")?
    {
        stmt.options.extend(model.options);
    }
    Ok(())
}
