//! The ledger of a database: which migration stands where; checked against the files before anything runs.

use tenantry_domain::{Error, ErrorCode, Result};
use tenantry_postgres::error::db_error;
use tokio_postgres::Client;

use crate::source::Migration;

const READ: &str = include_str!("ledger/read.sql");

/// A row of the ledger.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Entry {
    /// The migration's number.
    pub version: i64,
    /// Its name.
    pub name: String,
    /// The checksum of its text.
    pub checksum: String,
}

/// What the ledger says of a target (`template`), by number.
///
/// # Errors
/// What the server said.
pub async fn read(client: &Client, target: &str) -> Result<Vec<Entry>> {
    let rows =
        client.query(READ, &[&target]).await.map_err(|e| db_error(e, "read the ledger of migrations"))?;
    Ok(rows.iter().map(|r| Entry { version: r.get(0), name: r.get(1), checksum: r.get(2) }).collect())
}

/// Whether the ledger says that a migration stands at a target.
///
/// # Errors
/// What the server said.
pub async fn holds(client: &Client, target: &str, version: i64) -> Result<bool> {
    Ok(read(client, target).await?.iter().any(|e| e.version == version))
}

/// Compares the ledger with the files: pure.
///
/// # Errors
/// `migration_changed` names an applied file that was edited or removed, or one that was inserted before it.
pub fn check(applied: &[Entry], files: &[Migration]) -> Result<()> {
    let changed = |what: String| Err(Error::new(ErrorCode::MigrationChanged, what));
    for entry in applied {
        match files.iter().find(|f| f.version == entry.version) {
            None => {
                return changed(format!(
                    "migration {}_{} is applied, but its file is gone",
                    entry.version, entry.name
                ));
            }
            Some(file) if file.checksum() != entry.checksum => {
                return changed(format!("{} is applied, and was edited since", file.file()));
            }
            Some(_) => {}
        }
    }
    let newest = applied.iter().map(|e| e.version).max().unwrap_or(0);
    let inserted =
        files.iter().find(|f| f.version < newest && applied.iter().all(|e| e.version != f.version));
    match inserted {
        Some(file) => changed(format!("{} stands before migration {newest}, which is applied", file.file())),
        None => Ok(()),
    }
}

#[cfg(test)]
mod tests {
    use std::path::PathBuf;

    use super::*;

    fn file(version: i64, text: &str) -> Migration {
        let up = PathBuf::from(format!("{version:04}_m.up.sql"));
        Migration { version, name: "m".to_owned(), up, down: None, text: text.to_owned() }
    }

    fn entry(file: &Migration) -> Entry {
        Entry { version: file.version, name: file.name.clone(), checksum: file.checksum() }
    }

    fn check_message(applied: &[Entry], files: &[Migration]) -> String {
        check(applied, files).map_or_else(|e| e.message().to_owned(), |()| "fine".to_owned())
    }

    #[test]
    fn edited_removed_and_inserted_files_are_named() {
        let files = [file(1, "a"), file(2, "b"), file(3, "c")];
        let applied: Vec<Entry> = files[..2].iter().map(entry).collect();
        assert_eq!(check_message(&applied, &files), "fine");
        assert_eq!(
            check_message(&applied, &[file(1, "x"), file(2, "b")]),
            "0001_m.up.sql is applied, and was edited since"
        );
        assert_eq!(check_message(&applied, &files[1..]), "migration 1_m is applied, but its file is gone");
        assert_eq!(
            check_message(&applied[1..], &files),
            "0001_m.up.sql stands before migration 2, which is applied"
        );
    }
}
