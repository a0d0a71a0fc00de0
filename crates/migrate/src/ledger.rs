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

/// Compares the ledger with the files: pure. What takes a migration back is not compared, nor are names: a file may be
/// renamed as long as its place in the order stays.
///
/// # Errors
/// `migration_changed` names an applied file that was edited or removed, or one that was inserted before it.
pub fn check(applied: &[Entry], files: &[Migration]) -> Result<()> {
    let changed = |what: String| Err(Error::new(ErrorCode::MigrationChanged, what));
    let is = |entry: &Entry, file: &Migration| file.checksum() == entry.checksum;
    let in_place = |entry: &Entry| files.iter().any(|f| f.version == entry.version && is(entry, f));
    if let Some(entry) = applied.iter().find(|e| !in_place(e)) {
        // In layouts without plain numbers a file too many or too few moves all that follow it.
        let moved = files.iter().any(|f| is(entry, f) && f.name == entry.name);
        let inserted = files
            .iter()
            .filter(|f| f.version <= entry.version)
            .find(|f| !applied.iter().any(|e| is(e, f) || (e.version, &e.name) == (f.version, &f.name)));
        let there = files.iter().find(|f| f.version == entry.version);
        return changed(match (inserted, there) {
            (Some(file), _) if moved => {
                format!("{} stands before {}, which is applied", file.file(), called(entry, files))
            }
            (_, Some(file)) if file.name == entry.name => {
                format!("{} is applied, and was edited since", file.file())
            }
            (Some(file), Some(_)) if !moved => {
                let called = called(entry, files);
                format!("{} stands in the place of {called}, which is applied", file.file())
            }
            _ => format!("{} is applied, but its file is gone", called(entry, files)),
        });
    }
    let newest = applied.iter().max_by_key(|e| e.version);
    let inserted = newest.and_then(|newest| {
        let between =
            |f: &&Migration| f.version < newest.version && applied.iter().all(|e| e.version != f.version);
        files.iter().find(between).map(|file| (file, newest))
    });
    match inserted {
        Some((file, newest)) => {
            changed(format!("{} stands before {}, which is applied", file.file(), called(newest, files)))
        }
        None => Ok(()),
    }
}

/// An applied migration as messages name it: by its file, where that is still there.
fn called(entry: &Entry, files: &[Migration]) -> String {
    let mut own = files.iter().filter(|f| f.name == entry.name && f.checksum() == entry.checksum);
    match (own.next(), own.next(), entry.name.as_str()) {
        (Some(file), None, _) => file.file(),
        (_, _, "") => format!("migration {}", entry.version),
        (_, _, name) => format!("migration {}_{name}", entry.version),
    }
}

#[cfg(test)]
mod tests {
    use std::path::PathBuf;

    use super::*;

    fn named(version: i64, name: &str, text: &str) -> Migration {
        let file = format!("{name}.sql");
        Migration {
            version,
            label: version.to_string(),
            name: name.to_owned(),
            up: PathBuf::from(&file),
            file,
            down: None,
            text: text.to_owned(),
        }
    }

    fn file(version: i64, text: &str) -> Migration {
        let file = format!("{version:04}_m.up.sql");
        Migration {
            file: file.clone(),
            up: PathBuf::from(file),
            name: "m".to_owned(),
            ..named(version, "m", text)
        }
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
            "0001_m.up.sql stands before 0002_m.up.sql, which is applied"
        );
        let renamed = Migration { name: "other".to_owned(), ..file(2, "b") };
        assert_eq!(check_message(&applied, &[file(1, "a"), renamed]), "fine");
    }

    /// Versions that are places move when a file is inserted or removed.
    #[test]
    fn the_file_that_moved_all_others_is_named() {
        let files = [named(1, "a", "A"), named(2, "b", "B"), named(3, "c", "C")];
        let applied: Vec<Entry> = files.iter().map(entry).collect();
        let inserted = [named(1, "a", "A"), named(2, "aa", "AA"), named(3, "b", "B"), named(4, "c", "C")];
        assert_eq!(check_message(&applied, &inserted), "aa.sql stands before b.sql, which is applied");
        let removed = [named(1, "b", "B"), named(2, "c", "C")];
        assert_eq!(check_message(&applied, &removed), "migration 1_a is applied, but its file is gone");
        let replaced = [named(1, "a", "A"), named(2, "x", "X"), named(3, "c", "C")];
        assert_eq!(
            check_message(&applied, &replaced),
            "x.sql stands in the place of migration 2_b, which is applied"
        );
        let edited = [named(1, "a", "A"), named(2, "b", "X"), named(3, "c", "C"), named(4, "d", "D")];
        assert_eq!(check_message(&applied, &edited), "b.sql is applied, and was edited since");
        assert_eq!(check_message(&applied, &files[..2]), "migration 3_c is applied, but its file is gone");
        let renamed = [named(1, "a0", "A"), named(2, "b", "B"), named(3, "c", "C")];
        assert_eq!(check_message(&applied, &renamed), "fine");
    }
}
