//! Materialized views. They know no row-level security, so in the shared shape each is a table like any other, under
//! row-level security and closed to writing, beside a view that holds its query. REFRESH empties and fills it tenant by
//! tenant: nobody's refresh reads, shows or stops another's.

use pg_query::NodeEnum;
use pg_query::protobuf::{CreateTableAsStmt, RefreshMatViewStmt, ViewStmt};

use super::{Output, Work, create_table_as, once, per_tenant, view};
use crate::ast;
use crate::catalog::{Reads, Table};
use crate::emit;
use crate::ident;
use crate::model::{Emitted, SCHEMA_PLACEHOLDER, Scope};
use crate::names;
use crate::refuse::Refuse;

/// The view that holds the query of a materialized view.
pub(crate) fn query_name(name: &str) -> String {
    names::clip(&format!("tenantry_query_{name}"), names::NAME_BYTES_MAX).to_owned()
}

/// Carries a CREATE MATERIALIZED VIEW.
pub(super) fn create(work: &mut Work<'_>, stmt: CreateTableAsStmt) -> Result<Output, Refuse> {
    let Some(into) = stmt.into.clone() else {
        return Err(Refuse::all("the materialized view has no name", "name it"));
    };
    let name = work.own_name(into.rel.as_ref())?;
    if let Some(output) = create_table_as::already_there(work, &name, stmt.if_not_exists)? {
        return Ok(output);
    }
    let columns = create_table_as::columns(work, &stmt)?;
    let plain = work.plain_text(false);
    let query = query_name(&name);
    let mut shared = vec![query_view(&query, &stmt)?, table_of(&query, &stmt)?];
    let reads = Reads::of(stmt.query.as_deref());
    let table = Table { materialized: true, reads, ..create_table_as::table(&name, &columns) };
    shared.extend(create_table_as::make_tenants(work, table)?);
    shared.push(once(format!(
        "CREATE TRIGGER \"!tenantry_read_only\" BEFORE INSERT OR UPDATE OR DELETE ON {} \
         FOR EACH STATEMENT EXECUTE FUNCTION tenantry.only_refreshed()",
        ident::quote(&name)
    ))?);
    if !into.skip_data {
        shared.push(fill(&name)?);
    }
    Ok(Output { shared, plain: vec![plain] })
}

fn query_view(name: &str, stmt: &CreateTableAsStmt) -> Result<Emitted, Refuse> {
    let NodeEnum::ViewStmt(mut model) = ast::parse_one("CREATE VIEW v AS SELECT 1")? else {
        return Err(Refuse::all("a composed view does not parse", "report this: it is a defect of Tenantry"));
    };
    model.view = Some(ast::relation(name));
    model.aliases = stmt.into.as_ref().map(|i| i.col_names.clone()).unwrap_or_default();
    model.query.clone_from(&stmt.query);
    let mut view: ViewStmt = *model;
    view::set_invoker(&mut view)?;
    emit::tree(&NodeEnum::ViewStmt(Box::new(view)), Scope::Database)
}

/// The table, empty, with the columns of its query.
fn table_of(query: &str, stmt: &CreateTableAsStmt) -> Result<Emitted, Refuse> {
    let model =
        ast::parse_one(&format!("CREATE TABLE t AS SELECT * FROM {} WITH NO DATA", ident::quote(query)))?;
    let NodeEnum::CreateTableAsStmt(mut table) = model else {
        return Err(Refuse::all(
            "a composed table does not parse",
            "report this: it is a defect of Tenantry",
        ));
    };
    if let (Some(into), Some(written)) = (table.into.as_mut(), stmt.into.as_ref()) {
        into.rel.clone_from(&written.rel);
        into.access_method.clone_from(&written.access_method);
        into.options.clone_from(&written.options);
        into.table_space_name.clone_from(&written.table_space_name);
    }
    emit::tree(&NodeEnum::CreateTableAsStmt(table), Scope::Database)
}

fn fill(name: &str) -> Result<Emitted, Refuse> {
    per_tenant(format!(
        "INSERT INTO {} SELECT * FROM {}",
        ident::quote(name),
        ident::quote(&query_name(name))
    ))
}

/// Carries a REFRESH MATERIALIZED VIEW.
pub(crate) fn refresh(work: &mut Work<'_>, stmt: &RefreshMatViewStmt) -> Result<Output, Refuse> {
    let name = work.own_name(stmt.relation.as_ref())?;
    if !work.table(&name)?.materialized {
        return Err(Refuse::all(format!("{name} is not a materialized view"), "correct the name"));
    }
    let table = ident::quote(&name);
    // Whoever refreshes at the same time would leave its rows beside these.
    let mut shared = vec![
        per_tenant(format!("LOCK TABLE {table} IN SHARE ROW EXCLUSIVE MODE"))?,
        per_tenant(format!("DELETE FROM {table}"))?,
    ];
    if !stmt.skip_data {
        shared.push(fill(&name)?);
    }
    Ok(Output { shared, plain: vec![work.plain_text(false)] })
}

/// Removes what is left of materialized views whose query went with what it reads.
pub(crate) fn sweep(names: &[String]) -> Result<Vec<Emitted>, Refuse> {
    let one = |name: &String| {
        let query = ident::literal(&format!("{SCHEMA_PLACEHOLDER}.{}", ident::quote(&query_name(name))));
        let table = ident::quote(name);
        once(format!(
            "DO $tenantry$ BEGIN IF pg_catalog.to_regclass({query}) IS NULL THEN DROP TABLE IF EXISTS {table} CASCADE; END IF; END $tenantry$"
        ))
    };
    names.iter().map(one).collect()
}

/// Removes the query of a materialized view that was dropped.
pub(crate) fn drop_query(name: &str) -> Result<Emitted, Refuse> {
    once(format!("DROP VIEW IF EXISTS {} CASCADE", ident::quote(&query_name(name))))
}

/// Renames the query with its materialized view.
pub(crate) fn rename_query(old: &str, new: &str) -> Result<Emitted, Refuse> {
    let (old, new) = (query_name(old), query_name(new));
    once(format!("ALTER VIEW {} RENAME TO {}", ident::quote(&old), ident::quote(&new)))
}
