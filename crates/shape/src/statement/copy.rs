//! `COPY ... FROM stdin` with its lines. The server refuses COPY into tables with row-level security, so in all
//! shapes the lines become INSERT statements of many rows.

mod lines;
mod options;

use pg_query::protobuf::CopyStmt;

use super::{Output, Work};
use crate::emit;
use crate::ident;
use crate::model::{Emitted, SCHEMA_PLACEHOLDER, Scope};
use crate::refuse::Refuse;
use options::{Format, Options};

/// The most rows that one INSERT holds.
const ROWS_MAX: usize = 1_000;
/// The size from which on no further row is added to an INSERT, in bytes.
const INSERT_BYTES_MAX: usize = 256 << 10;

/// Carries a COPY.
pub(crate) fn carry(work: &mut Work<'_>, stmt: &CopyStmt) -> Result<Output, Refuse> {
    if !stmt.is_from {
        return Err(Refuse::all("COPY ... TO writes what nobody reads", "take it out"));
    }
    let outside = stmt.is_program || !stmt.filename.is_empty();
    let Some(data) = work.data.filter(|_| !outside) else {
        return Err(Refuse::all(
            "COPY reads a file or a stream that is not here",
            "write COPY ... FROM stdin with the lines behind it, or INSERT statements",
        ));
    };
    if stmt.where_clause.is_some() {
        return Err(Refuse::all("COPY ... WHERE is not carried", "take out the lines that are not wanted"));
    }
    let table = work.own_name(stmt.relation.as_ref())?;
    let target = target(work, &table, &crate::ast::names(&stmt.attlist))?;
    let options = Options::read(&stmt.options)?;
    let rows = match options.format {
        Format::Text => lines::text(&data, &options),
        Format::Csv => lines::csv(&data, &options),
    }?;
    let global = work.is_global(&table);
    let emitted = inserts(&target, &rows)?;
    if emitted.is_empty() {
        return Ok(work.left_out("the COPY has no lines"));
    }
    let with =
        |scope| emitted.iter().map(|sql| Emitted { sql: sql.clone(), scope, transactional: true }).collect();
    let scope = if global { Scope::Database } else { Scope::Tenant };
    Ok(Output { shared: with(scope), plain: with(scope) })
}

/// Where the rows go.
struct Target {
    columns: usize,
    /// `INSERT INTO ... VALUES`.
    head: String,
}

fn target(work: &Work<'_>, table: &str, written: &[String]) -> Result<Target, Refuse> {
    let of_view = || work.catalog.views.get(table).map(|v| v.columns.clone()).filter(|c| !c.is_empty());
    let mut overriding = "";
    let columns = match (work.catalog.tables.get(table), written.is_empty()) {
        (Some(t), true) => t.columns.iter().filter(|c| !c.generated).map(|c| c.name.clone()).collect(),
        (_, false) => written.to_vec(),
        (None, true) => of_view().ok_or_else(|| Refuse::unknown(format!("table {table}")))?,
    };
    match work.catalog.tables.get(table) {
        Some(t) => {
            for column in &columns {
                let found = t
                    .column(column)
                    .ok_or_else(|| Refuse::unknown(format!("column {column} of table {table}")))?;
                // COPY takes values for identity columns as they are.
                if found.identity.is_some() {
                    overriding = " OVERRIDING SYSTEM VALUE";
                }
            }
        }
        None => {
            of_view().ok_or_else(|| Refuse::unknown(format!("table {table}")))?;
        }
    }
    let schema = if work.is_global(table) { "global" } else { SCHEMA_PLACEHOLDER };
    let (table, list) = (ident::quote(table), ident::quote_list(&columns));
    let head = format!("INSERT INTO {schema}.{table} ({list}){overriding} VALUES");
    Ok(Target { columns: columns.len(), head })
}

fn inserts(target: &Target, rows: &[lines::Row]) -> Result<Vec<String>, Refuse> {
    let mut out = Vec::new();
    let (mut sql, mut count) = (String::new(), 0);
    for row in rows {
        if row.fields.len() != target.columns {
            let reason = format!("the line has {} fields for {} columns", row.fields.len(), target.columns);
            return Err(Refuse::all(reason, "correct the line").at(row.line, 1));
        }
        if count == 0 {
            sql.push_str(&target.head);
        }
        sql.push_str(if count == 0 { "\n(" } else { ",\n(" });
        for (i, field) in row.fields.iter().enumerate() {
            sql.push_str(if i == 0 { "" } else { ", " });
            match field {
                Some(value) => sql.push_str(&ident::literal(value)),
                None => sql.push_str("NULL"),
            }
        }
        sql.push(')');
        count += 1;
        if count == ROWS_MAX || sql.len() > INSERT_BYTES_MAX {
            out.push(emit::text(std::mem::take(&mut sql), Scope::Tenant)?.sql);
            count = 0;
        }
    }
    if count > 0 {
        out.push(emit::text(sql, Scope::Tenant)?.sql);
    }
    Ok(out)
}
