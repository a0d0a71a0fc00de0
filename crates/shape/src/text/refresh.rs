//! REFRESH MATERIALIZED VIEW in the body of a function: in the shared shape it empties and fills the tenant's rows.

use super::Scene;
use crate::ident;
use crate::refuse::Refuse;
use crate::statement::query_name;
use crate::tokens::{Edits, Tokens};

/// Writes the statement out.
pub(super) fn pass(tokens: &Tokens<'_>, scene: &Scene<'_>, edits: &mut Edits) -> Result<(), Refuse> {
    if !scene.in_body {
        return Ok(());
    }
    for i in 0..tokens.list.len() {
        if !tokens.are(i, &["refresh", "materialized", "view"]) {
            continue;
        }
        let at = if tokens.is(i + 3, "concurrently") { i + 4 } else { i + 3 };
        let Some((parts, mut end)) = tokens.qualified(at) else { continue };
        let name = parts.last().map(String::as_str).unwrap_or_default();
        if !scene.catalog.tables.get(name).is_some_and(|t| t.materialized) {
            return Err(Refuse::unknown(format!("materialized view {name}")));
        }
        let empties = tokens.are(end, &["with", "no", "data"]);
        if empties {
            end += 3;
        } else if tokens.are(end, &["with", "data"]) {
            end += 2;
        }
        let schema: String =
            parts.iter().take(parts.len() - 1).map(|p| format!("{}.", ident::quote(p))).collect();
        let (table, query) = (ident::quote(name), ident::quote(&query_name(name)));
        let mut text = format!("DELETE FROM {schema}{table}");
        if !empties {
            text.push_str(&format!("; INSERT INTO {schema}{table} SELECT * FROM {schema}{query}"));
        }
        let range = tokens.list[i].range.start..tokens.list[end - 1].range.end;
        edits.replace(range, text);
    }
    Ok(())
}
