//! `NUMBER_name/migration.sql`: Prisma, with the `down.sql` that its guide has people write beside it. Pure.

use tenantry_domain::Result;

use super::listing::Listing;
use super::{Found, diesel};

/// The file that applies a migration.
pub const UP: &str = "migration.sql";

/// The migrations of a folder.
pub fn found(listing: &Listing) -> Result<Vec<Found>> {
    diesel::in_folders(listing, UP)
}
