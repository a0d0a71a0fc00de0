//! A service's folder of migrations, in whichever layout its app already has.
//!
//! Three steps, of which the middle one is pure: [`listing`] says what lies in the folder, one file per layout tells
//! from the names what that means ([`Found`]), and the texts are read and checked. Nothing is applied from a folder that
//! is not understood as a whole.

pub mod create;
mod detect;
mod diesel;
mod dump;
mod find;
mod flyway;
mod listing;
mod migration;
mod names;
mod next;
mod number;
mod numbered;
mod order;
mod prisma;
mod sections;
mod text;

use std::path::Path;

use tenantry_domain::{Error, ErrorCode, MigrationLayout, Result, Service};

pub use find::resolve;
use listing::Listing;
pub use migration::{Migration, Script};
pub(crate) use migration::{checksum, title};
use sections::Markers;

/// A folder of migrations as it was read.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Folder {
    /// How it is laid out.
    pub layout: MigrationLayout,
    /// Its migrations in the order in which they apply.
    pub migrations: Vec<Migration>,
}

/// What the names of a folder say of one migration; paths are relative to the folder.
#[derive(Clone, Debug, PartialEq, Eq)]
struct Found {
    /// Its number, where the layout has plain numbers.
    number: Option<i64>,
    label: String,
    name: String,
    up: String,
    down: Option<String>,
}

/// Reads a service's folder. A folder that does not exist is an app without migrations.
///
/// # Errors
/// `migration_layout` names the file, and the line where there is one: two files of one number, a name that is not
/// understood, a mixture of layouts, a down file without its up file, a link out of the folder, a file that is not
/// UTF-8. `io` for what can't be read.
pub fn read_service(service: &Service) -> Result<Folder> {
    read(&service.migrations, service.layout, &service.ignore)
}

/// Reads a folder whose layout is told by its names.
///
/// # Errors
/// Those of [`read_service`].
pub fn read_folder(folder: &Path) -> Result<Vec<Migration>> {
    Ok(read(folder, None, &[])?.migrations)
}

/// Reads a folder, or a single script, in the layout given or in that which its names tell.
///
/// # Errors
/// Those of [`read_service`].
pub fn read(folder: &Path, layout: Option<MigrationLayout>, ignore: &[String]) -> Result<Folder> {
    let listing = Listing::read(folder, ignore)?;
    let named = match layout {
        Some(layout) => layout,
        None => detect::layout(&listing)?,
    };
    let found = found(named, &listing)?;
    let texts = found.iter().map(|f| text::read(&listing.path(&f.up))).collect::<Result<Vec<_>>>()?;
    let markers = match layout {
        Some(layout) => Markers::of(layout),
        None => sections::detect(&texts),
    };
    if markers == Some(Markers::Goose) {
        numbered::no_programs(&listing)?;
    }
    let mut migrations = Vec::with_capacity(found.len());
    for ((found, text), version) in found.iter().zip(texts).zip(order::versions(&found)) {
        migrations.push(migration(&listing, found, version, text, markers)?);
    }
    Ok(Folder { layout: markers.map_or(named, Markers::layout), migrations })
}

fn found(layout: MigrationLayout, listing: &Listing) -> Result<Vec<Found>> {
    match layout {
        MigrationLayout::Numbered
        | MigrationLayout::Goose
        | MigrationLayout::SqlMigrate
        | MigrationLayout::Dbmate => numbered::found(listing),
        MigrationLayout::Names => names::found(listing),
        MigrationLayout::Diesel => diesel::found(listing),
        MigrationLayout::Prisma => prisma::found(listing),
        MigrationLayout::Flyway => flyway::found(listing),
        MigrationLayout::Dump => dump::found(listing),
    }
}

/// The migration that these names and this text are.
fn migration(
    listing: &Listing,
    found: &Found,
    version: i64,
    text: String,
    markers: Option<Markers>,
) -> Result<Migration> {
    let up = listing.path(&found.up);
    let (text, section) = match markers {
        Some(markers) => sections::split(markers, &up, &text)?,
        None => {
            sections::refuse(&up, &text)?;
            (text, None)
        }
    };
    let down = match (&found.down, section) {
        (Some(down), None) => {
            let path = listing.path(down);
            Some(Script { text: text::read(&path)?, file: down.clone(), path })
        }
        (Some(down), Some(_)) => {
            return Err(refused(format!(
                "{} and the section in {} both take back the same migration",
                listing.path(down).display(),
                up.display()
            ))
            .help("keep one of the two"));
        }
        (None, Some(text)) => Some(Script { text, file: found.up.clone(), path: up.clone() }),
        (None, None) => None,
    };
    Ok(Migration {
        version,
        label: found.label.clone(),
        name: found.name.clone(),
        file: found.up.clone(),
        up,
        down: down.filter(|d| !text::is_blank(&d.text)),
        text,
    })
}

/// Something in the folder that is not understood.
fn refused(message: String) -> Error {
    Error::new(ErrorCode::MigrationLayout, message)
}

#[cfg(test)]
mod tests;
