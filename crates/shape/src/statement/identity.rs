//! Identity columns. The server's own identity stays, for its semantics (`GENERATED ALWAYS` refuses a value),
//! but its sequence yields only a sentinel, which a trigger replaces by the tenant's next counter value.

use pg_query::NodeEnum;
use pg_query::protobuf::{ConstrType, Constraint, Node};

use super::once;
use crate::ast;
use crate::catalog::Identity;
use crate::ident;
use crate::model::Emitted;
use crate::names;
use crate::refuse::Refuse;

/// The bounds of an integer type by its internal name.
pub(crate) fn bounds(type_name: &str) -> Option<(i64, i64)> {
    match type_name {
        "int2" => Some((i64::from(i16::MIN), i64::from(i16::MAX))),
        "int4" => Some((i64::from(i32::MIN), i64::from(i32::MAX))),
        "int8" => Some((i64::MIN, i64::MAX)),
        _ => None,
    }
}

/// Reads the options of a sequence over this integer type.
pub(crate) fn counter(options: &[Node], type_name: &str) -> Result<Identity, Refuse> {
    let (low, high) = bounds(type_name).ok_or_else(|| {
        Refuse::shared(
            format!("an identity column of type {type_name} is not understood"),
            "use smallint, integer or bigint",
        )
    })?;
    let mut found = Identity {
        sentinel_max: low + 1,
        always: false,
        start: 0,
        increment: 1,
        min: 0,
        max: 0,
        cycle: false,
        sequence: None,
    };
    let (mut start, mut min, mut max) = (None, None, None);
    for option in options {
        let Some(NodeEnum::DefElem(option)) = option.node.as_ref() else { continue };
        let number = ast::option_text(option.arg.as_deref()).and_then(|t| t.parse::<i64>().ok());
        match option.defname.as_str() {
            "increment" => found.increment = number.unwrap_or(1),
            "start" => start = number,
            "restart" => start = number.or(start),
            "minvalue" => min = number,
            "maxvalue" => max = number,
            "cycle" => found.cycle = ast::option_text(option.arg.as_deref()).as_deref() == Some("true"),
            "sequence_name" => {
                found.sequence = option.arg.as_deref().and_then(|a| ast::qualified_name(a).pop());
            }
            "cache" | "as" | "logged" | "unlogged" => {}
            other => {
                return Err(Refuse::shared(
                    format!("the sequence option {other} is not understood"),
                    "leave it out",
                ));
            }
        }
    }
    let rises = found.increment > 0;
    found.min = min.unwrap_or(if rises { 1 } else { low });
    found.max = max.unwrap_or(if rises { high } else { -1 });
    found.start = start.unwrap_or(if rises { found.min } else { found.max });
    Ok(found)
}

/// The name of the trigger that fills the column. An exclamation mark sorts before every letter, digit and
/// underscore, so that the app's own BEFORE triggers see the value.
pub(crate) fn trigger_name(column: &str) -> String {
    names::clip(&format!("!tenantry_identity_{column}"), names::NAME_BYTES_MAX).to_owned()
}

/// The trigger that replaces a sentinel.
pub(crate) fn trigger(table: &str, column: &str, counter: &Identity) -> Result<Emitted, Refuse> {
    once(format!(
        "CREATE TRIGGER {} BEFORE INSERT ON {} FOR EACH ROW WHEN (NEW.{} <= {}) \
         EXECUTE FUNCTION tenantry.identity_value({}, '{}', '{}', '{}', '{}', '{}')",
        ident::quote(&trigger_name(column)),
        ident::quote(table),
        ident::quote(column),
        counter.sentinel_max,
        ident::literal(column),
        counter.start,
        counter.increment,
        counter.min,
        counter.max,
        counter.cycle
    ))
}

/// Removes the trigger.
pub(crate) fn drop_trigger(table: &str, column: &str) -> Result<Emitted, Refuse> {
    once(format!("DROP TRIGGER {} ON {}", ident::quote(&trigger_name(column)), ident::quote(table)))
}

/// Puts the sentinel sequence in place of the options written.
pub(crate) fn to_sentinel(constraint: &mut Constraint, type_name: &str) -> Result<(), Refuse> {
    let Some((low, _)) = bounds(type_name) else { return Ok(()) };
    constraint.options.retain(|o| {
        matches!(&o.node, Some(NodeEnum::DefElem(d)) if matches!(d.defname.as_str(), "sequence_name" | "logged" | "unlogged"))
    });
    constraint.options.extend(sentinel_options(low)?);
    Ok(())
}

fn sentinel_options(low: i64) -> Result<Vec<Node>, Refuse> {
    let sql = format!("CREATE SEQUENCE s MINVALUE {low} MAXVALUE {} START {low} CYCLE", low + 1);
    match ast::parse_one(&sql)? {
        NodeEnum::CreateSeqStmt(s) => Ok(s.options),
        _ => Ok(Vec::new()),
    }
}

/// The identity constraint of a column.
pub(crate) fn of_column(constraints: &mut [Node]) -> Option<&mut Constraint> {
    constraints.iter_mut().find_map(|n| match n.node.as_mut() {
        Some(NodeEnum::Constraint(c)) if c.contype() == ConstrType::ConstrIdentity => Some(&mut **c),
        _ => None,
    })
}
