//! A new migration in the folder's own style: pure drafts, then [`write`].

use std::fs::{self, OpenOptions};
use std::io::Write as _;
use std::path::{Path, PathBuf};

use jiff::Timestamp;
use tenantry_domain::{Error, ErrorCode, MigrationLayout, Result, ResultExt as _};

use super::next::{Style, next_label, next_version};
use super::sections::Markers;
use super::{Folder, Migration, diesel, flyway, numbered, prisma, refused};

/// Characters that a name has at most.
const NAME_CHARS_MAX: usize = 100;
const UP_TEXT: &str = "-- Write the change here, in plain SQL, as for one customer.\n";
const DOWN_TEXT: &str =
    "-- Write here what takes the change back. As long as there is nothing, it can't be taken back.\n";

/// A file to write.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Draft {
    /// Its path from the folder on.
    pub file: String,
    /// What stands in it.
    pub text: String,
}

/// The files of the next migration.
///
/// # Errors
/// `usage` for a name that can't be part of a file's name; `migration_layout` for a folder that takes no more files.
pub fn draft(folder: &Folder, name: &str, now: Timestamp) -> Result<Vec<Draft>> {
    let name = file_name(name)?;
    let last = folder.migrations.last();
    match folder.layout {
        MigrationLayout::Numbered | MigrationLayout::Names => Ok(numbered_files(folder, last, &name, now)),
        MigrationLayout::Diesel => {
            let label = next_label(last, Style::Dashed, now);
            Ok(in_folder(&format!("{label}_{name}"), diesel::UP, true))
        }
        MigrationLayout::Prisma => {
            let label = next_label(last, Style::Digits, now);
            Ok(in_folder(&format!("{label}_{name}"), prisma::UP, has_downs(folder)))
        }
        MigrationLayout::Flyway => {
            let version = next_version(last.and_then(written_version).unwrap_or(""), now);
            let mut drafts = vec![up(format!("V{version}__{name}.sql"))];
            if has_downs(folder) {
                drafts.push(down(format!("U{version}__{name}.sql")));
            }
            Ok(drafts)
        }
        MigrationLayout::Goose => Ok(vec![sections(last, Markers::Goose, &name, now)]),
        MigrationLayout::SqlMigrate => Ok(vec![sections(last, Markers::SqlMigrate, &name, now)]),
        MigrationLayout::Dbmate => Ok(vec![sections(last, Markers::Dbmate, &name, now)]),
        MigrationLayout::Dump => {
            let file = last.map_or("the script", |m| m.file.as_str());
            Err(refused(format!("{file} has no number, so nothing can come after it")).help(format!(
                "rename it to 0001_{file}; where it was applied, it stays so as long as its text does"
            )))
        }
    }
}

/// Writes drafts into a folder, which is made where it is missing. Nothing is overwritten.
///
/// # Errors
/// `migration_layout` for a file that is there already, `io`; then no file of these is left.
pub fn write(folder: &Path, drafts: &[Draft]) -> Result<Vec<PathBuf>> {
    let mut written = Vec::new();
    for draft in drafts {
        let path = folder.join(&draft.file);
        match write_new(&path, &draft.text) {
            Ok(()) => written.push(path),
            Err(e) => {
                for path in &written {
                    // The first error is the one to tell of.
                    let _ = fs::remove_file(path);
                }
                return Err(e);
            }
        }
    }
    Ok(written)
}

fn write_new(path: &Path, text: &str) -> Result<()> {
    let doing = || format!("write {}", path.display());
    if let Some(parent) = path.parent() {
        fs::create_dir_all(parent).code(ErrorCode::Io, doing())?;
    }
    let mut file = match OpenOptions::new().write(true).create_new(true).open(path) {
        Err(e) if e.kind() == std::io::ErrorKind::AlreadyExists => {
            return Err(refused(format!("{} is there already", path.display()))
                .help("choose another name, or try again in a second"));
        }
        opened => opened.code(ErrorCode::Io, doing())?,
    };
    file.write_all(text.as_bytes()).code(ErrorCode::Io, doing())
}

