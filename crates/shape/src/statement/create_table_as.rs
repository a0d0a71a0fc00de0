//! CREATE TABLE AS and SELECT INTO. The table is made empty, gets the tenant column and its security, and is then
//! filled tenant by tenant.

use pg_query::NodeEnum;
use pg_query::protobuf::{CreateTableAsStmt, InsertStmt, Node, ObjectType, RangeVar, SelectStmt};

use super::{Output, Work, create_table, materialized_view, once, rls};
use crate::ast;
use crate::catalog::{Column, Table};
use crate::emit;
use crate::ident;
use crate::model::{Emitted, Scope};
use crate::refuse::Refuse;
use crate::text;

/// Carries a CREATE TABLE AS.
pub(crate) fn carry(work: &mut Work<'_>, stmt: CreateTableAsStmt) -> Result<Output, Refuse> {
    if stmt.objtype() == ObjectType::ObjectMatview {
        return materialized_view::create(work, stmt);
    }
    let Some(target) = stmt.into.as_ref().and_then(|i| i.rel.clone()) else {
        return Err(Refuse::all("CREATE TABLE AS names no table", "name it"));
    };
    let name = work.own_name(Some(&target))?;
    if let Some(output) = already_there(work, &name, stmt.if_not_exists)? {
        return Ok(output);
    }
    let filled = !stmt.into.as_ref().is_some_and(|i| i.skip_data);
    let columns = columns(work, &stmt)?;
    let plain = work.plain_text(false);
    let mut shared = vec![empty(&stmt)?];
    let temporary = target.relpersistence == "t";
    shared.extend(make_tenants(work, Table { temporary, ..table(&name, &columns) })?);
    if filled {
        shared.push(fill(target, stmt.query)?);
    }
    Ok(Output { shared, plain: vec![plain] })
}

/// Carries a SELECT ... INTO, by way of the CREATE TABLE AS that it stands for.
pub(crate) fn carry_select(work: &mut Work<'_>, select: SelectStmt) -> Result<Output, Refuse> {
    let plain = as_create(&work.plain)?;
    work.shared = text::shared(&plain, work.catalog, work.options)?;
    drop(select);
    match ast::parse_one(&work.shared)? {
        NodeEnum::CreateTableAsStmt(stmt) => carry(work, *stmt),
        _ => Err(Refuse::all("SELECT INTO is not understood", "write CREATE TABLE ... AS")),
    }
}

/// Whether the first SELECT of a query has INTO.
pub(crate) fn has_into(select: &SelectStmt) -> bool {
    select.into_clause.is_some() || select.larg.as_ref().is_some_and(|l| has_into(l))
}

fn as_create(sql: &str) -> Result<String, Refuse> {
    let NodeEnum::SelectStmt(mut select) = ast::parse_one(sql)? else {
        return Err(Refuse::all("SELECT INTO is not understood", "write CREATE TABLE ... AS"));
    };
    let into = take_into(&mut select);
    emit::print(&NodeEnum::CreateTableAsStmt(Box::new(CreateTableAsStmt {
        query: Some(Box::new(ast::node(NodeEnum::SelectStmt(select)))),
        into,
        objtype: ObjectType::ObjectTable as i32,
        is_select_into: false,
        if_not_exists: false,
    })))
}

fn take_into(select: &mut SelectStmt) -> Option<Box<pg_query::protobuf::IntoClause>> {
    match select.into_clause.take() {
        Some(into) => Some(into),
        None => select.larg.as_mut().and_then(|l| take_into(l)),
    }
}

/// What a statement becomes whose relation is there; none: it is not.
pub(super) fn already_there(
    work: &Work<'_>,
    name: &str,
    if_not_exists: bool,
) -> Result<Option<Output>, Refuse> {
    if work.is_global(name) {
        return Err(Refuse::all(
            format!("the global table {name} is made from a query"),
            "write CREATE TABLE with its columns, then INSERT",
        ));
    }
    if !work.catalog.relation_taken(name, false) {
        return Ok(None);
    }
    if if_not_exists {
        return Ok(Some(Output { shared: Vec::new(), plain: vec![work.plain_text(false)] }));
    }
    Err(Refuse::duplicate(format!("a relation {name}"), "give the new one another name"))
}

