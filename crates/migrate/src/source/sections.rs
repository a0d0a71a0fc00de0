//! Files that hold both directions, marked by comments: goose, sql-migrate, dbmate. Pure.
//!
//! A direction's text keeps the lines of the file: the other direction's are empty in it, so that errors name the right
//! line.

use std::path::Path;

use tenantry_domain::{MigrationLayout, Result};

use super::numbered::Direction;
use super::{refused, text};

/// The comments by which a tool marks the directions.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Markers {
    Goose,
    SqlMigrate,
    Dbmate,
}

impl Markers {
    const ALL: [Markers; 3] = [Markers::Goose, Markers::SqlMigrate, Markers::Dbmate];

    /// Those of a layout.
    pub const fn of(layout: MigrationLayout) -> Option<Self> {
        match layout {
            MigrationLayout::Goose => Some(Markers::Goose),
            MigrationLayout::SqlMigrate => Some(Markers::SqlMigrate),
            MigrationLayout::Dbmate => Some(Markers::Dbmate),
            _ => None,
        }
    }

    /// The layout that has them.
    pub const fn layout(self) -> MigrationLayout {
        match self {
            Markers::Goose => MigrationLayout::Goose,
            Markers::SqlMigrate => MigrationLayout::SqlMigrate,
            Markers::Dbmate => MigrationLayout::Dbmate,
        }
    }

    /// The two comments, as people write them.
    pub const fn comments(self) -> [&'static str; 2] {
        match self {
            Markers::Goose => ["-- +goose Up", "-- +goose Down"],
            Markers::SqlMigrate => ["-- +migrate Up", "-- +migrate Down"],
            Markers::Dbmate => ["-- migrate:up", "-- migrate:down"],
        }
    }

    /// What a line marks.
    fn direction(self, line: &str) -> Option<Direction> {
        let words: Vec<String> =
            line.trim_start().strip_prefix("--")?.split_whitespace().map(str::to_lowercase).collect();
        let command = match (self, words.as_slice()) {
            (Markers::Goose, [tool, command, ..]) if tool == "+goose" => command,
            (Markers::SqlMigrate, [tool, command, ..]) if tool == "+migrate" => command,
            (Markers::Dbmate, [command, ..]) => command.strip_prefix("migrate:")?,
            _ => return None,
        };
        match command {
            "up" => Some(Direction::Up),
            "down" => Some(Direction::Down),
            _ => None,
        }
    }

    /// Whether a line asks goose to put variables of the environment into the text.
    fn substitutes(self, line: &str) -> bool {
        let line = line.to_lowercase();
        let words: Vec<&str> = line.split_whitespace().collect();
        self == Markers::Goose && words.starts_with(&["--", "+goose", "envsub", "on"])
    }
}

/// The markers that a folder's files have: those of the first file that has any.
pub fn detect(texts: &[String]) -> Option<Markers> {
    let has = |markers: Markers, text: &str| text.lines().any(|l| markers.direction(l).is_some());
    texts.iter().find_map(|text| Markers::ALL.into_iter().find(|m| has(*m, text)))
}

/// Refuses markers in a folder whose layout has none: both directions would run, one after the other.
pub fn refuse(path: &Path, text: &str) -> Result<()> {
    for (number, line) in (1..).zip(text.lines()) {
        if let Some(markers) = Markers::ALL.into_iter().find(|m| m.direction(line).is_some()) {
            return Err(refused(format!(
                "{}:{number}: the file has sections of {}, which this layout has not",
                path.display(),
                markers.layout()
            ))
            .help(format!(
                "set layout = \"{}\" in tenantry.toml, or use one layout for all files",
                markers.layout()
            )));
        }
    }
    Ok(())
}

/// The text of each direction.
///
/// # Errors
/// `migration_layout` for a file without an up section, statements before the first section, and variables.
pub fn split(markers: Markers, path: &Path, whole: &str) -> Result<(String, Option<String>)> {
    let [up, _] = markers.comments();
    let (mut ups, mut downs) = (String::new(), String::new());
    let mut now = None;
    let (mut has_up, mut has_down) = (false, false);
    let mut head = String::new();
    for (number, line) in (1..).zip(whole.split_inclusive('\n')) {
        if markers.substitutes(line) {
            return Err(refused(format!(
                "{}:{number}: variables of the environment are not put into migrations",
                path.display()
            ))
            .help("write the value itself"));
        }
        if let Some(direction) = markers.direction(line) {
            now = Some(direction);
            has_up |= direction == Direction::Up;
            has_down |= direction == Direction::Down;
        }
        let mine = |d: Direction| if now == Some(d) { line } else { "\n" };
        ups.push_str(mine(Direction::Up));
        downs.push_str(mine(Direction::Down));
        if now.is_none() {
            head.push_str(line);
            if !text::is_blank(&head) {
                return Err(refused(format!(
                    "{}:{number}: a statement stands before the line {up}",
                    path.display()
                ))
                .help("put it into a section"));
            }
        }
    }
    if !has_up {
        return Err(refused(format!("{}:1: the file has no line {up}, as this layout asks", path.display()))
            .help("add it before the first statement, or use one layout for all files"));
    }
    let trimmed = |text: String| format!("{}\n", text.trim_end_matches('\n'));
    Ok((trimmed(ups), has_down.then(|| trimmed(downs))))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(markers: Markers, text: &str, expect: (&str, Option<&str>)) {
        let (up, down) = split(markers, Path::new("1.sql"), text).unwrap();
        assert_eq!((up.as_str(), down.as_deref()), expect);
    }

    fn refusal(markers: Markers, text: &str) -> String {
        split(markers, Path::new("1.sql"), text).unwrap_err().message().to_owned()
    }

    #[test]
    fn each_direction_keeps_its_lines() {
        check(
            Markers::Goose,
            "-- head\n-- +goose Up\nA;\n-- +goose StatementBegin\nB;\n-- +goose Down\nC;\n",
            ("\n-- +goose Up\nA;\n-- +goose StatementBegin\nB;\n", Some("\n\n\n\n\n-- +goose Down\nC;\n")),
        );
        check(
            Markers::SqlMigrate,
            "-- +migrate Up notransaction\nA",
            ("-- +migrate Up notransaction\nA\n", None),
        );
        check(
            Markers::Dbmate,
            "-- migrate:up\nA\n--migrate:down",
            ("-- migrate:up\nA\n", Some("\n\n--migrate:down\n")),
        );
    }

    #[test]
    fn what_has_no_direction_is_named() {
        assert_eq!(
            refusal(Markers::Goose, "A;\n"),
            "1.sql:1: a statement stands before the line -- +goose Up"
        );
        assert_eq!(
            refusal(Markers::Goose, ""),
            "1.sql:1: the file has no line -- +goose Up, as this layout asks"
        );
        assert!(refusal(Markers::Goose, "-- +goose ENVSUB ON\n-- +goose Up").contains("1.sql:1: variables"));
        assert!(refusal(Markers::Dbmate, "-- +goose Up\nA").contains("1.sql:2: a statement"));
    }

    #[test]
    fn markers_where_there_should_be_none() {
        assert_eq!(detect(&["SELECT 1".to_owned(), "-- migrate:up".to_owned()]), Some(Markers::Dbmate));
        assert_eq!(detect(&["-- we go up".to_owned()]), None);
        let e = refuse(Path::new("1.sql"), "\n-- +goose Down\n").unwrap_err();
        assert_eq!(e.message(), "1.sql:2: the file has sections of goose, which this layout has not");
        refuse(Path::new("1.sql"), "-- up and down").unwrap();
    }
}
