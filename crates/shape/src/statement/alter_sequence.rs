//! ALTER SEQUENCE: definition once; RESTART is a matter of each tenant's counter.

use pg_query::NodeEnum;
use pg_query::protobuf::AlterSeqStmt;

use super::create_sequence::{owner_of, refuse_global_owner};
use super::{Output, Work, per_tenant};
use crate::ast;
use crate::emit;
use crate::ident;
use crate::model::{SCHEMA_PLACEHOLDER, Scope};
use crate::refuse::Refuse;

/// Carries an ALTER SEQUENCE.
pub(crate) fn carry(work: &mut Work<'_>, stmt: &AlterSeqStmt) -> Result<Output, Refuse> {
    let name = work.own_name(stmt.sequence.as_ref())?;
    let Some(sequence) = work.catalog.sequences.get(&name).cloned() else {
        if stmt.missing_ok {
            return Ok(work.as_written(false));
        }
        return Err(Refuse::unknown(format!("sequence {name}")));
    };
    if let Some(owner) = owner_of(&stmt.options) {
        if !sequence.global {
            refuse_global_owner(work, owner.as_ref())?;
        }
        if let Some(s) = work.catalog.sequences.get_mut(&name) {
            s.owner = owner;
        }
    }
    if sequence.global {
        return Ok(work.as_written(true));
    }
    if sequence.identity {
        return Err(Refuse::shared(
            format!("the sequence {name} stands behind an identity column"),
            "use ALTER TABLE ... ALTER COLUMN ... RESTART WITH",
        ));
    }
    let mut shared = Vec::new();
    let mut rest = stmt.clone();
    let mut restart = None;
    rest.options.retain(|o| match &o.node {
        Some(NodeEnum::DefElem(d)) if d.defname == "restart" => {
            restart = Some(ast::option_text(d.arg.as_deref()).unwrap_or_else(|| sequence.start.clone()));
            false
        }
        Some(NodeEnum::DefElem(d)) if d.defname == "start" => {
            if let (Some(s), Some(start)) =
                (work.catalog.sequences.get_mut(&name), ast::option_text(d.arg.as_deref()))
            {
                s.start = start;
            }
            true
        }
        _ => true,
    });
    if !rest.options.is_empty() {
        shared.push(emit::tree(&NodeEnum::AlterSeqStmt(rest), Scope::Database)?);
    }
    if let Some(value) = restart {
        let regclass = ident::literal(&format!("{SCHEMA_PLACEHOLDER}.{}", ident::quote(&name)));
        shared.push(per_tenant(format!("SELECT tenantry.set_value({regclass}::regclass, {value}, false)"))?);
    }
    Ok(Output { shared, plain: vec![work.plain_text(false)] })
}
