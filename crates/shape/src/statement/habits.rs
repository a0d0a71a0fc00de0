//! Everything else: habits of dump files, maintenance, and what no tenant may have.

use pg_query::NodeEnum;
use pg_query::protobuf::{GrantTargetType, ObjectType};

use super::define::superuser;
use super::{Output, Work};
use crate::ast;
use crate::model::{Emitted, Scope};
use crate::refuse::Refuse;

/// Carries a statement of no kind of its own.
pub(crate) fn carry(work: &mut Work<'_>, stmt: &NodeEnum) -> Result<Output, Refuse> {
    match stmt {
        NodeEnum::CreatedbStmt(s) => database(work, &s.dbname, stmt),
        NodeEnum::DropdbStmt(s) => database(work, &s.dbname, stmt),
        NodeEnum::AlterDatabaseStmt(s) => database(work, &s.dbname, stmt),
        NodeEnum::AlterDatabaseSetStmt(s) => database(work, &s.dbname, stmt),
        NodeEnum::AlterOwnerStmt(_) => {
            Ok(work.left_out("OWNER TO is left out: objects belong to Tenantry's owner role"))
        }
        NodeEnum::GrantStmt(s) => grant(work, s),
        NodeEnum::AlterDefaultPrivilegesStmt(_) | NodeEnum::GrantRoleStmt(_) => {
            Ok(work.left_out("privileges are left out: Tenantry grants them by [roles]"))
        }
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
        NodeEnum::ExplainStmt(_) | NodeEnum::VariableShowStmt(_) => {
            Ok(work.left_out("EXPLAIN and SHOW are left out: nobody reads what they show"))
        }
        NodeEnum::LockStmt(_) => Ok(work.as_written(false)),
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
        | NodeEnum::CheckPointStmt(_) => Ok(maintenance(work, stmt)),
        NodeEnum::CreateSchemaStmt(s) => schema(work, &s.schemaname),
        NodeEnum::CreateTableAsStmt(s) if s.objtype() == ObjectType::ObjectMatview => Err(Refuse::shared(
            "a materialized view has no row-level security: refreshed for all tenants it shows everybody's rows, for one it hides the others'",
            "make it a view, or a table that the application fills",
        )),
        NodeEnum::CreateTableAsStmt(_) => Err(Refuse::shared(
            "CREATE TABLE AS is not carried",
            "CREATE TABLE with its columns, then INSERT ... SELECT",
        )),
        NodeEnum::RefreshMatViewStmt(_) => Err(Refuse::shared(
            "a materialized view is not carried",
            "make it a view, or a table that the application fills",
        )),
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
    Ok(work.as_written(false))
}

/// A script that makes the database which it then connects to means the one that it runs in.
fn database(work: &mut Work<'_>, name: &str, stmt: &NodeEnum) -> Result<Output, Refuse> {
    if work.state.connects.as_deref() == Some(name) {
        return Ok(work.left_out(format!("it concerns the database {name}: Tenantry makes the databases")));
    }
    Err(refused(stmt))
}

fn grant(work: &mut Work<'_>, s: &pg_query::protobuf::GrantStmt) -> Result<Output, Refuse> {
    let on_schema =
        s.objtype() == ObjectType::ObjectSchema || s.targtype() == GrantTargetType::AclTargetAllInSchema;
    if s.is_grant || on_schema || s.objtype() == ObjectType::ObjectDatabase {
        return Ok(work.left_out("privileges are left out: Tenantry grants them by [roles]"));
    }
    Err(Refuse::all(
        "REVOKE takes a privilege that Tenantry grants to every tenant's roles",
        "leave it out, and say what each role may do in [roles]",
    ))
}

fn schema(work: &mut Work<'_>, name: &str) -> Result<Output, Refuse> {
    if matches!(name, "public" | "extensions") {
        return Ok(work.left_out(format!("CREATE SCHEMA {name} is left out: Tenantry makes the schemas")));
    }
    Err(Refuse::all(
        format!("it makes the schema {name}, and a tenant has one schema only"),
        format!("leave it out and write the tables without \"{name}.\", with a prefix of their names"),
    ))
}

/// Once per database, outside a transaction; for the plain shapes once per schema.
fn maintenance(work: &Work<'_>, stmt: &NodeEnum) -> Output {
    let transactional = !matches!(stmt, NodeEnum::VacuumStmt(s) if s.is_vacuumcmd)
        && !matches!(stmt, NodeEnum::ReindexStmt(s) if s.params.iter().any(is_concurrently));
    let emitted = |sql: &String, scope| Emitted { sql: sql.clone(), scope, transactional };
    Output {
        shared: vec![emitted(&work.shared, Scope::Database)],
        plain: vec![emitted(&work.plain, Scope::Tenant)],
    }
}

fn is_concurrently(n: &pg_query::protobuf::Node) -> bool {
    matches!(&n.node, Some(NodeEnum::DefElem(d)) if d.defname == "concurrently")
}

fn refused(stmt: &NodeEnum) -> Refuse {
    let (what, remedy) = match stmt {
        NodeEnum::CreateRoleStmt(_)
        | NodeEnum::AlterRoleStmt(_)
        | NodeEnum::DropRoleStmt(_)
        | NodeEnum::AlterRoleSetStmt(_) => {
            ("it changes a role of the server", "leave it out: roles are Tenantry's, see [roles]")
        }
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
        NodeEnum::AlterObjectSchemaStmt(_) => {
            ("SET SCHEMA moves an object out of the tenant's schema", "leave it out")
        }
        NodeEnum::NotifyStmt(_) | NodeEnum::ListenStmt(_) | NodeEnum::UnlistenStmt(_) => {
            ("channels are seen by the whole database", "notify from the application, through the gateway")
        }
        NodeEnum::RuleStmt(_) => ("a rule rewrites statements in a way that is not carried", "use a trigger"),
        NodeEnum::CreatePlangStmt(_) => ("a procedural language is not a tenant's", "leave it out"),
        NodeEnum::CreatePublicationStmt(_)
        | NodeEnum::AlterPublicationStmt(_)
        | NodeEnum::CreateSubscriptionStmt(_) => {
            ("publications concern every tenant", "leave it out: replication is the operator's")
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
