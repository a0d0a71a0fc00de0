//! `NNNN_name.up.sql` with `NNNN_name.down.sql`, or `NNNN_name.sql`: golang-migrate, sqlx, drizzle, plain files, and
//! the tools whose files hold both directions in sections. Pure.

use std::collections::BTreeMap;

use tenantry_domain::Result;

use super::listing::Listing;
use super::{Found, number, order, refused};

/// The two ways that a file goes.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Direction {
    Up,
    Down,
}

/// The migrations of a folder.
pub fn found(listing: &Listing) -> Result<Vec<Found>> {
    listing.no_inner_sql()?;
    let path = |name: &str| listing.path(name).display().to_string();
    let (mut ups, mut downs) = (Vec::new(), BTreeMap::new());
    for file in listing.sql() {
        let (stem, direction) = stem(file);
        let numbered = number::parse(stem).ok_or_else(|| {
            refused(format!(
                "the name of {} is not that of a migration: it starts with no number",
                path(file)
            ))
            .help(format!(
                "name it NNNN_name.sql, move it, or add {file:?} to services.NAME.ignore in tenantry.toml"
            ))
        })?;
        match direction {
            Direction::Up => ups.push(Found {
                number: Some(numbered.number),
                label: numbered.label.to_owned(),
                name: numbered.name.to_owned(),
                up: file.clone(),
                down: None,
            }),
            Direction::Down => {
                if let Some(other) = downs.insert(numbered.number, file.clone()) {
                    return Err(refused(format!("{} and {} have the same number", path(&other), path(file)))
                        .help("give one of them another number"));
                }
            }
        }
    }
    let mut found = order::by_number(ups, path)?;
    for one in &mut found {
        one.down = one.number.and_then(|n| downs.remove(&n));
    }
    orphan(downs.into_values().next().map(|down| path(&down)))?;
    Ok(found)
}

/// Refuses goose's migrations that are programs: without them the history would have holes.
pub fn no_programs(listing: &Listing) -> Result<()> {
    let program = |f: &&String| f.strip_suffix(".go").is_some_and(|stem| !stem.ends_with("_test"));
    match listing.files.iter().find(|f| program(f) && number::parse(f).is_some()) {
        Some(file) => {
            Err(refused(format!("{} is a program, which can't be run here", listing.path(file).display()))
                .help(format!("write it as SQL, or add {file:?} to services.NAME.ignore in tenantry.toml")))
        }
        None => Ok(()),
    }
}

/// Refuses a file that takes back what is not there.
pub fn orphan(down: Option<String>) -> Result<()> {
    match down {
        Some(down) => Err(refused(format!("{down} takes back a migration that is not there"))
            .help("add the file that applies it, or remove this one")),
        None => Ok(()),
    }
}

/// A file's name without its endings, and its direction.
pub fn stem(file: &str) -> (&str, Direction) {
    let stem = file.get(..file.len() - ".sql".len()).unwrap_or(file);
    let ends = |ending: &str| {
        let at = stem.len().checked_sub(ending.len())?;
        stem.get(at..)?.eq_ignore_ascii_case(ending).then(|| &stem[..at])
    };
    match (ends(".up"), ends(".down")) {
        (Some(stem), _) => (stem, Direction::Up),
        (_, Some(stem)) => (stem, Direction::Down),
        _ => (stem, Direction::Up),
    }
}
