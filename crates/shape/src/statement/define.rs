//! CREATE AGGREGATE, COLLATION, TEXT SEARCH ...: as written, where a new tenant can be given the same object. Operators,
//! casts and base types can't be made again by an owner without a superuser's rights, so they are refused.

use pg_query::NodeEnum;
use pg_query::protobuf::{DefineStmt, ObjectType};

use super::{Output, Work};
use crate::ast;
use crate::refuse::Refuse;

/// Carries a CREATE of a kind that has only a name and options.
pub(crate) fn carry(work: &mut Work<'_>, stmt: &DefineStmt) -> Result<Output, Refuse> {
    let name = work.own_object(&ast::names(&stmt.defnames))?;
    match stmt.kind() {
        ObjectType::ObjectAggregate => {
            if option(stmt, "stype").as_deref() == Some("internal") {
                return Err(Refuse::all(
                    "an aggregate with a state of type internal takes a superuser",
                    "use another type for its state",
                ));
            }
            work.catalog.functions.entry(name).or_default();
        }
        ObjectType::ObjectCollation | ObjectType::ObjectTsconfiguration | ObjectType::ObjectTsdictionary => {}
        ObjectType::ObjectOperator => {
            return Err(superuser("an operator", "call its function by name"));
        }
        ObjectType::ObjectType if stmt.definition.is_empty() => {
            return Err(superuser("a type without a definition", "use a domain or a composite type"));
        }
        ObjectType::ObjectType => return Err(superuser("a base type", "use a domain or a composite type")),
        other => {
            let kind = other.as_str_name().trim_start_matches("OBJECT_").to_lowercase();
            return Err(superuser(
                &format!("an object of kind {kind}"),
                "ask whoever runs the server for an extension",
            ));
        }
    }
    Ok(work.as_written(false))
}

fn option(stmt: &DefineStmt, name: &str) -> Option<String> {
    stmt.definition.iter().find_map(|o| match &o.node {
        Some(NodeEnum::DefElem(d)) if d.defname.eq_ignore_ascii_case(name) => {
            ast::option_text(d.arg.as_deref())
        }
        _ => None,
    })
}

/// A refusal of what an owner can't make again for a new tenant.
pub(super) fn superuser(what: &str, remedy: &str) -> Refuse {
    Refuse::all(format!("{what} can't be made for each new tenant without a superuser's rights"), remedy)
}
