//! Which objects are dropped, made and changed, and in which order.

use std::collections::{BTreeMap, BTreeSet};

use super::{Step, change, column, types};
use crate::catalog::inspect::Script;
use crate::catalog::kind::{Key, ObjectKind};
use crate::catalog::{Catalog, Object};

/// An object with what it takes to mend it.
#[derive(Clone, Copy)]
pub(super) struct Known<'a> {
    pub object: &'a Object,
    pub script: &'a Script,
}

pub(super) type Index<'a> = BTreeMap<Key, Known<'a>>;

/// What happens to the objects of a schema.
pub(super) struct Plan<'a> {
    pub expected: Index<'a>,
    pub found: Index<'a>,
    /// Dropped by a statement of its own.
    pub dropped: BTreeSet<Key>,
    /// Gone with what it was a part of.
    pub implied: BTreeSet<Key>,
    /// Made, from nothing or again.
    built: BTreeSet<Key>,
    /// Changed in its place.
    changed: BTreeMap<Key, Vec<Step>>,
    /// Types made anew under the columns that have them.
    retyped: BTreeSet<Key>,
    /// Columns whose default is taken off before anything is dropped.
    without_default: BTreeSet<Key>,
}

impl<'a> Plan<'a> {
    pub fn new(expected: &'a Catalog, found: &'a Catalog) -> Self {
        let mut plan = Self {
            expected: index(expected),
            found: index(found),
            dropped: BTreeSet::new(),
            implied: BTreeSet::new(),
            built: BTreeSet::new(),
            changed: BTreeMap::new(),
            retyped: BTreeSet::new(),
            without_default: BTreeSet::new(),
        };
        plan.compare();
        plan.follow();
        plan
    }

    /// What differs by itself.
    fn compare(&mut self) {
        for (key, expected) in &self.expected {
            match self.found.get(key) {
                None => {
                    self.built.insert(key.clone());
                }
                Some(found) if found.object.definition == expected.object.definition => {}
                Some(found) => match change::in_place(*expected, *found) {
                    change::Way::Steps(steps) => {
                        self.changed.insert(key.clone(), steps);
                    }
                    change::Way::Retype => {
                        self.retyped.insert(key.clone());
                    }
                    change::Way::Again => {
                        self.dropped.insert(key.clone());
                        self.built.insert(key.clone());
                    }
                },
            }
        }
        let extra = self.found.keys().filter(|k| !self.expected.contains_key(*k));
        self.dropped.extend(extra.cloned());
    }

    /// What has to make room: parts of what goes, and whatever needs something that goes or changes its type.
    fn follow(&mut self) {
        let mut moving: BTreeSet<Key> = self.dropped.clone();
        moving.extend(self.retyped.iter().cloned());
        moving.extend(self.changed.iter().filter(|(_, s)| column::rewrites(s)).map(|(k, _)| k.clone()));
        loop {
            let mut more = Vec::new();
            let mut bare = Vec::new();
            for (key, known) in &self.found {
                if moving.contains(key) && !self.is_shaken(key) {
                    continue;
                }
                let parent = known.script.parent.as_ref();
                if parent.is_some_and(|p| self.goes(p)) {
                    if !self.implied.contains(key) {
                        more.push((key.clone(), true));
                    }
                } else if self.stands_in_the_way(key, known, &moving) {
                    more.push((key.clone(), false));
                } else if key.kind == ObjectKind::Column && self.loses_its_default(key, known, &moving) {
                    bare.push(key.clone());
                }
            }
            self.without_default.extend(bare);
            if more.is_empty() {
                return;
            }
            for (key, implied) in more {
                if implied {
                    self.dropped.remove(&key);
                    self.implied.insert(key.clone());
                } else {
                    self.dropped.insert(key.clone());
                }
                self.changed.remove(&key);
                self.retyped.remove(&key);
                if self.expected.contains_key(&key) {
                    self.built.insert(key.clone());
                }
                moving.insert(key);
            }
        }
    }

