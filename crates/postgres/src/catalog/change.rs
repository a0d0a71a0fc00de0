//! Intended changes of one schema, kept with both sides of each, and laid over what a template holds: pure.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use super::{Catalog, Key, Object};

/// An object before and after somebody changed it on purpose.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Change {
    /// The object.
    #[serde(flatten)]
    pub key: Key,
    /// What it was; none where it was added.
    before: Option<Object>,
    /// What it became; none where it was dropped.
    after: Option<Object>,
}

impl Change {
    /// `added`, `changed` or `dropped`.
    pub const fn verb(&self) -> &'static str {
        match (&self.before, &self.after) {
            (None, _) => "added",
            (_, None) => "dropped",
            _ => "changed",
        }
    }
}

impl Change {
    /// Whether the object is no longer as the change made it.
    pub fn is_undone(&self, found: &Catalog) -> bool {
        let held = found.objects.iter().find(|o| o.kind == self.key.kind && o.name == self.key.name);
        held.map(|o| &o.definition) != self.after.as_ref().map(|o| &o.definition)
    }
}

impl Catalog {
    /// Whether both hold this object alike, or both don't hold it.
    pub fn agrees(&self, other: &Catalog, key: &Key) -> bool {
        let of = |catalog: &Catalog| -> Option<String> {
            let object = catalog.objects.iter().find(|o| o.kind == key.kind && o.name == key.name);
            object.map(|o| o.definition.clone())
        };
        of(self) == of(other)
    }

    /// This catalog as it was before these changes.
    #[must_use]
    pub fn without_changes(&self, changes: &[Change]) -> Catalog {
        let back =
            |c: &Change| Change { key: c.key.clone(), before: c.after.clone(), after: c.before.clone() };
        let back: Vec<Change> = changes.iter().rev().map(back).collect();
        self.with_changes(&back, self)
    }

    /// Every object that is not the same in the schema as it became.
    pub fn changes(&self, after: &Catalog) -> Vec<Change> {
        let (old, new) = (by_key(self), by_key(after));
        let mut all = Vec::new();
        for (key, before) in &old {
            let now = new.get(key);
            if now.is_none_or(|n| n.definition != before.definition) {
                let (before, after) = (Some((*before).clone()), now.map(|n| (*n).clone()));
                all.push(Change { key: key.clone(), before, after });
            }
        }
        for (key, now) in new.iter().filter(|(key, _)| !old.contains_key(*key)) {
            all.push(Change { key: (*key).clone(), before: None, after: Some((*now).clone()) });
        }
        all
    }

    /// This catalog as it should be in a schema with these changes, one after the other. Where the template has moved on
    /// under a change, the schema may hold the one or the other.
    #[must_use]
    pub fn with_changes(&self, changes: &[Change], found: &Catalog) -> Catalog {
        let found = by_key(found);
        let mut objects = self.objects.clone();
        for change in changes {
            let at = objects.iter().position(|o| o.kind == change.key.kind && o.name == change.key.name);
            let now = at.map(|at| &objects[at]);
            let moved_on = match (&change.before, now) {
                (None, None) => false,
                (Some(before), Some(now)) => {
                    before.definition != now.definition
                        && change.after.as_ref().is_none_or(|a| a.definition != now.definition)
                }
                // Added by the template too, or gone from it.
                _ => true,
            };
            let held = found.get(&change.key).map(|o| o.definition.as_str());
            if moved_on && held == now.map(|n| n.definition.as_str()) {
                continue;
            }
            match (at, &change.after) {
                (Some(at), Some(after)) => objects[at] = after.clone(),
                (Some(at), None) => {
                    objects.remove(at);
                }
                (None, Some(after)) if change.before.is_none() || held.is_some() => {
                    objects.push(after.clone())
                }
                (None, _) => {}
            }
        }
        objects.sort_by(|a, b| (a.kind, a.sort_name()).cmp(&(b.kind, b.sort_name())));
        Catalog { objects }
    }
}

fn by_key(catalog: &Catalog) -> BTreeMap<Key, &Object> {
    catalog.objects.iter().map(|o| (o.key(), o)).collect()
}

#[cfg(test)]
mod tests {
    use super::super::{ObjectKind, mark};
    use super::*;

    fn catalog(objects: &[(&str, &str)]) -> Catalog {
        let object = |(name, definition): &(&str, &str)| {
            Object::new(ObjectKind::View, (*name).to_owned(), &mark::shown(definition))
        };
        Catalog { objects: objects.iter().map(object).collect() }
    }

    fn check(template: &[(&str, &str)], found: &[(&str, &str)], expect: &[(&str, &str)]) {
        let changes = catalog(&[("a", "1"), ("b", "1"), ("c", "1")]).changes(&catalog(&[
            ("a", "2"),
            ("c", "1"),
            ("d", "1"),
        ]));
        assert_eq!(
            catalog(template).with_changes(&changes, &catalog(found)),
            catalog(expect),
            "{template:?}"
        );
    }

    #[test]
    fn changes_lie_over_the_template() {
        let varied = [("a", "2"), ("c", "1"), ("d", "1")];
        check(&[("a", "1"), ("b", "1"), ("c", "1")], &varied, &varied);
        // What has gone again is missed.
        check(&[("a", "1"), ("b", "1"), ("c", "1")], &[], &varied);
    }

    #[test]
    fn a_template_that_moves_on() {
        // `a` became something else: the tenant may have that or its own.
        check(&[("a", "3"), ("c", "1")], &[("a", "3"), ("d", "1")], &[("a", "3"), ("c", "1"), ("d", "1")]);
        check(&[("a", "3"), ("c", "1")], &[("a", "2"), ("d", "1")], &[("a", "2"), ("c", "1"), ("d", "1")]);
        // `a` is gone from both.
        check(&[("c", "1")], &[("c", "1"), ("d", "1")], &[("c", "1"), ("d", "1")]);
    }
}
