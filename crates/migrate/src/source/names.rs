//! Files that are known by their whole name and applied in the order of the names; what numbers they have may repeat.
//! Pure.

use std::collections::BTreeMap;

use tenantry_domain::Result;

use super::listing::Listing;
use super::numbered::{Direction, orphan, stem};
use super::{Found, refused};

/// The migrations of a folder.
pub fn found(listing: &Listing) -> Result<Vec<Found>> {
    listing.no_inner_sql()?;
    let path = |name: &str| listing.path(name).display().to_string();
    let (mut ups, mut downs): (BTreeMap<&str, Found>, BTreeMap<&str, &String>) = Default::default();
    for file in listing.sql() {
        let (stem, direction) = stem(file);
        if direction == Direction::Down {
            downs.insert(stem, file);
            continue;
        }
        let one = Found {
            number: None,
            label: stem.to_owned(),
            name: stem.to_owned(),
            up: file.clone(),
            down: None,
        };
        if let Some(other) = ups.insert(stem, one) {
            return Err(refused(format!("{} and {} have the same name", path(&other.up), path(file)))
                .help("rename one of them"));
        }
    }
    for (stem, one) in &mut ups {
        one.down = downs.remove(stem).cloned();
    }
    orphan(downs.into_values().next().map(|down| path(down)))?;
    Ok(ups.into_values().collect())
}
