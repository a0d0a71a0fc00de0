//! ADD COLUMN: nothing but an entry in the catalog, unless each row needs a value of its own.

use pg_query::NodeEnum;
use pg_query::protobuf::{AlterTableCmd, ColumnDef, ConstrType, Node};

use super::lock::{Hold, LockMode};
use super::rule::Rule;
use super::site::Site;
use super::world::{Ty, constraints, is_serial, name_of};
use crate::ast;

/// Functions that are not volatile: a default made of them is the same for all rows that are there.
const STABLE_FUNCTIONS: &[&str] = &[
    "array_to_json",
    "coalesce",
    "concat",
    "concat_ws",
    "current_setting",
    "date_part",
    "date_trunc",
    "extract",
    "format",
    "hstore",
    "int4range",
    "json_build_array",
    "json_build_object",
    "jsonb_build_array",
    "jsonb_build_object",
    "lower",
    "make_date",
    "make_interval",
    "md5",
    "now",
    "statement_timestamp",
    "timezone",
    "to_date",
    "to_json",
    "to_jsonb",
    "to_timestamp",
    "to_tsvector",
    "transaction_timestamp",
    "tstzrange",
    "upper",
];

/// Looks at the command; how long the table's lock is needed.
pub(super) fn examine(site: &mut Site<'_>, table: &str, cmd: &AlterTableCmd) -> Hold {
    let Some(NodeEnum::ColumnDef(column)) = cmd.def.as_ref().and_then(|d| d.node.as_ref()) else {
        return Hold::Moment;
    };
    foreign_keys(site, table, column);
    if !site.is_live(table) {
        return Hold::Moment;
    }
    let there = cmd.missing_ok && site.world.column(table, &column.colname).is_some();
    if there {
        return Hold::Moment;
    }
    let ty = Ty::of(column.type_name.as_ref());
    let name = format!("{table}.{}", column.colname);
    let rewrites = rewrites(site, &name, column, &ty);
    required(site, &name, column, rewrites);
    if ty.name == "json" && !ty.is_array {
        site.find(
            Rule::JsonColumn,
            format!("{name} is of type json, which has no equality: SELECT DISTINCT, GROUP BY and UNION over all columns fail from now on, also in the previous version"),
            "use jsonb",
        );
    }
    let keyed = constraints_of_kind(column, &[ConstrType::ConstrPrimary, ConstrType::ConstrUnique]);
    if keyed {
        site.find(
            Rule::KeyInPlace,
            format!("the index of {name} is built while reads and writes of {table} wait"),
            "add the column alone; CREATE UNIQUE INDEX CONCURRENTLY in a file of its own; then ADD CONSTRAINT ... UNIQUE USING INDEX",
        );
    }
    let checked = constraints_of_kind(column, &[ConstrType::ConstrCheck]);
    if checked {
        site.find(
            Rule::CheckScan,
            format!("{table} is read as a whole to prove the check of {name}, while reads and writes wait"),
            "add the column alone, then ADD CONSTRAINT ... CHECK (...) NOT VALID, and VALIDATE CONSTRAINT in a later file",
        );
    }
    match (rewrites, keyed, checked) {
        (true, ..) => Hold::Rewrite,
        (_, true, _) => Hold::Build,
        (_, _, true) => Hold::Scan,
        _ => Hold::Moment,
    }
}

/// Whether each row gets a value of its own, which writes the table anew.
fn rewrites(site: &mut Site<'_>, name: &str, column: &ColumnDef, ty: &Ty) -> bool {
    let generated = constraints(&column.constraints)
        .any(|c| c.contype() == ConstrType::ConstrGenerated && c.generated_kind != "v");
    let identity = constraints_of_kind(column, &[ConstrType::ConstrIdentity]);
    let default = default_of(column);
    let (why, instead) = if is_serial(&ty.name) || identity {
        (
            "numbers every row",
            "add the column without a default; SET DEFAULT nextval(...) in the same file; number the rows that are there in steps of some thousand; then ADD GENERATED ... AS IDENTITY or keep the default",
        )
    } else if generated {
        (
            "is a stored generated column, computed for every row",
            "add a plain column, keep it by a trigger and fill it in steps; or compute it in a view",
        )
    } else if default.is_some_and(is_volatile) {
        (
            "has a default that differs from row to row",
            "add the column without a default, SET DEFAULT in a second statement, and fill the rows that are there in steps",
        )
    } else {
        return false;
    };
    site.find(
        Rule::RewritesTable,
        format!("{name} {why}: the table is written anew as a whole while reads and writes wait"),
        instead,
    );
    true
}

fn required(site: &mut Site<'_>, name: &str, column: &ColumnDef, has_value: bool) {
    let not_null = constraints_of_kind(column, &[ConstrType::ConstrNotnull, ConstrType::ConstrPrimary]);
    let generated = constraints_of_kind(column, &[ConstrType::ConstrGenerated]);
    let has_default = default_of(column).is_some_and(|d| !is_null(d));
    if not_null && !generated && !has_default && !has_value {
        site.find(
            Rule::RequiredColumn,
            format!("{name} must not be NULL and has no default: it fails where there are rows, and INSERT of the previous version fails"),
            "give it a DEFAULT; or add it without NOT NULL, fill it, and SET NOT NULL once every version writes it",
        );
    }
}

/// A foreign key written with the column: nothing to prove as long as it is NULL everywhere.
fn foreign_keys(site: &mut Site<'_>, table: &str, column: &ColumnDef) {
    for key in constraints(&column.constraints).filter(|c| c.contype() == ConstrType::ConstrForeign) {
        let other = name_of(key.pktable.as_ref());
        let proves = default_of(column).is_some_and(|d| !is_null(d)) && site.is_live(table);
        let hold = if proves { Hold::Scan } else { Hold::Moment };
        site.lock(&other, LockMode::ShareRowExclusive, hold);
        if proves {
            site.find(
                Rule::ForeignKeyScan,
                format!("{table} is read as a whole to prove the foreign key of {}, while writes to both tables wait", column.colname),
                "add the column alone, then the foreign key NOT VALID, and VALIDATE CONSTRAINT in a later file",
            );
        }
    }
}

fn constraints_of_kind(column: &ColumnDef, kinds: &[ConstrType]) -> bool {
    constraints(&column.constraints).any(|c| kinds.contains(&c.contype()))
}

fn default_of(column: &ColumnDef) -> Option<&Node> {
    constraints(&column.constraints)
        .find(|c| c.contype() == ConstrType::ConstrDefault)
        .and_then(|c| c.raw_expr.as_deref())
}

fn is_null(node: &Node) -> bool {
    match node.node.as_ref() {
        Some(NodeEnum::AConst(c)) => c.isnull,
        Some(NodeEnum::TypeCast(cast)) => cast.arg.as_deref().is_some_and(is_null),
        _ => false,
    }
}

/// Whether an expression calls a function that may give another value for each row. One that isn't known may.
fn is_volatile(expression: &Node) -> bool {
    let json = serde_json::to_value(expression).unwrap_or_default();
    let mut volatile = false;
    ast::walk(&json, &mut |kind, content| {
        if kind == "FuncCall" {
            let parts = content.get("funcname").and_then(|f| f.as_array());
            let name =
                parts.and_then(|p| p.last()?.pointer("/node/String/sval")?.as_str()).unwrap_or_default();
            volatile |= !STABLE_FUNCTIONS.contains(&name);
        }
    });
    volatile
}
