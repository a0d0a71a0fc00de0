//! `IF EXISTS` with a schema that the history has not made: nothing is there, and the server only gives a notice.

use pg_query::NodeEnum;
use pg_query::protobuf::{DropStmt, ObjectType, RangeVar};

use super::Work;
use crate::ast;
use crate::emit;
use crate::model::{SCHEMA_PLACEHOLDER, Scope};
use crate::refuse::Refuse;

/// What becomes of a statement.
pub(super) enum Present {
    /// It concerns what may be there.
    All,
    /// So much of it does; the texts of the work say so too.
    Some(Box<NodeEnum>),
    /// Nothing that it names is there, for want of this schema.
    Nothing(String),
}

/// What of a statement concerns what may be there.
pub(super) fn present(work: &mut Work<'_>, stmt: &NodeEnum) -> Result<Present, Refuse> {
    match stmt {
        NodeEnum::DropStmt(s) if s.missing_ok => present_objects(work, s),
        NodeEnum::AlterTableStmt(s) if s.missing_ok => Ok(relation(s.relation.as_ref())),
        NodeEnum::RenameStmt(s) if s.missing_ok => Ok(relation(s.relation.as_ref())),
        NodeEnum::AlterSeqStmt(s) if s.missing_ok => Ok(relation(s.sequence.as_ref())),
        NodeEnum::AlterObjectSchemaStmt(s) if s.missing_ok => Ok(relation(s.relation.as_ref())),
        _ => Ok(Present::All),
    }
}

fn relation(relation: Option<&RangeVar>) -> Present {
    match relation.map(|r| r.schemaname.as_str()).filter(|s| is_unknown(s)) {
        Some(schema) => Present::Nothing(schema.to_owned()),
        None => Present::All,
    }
}

fn present_objects(work: &mut Work<'_>, stmt: &DropStmt) -> Result<Present, Refuse> {
    // Names of triggers and rules have their table's in front of them.
    let inner = usize::from(matches!(
        stmt.remove_type(),
        ObjectType::ObjectTrigger | ObjectType::ObjectRule | ObjectType::ObjectPolicy
    ));
    let unknown = |object: &pg_query::protobuf::Node| {
        let parts = ast::qualified_name(object);
        let schema = parts.len().checked_sub(2 + inner).and_then(|at| parts.get(at))?;
        is_unknown(schema).then(|| schema.clone())
    };
    let Some(schema) = stmt.objects.iter().find_map(unknown) else { return Ok(Present::All) };
    let mut rest = stmt.clone();
    rest.objects.retain(|object| unknown(object).is_none());
    if rest.objects.is_empty() {
        return Ok(Present::Nothing(schema));
    }
    let rest = NodeEnum::DropStmt(rest);
    work.plain = emit::tree(&rest, Scope::Tenant)?.sql;
    work.shared.clone_from(&work.plain);
    work.notes.push(note(&schema));
    Ok(Present::Some(Box::new(rest)))
}

/// A schema that no migration has made: those that have been made have their places in the texts already. Tenantry's own
/// and the server's stay refused.
fn is_unknown(schema: &str) -> bool {
    !matches!(schema, "" | SCHEMA_PLACEHOLDER | "information_schema" | "extensions")
        && !super::schema::is_reserved(schema)
}

/// Why something is left out.
pub(super) fn note(schema: &str) -> String {
    format!(
        "what lies in the schema {schema} is left out: there is no such schema, and IF EXISTS lets that pass"
    )
}
