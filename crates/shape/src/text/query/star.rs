//! Stars written out: the tenant column must not appear among what a query selects.

use serde_json::Value;

use super::Query;
use super::columns::{self, Visible};
use crate::catalog::Catalog;
use crate::ident;
use crate::refuse::Refuse;
use crate::tokens::{Edits, Tokens};

/// Writes the stars of one query out.
pub(super) fn expand(
    query: &Query<'_>,
    (tokens, offset): (&Tokens<'_>, usize),
    catalog: &Catalog,
    edits: &mut Edits,
) -> Result<(), Refuse> {
    for target in query.json.get("target_list").and_then(Value::as_array).into_iter().flatten() {
        let Some(target) = target.pointer("/node/ResTarget") else { continue };
        let Some(qualifier) = columns::star_of(target) else { continue };
        if !columns::may_show_tenants(query.json) {
            continue;
        }
        let place =
            target.pointer("/val/node/ColumnRef/location").and_then(Value::as_u64).unwrap_or_default();
        let Some(list) = columns::of_star(query.json, qualifier, &query.scope, catalog) else {
            if columns::tables(query.json, &query.scope, catalog).is_empty() {
                continue;
            }
            return Err(Refuse::shared(
                "SELECT * over tables whose columns can't all be worked out",
                "write the columns out",
            ));
        };
        let start = offset + usize::try_from(place).unwrap_or_default();
        let first = tokens.list.iter().position(|t| t.range.start == start);
        let star = first.and_then(|i| (i..tokens.list.len()).find(|at| tokens.symbol(*at, '*')));
        let Some(end) = star.and_then(|i| tokens.list.get(i)).map(|t| t.range.end) else { continue };
        edits.replace(start..end, list.iter().map(written).collect::<Vec<_>>().join(", "));
    }
    Ok(())
}

fn written(column: &Visible) -> String {
    if column.qualifier.is_empty() {
        return ident::quote(&column.name);
    }
    format!("{}.{}", ident::quote(&column.qualifier), ident::quote(&column.name))
}
