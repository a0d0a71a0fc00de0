//! Tables with their partitions and children.

use super::{Catalog, Constraint, ConstraintKind};

impl Catalog {
    /// The table itself, its partitions and children, and theirs.
    pub fn family(&self, name: &str) -> Vec<String> {
        let mut found = vec![name.to_owned()];
        let mut at = 0;
        while let Some(parent) = found.get(at).cloned() {
            for child in self.children(&parent) {
                if !found.contains(&child) {
                    found.push(child);
                }
            }
            at += 1;
        }
        found
    }

    /// The tables right below this one.
    pub fn children(&self, name: &str) -> Vec<String> {
        self.tables
            .values()
            .filter(|t| t.parent.as_deref() == Some(name) || t.inherits.iter().any(|p| p == name))
            .map(|t| t.name.clone())
            .collect()
    }

    /// The partitions right below this table.
    pub fn partitions(&self, name: &str) -> Vec<String> {
        self.tables.values().filter(|t| t.parent.as_deref() == Some(name)).map(|t| t.name.clone()).collect()
    }

    /// Gives the children of a table a constraint that it has got, under the same name.
    pub fn pass_on(&mut self, table: &str, constraint: &Constraint) {
        let inherited = Constraint { of_parent: Some(constraint.name.clone()), ..constraint.clone() };
        for child in self.family(table).into_iter().skip(1) {
            if let Some(t) = self.tables.get_mut(&child)
                && t.constraint(&constraint.name).is_none()
            {
                t.constraints.push(inherited.clone());
            }
        }
    }

    /// Forgets a constraint, and what the table's children have of it.
    pub fn drop_constraint(&mut self, table: &str, name: &str) {
        if let Some(t) = self.tables.get_mut(table) {
            t.drop_constraint(name);
        }
        for child in self.children(table) {
            for own in self.parts_of(&child, name) {
                self.drop_constraint(&child, &own);
            }
        }
    }

    /// Forgets an index, and the indexes of partitions that are parts of it.
    pub fn drop_index(&mut self, table: &str, name: &str) {
        if let Some(t) = self.tables.get_mut(table) {
            t.indexes.retain(|i| i.name != name);
        }
        for child in self.partitions(table) {
            for own in self.parts_of(&child, name) {
                self.drop_index(&child, &own);
            }
        }
    }

    /// Gives a check another name, in the children too; a key's and an index's parts keep theirs.
    pub fn rename_constraint(&mut self, table: &str, old: &str, new: &str) {
        let Some(t) = self.tables.get_mut(table) else { return };
        let is_check = t.constraint(old).is_some_and(|c| c.kind == ConstraintKind::Check);
        t.rename_constraint(old, new);
        for child in self.children(table) {
            let parts = self.parts_of(&child, old);
            let Some(t) = self.tables.get_mut(&child) else { continue };
            for c in t.constraints.iter_mut().filter(|c| c.of_parent.as_deref() == Some(old)) {
                c.of_parent = Some(new.to_owned());
            }
            for i in t.indexes.iter_mut().filter(|i| i.of_parent.as_deref() == Some(old)) {
                i.of_parent = Some(new.to_owned());
            }
            if is_check {
                parts.iter().for_each(|own| self.rename_constraint(&child, own, new));
            }
        }
    }

    /// The names of what a child has of its parent's index or constraint.
    fn parts_of(&self, child: &str, name: &str) -> Vec<String> {
        let Some(t) = self.tables.get(child) else { return Vec::new() };
        let constraints =
            t.constraints.iter().filter(|c| c.of_parent.as_deref() == Some(name)).map(|c| &c.name);
        let indexes = t.indexes.iter().filter(|i| i.of_parent.as_deref() == Some(name)).map(|i| &i.name);
        let mut names: Vec<String> = constraints.chain(indexes).cloned().collect();
        names.sort();
        names.dedup();
        names
    }
}
