//! Types: enums, domains, composite and range types. In the shared shape they exist once.

use pg_query::NodeEnum;
use pg_query::protobuf::{
    AlterDomainStmt, AlterEnumStmt, CompositeTypeStmt, ConstrType, CreateDomainStmt, CreateEnumStmt,
    CreateRangeStmt,
};

use super::{Output, Work};
use crate::ast;
use crate::catalog::TypeKind;
use crate::names;
use crate::refuse::Refuse;
use crate::tokens::Tokens;

fn remember(work: &mut Work<'_>, parts: &[String], kind: TypeKind) -> Result<String, Refuse> {
    let name = work.own_object(parts)?;
    if work.catalog.types.contains_key(&name) {
        return Err(Refuse::duplicate(format!("a type {name}"), "give the type another name"));
    }
    work.catalog.types.insert(name.clone(), kind);
    Ok(name)
}

/// CREATE TYPE ... AS ENUM.
pub(crate) fn create_enum(work: &mut Work<'_>, stmt: &CreateEnumStmt) -> Result<Output, Refuse> {
    let values = ast::names(&stmt.vals);
    remember(work, &ast::names(&stmt.type_name), TypeKind::Enum { values })?;
    Ok(work.as_written(false))
}

/// ALTER TYPE ... ADD VALUE, RENAME VALUE.
pub(crate) fn alter_enum(work: &mut Work<'_>, stmt: &AlterEnumStmt) -> Result<Output, Refuse> {
    let name = work.own_object(&ast::names(&stmt.type_name))?;
    let Some(TypeKind::Enum { values }) = work.catalog.types.get_mut(&name) else {
        return Err(Refuse::unknown(format!("enum {name}")));
    };
    // The statement may be run again after a crash, which must not hide that the value was there before.
    if values.contains(&stmt.new_val) && !stmt.skip_if_new_val_exists {
        return Err(Refuse::all(
            format!("the enum {name} has the value {} already", stmt.new_val),
            "write ADD VALUE IF NOT EXISTS, or leave it out",
        ));
    }
    let neighbour = if stmt.old_val.is_empty() { &stmt.new_val_neighbor } else { &stmt.old_val };
    if !neighbour.is_empty() && !values.contains(neighbour) {
        return Err(Refuse::unknown(format!("value {neighbour} of enum {name}")));
    }
    values.retain(|v| *v != stmt.old_val);
    if !values.contains(&stmt.new_val) {
        values.push(stmt.new_val.clone());
    }
    // Before version 17 a new value can't be used in the transaction that added it, even if that made the type.
    let used = stmt.old_val.is_empty() && work.later.iter().any(|p| mentions(p.text, &stmt.new_val));
    let mut output = work.as_written(false);
    for emitted in output.shared.iter_mut().chain(&mut output.plain) {
        emitted.transactional = !used;
    }
    Ok(output)
}

fn mentions(text: &str, value: &str) -> bool {
    let Ok(tokens) = Tokens::scan(text) else { return true };
    (0..tokens.list.len()).any(|i| {
        tokens
            .string_value(i)
            .is_some_and(|v| v == value || crate::text::body(&tokens) == Some(i) && v.contains(value))
    })
}

/// CREATE DOMAIN.
pub(crate) fn create_domain(work: &mut Work<'_>, stmt: &CreateDomainStmt) -> Result<Output, Refuse> {
    let parts = ast::names(&stmt.domainname);
    let name = work.own_object(&parts)?;
    let mut checks: Vec<String> = Vec::new();
    for node in &stmt.constraints {
        if let Some(NodeEnum::Constraint(c)) = &node.node
            && c.contype() == ConstrType::ConstrCheck
        {
            checks.push(if c.conname.is_empty() {
                names::choose(&name, None, "check", |n| {
                    work.catalog.constraint_taken(n, false) || checks.iter().any(|c| c == n)
                })
            } else {
                c.conname.clone()
            });
        }
    }
    remember(work, &parts, TypeKind::Domain { checks })?;
    Ok(work.as_written(false))
}

/// ALTER DOMAIN.
pub(crate) fn alter_domain(work: &mut Work<'_>, stmt: &AlterDomainStmt) -> Result<Output, Refuse> {
    let name = work.own_object(&ast::names(&stmt.type_name))?;
    let Some(TypeKind::Domain { .. }) = work.catalog.types.get(&name) else {
        return Err(Refuse::unknown(format!("domain {name}")));
    };
    let added = match stmt.def.as_deref().and_then(|d| d.node.as_ref()) {
        Some(NodeEnum::Constraint(c)) if c.contype() == ConstrType::ConstrCheck => {
            Some(if c.conname.is_empty() {
                names::choose(&name, None, "check", |n| work.catalog.constraint_taken(n, false))
            } else {
                c.conname.clone()
            })
        }
        _ => None,
    };
    if let Some(TypeKind::Domain { checks }) = work.catalog.types.get_mut(&name) {
        checks.retain(|c| !(stmt.subtype == "X" && *c == stmt.name));
        checks.extend(added);
    }
    Ok(work.as_written(false))
}

/// CREATE TYPE ... AS (columns).
pub(crate) fn create_composite(work: &mut Work<'_>, stmt: &CompositeTypeStmt) -> Result<Output, Refuse> {
    let name = work.own_name(stmt.typevar.as_ref())?;
    remember(work, &[name], TypeKind::Composite)?;
    Ok(work.as_written(false))
}

/// CREATE TYPE ... AS RANGE.
pub(crate) fn create_range(work: &mut Work<'_>, stmt: &CreateRangeStmt) -> Result<Output, Refuse> {
    remember(work, &ast::names(&stmt.type_name), TypeKind::Range)?;
    Ok(work.as_written(false))
}
