//! `NUMBER_name/up.sql` with `down.sql`: diesel. Pure.

use std::collections::BTreeMap;

use tenantry_domain::Result;

use super::listing::{Inner, Listing};
use super::numbered::orphan;
use super::{Found, number, refused};

/// The file that applies a migration.
pub const UP: &str = "up.sql";
/// The file that takes it back.
pub const DOWN: &str = "down.sql";

/// The migrations of a folder, as diesel knows and sorts them: by what stands in front of the first underscore, dashes left
/// out. Of two that are alike in that it would run one alone.
pub fn found(listing: &Listing) -> Result<Vec<Found>> {
    let mut sorted: BTreeMap<String, Found> = BTreeMap::new();
    for one in in_folders(listing, UP)? {
        let known = one.up.split(['_', '/']).next().unwrap_or_default().replace('-', "");
        let path = |one: &Found| listing.path(&one.up).display().to_string();
        if let Some(other) = sorted.get(&known) {
            return Err(refused(format!("{} and {} have the same number", path(other), path(&one)))
                .help("give one of them another number: diesel knows a migration by it"));
        }
        sorted.insert(known, one);
    }
    Ok(sorted.into_values().collect())
}

/// A folder for each migration, which `up` applies, in no order of numbers yet.
pub fn in_folders(listing: &Listing, up: &str) -> Result<Vec<Found>> {
    listing.no_outer_sql()?;
    let path = |name: &str| listing.path(name).display().to_string();
    let found: Vec<Option<Found>> =
        listing.folders.iter().map(|inner| one(inner, up, &path)).collect::<Result<_>>()?;
    Ok(found.into_iter().flatten().collect())
}

fn one(inner: &Inner, up: &str, path: &impl Fn(&str) -> String) -> Result<Option<Found>> {
    let file = |name: &str| format!("{}/{name}", inner.name);
    let has = |name: &str| inner.files.iter().any(|f| f == name);
    let numbered = number::parse(&inner.name);
    if let Some(other) = inner.sql().find(|f| *f != up && *f != DOWN) {
        return Err(refused(format!(
            "{} is neither {up} nor {DOWN}, which are all that this layout's folders have",
            path(&file(other))
        ))
        .help(format!("move it, or add {:?} to services.NAME.ignore in tenantry.toml", inner.name)));
    }
    if !has(up) {
        orphan(has(DOWN).then(|| path(&file(DOWN))))?;
        if numbered.is_some() {
            return Err(refused(format!("{} holds no {up}", path(&inner.name)))
                .help("write that file, or remove the folder"));
        }
        return Ok(None);
    }
    let Some(numbered) = numbered else {
        return Err(refused(format!(
            "the name of {} is not that of a migration: it starts with no number",
            path(&inner.name)
        ))
        .help(format!("name it NUMBER_{}", inner.name)));
    };
    Ok(Some(Found {
        number: Some(numbered.number),
        label: numbered.label.to_owned(),
        name: numbered.name.to_owned(),
        up: file(up),
        down: has(DOWN).then(|| file(DOWN)),
    }))
}
