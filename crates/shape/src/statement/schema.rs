//! Schemas of the app's own. A tenant has one schema, so each of them stands for that one; objects of one name in two of
//! them collide, and are refused where the second is made.

use pg_query::NodeEnum;
use pg_query::protobuf::{AlterObjectSchemaStmt, CreateSchemaStmt, DropStmt, RenameStmt};

use super::{Output, Work};
use crate::ast;
use crate::catalog::Catalog;
use crate::model::SCHEMA_PLACEHOLDER;
use crate::refuse::Refuse;

/// Names that schemas of Tenantry's have.
const RESERVED: [&str; 5] = ["tenantry", "shared", "template", "global", "information_schema"];

/// Whether a schema is Tenantry's or the server's.
pub(super) fn is_reserved(name: &str) -> bool {
    RESERVED.contains(&name) || name.starts_with("pg_") || name.starts_with("tenant_")
}

/// Carries a CREATE SCHEMA.
pub(crate) fn create(work: &mut Work<'_>, stmt: &CreateSchemaStmt) -> Result<Output, Refuse> {
    let name = stmt.schemaname.as_str();
    if matches!(name, "public" | "extensions") {
        return Ok(work.left_out(format!("CREATE SCHEMA {name} is left out: Tenantry makes the schemas")));
    }
    if name.is_empty() {
        return Err(Refuse::all("CREATE SCHEMA AUTHORIZATION names no schema", "name the schema"));
    }
    if is_reserved(name) {
        return Err(Refuse::all(
            format!("the name {name} is one of Tenantry's schemas"),
            "name the schema otherwise",
        ));
    }
    if !stmt.schema_elts.is_empty() {
        return Err(Refuse::all(
            "CREATE SCHEMA holds statements of its own",
            "write them behind it, with the schema before the names",
        ));
    }
    if !work.catalog.schemas.insert(name.to_owned()) && !stmt.if_not_exists {
        return Err(Refuse::duplicate(format!("the schema {name}"), "write CREATE SCHEMA IF NOT EXISTS"));
    }
    Ok(work.left_out(format!(
        "the schema {name} stands for the tenant's one schema, as public does: names must be unique over both"
    )))
}

/// Carries a DROP SCHEMA: of one that was made to be dropped.
pub(crate) fn drop(work: &mut Work<'_>, stmt: &DropStmt) -> Result<Output, Refuse> {
    let names: Vec<String> = stmt.objects.iter().filter_map(|o| ast::qualified_name(o).pop()).collect();
    for name in &names {
        let known = work.catalog.schemas.contains(name) || name == "public" || name == SCHEMA_PLACEHOLDER;
        if !known && !stmt.missing_ok {
            return Err(Refuse::unknown(format!("schema {name}")));
        }
        if known && !work.catalog.is_empty() {
            return Err(Refuse::all(
                format!(
                    "DROP SCHEMA {name} drops what it does not name, and the schema stands for the tenant's"
                ),
                "drop the objects one by one, and leave the schema",
            ));
        }
        work.catalog.schemas.remove(name);
    }
    Ok(work.left_out(format!("DROP SCHEMA {} is left out: there is nothing in it", names.join(", "))))
}

/// Carries an ALTER SCHEMA ... RENAME.
pub(crate) fn rename(work: &mut Work<'_>, stmt: &RenameStmt) -> Result<Output, Refuse> {
    if !work.catalog.schemas.remove(&stmt.subname) {
        return Err(Refuse::unknown(format!("schema {}", stmt.subname)));
    }
    work.catalog.schemas.insert(stmt.newname.clone());
    for schema in work.catalog.function_schemas.values_mut().filter(|s| **s == stmt.subname) {
        schema.clone_from(&stmt.newname);
    }
    Ok(work.left_out("the schema has no counterpart: both names stand for the tenant's schema"))
}

/// Carries ... SET SCHEMA.
pub(crate) fn set(work: &mut Work<'_>, stmt: &AlterObjectSchemaStmt) -> Result<Output, Refuse> {
    let target = stmt.newschema.as_str();
    if target != "public" && target != SCHEMA_PLACEHOLDER && !work.catalog.schemas.contains(target) {
        return Err(Refuse::all(
            format!("SET SCHEMA moves an object to {target}, which no migration has made"),
            "leave it out, or CREATE SCHEMA before it",
        ));
    }
    let name = stmt.object.as_deref().and_then(|o| ast::qualified_name(o).pop());
    if let Some(schema) = name.and_then(|name| work.catalog.function_schemas.get_mut(&name)) {
        target.clone_into(schema);
    }
    Ok(work.left_out("SET SCHEMA is left out: both schemas stand for the tenant's"))
}

/// The function that a text makes, with the schema that the text names.
fn function_made(sql: &str) -> Option<(String, String)> {
    let parsed = pg_query::parse(sql, 0).ok()?;
    let stmt = parsed.protobuf.stmts.into_iter().next()?.stmt?.node?;
    let NodeEnum::CreateFunctionStmt(stmt) = stmt else { return None };
    let mut parts = ast::names(&stmt.funcname);
    let name = parts.pop()?;
    Some((name, parts.pop().unwrap_or_else(|| "public".to_owned())))
}

/// Refuses a function of a name that another schema of the app's has: the server would take it for the same one.
pub(crate) fn check_function(catalog: &mut Catalog, sql: &str) -> Result<(), Refuse> {
    if catalog.schemas.is_empty() {
        return Ok(());
    }
    let Some((name, schema)) = function_made(sql) else { return Ok(()) };
    if !catalog.functions.contains_key(&name) {
        catalog.function_schemas.remove(&name);
    }
    match catalog.function_schemas.get(&name) {
        Some(other) if *other != schema => Err(Refuse::all(
            format!(
                "the function {name} is made in {schema} and in {other}, which both stand for the tenant's schema"
            ),
            "give one of them another name",
        )),
        _ => {
            catalog.function_schemas.insert(name, schema);
            Ok(())
        }
    }
}

/// Says of a name that is taken that schemas share it.
pub(crate) fn explain(catalog: &Catalog, mut refuse: Refuse) -> Refuse {
    if refuse.duplicate && !catalog.schemas.is_empty() {
        let names: Vec<&str> = catalog.schemas.iter().map(String::as_str).collect();
        refuse
            .reason
            .push_str(&format!(" (public, {} stand for one schema, the tenant's)", names.join(", ")));
    }
    refuse
}

impl Catalog {
    /// Whether nothing was made so far.
    fn is_empty(&self) -> bool {
        self.tables.is_empty()
            && self.views.is_empty()
            && self.sequences.is_empty()
            && self.types.is_empty()
            && self.functions.is_empty()
    }
}
