//! Names that the previous version of the app uses and that become others.

use pg_query::protobuf::{AlterEnumStmt, AlterObjectSchemaStmt, ObjectType, RenameStmt};

use super::lock::{Hold, LockMode};
use super::rule::Rule;
use super::site::Site;
use super::world::{last_name, name_of};
use crate::ast;

/// RENAME.
pub(super) fn examine(site: &mut Site<'_>, stmt: &RenameStmt) {
    let relation = name_of(stmt.relation.as_ref());
    let object = stmt.object.as_deref().map(last_name).unwrap_or_default();
    let name = if relation.is_empty() { object } else { relation };
    let absent = stmt.missing_ok && !site.world.knows(&name);
    if absent || !site.is_live(&name) {
        return;
    }
    let new = &stmt.newname;
    match stmt.rename_type() {
        ObjectType::ObjectColumn => {
            site.lock(&name, LockMode::AccessExclusive, Hold::Moment);
            site.find(
                Rule::RenamesColumn,
                format!("the previous version of the app knows {name}.{} by its old name only", stmt.subname),
                format!("add {new}, keep both in step by a trigger, switch the app over, drop {} (docs/migrations.md shows how)", stmt.subname),
            );
        }
        ObjectType::ObjectTable | ObjectType::ObjectView | ObjectType::ObjectMatview => {
            site.lock(&name, LockMode::AccessExclusive, Hold::Moment);
            table(site, &name, new);
        }
        ObjectType::ObjectFunction
        | ObjectType::ObjectProcedure
        | ObjectType::ObjectRoutine
        | ObjectType::ObjectAggregate
        | ObjectType::ObjectType
        | ObjectType::ObjectDomain
        | ObjectType::ObjectAttribute
        | ObjectType::ObjectSequence => object_renamed(site, &name),
        ObjectType::ObjectIndex => {}
        _ => site.lock(&name, LockMode::AccessExclusive, Hold::Moment),
    }
}

fn table(site: &mut Site<'_>, name: &str, new: &str) {
    // A view of the old name, made in the same transaction, serves the previous version.
    let has_view = site.later.iter().any(
        |later| matches!(&later.node, pg_query::NodeEnum::ViewStmt(v) if name_of(v.view.as_ref()) == name),
    );
    if !has_view {
        site.find(
            Rule::RenamesTable,
            format!("the previous version of the app knows {name} by its old name only"),
            format!("leave the name; or, in the same file, CREATE VIEW {name} AS SELECT * FROM {new} until no previous version runs"),
        );
    }
}

fn object_renamed(site: &mut Site<'_>, name: &str) {
    site.find(
        Rule::RenamesObject,
        format!("the previous version of the app knows {name} by its old name only"),
        "make another one of the new name, switch the app over, drop the old one",
    );
}

/// ALTER TYPE ... RENAME VALUE.
pub(super) fn enum_value(site: &mut Site<'_>, stmt: &AlterEnumStmt) {
    let name = ast::names(&stmt.type_name).pop().unwrap_or_default();
    if !stmt.old_val.is_empty() && site.is_live(&name) {
        site.find(
            Rule::RenamesObject,
            format!(
                "the previous version of the app knows the value {} of {name} by its old name only",
                stmt.old_val
            ),
            "add the new value, switch the app over, and leave the old one unused",
        );
    }
}

/// SET SCHEMA.
pub(super) fn schema(site: &mut Site<'_>, stmt: &AlterObjectSchemaStmt) {
    let relation = name_of(stmt.relation.as_ref());
    let name = if relation.is_empty() {
        stmt.object.as_deref().map(last_name).unwrap_or_default()
    } else {
        relation
    };
    if !site.is_live(&name) {
        return;
    }
    match stmt.object_type() {
        ObjectType::ObjectTable | ObjectType::ObjectView | ObjectType::ObjectMatview => {
            site.lock(&name, LockMode::AccessExclusive, Hold::Moment);
            table(site, &name, &format!("{}.{name}", stmt.newschema));
        }
        _ => object_renamed(site, &name),
    }
}
