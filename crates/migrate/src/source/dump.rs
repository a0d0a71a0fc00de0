//! One script without a number: a schema kept whole, or a dump. Pure.

use tenantry_domain::Result;

use super::listing::Listing;
use super::{Found, numbered, refused};

/// The one migration of a folder.
pub fn found(listing: &Listing) -> Result<Vec<Found>> {
    listing.no_inner_sql()?;
    let files: Vec<&String> = listing.sql().collect();
    match files.as_slice() {
        [] => Ok(Vec::new()),
        [file] => {
            let (stem, _) = numbered::stem(file);
            let label = stem.to_owned();
            Ok(vec![Found { number: None, name: label.clone(), label, up: (*file).clone(), down: None }])
        }
        [first, second, ..] => Err(refused(format!(
            "{} and {} lie in one folder, and nothing says which comes first",
            listing.path(first).display(),
            listing.path(second).display()
        ))
        .help("number them (0001_name.sql, ...), or set layout = \"names\" in tenantry.toml to apply them in the order of their names")),
    }
}