    /// Moves already, but may still turn out to be a part of something that goes.
    fn is_shaken(&self, key: &Key) -> bool {
        self.dropped.contains(key) || self.changed.contains_key(key) || self.retyped.contains(key)
    }

    /// Whether the object is no more once the drops have run.
    fn goes(&self, key: &Key) -> bool {
        self.dropped.contains(key) || self.implied.contains(key) || self.retyped.contains(key)
    }

    fn stands_in_the_way(&self, key: &Key, known: &Known<'_>, moving: &BTreeSet<Key>) -> bool {
        if self.goes(key) {
            return false;
        }
        let script = known.script;
        let parent = script.parent.as_ref();
        let mut needed = script.needs.iter().filter(|n| moving.contains(*n) && Some(*n) != parent);
        match key.kind {
            ObjectKind::Table | ObjectKind::Sequence => false,
            ObjectKind::Column => {
                let generated = script.column.as_ref().is_some_and(|f| f.generated);
                generated && needed.next().is_some()
            }
            // The server adapts indexes and constraints to a column's new type by itself.
            _ if is_adapted(key.kind) => {
                needed.any(|n| n.kind != ObjectKind::Column || self.dropped.contains(n))
            }
            _ => needed.next().is_some(),
        }
    }

    /// Whether the column's default calls what is about to go.
    fn loses_its_default(&self, key: &Key, known: &Known<'_>, moving: &BTreeSet<Key>) -> bool {
        let has_default =
            known.script.column.as_ref().is_some_and(|c| c.expression.is_some() && !c.generated);
        has_default
            && !self.goes(key)
            && known
                .script
                .needs
                .iter()
                .any(|n| moving.contains(n) && self.dropped.contains(n) && !types::is_type(n.kind))
    }

    /// The statements in their order.
    pub fn steps(&self) -> Vec<Step> {
        let mut steps = Vec::new();
        for key in &self.without_default {
            steps.extend(column::drop_default(self.found.get(key)));
        }
        steps.extend(self.drops());
        let mut attach = [Vec::new(), Vec::new()];
        let mut later = Vec::new();
        for key in self.build_order() {
            let Some(known) = self.expected.get(key) else { continue };
            if let Some(changed) = self.changed.get(key) {
                steps.extend(changed.iter().cloned());
                continue;
            }
            if self.retyped.contains(key) {
                steps.extend(types::replace(key, *known, &self.expected, &self.found));
                continue;
            }
            if self.is_made_with_parent(key, known) {
                continue;
            }
            if key.kind == ObjectKind::Other {
                steps.push(Step::losing(format!("-- make by hand: {}", key.name), "it can't be scripted"));
            }
            let forced =
                if key.kind == ObjectKind::ForeignKey { self.forced_tables(known) } else { BTreeSet::new() };
            steps.extend(
                forced.iter().map(|t| Step::new(format!("ALTER TABLE {t} NO FORCE ROW LEVEL SECURITY"))),
            );
            steps.extend(known.script.make.iter().map(Step::new));
            steps.extend(
                forced.iter().map(|t| Step::new(format!("ALTER TABLE {t} FORCE ROW LEVEL SECURITY"))),
            );
            let early = matches!(key.kind, ObjectKind::Table | ObjectKind::Sequence);
            attach[usize::from(!early)].extend(known.script.attach.iter().map(Step::new));
            later.extend(known.script.later.iter().map(Step::new));
        }
        for key in &self.without_default {
            steps.extend(column::set_default(self.expected.get(key), self.found.get(key)));
        }
        let [early, late] = attach;
        // Partitions and sequences are tied to their tables before anything refers to these.
        let at = steps.iter().position(|s| s.sql.contains(" FOREIGN KEY ")).unwrap_or(steps.len());
        steps.splice(at..at, early);
        steps.extend(late);
        steps.extend(later);
        steps
    }