fn file_name(name: &str) -> Result<String> {
    let name: String = name.trim().chars().map(|c| if c.is_whitespace() { '_' } else { c }).collect();
    let fits = |c: char| c.is_alphanumeric() || matches!(c, '_' | '-');
    if name.is_empty() || name.chars().count() > NAME_CHARS_MAX || !name.chars().all(fits) {
        return Err(Error::new(ErrorCode::Usage, format!("{name:?} is not a name for a migration"))
            .help(format!("use letters, digits, _ and -, at most {NAME_CHARS_MAX}")));
    }
    Ok(name)
}

fn has_downs(folder: &Folder) -> bool {
    folder.migrations.iter().any(|m| m.down.is_some())
}

fn up(file: String) -> Draft {
    Draft { file, text: UP_TEXT.to_owned() }
}

fn down(file: String) -> Draft {
    Draft { file, text: DOWN_TEXT.to_owned() }
}

fn numbered_files(folder: &Folder, last: Option<&Migration>, name: &str, now: Timestamp) -> Vec<Draft> {
    let label = next_label(last, Style::Sequence(4), now);
    let stem = format!("{label}{}{name}", separator(last, '_'));
    let pairs = last.is_none_or(|m| {
        let (stem, _) = numbered::stem(&m.file);
        stem.len() + ".sql".len() < m.file.len()
    });
    if pairs {
        vec![up(format!("{stem}.up.sql")), down(format!("{stem}.down.sql"))]
    } else if has_downs(folder) {
        vec![up(format!("{stem}.sql")), down(format!("{stem}.down.sql"))]
    } else {
        vec![up(format!("{stem}.sql"))]
    }
}

fn in_folder(folder: &str, up_file: &str, with_down: bool) -> Vec<Draft> {
    let mut drafts = vec![up(format!("{folder}/{up_file}"))];
    if with_down {
        drafts.push(down(format!("{folder}/{}", diesel::DOWN)));
    }
    drafts
}

fn sections(last: Option<&Migration>, markers: Markers, name: &str, now: Timestamp) -> Draft {
    let (style, between) = match markers {
        Markers::Goose => (Style::Digits, '_'),
        Markers::SqlMigrate => (Style::Digits, '-'),
        Markers::Dbmate => (Style::Digits, '_'),
    };
    let file = format!("{}{}{name}.sql", next_label(last, style, now), separator(last, between));
    let [up, down] = markers.comments();
    Draft { file, text: format!("{up}\n{UP_TEXT}\n{down}\n{DOWN_TEXT}") }
}

/// What stands between number and name.
fn separator(last: Option<&Migration>, default: char) -> char {
    let behind = |m: &Migration| {
        let label = super::number::parse(&m.label).map_or(0, |n| n.label.len());
        m.file.get(label..)?.chars().next().filter(|c| matches!(c, '_' | '-'))
    };
    last.and_then(behind).unwrap_or(default)
}

