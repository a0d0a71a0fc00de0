//! Versions: one number for each migration, in order, at least 1. Pure.

use std::collections::BTreeMap;

use tenantry_domain::Result;

use super::{Found, refused};

/// The versions of migrations that stand in their order.
///
/// A version is the migration's number; without plain numbers it is its place. Where that is not above the version in
/// front of it, it is the next one: version 0 means "nothing applied" in ledgers, so a number 0 becomes 1, and tools that
/// go by names let numbers repeat, or stand lower than the one before. A version hangs on what stands before it alone: a
/// file that comes last changes none, and one that comes earlier moves those behind it, which the ledger sees.
pub fn versions(found: &[Found]) -> Vec<i64> {
    let is_numbered = found.iter().all(|f| f.number.is_some());
    let number = |f: &Found| f.number.filter(|_| is_numbered).unwrap_or(0);
    let next = |before: &mut i64, f: &Found| {
        *before = number(f).max(before.saturating_add(1));
        Some(*before)
    };
    found.iter().scan(0, next).collect()
}

/// Sorts by number and refuses two of one number; `path` makes a name readable.
pub fn by_number(found: Vec<Found>, path: impl Fn(&str) -> String) -> Result<Vec<Found>> {
    let mut sorted: BTreeMap<Option<i64>, Found> = BTreeMap::new();
    for one in found {
        if let Some(other) = sorted.get(&one.number) {
            return Err(refused(format!("{} and {} have the same number", path(&other.up), path(&one.up)))
                .help("give one of them another number; where files are known by their whole names, set layout = \"names\" in tenantry.toml"));
        }
        sorted.insert(one.number, one);
    }
    Ok(sorted.into_values().collect())
}

/// Sorts by the whole names, for a tool that knows migrations by them. Where others have the same number, the whole name is
/// what people call a migration.
pub fn by_name(mut found: Vec<Found>) -> Vec<Found> {
    found.sort_by(|a, b| a.up.cmp(&b.up));
    let mut numbers: BTreeMap<String, usize> = BTreeMap::new();
    for one in &found {
        *numbers.entry(one.label.clone()).or_default() += 1;
    }
    for one in &mut found {
        if numbers.get(&one.label).is_some_and(|n| *n > 1)
            && let Some((folder, _)) = one.up.split_once('/')
        {
            one.label = folder.to_owned();
        }
    }
    found
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn found(numbers: &[Option<i64>]) -> Vec<Found> {
        let found = |number: &Option<i64>| Found {
            number: *number,
            label: String::new(),
            name: String::new(),
            up: String::new(),
            down: None,
        };
        numbers.iter().map(found).collect()
    }

    fn check(numbers: &[Option<i64>], expect: &[i64]) {
        assert_eq!(versions(&found(numbers)), expect);
    }

    #[test]
    fn versions_start_at_one_and_keep_their_order() {
        check(&[], &[]);
        check(&[Some(1), Some(2), Some(10)], &[1, 2, 10]);
        check(&[Some(0)], &[1]);
        check(&[Some(0), Some(1), Some(2)], &[1, 2, 3]);
        check(&[Some(0), Some(1), Some(5)], &[1, 2, 5]);
        check(&[Some(0), Some(20_191_101_000_000)], &[1, 20_191_101_000_000]);
        check(&[Some(7), Some(7), Some(7), Some(9)], &[7, 8, 9, 10]);
        check(&[Some(10), Some(2), Some(30)], &[10, 11, 30]);
        check(&[None, None], &[1, 2]);
    }

    proptest! {
        #[test]
        fn versions_grow_and_a_later_file_changes_no_earlier_one(
            numbers in prop::collection::vec(prop::option::weighted(0.95, 0_i64..40), 0..30),
        ) {
            let all = versions(&found(&numbers));
            prop_assert!(all.iter().all(|v| *v > 0) && all.windows(2).all(|w| w[0] < w[1]), "{:?}", all);
            if numbers.iter().all(Option::is_some) {
                for until in 0..numbers.len() {
                    prop_assert_eq!(&versions(&found(&numbers[..until])), &all[..until]);
                }
            }
        }
    }
}
