//! Everything else: habits of dump files, maintenance, and what no tenant may have.

use pg_query::NodeEnum;
use pg_query::protobuf::{DefineStmt, ObjectType};

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
        NodeEnum::AlterStatsStmt(_) | NodeEnum::AlterFunctionStmt(_) => Ok(work.as_written(false)),
        NodeEnum::ReindexStmt(_)
        | NodeEnum::VacuumStmt(_)
        | NodeEnum::ClusterStmt(_)
        | NodeEnum::LockStmt(_) => Ok(maintenance::carry(work, stmt)),
        NodeEnum::CheckPointStmt(_) => Ok(work.left_out("CHECKPOINT is left out: it is the operator's")),
        NodeEnum::DefineStmt(s) => define(work, s),
        NodeEnum::AlterTsconfigurationStmt(_)
        | NodeEnum::AlterTsdictionaryStmt(_)
        | NodeEnum::AlterCollationStmt(_) => Ok(work.as_written(false)),
        NodeEnum::CreatePublicationStmt(_) | NodeEnum::AlterPublicationStmt(_) => {
            Ok(work.left_out(PUBLICATION))
        }
        other => Err(refused(other)),
    }
}

/// A script that makes the database which it then connects to means the one that it runs in.
fn database(work: &mut Work<'_>, name: &str, stmt: &NodeEnum) -> Result<Output, Refuse> {
    if work.state.connects.as_deref() == Some(name) {
        return Ok(work.left_out(format!("it concerns the database {name}: Tenantry makes the databases")));
    }
    Err(refused(stmt))
}

/// What is left out of a publication.
pub(super) const PUBLICATION: &str =
    "the publication is left out: it would hold every tenant's rows, and replication is the operator's";

/// Aggregates, collations and what text search is made of hold nobody's rows.
fn define(work: &mut Work<'_>, s: &DefineStmt) -> Result<Output, Refuse> {
    let name = work.own_object(&ast::names(&s.defnames))?;
    match s.kind() {
        ObjectType::ObjectAggregate => {
            work.catalog.functions.entry(name).or_default();
        }
        ObjectType::ObjectCollation | ObjectType::ObjectTsconfiguration | ObjectType::ObjectTsdictionary => {}
        other => {
            let kind = other.as_str_name().trim_start_matches("OBJECT_").to_lowercase();
            return Err(Refuse::all(format!("CREATE {kind} is not carried"), "write it in another way"));
        }
    }
    Ok(work.as_written(false))
}

fn refused(stmt: &NodeEnum) -> Refuse {
    let (what, remedy) = match stmt {
        NodeEnum::CreatePolicyStmt(_) | NodeEnum::AlterPolicyStmt(_) => (
            "a policy of the app's own would widen the tenants' one",
            "leave it out: rows are kept apart by Tenantry; what a role may do stands in [roles]",
        ),
        NodeEnum::CreatedbStmt(_)
        | NodeEnum::DropdbStmt(_)
        | NodeEnum::AlterDatabaseStmt(_)
        | NodeEnum::AlterDatabaseSetStmt(_) => {
            ("it changes a database of the server", "leave it out: databases are Tenantry's")
        }
        NodeEnum::NotifyStmt(_) | NodeEnum::ListenStmt(_) | NodeEnum::UnlistenStmt(_) => {
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
