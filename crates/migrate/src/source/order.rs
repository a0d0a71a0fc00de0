//! Versions: one number for each migration, in order, at least 1. Pure.

use std::collections::BTreeMap;

use tenantry_domain::Result;

use super::{Found, refused};

/// The versions of migrations that stand in their order.
///
/// A version is the migration's number; without plain numbers it is its place. Version 0 means "nothing applied" in
/// ledgers, so a number 0 becomes 1, and where the folder has a 1 as well, all that follow it move up by one.
pub fn versions(found: &[Found]) -> Vec<i64> {
    let numbers: Vec<i64> = found.iter().filter_map(|f| f.number).collect();
    if numbers.len() < found.len() {
        return (1..).take(found.len()).collect();
    }
    let shift = i64::from(numbers.contains(&0) && numbers.contains(&1));
    numbers.into_iter().map(|n| if n == 0 { 1 } else { n + shift }).collect()
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

/// Refuses numbers that order the migrations otherwise than their names, for tools that go by the names.
pub fn names_agree(found: &[Found], path: impl Fn(&str) -> String) -> Result<()> {
    match found.windows(2).find(|pair| pair[0].up > pair[1].up) {
        Some([first, second]) => Err(refused(format!(
            "{} stands before {} by its number, but after it by its name, which this layout's tool goes by",
            path(&first.up),
            path(&second.up)
        ))
        .help("give their numbers the same width")),
        _ => Ok(()),
    }
}

#[cfg(test)]
mod tests {
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
        check(&[Some(0), Some(20_191_101_000_000)], &[1, 20_191_101_000_000]);
        check(&[None, None], &[1, 2]);
    }

    #[test]
    fn a_later_file_changes_no_earlier_version() {
        for start in [0, 1, 2, 5] {
            let mut numbers = Vec::new();
            let mut before: Vec<i64> = Vec::new();
            for n in start..start + 5 {
                numbers.push(Some(n));
                let now = versions(&found(&numbers));
                assert_eq!(now[..before.len()], before, "{numbers:?}");
                before = now;
            }
        }
    }
}
