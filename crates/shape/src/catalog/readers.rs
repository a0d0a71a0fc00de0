//! Views and materialized views by what they read: CASCADE takes them along.

use pg_query::protobuf::Node;

use super::Catalog;
use crate::ast;

/// What a view's query names.
#[derive(Clone, Debug, Default)]
pub(crate) struct Reads {
    pub relations: Vec<String>,
    /// Columns, on whatever relation; `*` for a star.
    columns: Vec<String>,
}

impl Reads {
    /// What a query names.
    pub fn of(query: Option<&Node>) -> Self {
        let json = serde_json::to_value(query).unwrap_or_default();
        let mut columns = Vec::new();
        ast::walk(&json, &mut |kind, content| {
            if kind == "ColumnRef" {
                let last = content.get("fields").and_then(|f| f.as_array()).and_then(|f| f.last());
                let name = last.and_then(|f| f.pointer("/node/String/sval")).and_then(|v| v.as_str());
                columns.push(name.unwrap_or("*").to_owned());
            }
        });
        Self { relations: crate::statement::tables_named(&json), columns }
    }
}

impl Catalog {
    /// The views and materialized views that read a relation, and those that read them.
    pub fn readers(&self, relation: &str) -> Vec<String> {
        self.with_their_readers(self.direct(relation))
    }

    /// Those that read this column of a table, as far as names tell.
    pub fn readers_of_column(&self, table: &str, column: &str) -> Vec<String> {
        let names = |reader: &String| {
            let reads = self.views.get(reader).map(|v| &v.reads);
            let reads = reads.or_else(|| self.tables.get(reader).map(|t| &t.reads));
            reads.is_some_and(|r| r.columns.iter().any(|c| c == column || c == "*"))
        };
        let direct = self.direct(table).into_iter().filter(names).collect();
        self.with_their_readers(direct)
    }

    fn with_their_readers(&self, mut found: Vec<String>) -> Vec<String> {
        let mut at = 0;
        while let Some(relation) = found.get(at).cloned() {
            for reader in self.direct(&relation) {
                if !found.contains(&reader) {
                    found.push(reader);
                }
            }
            at += 1;
        }
        found
    }

    fn direct(&self, relation: &str) -> Vec<String> {
        let views = self.views.iter().map(|(name, v)| (name, &v.reads));
        let materialized = self.tables.values().map(|t| (&t.name, &t.reads));
        let reading = views.chain(materialized).filter(|(_, r)| r.relations.iter().any(|x| x == relation));
        reading.map(|(name, _)| name.clone()).collect()
    }

    /// Forgets views that CASCADE took along; returns the materialized ones.
    pub fn drop_readers(&mut self, readers: &[String]) -> Vec<String> {
        let mut materialized = Vec::new();
        for reader in readers {
            self.views.remove(reader);
            self.forget_policies_on(reader);
            if self.tables.get(reader).is_some_and(|t| t.materialized) {
                self.drop_table(reader);
                materialized.push(reader.clone());
            }
        }
        materialized
    }
}
