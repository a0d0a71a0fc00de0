//! COMMENT ON.

use pg_query::NodeEnum;
use pg_query::protobuf::{CommentStmt, ObjectType};

use super::{Output, Work};
use crate::ast;
use crate::emit;
use crate::model::Scope;
use crate::refuse::Refuse;

/// Carries a COMMENT ON.
pub(crate) fn carry(work: &mut Work<'_>, stmt: &CommentStmt) -> Result<Output, Refuse> {
    let parts = stmt.object.as_deref().map(ast::qualified_name).unwrap_or_default();
    match stmt.objtype() {
        ObjectType::ObjectExtension
        | ObjectType::ObjectSchema
        | ObjectType::ObjectDatabase
        | ObjectType::ObjectRole
        | ObjectType::ObjectTablespace
        | ObjectType::ObjectLanguage => {
            Ok(work.left_out("the comment is left out: the object belongs to Tenantry"))
        }
        ObjectType::ObjectTable | ObjectType::ObjectSequence | ObjectType::ObjectIndex => {
            Ok(work.as_written(is_global(work, &parts)))
        }
        ObjectType::ObjectMatview => on_materialized_view(work, stmt),
        ObjectType::ObjectColumn | ObjectType::ObjectTabconstraint | ObjectType::ObjectTrigger => {
            let table = parts.get(..parts.len().saturating_sub(1)).unwrap_or_default();
            Ok(work.as_written(is_global(work, table)))
        }
        _ => Ok(work.as_written(false)),
    }
}

/// In the shared shape it is a table.
fn on_materialized_view(work: &Work<'_>, stmt: &CommentStmt) -> Result<Output, Refuse> {
    let mut comment = stmt.clone();
    comment.set_objtype(ObjectType::ObjectTable);
    let shared = emit::tree(&NodeEnum::CommentStmt(Box::new(comment)), Scope::Database)?;
    Ok(Output { shared: vec![shared], ..work.as_written(false) })
}

fn is_global(work: &Work<'_>, parts: &[String]) -> bool {
    let Some(name) = parts.last() else { return false };
    work.is_global(name)
        || work.catalog.sequences.get(name).is_some_and(|s| s.global)
        || work.catalog.table_of_index(name).is_some_and(|t| work.is_global(t))
}
