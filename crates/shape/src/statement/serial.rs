//! Serial columns, written out as the server does, with a counter per tenant in place of `nextval`.

use pg_query::NodeEnum;
use pg_query::protobuf::{ColumnDef, ConstrType, Node, TypeName};

use super::{Work, once};
use crate::ast;
use crate::catalog::Sequence;
use crate::ident;
use crate::model::{Emitted, SCHEMA_PLACEHOLDER};
use crate::names;
use crate::refuse::Refuse;

/// The integer type behind a serial type.
pub(crate) fn integer_type(t: Option<&TypeName>) -> Option<&'static str> {
    let names = ast::names(&t?.names);
    match names.last().map(String::as_str) {
        _ if names.len() > 2 || names.len() == 2 && names[0] != "pg_catalog" => None,
        Some("serial" | "serial4") => Some("integer"),
        Some("bigserial" | "serial8") => Some("bigint"),
        Some("smallserial" | "serial2") => Some("smallint"),
        _ => None,
    }
}

/// The name that the server gives to the sequence of a column.
pub(crate) fn sequence_name(work: &Work<'_>, table: &str, column: &str, global: bool) -> String {
    names::choose(table, Some(column), "seq", |n| work.catalog.relation_taken(n, global))
}

/// Remembers the sequence of a column; for an identity, with its first value.
pub(crate) fn remember(
    work: &mut Work<'_>,
    name: &str,
    (table, column): (&str, &str),
    identity: Option<i64>,
) {
    let global = work.is_global(table);
    let owner = Some((table.to_owned(), column.to_owned()));
    let start = identity.unwrap_or(1).to_string();
    let sequence = Sequence { global, owner, start, identity: identity.is_some() };
    work.catalog.sequences.insert(name.to_owned(), sequence);
}

/// What a serial column needs before and after its table has it.
pub(crate) struct Expanded {
    pub before: Emitted,
    pub default: Node,
    pub after: Emitted,
}

/// Writes a serial column out: type, NOT NULL; its default is returned apart.
pub(crate) fn expand(
    work: &mut Work<'_>,
    table: &str,
    column: &mut ColumnDef,
) -> Result<Option<Expanded>, Refuse> {
    let Some(integer) = integer_type(column.type_name.as_ref()) else { return Ok(None) };
    let sequence = sequence_name(work, table, &column.colname, false);
    remember(work, &sequence, (table, &column.colname), None);
    column.type_name = Some(type_name(integer));
    let not_null = |n: &Node| matches!(&n.node, Some(NodeEnum::Constraint(c)) if c.contype() == ConstrType::ConstrNotnull);
    if !column.constraints.iter().any(not_null) {
        column.constraints.extend(ast::parse_column("c integer NOT NULL")?.constraints);
    }
    let quoted = ident::quote(&sequence);
    let regclass = ident::literal(&format!("{SCHEMA_PLACEHOLDER}.{quoted}"));
    Ok(Some(Expanded {
        before: once(format!("CREATE SEQUENCE {quoted} AS {integer}"))?,
        default: ast::parse_expression(&format!("tenantry.next_value({regclass}::regclass)"))?,
        after: once(format!(
            "ALTER SEQUENCE {quoted} OWNED BY {}.{}",
            ident::quote(table),
            ident::quote(&column.colname)
        ))?,
    }))
}

fn type_name(integer: &str) -> TypeName {
    let internal = match integer {
        "bigint" => "int8",
        "smallint" => "int2",
        _ => "int4",
    };
    TypeName { names: ast::name_nodes(&["pg_catalog", internal]), typemod: -1, ..TypeName::default() }
}
