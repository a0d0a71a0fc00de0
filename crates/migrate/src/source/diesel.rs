//! `NUMBER_name/up.sql` with `down.sql`: diesel. Pure.

use tenantry_domain::Result;

use super::listing::{Inner, Listing};
use super::numbered::orphan;
use super::{Found, number, order, refused};

/// The file that applies a migration.
pub const UP: &str = "up.sql";
/// The file that takes it back.
pub const DOWN: &str = "down.sql";

/// The migrations of a folder.
pub fn found(listing: &Listing) -> Result<Vec<Found>> {
    in_folders(listing, UP)
}

/// A folder for each migration, which `up` applies.
pub fn in_folders(listing: &Listing, up: &str) -> Result<Vec<Found>> {
    listing.no_outer_sql()?;
    let path = |name: &str| listing.path(name).display().to_string();
    let found: Vec<Option<Found>> =
        listing.folders.iter().map(|inner| one(inner, up, &path)).collect::<Result<_>>()?;
    let found = order::by_number(found.into_iter().flatten().collect(), path)?;
    order::names_agree(&found, path)?;
    Ok(found)
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
