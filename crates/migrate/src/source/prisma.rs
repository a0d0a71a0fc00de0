//! `NUMBER_name/migration.sql`: Prisma, with the `down.sql` that its guide has people write beside it. Pure.

use tenantry_domain::Result;

use super::listing::Listing;
use super::{Found, diesel, order};

/// The file that applies a migration.
pub const UP: &str = "migration.sql";

/// The migrations of a folder. Prisma knows and sorts them by their whole names, so numbers may repeat.
pub fn found(listing: &Listing) -> Result<Vec<Found>> {
    Ok(order::by_name(diesel::in_folders(listing, UP)?))
}