/// The version of a Flyway file as written, with its own separators.
fn written_version(migration: &Migration) -> Option<&str> {
    flyway::parse(numbered::stem(&migration.file).0).map(|n| n.version)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::source::read;

    const NOW: &str = "2026-11-21T06:15:00.123Z";

    /// The files that a folder of these files gets, which it then reads as its next migration.
    fn check(layout: Option<MigrationLayout>, files: &[&str], expect: &[&str]) {
        let dir = tempfile::tempdir().unwrap();
        for file in files {
            let path = dir.path().join(file);
            fs::create_dir_all(path.parent().unwrap()).unwrap();
            let goose = layout == Some(MigrationLayout::Goose);
            fs::write(path, if goose { "-- +goose Up\nSELECT 1" } else { "SELECT 1" }).unwrap();
        }
        let folder = read(dir.path(), layout, &[]).unwrap();
        let drafts = draft(&folder, "add orders", NOW.parse().unwrap()).unwrap();
        let names: Vec<&str> = drafts.iter().map(|d| d.file.as_str()).collect();
        assert_eq!(names, expect);
        write(dir.path(), &drafts).unwrap();
        let after = read(dir.path(), layout, &[]).unwrap();
        assert_eq!(after.layout, folder.layout);
        assert_eq!(
            after.migrations[..folder.migrations.len()],
            folder.migrations,
            "those before are what they were"
        );
        assert_eq!(after.migrations.len(), folder.migrations.len() + 1);
        let e = write(dir.path(), &drafts).unwrap_err();
        assert!(e.message().ends_with("is there already"), "{e:?}");
    }

    #[test]
    fn numbered_files_follow_the_last_one() {
        check(None, &[], &["0001_add_orders.up.sql", "0001_add_orders.down.sql"]);
        check(
            None,
            &["0009_a.up.sql", "0009_a.down.sql"],
            &["0010_add_orders.up.sql", "0010_add_orders.down.sql"],
        );
        check(None, &["01-a.sql"], &["02-add_orders.sql"]);
        check(None, &["1_a.sql", "1_a.down.sql"], &["2_add_orders.sql", "2_add_orders.down.sql"]);
        check(None, &["0000_a.sql"], &["0001_add_orders.sql"]);
        check(
            None,
            &["20220123205937_a.up.sql"],
            &["20261121061500_add_orders.up.sql", "20261121061500_add_orders.down.sql"],
        );
        check(None, &["20991231235959_a.sql"], &["20991231235960_add_orders.sql"]);
        check(None, &["1642971577_a.sql"], &["1795241700_add_orders.sql"]);
        let names = Some(MigrationLayout::Names);
        check(names, &["0152-a.sql", "0152-b.sql"], &["0153-add_orders.sql"]);
    }

    #[test]
    fn each_tool_has_its_own_files() {
        let diesel = ["2026-11-21-061500_add_orders/up.sql", "2026-11-21-061500_add_orders/down.sql"];
        check(None, &["00000000000000_diesel_initial_setup/up.sql"], &diesel);
        check(Some(MigrationLayout::Diesel), &[], &diesel);
        check(
            None,
            &["20191101000000_a/up.sql"],
            &["20261121061500_add_orders/up.sql", "20261121061500_add_orders/down.sql"],
        );
        check(None, &["01_init/migration.sql", "19_x/migration.sql"], &["20_add_orders/migration.sql"]);
        check(None, &["0_init/migration.sql"], &["20261121061500_add_orders/migration.sql"]);
        check(None, &["20240102030405_a/migration.sql"], &["20261121061500_add_orders/migration.sql"]);
        check(None, &["V1__a.sql", "V1.9__b.sql"], &["V1.10__add_orders.sql"]);
        check(None, &["V2_1__a.sql", "U2_1__a.sql"], &["V2_2__add_orders.sql", "U2_2__add_orders.sql"]);
        check(None, &["V007__a.sql"], &["V008__add_orders.sql"]);
        check(None, &["V20220123205937__a.sql"], &["V20261121061500__add_orders.sql"]);
        check(Some(MigrationLayout::Flyway), &[], &["V1__add_orders.sql"]);
        check(Some(MigrationLayout::Goose), &["00002_a.sql"], &["00003_add_orders.sql"]);
        check(Some(MigrationLayout::Goose), &[], &["20261121061500_add_orders.sql"]);
        check(Some(MigrationLayout::SqlMigrate), &[], &["20261121061500-add_orders.sql"]);
        check(Some(MigrationLayout::Dbmate), &[], &["20261121061500_add_orders.sql"]);
    }

    #[test]
    fn names_that_are_none_and_folders_that_take_no_more() {
        let folder = Folder { layout: MigrationLayout::Numbered, migrations: Vec::new() };
        for name in ["", "  ", "../x", "a/b", "a.b", "a;b", &"x".repeat(101)] {
            let e = draft(&folder, name, NOW.parse().unwrap()).unwrap_err();
            assert_eq!(e.code(), ErrorCode::Usage, "{name}");
        }
        let dir = tempfile::tempdir().unwrap();
        fs::write(dir.path().join("schema.sql"), "SELECT 1").unwrap();
        let folder = read(dir.path(), None, &[]).unwrap();
        let e = draft(&folder, "x", NOW.parse().unwrap()).unwrap_err();
        assert_eq!(e.message(), "schema.sql has no number, so nothing can come after it");
    }

    #[test]
    fn a_pair_of_which_one_file_exists_is_not_written_at_all() {
        let dir = tempfile::tempdir().unwrap();
        let folder = read(dir.path(), None, &[]).unwrap();
        let drafts = draft(&folder, "x", NOW.parse().unwrap()).unwrap();
        fs::write(dir.path().join(&drafts[1].file), "mine").unwrap();
        write(dir.path(), &drafts).unwrap_err();
        assert!(!dir.path().join(&drafts[0].file).exists());
        assert_eq!(fs::read_to_string(dir.path().join(&drafts[1].file)).unwrap(), "mine");
    }
}
