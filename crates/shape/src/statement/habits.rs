//! Everything else: habits of dump files, maintenance, and what no tenant may have.

use pg_query::NodeEnum;
use pg_query::protobuf::VariableSetKind;

use super::define::superuser;
use super::{Output, Work, maintenance, privilege};
use crate::ast;
use crate::refuse::Refuse;

/// Carries a statement of no kind of its own.
pub(crate) fn carry(work: &mut Work<'_>, stmt: &NodeEnum) -> Result<Output, Refuse> {
    if let Some(carried) = privilege::carry(work, stmt) {
        return carried;
    }
    match stmt {
        NodeEnum::CreatedbStmt(s) => database(work, &s.dbname, stmt),
        NodeEnum::DropdbStmt(s) => database(work, &s.dbname, stmt),
        NodeEnum::AlterDatabaseStmt(s) => database(work, &s.dbname, stmt),
        NodeEnum::AlterDatabaseSetStmt(s) => database(work, &s.dbname, stmt),
        NodeEnum::CreateStatsStmt(s) => {
            work.catalog.statistics.extend(ast::names(&s.defnames).pop());
            Ok(work.as_written(false))
        }
        NodeEnum::AlterStatsStmt(_)
        | NodeEnum::AlterTsdictionaryStmt(_)
        | NodeEnum::AlterTsconfigurationStmt(_)
        | NodeEnum::AlterCollationStmt(_)
        | NodeEnum::AlterObjectDependsStmt(_) => Ok(work.as_written(false)),
        NodeEnum::AlterFunctionStmt(s) => alter_function(work, s),
        NodeEnum::CreateCastStmt(_) => Err(superuser("a cast", "call its function by name")),
        NodeEnum::CreateOpClassStmt(_)
        | NodeEnum::CreateOpFamilyStmt(_)
        | NodeEnum::AlterOpFamilyStmt(_)
        | NodeEnum::AlterOperatorStmt(_) => Err(superuser("an operator", "call its function by name")),
        NodeEnum::NotifyStmt(_) => Ok(work.left_out(NOTIFICATION)),
        NodeEnum::ExplainStmt(_) | NodeEnum::VariableShowStmt(_) => {
            Ok(work.left_out("EXPLAIN and SHOW are left out: nobody reads what they show"))
        }
        NodeEnum::AlterSystemStmt(_) => Err(Refuse::all(
            "ALTER SYSTEM changes the whole server",
            "leave it out: the server's settings are the operator's",
        )),
        NodeEnum::AlterExtensionStmt(s) => Err(Refuse::all(
            format!("the version of the extension {} is the same for every tenant", s.extname),
            "leave it out: the operator updates extensions",
        )),
        NodeEnum::ReindexStmt(_)
        | NodeEnum::VacuumStmt(_)
        | NodeEnum::ClusterStmt(_)
        | NodeEnum::LockStmt(_) => Ok(maintenance::carry(work, stmt)),
        NodeEnum::CheckPointStmt(_) => Ok(work.left_out("CHECKPOINT is left out: it is the operator's")),
        NodeEnum::CreatePublicationStmt(_) | NodeEnum::AlterPublicationStmt(_) => {
            Ok(work.left_out(PUBLICATION))
        }
        other => Err(refused(other)),
    }
}

/// ALTER FUNCTION: as written, but a function keeps the rights that were judged when it was made.
fn alter_function(
    work: &mut Work<'_>,
    stmt: &pg_query::protobuf::AlterFunctionStmt,
) -> Result<Output, Refuse> {
    let definer = stmt.actions.iter().any(|a| {
        matches!(&a.node, Some(NodeEnum::DefElem(d)) if d.defname == "security" && ast::option_text(d.arg.as_deref()).as_deref() == Some("true"))
    });
    if definer {
        return Err(Refuse::all(
            "ALTER FUNCTION gives a function its owner's rights without a search_path of its own",
            "write CREATE OR REPLACE FUNCTION ... SECURITY DEFINER SET search_path = public",
        ));
    }
    if stmt.actions.iter().any(unpins) {
        return Err(Refuse::all(
            "ALTER FUNCTION takes the search_path of a function away, which one with its owner's rights must have",
            "write CREATE OR REPLACE FUNCTION, or SET search_path = public",
        ));
    }
    let function = stmt.func.as_ref().and_then(|f| ast::names(&f.objname).pop());
    work.catalog.forget_bodies(&function.unwrap_or_default());
    Ok(work.as_written(false))
}

/// RESET of the search path or of everything, and SET to what is the caller's.
fn unpins(action: &pg_query::protobuf::Node) -> bool {
    let Some(NodeEnum::DefElem(action)) = &action.node else { return false };
    let Some(NodeEnum::VariableSetStmt(set)) = action.arg.as_ref().and_then(|a| a.node.as_ref()) else {
        return false;
    };
    match set.kind() {
        VariableSetKind::VarResetAll => true,
        VariableSetKind::VarReset | VariableSetKind::VarSetDefault | VariableSetKind::VarSetCurrent => {
            set.name == "search_path"
        }
        _ => false,
    }
}

/// A script that makes the database which it then connects to means the one that it runs in.
fn database(work: &mut Work<'_>, name: &str, stmt: &NodeEnum) -> Result<Output, Refuse> {
    if work.state.connects.as_deref() == Some(name) {
        return Ok(work.left_out(format!("it concerns the database {name}: Tenantry makes the databases")));
    }
    Err(refused(stmt))
}

/// Said of a notification in a migration.
pub(super) const NOTIFICATION: &str =
    "the notification is left out: channels are shared by the whole database";

/// What is left out of a publication.
pub(super) const PUBLICATION: &str =
    "the publication is left out: it would hold every tenant's rows, and replication is the operator's";

fn refused(stmt: &NodeEnum) -> Refuse {
    let (what, remedy) = match stmt {
        NodeEnum::CreatedbStmt(_)
        | NodeEnum::DropdbStmt(_)
        | NodeEnum::AlterDatabaseStmt(_)
        | NodeEnum::AlterDatabaseSetStmt(_) => {
            ("it changes a database of the server", "leave it out: databases are Tenantry's")
        }
        NodeEnum::ListenStmt(_) | NodeEnum::UnlistenStmt(_) => {
            ("channels are seen by the whole database", "notify from the application, through the gateway")
        }
        NodeEnum::CreatePlangStmt(_) => ("a procedural language is not a tenant's", "leave it out"),
        NodeEnum::CreateSubscriptionStmt(_) | NodeEnum::AlterSubscriptionStmt(_) => {
            ("a subscription reaches outside the tenant", "leave it out: replication is the operator's")
        }
        NodeEnum::CreateEventTrigStmt(_) => ("an event trigger concerns the whole database", "leave it out"),
        NodeEnum::CreateForeignTableStmt(_)
        | NodeEnum::CreateFdwStmt(_)
        | NodeEnum::CreateForeignServerStmt(_) => {
            ("foreign data reaches outside the tenant", "read it in the application")
        }
        _ => (
            "this kind of statement is not carried",
            "write it in another way, or do its work in the application",
        ),
    };
    Refuse::all(what, remedy)
}
