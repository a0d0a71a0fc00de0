//! The statements of a table, put together from its columns and checks.

use std::collections::{BTreeSet, HashMap};

use super::child;
use super::graph::{Node, Owners};
use crate::catalog::ObjectKind;
use crate::catalog::part::{Address, Column, Part};
use crate::catalog::source::Source;

/// Puts tables and domains together.
pub(super) struct Tables<'s> {
    pub source: &'s Source,
    pub inline_checks: &'s BTreeSet<Address>,
    pub inline_defaults: &'s BTreeSet<u32>,
}

impl Tables<'_> {
    /// Completes the nodes of tables and domains.
    pub(super) fn fill(&self, nodes: &mut [Node], owners: &Owners) {
        let mut columns: HashMap<Address, Vec<&Column>> = HashMap::new();
        for column in &self.source.columns {
            columns.entry(column.relation).or_default().push(column);
        }
        let mut checks: HashMap<u32, Vec<&Part>> = HashMap::new();
        for check in self.source.parts.iter().filter(|p| self.inline_checks.contains(&p.address)) {
            checks.entry(check.parent.unwrap_or_default()).or_default().push(check);
        }
        for part in &self.source.parts {
            let Some(node) = owners.find(part.address) else { continue };
            let own = columns.get(&part.address).map_or(&[][..], Vec::as_slice);
            let checks = checks.get(&part.address.1).map_or(&[][..], Vec::as_slice);
            match part.kind {
                ObjectKind::Table => nodes[node].statements = self.table(part, own, checks),
                ObjectKind::Domain => nodes[node].statements = vec![domain(part, checks)],
                ObjectKind::View | ObjectKind::MaterializedView => {
                    nodes[node].statements.extend(settings(&part.words, own));
                }
                _ => {}
            }
        }
    }

    fn table(&self, part: &Part, columns: &[&Column], checks: &[&Part]) -> Vec<String> {
        if child::stands_apart(self.source, part) {
            return self.child(part, columns, checks);
        }
        let head = part.head.as_deref().unwrap_or_default();
        let tail = part.tail.as_deref().unwrap_or_default();
        let lines: Vec<String> = columns
            .iter()
            .filter(|c| !c.inherited)
            .map(|c| self.column(c))
            .chain(checks.iter().filter_map(|c| c.inline.clone()))
            .collect();
        let body = match lines.is_empty() {
            true => String::new(),
            false => format!("\n    {}\n", lines.join(",\n    ")),
        };
        let mut statements = vec![format!("{head} ({body}){tail}")];
        for column in columns.iter().filter(|c| c.inherited) {
            let (table, name) = (&column.table, &column.name);
            if column.expression.is_none() && column.parent_default {
                statements.push(format!("ALTER TABLE ONLY {table} ALTER COLUMN {name} DROP DEFAULT"));
            }
            if column.not_null.set && column.not_null.local && column.not_null.valid {
                statements.push(column.not_null.statement(table, name));
            }
        }
        statements.extend(settings(&format!("TABLE ONLY {}", part.name), columns));
        statements
    }

    /// A column as its table says it.
    pub(super) fn column(&self, column: &Column) -> String {
        let mut text = self.plain_column(column);
        let own = column.not_null.local || column.partition;
        if column.not_null.set && column.not_null.valid && own {
            text.push(' ');
            text.push_str(&column.not_null.inline());
        }
        text
    }

    /// The same without a word about NULL.
    pub(super) fn plain_column(&self, column: &Column) -> String {
        let mut text = format!("{} {}", column.name, column.typ);
        text.push_str(column.identity.as_deref().unwrap_or_default());
        if let (Some(oid), Some(expression)) = (column.default, &column.expression)
            && self.inline_defaults.contains(&oid)
        {
            text.push_str(if column.generated { " " } else { " DEFAULT " });
            text.push_str(expression);
        }
        text
    }
}

/// One statement for the settings of all columns.
pub(super) fn settings(relation: &str, columns: &[&Column]) -> Option<String> {
    let all: Vec<String> = columns
        .iter()
        .flat_map(|c| c.settings.iter().map(|setting| format!("ALTER COLUMN {} {setting}", c.name)))
        .collect();
    (!all.is_empty()).then(|| format!("ALTER {relation} {}", all.join(", ")))
}

fn domain(part: &Part, checks: &[&Part]) -> String {
    let mut text = part.head.clone().unwrap_or_default();
    for check in checks.iter().filter_map(|c| c.inline.as_deref()) {
        text.push(' ');
        text.push_str(check);
    }
    text
}
