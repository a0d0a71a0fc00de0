//! DROP of tables and other objects that the previous version of the app uses.

use pg_query::NodeEnum;
use pg_query::protobuf::{DropBehavior, DropStmt, ObjectType};

use super::alter_table::cascade;
use super::index;
use super::lock::{Hold, LockMode};
use super::rule::Rule;
use super::site::Site;
use super::world::{World, last_name};
use crate::ast;

/// Looks at each object.
pub(super) fn examine(site: &mut Site<'_>, stmt: &DropStmt) {
    let mut any_live = false;
    for object in &stmt.objects {
        let name = last_name(object);
        let absent = stmt.missing_ok && !site.world.knows(&name);
        match stmt.remove_type() {
            ObjectType::ObjectIndex => index::drop(site, &name, stmt.concurrent, stmt.missing_ok),
            ObjectType::ObjectTable if !absent && site.is_live(&name) => {
                any_live = true;
                table(site, &name);
            }
            ObjectType::ObjectTrigger | ObjectType::ObjectPolicy | ObjectType::ObjectRule => {
                let mut parts = ast::qualified_name(object);
                parts.pop();
                let table = parts.pop().unwrap_or_default();
                site.lock(&table, LockMode::AccessExclusive, Hold::Moment);
            }
            ObjectType::ObjectView
            | ObjectType::ObjectMatview
            | ObjectType::ObjectFunction
            | ObjectType::ObjectProcedure
            | ObjectType::ObjectRoutine
            | ObjectType::ObjectAggregate
            | ObjectType::ObjectSequence
            | ObjectType::ObjectType
            | ObjectType::ObjectDomain
                if !absent && site.is_live(&name) =>
            {
                any_live = true;
                other(site, stmt, &name);
            }
            _ => {}
        }
    }
    if any_live && stmt.behavior() == DropBehavior::DropCascade {
        cascade(site);
    }
}

fn table(site: &mut Site<'_>, name: &str) {
    site.lock(name, LockMode::AccessExclusive, Hold::Moment);
    let referred = site.world.tables.get(name).map(|t| t.refers.clone()).unwrap_or_default();
    for other in referred {
        site.lock(&other, LockMode::AccessExclusive, Hold::Moment);
    }
    if !is_made_again(site, name) {
        site.find(
            Rule::DropsTable,
            format!("the previous version of the app still reads and writes {name}"),
            "first deploy a version that no longer names the table, then drop it",
        );
    }
}

fn other(site: &mut Site<'_>, stmt: &DropStmt, name: &str) {
    if matches!(stmt.remove_type(), ObjectType::ObjectView | ObjectType::ObjectMatview) {
        site.lock(name, LockMode::AccessExclusive, Hold::Moment);
    }
    if !is_made_again(site, name) {
        site.find(
            Rule::DropsObject,
            format!("the previous version of the app may still use {name}"),
            "first deploy a version that no longer names it, then drop it",
        );
    }
}

/// Whether a later statement of the file makes something of this name: in one transaction, nobody misses it.
fn is_made_again(site: &Site<'_>, name: &str) -> bool {
    site.later.iter().any(|later| {
        let mut made = World::default();
        made.take(&later.node);
        let renamed = matches!(&later.node, NodeEnum::RenameStmt(r) if r.newname == name);
        made.knows(name) || renamed
    })
}
