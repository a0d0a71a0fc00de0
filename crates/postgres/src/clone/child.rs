//! Children (INHERITS) that one `CREATE TABLE` can't make as they are: their parents got columns when the child had some of its
//! own, or forbid NULL under another name than the child does.
//!
//! Such a child is made from a table that stands in for its parents, column by column in its own order; then the parents take
//! that one's place, by which inherited columns stay inherited.

use super::table::{Tables, settings};
use crate::catalog::ObjectKind;
use crate::catalog::part::{Column, Part};
use crate::catalog::source::Source;

/// What the tail of a child's statement begins with.
const INHERITS: &str = " INHERITS (";
/// Stands in for the parents, and is gone when the child is made. No migration's table is called so.
const STAND_IN: &str = "\"!tenantry_parent\"";

/// Whether a table inherits, and `CREATE TABLE ... INHERITS` would make another one.
pub(super) fn stands_apart(source: &Source, table: &Part) -> bool {
    let parents = parents(table).0;
    if parents.is_empty() {
        return false;
    }
    let own: Vec<&Column> = source.columns.iter().filter(|c| c.relation == table.address).collect();
    if own.iter().any(|c| c.not_null_apart) {
        return true;
    }
    let mut order: Vec<&str> = Vec::new();
    for name in above(source, &parents).chain(own.iter().copied()).map(|c| c.name.as_str()) {
        if !order.contains(&name) {
            order.push(name);
        }
    }
    !own.iter().map(|c| c.name.as_str()).eq(order)
}

/// The columns of these tables.
fn above<'s>(source: &'s Source, tables: &'s [&'s str]) -> impl Iterator<Item = &'s Column> {
    tables.iter().flat_map(|t| source.columns.iter().filter(move |c| c.of_table && c.table == *t))
}

/// Every table that inherits from this one, at any depth, and stands apart.
pub(super) fn below<'s>(source: &'s Source, table: &Part) -> Vec<&'s Part> {
    let is_table =
        |p: &&Part| p.kind == ObjectKind::Table && !p.tail.as_deref().unwrap_or_default().is_empty();
    let mut names = vec![table.name.as_str()];
    let mut found: Vec<&Part> = Vec::new();
    while let Some(name) = names.pop() {
        let children = source.parts.iter().filter(is_table).filter(|p| parents(p).0.contains(&name));
        for child in children.filter(|c| !found.iter().any(|f| f.address == c.address)).collect::<Vec<_>>() {
            found.push(child);
            names.push(&child.name);
        }
    }
    found.retain(|child| stands_apart(source, child));
    found
}

/// The parents of a table in their order, quoted, and what follows them in its statement.
fn parents(table: &Part) -> (Vec<&str>, &str) {
    let tail = table.tail.as_deref().unwrap_or_default();
    let Some(list) = tail.strip_prefix(INHERITS) else { return (Vec::new(), tail) };
    let (mut parents, mut from, mut quoted) = (Vec::new(), 0, false);
    for (at, c) in list.char_indices() {
        match c {
            '"' => quoted = !quoted,
            ',' | ')' if !quoted => {
                parents.push(list[from..at].trim_start());
                from = at + 1;
                if c == ')' {
                    break;
                }
            }
            _ => {}
        }
    }
    (parents, &list[from..])
}

impl Tables<'_> {
    /// The statements of a child that stands apart.
    pub(super) fn child(&self, part: &Part, columns: &[&Column], checks: &[&Part]) -> Vec<String> {
        let (parents, rest) = parents(part);
        let (name, head) = (&part.name, part.head.as_deref().unwrap_or_default());
        let mut statements =
            vec![format!("CREATE TABLE {STAND_IN} ()"), format!("{head} (){INHERITS}{STAND_IN}){rest}")];
        for column in columns {
            let not_null = column.not_null_named.as_ref().map(|n| format!(" {n}")).unwrap_or_default();
            if !column.inherited {
                statements.push(format!("ALTER TABLE {name} ADD COLUMN {}", self.column(column)));
                // The parents have it too: merged.
                if above(self.source, &parents).any(|c| c.name == column.name) {
                    let text = format!("{} {}{not_null}", column.name, column.typ);
                    statements.push(format!("ALTER TABLE {STAND_IN} ADD COLUMN {text}"));
                }
                continue;
            }
            let text = self.plain_column(column);
            statements.push(format!("ALTER TABLE {STAND_IN} ADD COLUMN {text}{not_null}"));
            let local = column.not_null.is_constraint && column.not_null.local && column.not_null.valid;
            if let Some(named) = column.not_null_named.as_deref().filter(|_| local) {
                statements.push(format!("ALTER TABLE {name} ADD {named} {}", column.name));
            }
        }
        // Its own first: what the parents check too is then merged with it.
        let own = checks.iter().filter_map(|c| c.inline.as_deref());
        statements.extend(own.map(|check| format!("ALTER TABLE {name} ADD {check}")));
        let above = self.checks_of(&parents);
        statements.extend(above.iter().map(|check| format!("ALTER TABLE {STAND_IN} ADD {check}")));
        statements.extend(parents.iter().map(|parent| format!("ALTER TABLE {name} INHERIT {parent}")));
        statements.push(format!("ALTER TABLE {name} NO INHERIT {STAND_IN}"));
        statements.push(format!("DROP TABLE {STAND_IN}"));
        statements.extend(settings(&format!("TABLE ONLY {name}"), columns));
        statements
    }

    /// The checks that tables have when children of theirs are made, with those of their own parents.
    fn checks_of(&self, tables: &[&str]) -> Vec<&str> {
        let mut found: Vec<&str> = Vec::new();
        let mut names: Vec<&str> = tables.to_vec();
        while let Some(name) = names.pop() {
            let Some(table) =
                self.source.parts.iter().find(|p| p.kind == ObjectKind::Table && p.name == name)
            else {
                continue;
            };
            let of_table = self.source.parts.iter().filter(|p| {
                p.kind == ObjectKind::Check
                    && p.parent == Some(table.address.1)
                    && self.inline_checks.contains(&p.address)
            });
            let texts = of_table.filter_map(|c| c.inline.as_deref()).filter(|c| !c.ends_with(" NO INHERIT"));
            for text in texts {
                if !found.contains(&text) {
                    found.push(text);
                }
            }
            names.extend(parents(table).0);
        }
        found
    }
}