    /// The tables of a foreign key whose owner is bound by row-level security: the server could not check the rows there
    /// are, which it does with the owner's rights.
    fn forced_tables(&self, key: &Known<'_>) -> BTreeSet<String> {
        let parents = key.script.needs.iter().filter_map(|need| {
            let parent = self.expected.get(need).and_then(|k| k.script.parent.as_ref());
            parent.or(Some(need)).filter(|p| p.kind == ObjectKind::Table)
        });
        parents
            .filter(|table| {
                let found = self.found.get(*table);
                found.is_some_and(|f| f.script.later.iter().any(|s| s.ends_with(" FORCE ROW LEVEL SECURITY")))
            })
            .map(|table| table.name.clone())
            .collect()
    }

    /// Columns stand in the statement of a table that is made.
    fn is_made_with_parent(&self, key: &Key, known: &Known<'_>) -> bool {
        key.kind == ObjectKind::Column
            && known
                .script
                .parent
                .as_ref()
                .is_some_and(|p| p.kind == ObjectKind::Table && self.built.contains(p))
    }

    /// Dependents first.
    fn drops(&self) -> Vec<Step> {
        let mut left: Vec<&Key> = self.dropped.iter().rev().collect();
        let mut steps = Vec::new();
        while !left.is_empty() {
            let needed =
                |key: &Key| left.iter().any(|k| *k != key && self.found[*k].script.needs.contains(key));
            // In a ring the order is no help: the server says what is wrong.
            let at = left.iter().position(|key| !needed(key)).unwrap_or(0);
            let key = left.remove(at);
            steps.extend(change::drop(key, &self.found[key], self.expected.contains_key(key)));
        }
        steps
    }

    /// What others need first; else by kind and name.
    fn build_order(&self) -> Vec<&Key> {
        let mut left: Vec<&Key> = self.built.iter().chain(self.changed.keys()).chain(&self.retyped).collect();
        left.sort();
        left.dedup();
        let mut order = Vec::new();
        while !left.is_empty() {
            let waits = |key: &Key| {
                let needs = self.expected.get(key).map_or(&[][..], |k| &k.script.needs);
                // Columns of a table that is made are made with it.
                needs.iter().any(|n| *n != *key && left.contains(&n))
                    || key.kind == ObjectKind::Table
                        && self.built.contains(key)
                        && self.columns_wait(key, &left)
            };
            let at = left.iter().position(|key| !waits(key)).unwrap_or(0);
            order.push(left.remove(at));
        }
        order
    }

    /// Whether a column of a table that is to be made needs something that is not there yet.
    fn columns_wait(&self, table: &Key, left: &[&Key]) -> bool {
        let columns = left.iter().filter(|k| k.kind == ObjectKind::Column);
        columns.filter_map(|k| self.expected.get(*k)).any(|column| {
            column.script.parent.as_ref() == Some(table)
                && column
                    .script
                    .needs
                    .iter()
                    .any(|n| n != table && n.kind < ObjectKind::Table && left.contains(&n))
        })
    }
}

/// Kinds that follow a column's new type without being made again.
fn is_adapted(kind: ObjectKind) -> bool {
    matches!(
        kind,
        ObjectKind::Check
            | ObjectKind::PrimaryKey
            | ObjectKind::Unique
            | ObjectKind::Exclusion
            | ObjectKind::Index
            | ObjectKind::ForeignKey
            | ObjectKind::Statistics
            | ObjectKind::Comment
    )
}

fn index(catalog: &Catalog) -> Index<'_> {
    let known = |object| -> Option<(Key, Known<'_>)> {
        let object: &Object = object;
        let script = object.script.as_deref().unwrap_or(&EMPTY);
        (object.kind != ObjectKind::Rights).then(|| (object.key(), Known { object, script }))
    };
    catalog.objects.iter().filter_map(known).collect()
}

/// Of objects that no script can make.
static EMPTY: Script = Script::EMPTY;
