//! CREATE SEQUENCE. In the shared shape a sequence carries its definition; the tenants' counters follow it.

use pg_query::NodeEnum;
use pg_query::protobuf::{CreateSeqStmt, Node};

use super::{Output, Work};
use crate::ast;
use crate::catalog::Sequence;
use crate::refuse::Refuse;

/// Carries a CREATE SEQUENCE.
pub(crate) fn carry(work: &mut Work<'_>, stmt: &CreateSeqStmt) -> Result<Output, Refuse> {
    let name = work.own_name(stmt.sequence.as_ref())?;
    if stmt.sequence.as_ref().is_some_and(|s| s.relpersistence == "t") {
        return Err(Refuse::shared(
            "a temporary sequence is not carried",
            "use generate_series or row_number()",
        ));
    }
    if work.catalog.relation_taken(&name, false) {
        if stmt.if_not_exists {
            return Ok(work.as_written(false));
        }
        return Err(Refuse::duplicate(format!("a relation {name}"), "give the sequence another name"));
    }
    let start = start_of(&stmt.options);
    let owner = owner_of(&stmt.options).flatten();
    refuse_global_owner(work, owner.as_ref())?;
    work.catalog.sequences.insert(name, Sequence { global: false, owner, start, identity: false });
    Ok(work.as_written(false))
}

pub(super) fn refuse_global_owner(work: &Work<'_>, owner: Option<&(String, String)>) -> Result<(), Refuse> {
    match owner {
        Some((table, _)) if work.is_global(table) => Err(Refuse::all(
            format!("a sequence of the tenants' would be owned by the global table {table}"),
            "make the column serial or an identity",
        )),
        _ => Ok(()),
    }
}

/// The first value that these options ask for.
fn start_of(options: &[Node]) -> String {
    let find = |name: &str| {
        options.iter().find_map(|o| match &o.node {
            Some(NodeEnum::DefElem(d)) if d.defname == name => ast::option_text(d.arg.as_deref()),
            _ => None,
        })
    };
    let falls = find("increment").is_some_and(|i| i.starts_with('-'));
    let bound = if falls {
        find("maxvalue").unwrap_or_else(|| "-1".to_owned())
    } else {
        find("minvalue").unwrap_or_else(|| "1".to_owned())
    };
    find("start").unwrap_or(bound)
}

/// OWNED BY: outer none, not said; inner none, NONE.
pub(super) fn owner_of(options: &[Node]) -> Option<Option<(String, String)>> {
    options.iter().find_map(|o| match &o.node {
        Some(NodeEnum::DefElem(d)) if d.defname == "owned_by" => {
            let mut parts = d.arg.as_deref().map(ast::qualified_name).unwrap_or_default();
            let column = parts.pop();
            let table = parts.pop();
            Some(table.zip(column))
        }
        _ => None,
    })
}
