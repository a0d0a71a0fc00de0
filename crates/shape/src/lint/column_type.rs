//! ALTER COLUMN TYPE: which changes leave the rows as they are.

use pg_query::NodeEnum;
use pg_query::protobuf::AlterTableCmd;

use super::lock::Hold;
use super::rule::Rule;
use super::site::Site;
use super::world::Ty;

/// Looks at the command; how long the table's lock is needed.
pub(super) fn examine(site: &mut Site<'_>, table: &str, cmd: &AlterTableCmd) -> Hold {
    let Some(NodeEnum::ColumnDef(column)) = cmd.def.as_ref().and_then(|d| d.node.as_ref()) else {
        return Hold::Moment;
    };
    if !site.is_live(table) {
        return Hold::Moment;
    }
    let new = Ty::of(column.type_name.as_ref());
    let old = site.world.column(table, &cmd.name).map(|c| c.ty.clone());
    let plain = column.raw_default.is_none() && column.coll_clause.is_none();
    if plain && old.as_ref().is_some_and(|old| keeps_rows(old, &new)) {
        return Hold::Moment;
    }
    let from = old.map_or_else(String::new, |old| format!(" from {}", written(&old)));
    site.find(
        Rule::ChangesType,
        format!(
            "{table}.{} changes{from} to {}: the table is written anew as a whole while reads and writes wait, and the previous version may not take the new type",
            cmd.name,
            written(&new)
        ),
        "add a column of the new type, keep both in step by a trigger, fill it in steps, switch the app over, drop the old one (docs/migrations.md shows how)",
    );
    Hold::Rewrite
}

fn written(ty: &Ty) -> String {
    let modifiers: Vec<String> = ty.modifiers.iter().map(ToString::to_string).collect();
    let modifiers = if modifiers.is_empty() { String::new() } else { format!("({})", modifiers.join(",")) };
    format!("{}{modifiers}{}", ty.name, if ty.is_array { "[]" } else { "" })
}

/// Whether PostgreSQL keeps the rows as they are: the same representation, and no tighter bound.
fn keeps_rows(old: &Ty, new: &Ty) -> bool {
    if old.is_array != new.is_array {
        return false;
    }
    // A bound that is absent is wider than any.
    let wider = |at: usize| match (old.modifiers.get(at), new.modifiers.get(at)) {
        (_, None) => true,
        (None, Some(_)) => false,
        (Some(old), Some(new)) => new >= old,
    };
    match (old.name.as_str(), new.name.as_str()) {
        ("varchar", "varchar") | ("varbit", "varbit") => wider(0),
        ("varchar", "text") | ("cidr", "inet") => true,
        ("text", "varchar") => new.modifiers.is_empty(),
        ("numeric", "numeric") => {
            new.modifiers.is_empty()
                || wider(0)
                    && !old.modifiers.is_empty()
                    && old.modifiers.get(1).unwrap_or(&0) == new.modifiers.get(1).unwrap_or(&0)
        }
        ("timestamp" | "timestamptz" | "time" | "timetz" | "interval", new_name) if old.name == new_name => {
            wider(0)
        }
        _ => old == new,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn ty(name: &str, modifiers: &[i64]) -> Ty {
        Ty { name: name.to_owned(), modifiers: modifiers.to_vec(), is_array: false }
    }

    #[test]
    fn wider_bounds_keep_the_rows() {
        for (old, new) in [
            (ty("varchar", &[10]), ty("varchar", &[20])),
            (ty("varchar", &[10]), ty("varchar", &[])),
            (ty("varchar", &[10]), ty("text", &[])),
            (ty("text", &[]), ty("varchar", &[])),
            (ty("numeric", &[10, 2]), ty("numeric", &[12, 2])),
            (ty("numeric", &[10, 2]), ty("numeric", &[])),
            (ty("timestamptz", &[3]), ty("timestamptz", &[6])),
            (ty("timestamptz", &[3]), ty("timestamptz", &[])),
            (ty("cidr", &[]), ty("inet", &[])),
            (ty("int4", &[]), ty("int4", &[])),
        ] {
            assert!(keeps_rows(&old, &new), "{old:?} {new:?}");
        }
    }

    #[test]
    fn all_else_writes_them_anew() {
        for (old, new) in [
            (ty("varchar", &[20]), ty("varchar", &[10])),
            (ty("varchar", &[]), ty("varchar", &[10])),
            (ty("text", &[]), ty("varchar", &[10])),
            (ty("numeric", &[10, 2]), ty("numeric", &[12, 3])),
            (ty("numeric", &[]), ty("numeric", &[12, 3])),
            (ty("timestamp", &[]), ty("timestamptz", &[])),
            (ty("timestamptz", &[6]), ty("timestamptz", &[3])),
            (ty("int4", &[]), ty("int8", &[])),
            (ty("inet", &[]), ty("cidr", &[])),
            (ty("text", &[]), Ty { is_array: true, ..ty("text", &[]) }),
        ] {
            assert!(!keeps_rows(&old, &new), "{old:?} {new:?}");
        }
    }
}