/// The columns of the result, under the names that the statement gives them.
pub(super) fn columns(work: &Work<'_>, stmt: &CreateTableAsStmt) -> Result<Vec<String>, Refuse> {
    if !matches!(stmt.query.as_deref(), Some(Node { node: Some(NodeEnum::SelectStmt(_)) })) {
        return Err(Refuse::all("the table is made from a prepared statement", "write the query itself"));
    }
    let given = stmt.into.as_ref().map(|i| ast::names(&i.col_names)).unwrap_or_default();
    let Some(mut columns) = text::query_columns(&work.plain, work.catalog) else {
        if given.is_empty() {
            return Err(Refuse::shared(
                "the columns of the query can't be worked out",
                "name them behind the name of what is made: CREATE ... name (a, b) AS SELECT ...",
            ));
        }
        return Ok(given);
    };
    for (column, name) in columns.iter_mut().zip(given) {
        *column = name;
    }
    Ok(columns)
}

/// A table with these columns, as the catalog holds it.
pub(super) fn table(name: &str, columns: &[String]) -> Table {
    let column = |name: &String| Column { name: name.clone(), ..Column::default() };
    Table { name: name.to_owned(), columns: columns.iter().map(column).collect(), ..Table::default() }
}

/// The statement without its rows.
pub(super) fn empty(stmt: &CreateTableAsStmt) -> Result<Emitted, Refuse> {
    let mut stmt = stmt.clone();
    stmt.if_not_exists = false;
    if let Some(into) = stmt.into.as_mut() {
        into.skip_data = true;
    }
    emit::tree(&NodeEnum::CreateTableAsStmt(Box::new(stmt)), Scope::Database)
}

/// Gives an empty table the tenant column and its security, and remembers it.
pub(super) fn make_tenants(work: &mut Work<'_>, table: Table) -> Result<Vec<Emitted>, Refuse> {
    let name = table.name.clone();
    let tenant = &work.options.tenant_column;
    let (quoted, column) = (ident::quote(&name), ident::quote(tenant));
    let default = &work.options.current_tenant;
    let mut out = Vec::new();
    if table.column(tenant).is_some() {
        out.push(once(format!(
            "ALTER TABLE {quoted} ALTER COLUMN {column} SET NOT NULL, ALTER COLUMN {column} SET DEFAULT {default}"
        ))?);
    } else {
        let sql = work.options.tenant_type.sql();
        // A default that comes with the column would be computed now, for no tenant.
        out.push(once(format!(
            "ALTER TABLE {quoted} ADD COLUMN {column} {sql} NOT NULL, ALTER COLUMN {column} SET DEFAULT {default}"
        ))?);
    }
    work.catalog.tables.insert(name.clone(), table);
    out.extend(rls::protect(work, &name)?);
    out.extend(create_table::tenant_index(work, &name)?);
    Ok(out)
}

/// Puts each tenant's rows in: the columns of the query are the table's first ones.
fn fill(target: RangeVar, query: Option<Box<Node>>) -> Result<Emitted, Refuse> {
    let target = RangeVar { relpersistence: "p".to_owned(), inh: true, ..target };
    let model = ast::parse_one("INSERT INTO t SELECT 1")?;
    let NodeEnum::InsertStmt(model) = model else {
        return Err(Refuse::all(
            "a composed statement does not parse",
            "report this: it is a defect of Tenantry",
        ));
    };
    let insert = InsertStmt { relation: Some(target), select_stmt: query, ..*model };
    emit::tree(&NodeEnum::InsertStmt(Box::new(insert)), Scope::Tenant)
}
