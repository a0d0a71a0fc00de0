//! `GROUP BY id` lets a query select the other columns of the table because they depend on its key. In the
//! shared shape the key has the tenant column too, so that has to stand in the list.

use serde_json::Value;

use super::Query;
use super::columns::{self, text};
use crate::catalog::Table;
use crate::ident;
use crate::text::Scene;
use crate::tokens::Edits;

/// A column in the list of GROUP BY.
struct Grouped {
    qualifier: String,
    name: String,
    place: usize,
}

/// Adds the tenant column of each table whose primary key is grouped by.
pub(super) fn extend(query: &Query<'_>, offset: usize, scene: &Scene<'_>, edits: &mut Edits) {
    let grouped = grouped(query.json);
    let tables = columns::tables(query.json, &query.scope, scene.catalog);
    let tenant = &scene.options.tenant_column;
    for (called, table) in &tables {
        let Some(key) = table.primary_key().filter(|k| !k.contains(tenant)) else { continue };
        let of_table: Vec<&Grouped> = grouped.iter().filter(|g| belongs(g, called, table, &tables)).collect();
        let covers = key.iter().all(|k| of_table.iter().any(|g| &g.name == k));
        let present =
            grouped.iter().any(|g| &g.name == tenant && (g.qualifier.is_empty() || &g.qualifier == called));
        if let (true, false, Some(first)) = (covers, present, of_table.first()) {
            edits
                .insert(offset + first.place, format!("{}.{}, ", ident::quote(called), ident::quote(tenant)));
        }
    }
}

fn belongs(g: &Grouped, called: &str, table: &Table, tables: &[(String, &Table)]) -> bool {
    if g.qualifier.is_empty() {
        let holders = tables.iter().filter(|(_, t)| t.column(&g.name).is_some()).count();
        return holders == 1 && table.column(&g.name).is_some();
    }
    g.qualifier == called
}

fn grouped(query: &Value) -> Vec<Grouped> {
    let items = query.get("group_clause").and_then(Value::as_array);
    items.into_iter().flatten().filter_map(|item| one(item, query)).collect()
}

/// A plain column, or the number or the name of one in the target list.
fn one(item: &Value, query: &Value) -> Option<Grouped> {
    if let Some(number) = item.pointer("/node/AConst/val/Ival/ival").and_then(Value::as_u64) {
        let place = location(item.pointer("/node/AConst")?);
        let index = usize::try_from(number).ok()?.checked_sub(1)?;
        let target = query.get("target_list")?.get(index)?;
        return column(target.pointer("/node/ResTarget/val")?).map(|g| Grouped { place, ..g });
    }
    let written = column(item)?;
    if !written.qualifier.is_empty() {
        return Some(written);
    }
    let targets = query.get("target_list")?.as_array()?;
    let named =
        targets.iter().filter_map(|t| t.pointer("/node/ResTarget")).find(|t| text(t, "name") == written.name);
    match named.and_then(|t| column(t.get("val")?)) {
        Some(meant) => Some(Grouped { place: written.place, ..meant }),
        None => Some(written),
    }
}

fn column(item: &Value) -> Option<Grouped> {
    let reference = item.pointer("/node/ColumnRef")?;
    let mut fields = columns::strings(reference.get("fields"));
    let name = fields.pop()?;
    Some(Grouped { qualifier: fields.pop().unwrap_or_default(), name, place: location(reference) })
}

fn location(json: &Value) -> usize {
    json.get("location").and_then(Value::as_u64).and_then(|l| usize::try_from(l).ok()).unwrap_or_default()
}
