//! REFRESH MATERIALIZED VIEW in the body of a function: in the shared shape it empties and fills the tenant's rows, one
//! session of the tenant's after the other, as the server's own would. Every name is qualified, so that the owner's rights
//! reach nothing else.

use super::Scene;
use crate::ident;
use crate::model::SCHEMA_PLACEHOLDER;
use crate::refuse::Refuse;
use crate::statement::query_name;
use crate::tokens::{Edits, Tokens};

/// Writes the statement out.
pub(super) fn pass(tokens: &Tokens<'_>, scene: &Scene<'_>, edits: &mut Edits) -> Result<(), Refuse> {
    if !scene.in_body {
        return Ok(());
    }
    let is_plpgsql = tokens.list.iter().any(|t| t.name == "begin" && !t.is_quoted);
    let call = if is_plpgsql { "PERFORM" } else { "SELECT" };
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
        let own = |name: &str| format!("{SCHEMA_PLACEHOLDER}.{}", ident::quote(name));
        let (table, query) = (own(name), own(&query_name(name)));
        let mut text =
            format!("{call} tenantry.lock_refresh({}); DELETE FROM {table}", ident::literal(&table));
        if !empties {
            text.push_str(&format!("; INSERT INTO {table} SELECT * FROM {query}"));
        }
        let range = tokens.list[i].range.start..tokens.list[end - 1].range.end;
        edits.replace(range, text);
    }
    Ok(())
}
