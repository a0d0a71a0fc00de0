//! Columns, in CREATE TABLE and in ADD COLUMN: serial and identity written out, constraints taken apart.

use pg_query::NodeEnum;
use pg_query::protobuf::{ColumnDef, ConstrType, Constraint};

use super::{Work, identity, serial};
use crate::ast;
use crate::catalog::Column;
use crate::model::Emitted;
use crate::refuse::Refuse;

/// A column taken apart for the shared shape.
#[derive(Debug, Default)]
pub(crate) struct Taken {
    /// The column with what can only stand in a column: NOT NULL, default, identity, generation.
    pub def: ColumnDef,
    /// Its keys, checks and foreign keys as table constraints.
    pub constraints: Vec<Constraint>,
    /// What must run before the table has it.
    pub before: Vec<Emitted>,
    /// What must run after.
    pub after: Vec<Emitted>,
    /// It is filled from a counter: existing rows need a value of their tenant's.
    pub counted: bool,
    pub record: Column,
}

/// Takes a column apart. Sequences and names come in the order in which the server makes them.
pub(crate) fn take(work: &mut Work<'_>, table: &str, mut def: ColumnDef) -> Result<Taken, Refuse> {
    let written_type = def.type_name.as_ref().map(|t| ast::names(&t.names)).unwrap_or_default();
    if let [schema, _] = written_type.as_slice()
        && !matches!(schema.as_str(), "pg_catalog" | "extensions" | "global")
    {
        work.check_schema(schema)?;
    }
    let mut taken = Taken::default();
    let is_global = work.is_global(table);
    if is_global {
        if serial::integer_type(def.type_name.as_ref()).is_some() {
            let name = serial::sequence_name(work, table, &def.colname, true);
            serial::remember(work, &name, (table, &def.colname), None);
        }
    } else if let Some(expanded) = serial::expand(work, table, &mut def)? {
        let default = ast::parse_column("c integer DEFAULT 1")?.constraints;
        def.constraints.extend(default.into_iter().map(|mut n| {
            if let Some(NodeEnum::Constraint(c)) = n.node.as_mut() {
                c.raw_expr = Some(Box::new(expanded.default.clone()));
            }
            n
        }));
        taken.before.push(expanded.before);
        taken.after.push(expanded.after);
        taken.counted = true;
    }
    taken.record = Column {
        name: def.colname.clone(),
        type_name: def.type_name.as_ref().and_then(|t| ast::names(&t.names).pop()).unwrap_or_default(),
        generated: false,
        identity: None,
    };
    take_identity(work, table, &mut def, &mut taken)?;
    split_constraints(&mut def, &mut taken)?;
    taken.def = def;
    Ok(taken)
}

fn take_identity(
    work: &mut Work<'_>,
    table: &str,
    def: &mut ColumnDef,
    taken: &mut Taken,
) -> Result<(), Refuse> {
    let global = work.is_global(table);
    let type_name = taken.record.type_name.clone();
    let Some(constraint) = identity::of_column(&mut def.constraints) else { return Ok(()) };
    let mut counter = identity::counter(&constraint.options, &type_name)?;
    counter.always = constraint.generated_when == "a";
    let name = match &counter.sequence {
        Some(name) => name.clone(),
        None => serial::sequence_name(work, table, &def.colname, global),
    };
    serial::remember(work, &name, (table, &def.colname), Some(counter.start));
    if !global {
        identity::to_sentinel(constraint, &type_name)?;
        taken.after.push(identity::trigger(table, &def.colname, &counter)?);
        taken.counted = true;
    }
    taken.record.identity = Some(counter);
    Ok(())
}

/// Moves keys, checks and foreign keys out of the column.
fn split_constraints(def: &mut ColumnDef, taken: &mut Taken) -> Result<(), Refuse> {
    let mut stay = Vec::new();
    for node in std::mem::take(&mut def.constraints) {
        let Some(NodeEnum::Constraint(c)) = node.node.as_ref() else {
            stay.push(node);
            continue;
        };
        let mut c = (**c).clone();
        match c.contype() {
            ConstrType::ConstrPrimary | ConstrType::ConstrUnique => {
                c.keys = vec![ast::name_node(&def.colname)];
                taken.constraints.push(c);
            }
            ConstrType::ConstrForeign => {
                c.fk_attrs = vec![ast::name_node(&def.colname)];
                taken.constraints.push(c);
            }
            ConstrType::ConstrCheck => taken.constraints.push(c),
            ConstrType::ConstrAttrDeferrable
            | ConstrType::ConstrAttrNotDeferrable
            | ConstrType::ConstrAttrDeferred
            | ConstrType::ConstrAttrImmediate
            | ConstrType::ConstrAttrEnforced
            | ConstrType::ConstrAttrNotEnforced => attribute(c.contype(), taken.constraints.last_mut())?,
            ConstrType::ConstrGenerated => {
                taken.record.generated = true;
                stay.push(node);
            }
            _ => stay.push(node),
        }
    }
    def.constraints = stay;
    Ok(())
}

/// `DEFERRABLE` and the like stand behind the constraint that they belong to.
fn attribute(kind: ConstrType, target: Option<&mut Constraint>) -> Result<(), Refuse> {
    let Some(target) = target else {
        return Err(Refuse::all("DEFERRABLE stands behind no constraint", "put it behind its constraint"));
    };
    match kind {
        ConstrType::ConstrAttrDeferrable => target.deferrable = true,
        ConstrType::ConstrAttrDeferred => {
            target.deferrable = true;
            target.initdeferred = true;
        }
        ConstrType::ConstrAttrNotEnforced => {
            target.is_enforced = false;
            target.initially_valid = false;
        }
        _ => {}
    }
    Ok(())
}
