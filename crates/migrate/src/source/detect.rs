//! The layout that a folder's names tell. Pure.

use std::collections::BTreeMap;

use tenantry_domain::{MigrationLayout, Result};

use super::listing::{Inner, Listing, is_sql};
use super::{diesel, flyway, number, numbered, prisma, refused};

/// Endings of files in which other tools keep migrations.
const FOREIGN: &[&str] = &[
    "clj", "cs", "exs", "go", "groovy", "java", "js", "json", "kt", "php", "py", "rb", "ts", "xml", "yaml",
    "yml",
];

/// Numbers that repeat this often are no slip: the app's tool knows files by their whole names.
const REPEATED_MIN: usize = 3;

/// The layout of a folder, by its names alone; files with sections count as numbered.
///
/// # Errors
/// `migration_layout` for a mixture, naming a file of each, and for what no layout has.
pub fn layout(listing: &Listing) -> Result<MigrationLayout> {
    let path = |name: &str| listing.path(name).display().to_string();
    let flyway = listing.sql().find(|f| flyway::parse(numbered::stem(f).0).is_some());
    let flat =
        |wanted: bool| listing.sql().find(move |f| number::parse(numbered::stem(f).0).is_some() == wanted);
    let with = |file: &str| {
        let has = |inner: &&Inner| inner.files.iter().any(|f| f == file);
        listing.folders.iter().find(has).map(|inner| format!("{}/{file}", inner.name))
    };
    let numbered = if flyway.is_some() { None } else { flat(true) };
    let families = [
        (MigrationLayout::Diesel, with(diesel::UP)),
        (MigrationLayout::Prisma, with(prisma::UP)),
        (MigrationLayout::Flyway, flyway.cloned()),
        (MigrationLayout::Numbered, numbered.cloned()),
    ];
    let met: Vec<(MigrationLayout, String)> =
        families.into_iter().filter_map(|(layout, file)| Some((layout, file?))).collect();
    match met.as_slice() {
        [] => match flat(false) {
            Some(_) => Ok(MigrationLayout::Dump),
            None => nothing(listing).map(|()| MigrationLayout::Numbered),
        },
        [(MigrationLayout::Numbered, _)] if repeated(listing) >= REPEATED_MIN => Ok(MigrationLayout::Names),
        [(layout, _)] => Ok(*layout),
        [(_, first), (_, second), ..] => Err(refused(format!(
            "{} and {} follow different layouts",
            path(first),
            path(second)
        ))
        .help("use one layout for all files; what is no migration goes into services.NAME.ignore of tenantry.toml")),
    }
}

/// How many numbers stand in front of more than one file. In pairs of up and down files, they never should.
fn repeated(listing: &Listing) -> usize {
    let mut files: BTreeMap<i64, usize> = BTreeMap::new();
    for file in listing.sql() {
        let (stem, _) = numbered::stem(file);
        if stem.len() + ".sql".len() < file.len() {
            return 0;
        }
        if let Some(numbered) = number::parse(stem) {
            *files.entry(numbered.number).or_default() += 1;
        }
    }
    files.values().filter(|n| **n > 1).count()
}

/// Whether a folder without migrations that are understood is one without any.
fn nothing(listing: &Listing) -> Result<()> {
    let foreign = |f: &&String| {
        let (stem, ending) = f.rsplit_once('.').unwrap_or((f, ""));
        FOREIGN.contains(&ending.to_lowercase().as_str()) && stem != "package" && stem != "tsconfig"
    };
    let inner = listing.folders.iter().find_map(|inner| {
        let file = inner.sql().next().or_else(|| inner.files.iter().find(foreign))?;
        Some(format!("{}/{file}", inner.name))
    });
    let file = listing.files.iter().find(|f| foreign(f) || is_sql(f)).cloned();
    match file.or(inner) {
        None => Ok(()),
        Some(file) => Err(refused(format!(
            "{} is in no layout that is understood",
            listing.path(&file).display()
        ))
        .help("docs/migrations.md shows the layouts; what is no migration goes into services.NAME.ignore of tenantry.toml")),
    }
}
