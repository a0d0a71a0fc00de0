//! A service's folder of migrations: `NNNN_name.up.sql` with `NNNN_name.down.sql`, or `NNNN_name.sql`.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use sha2::{Digest, Sha256};
use tenantry_domain::{Error, ErrorCode, Result, ResultExt as _};

/// One migration of an app.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Migration {
    /// The number in front of the file's name.
    pub version: i64,
    /// What stands between the number and the ending.
    pub name: String,
    /// The file that applies it.
    pub up: PathBuf,
    /// The file that takes it back, if there is one.
    pub down: Option<PathBuf>,
    /// The text that applies it.
    pub text: String,
}

impl Migration {
    /// SHA-256 of the text, in hexadecimal.
    pub fn checksum(&self) -> String {
        Sha256::digest(self.text.as_bytes()).iter().map(|b| format!("{b:02x}")).collect()
    }

    /// The file as errors name it.
    pub fn file(&self) -> String {
        self.up.file_name().map_or_else(String::new, |n| n.to_string_lossy().into_owned())
    }
}

#[derive(Clone, Copy, PartialEq, Eq, Debug)]
enum Direction {
    Up,
    Down,
}

/// Reads a folder. A folder that does not exist is an app without migrations.
///
/// # Errors
/// `migration_layout` for two files of one number, a name that is not understood, a down file without its up file, or a
/// file that is not UTF-8.
pub fn read_folder(folder: &Path) -> Result<Vec<Migration>> {
    let entries = match std::fs::read_dir(folder) {
        Ok(entries) => entries,
        Err(e) if e.kind() == std::io::ErrorKind::NotFound => return Ok(Vec::new()),
        Err(e) => return Err(Error::new(ErrorCode::Io, format!("read {}", folder.display())).because(e)),
    };
    let mut files = Vec::new();
    for entry in entries {
        let path = entry.code(ErrorCode::Io, format!("read {}", folder.display()))?.path();
        if path.extension().is_some_and(|e| e == "sql") {
            files.push(path);
        }
    }
    files.sort();
    let mut ups: BTreeMap<i64, (String, PathBuf)> = BTreeMap::new();
    let mut downs: BTreeMap<i64, PathBuf> = BTreeMap::new();
    for path in files {
        let file = path.file_name().map(|n| n.to_string_lossy().into_owned()).unwrap_or_default();
        let (version, name, direction) = parse_name(&file)?;
        let other = match direction {
            Direction::Up => ups.insert(version, (name, path.clone())).map(|(_, p)| p),
            Direction::Down => downs.insert(version, path.clone()),
        };
        if let Some(other) = other {
            return Err(layout(format!("{} and {} have the same number", other.display(), path.display())));
        }
    }
    if let Some((_, down)) = downs.iter().find(|(version, _)| !ups.contains_key(version)) {
        return Err(layout(format!("{} takes back a migration that is not there", down.display())));
    }
    ups.into_iter()
        .map(|(version, (name, up))| {
            let text = read_text(&up)?;
            Ok(Migration { version, name, down: downs.remove(&version), up, text })
        })
        .collect()
}

fn read_text(path: &Path) -> Result<String> {
    let bytes = std::fs::read(path).code(ErrorCode::Io, format!("read {}", path.display()))?;
    String::from_utf8(bytes).map_err(|e| {
        let line = 1 + bytecount(&e.as_bytes()[..e.utf8_error().valid_up_to()]);
        layout(format!("{}:{line}: the file is not UTF-8", path.display())).help("save the file as UTF-8")
    })
}

fn bytecount(bytes: &[u8]) -> usize {
    bytes.iter().filter(|b| **b == b'\n').count()
}

/// Number, name and direction of a file's name.
fn parse_name(file: &str) -> Result<(i64, String, Direction)> {
    let unknown = || layout(format!("the name of {file} is not that of a migration"));
    let (stem, direction) = if let Some(stem) = file.strip_suffix(".up.sql") {
        (stem, Direction::Up)
    } else if let Some(stem) = file.strip_suffix(".down.sql") {
        (stem, Direction::Down)
    } else {
        (file.strip_suffix(".sql").ok_or_else(unknown)?, Direction::Up)
    };
    let digits = stem.find(|c: char| !c.is_ascii_digit()).unwrap_or(stem.len());
    let version: i64 = stem[..digits].parse().map_err(|_| unknown())?;
    let name = stem[digits..].trim_start_matches(['_', '-']).to_owned();
    if version <= 0 {
        return Err(layout(format!("the number of {file} must be at least 1")));
    }
    Ok((version, name, direction))
}

fn layout(message: String) -> Error {
    Error::new(ErrorCode::MigrationLayout, message)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn folder(files: &[(&str, &[u8])]) -> tempfile::TempDir {
        let dir = tempfile::tempdir().unwrap();
        for (name, text) in files {
            std::fs::write(dir.path().join(name), text).unwrap();
        }
        dir
    }

    fn refusal(files: &[(&str, &[u8])]) -> String {
        let e = read_folder(folder(files).path()).unwrap_err();
        assert_eq!(e.code(), ErrorCode::MigrationLayout);
        e.message().to_owned()
    }

    #[test]
    fn files_are_ordered_by_number() {
        let dir = folder(&[
            ("10_b.sql", b"SELECT 10"),
            ("0002_a.up.sql", b"SELECT 2"),
            ("0002_a.down.sql", b""),
            ("README.md", b"not a migration"),
        ]);
        let read = read_folder(dir.path()).unwrap();
        let got: Vec<_> = read.iter().map(|m| (m.version, m.name.as_str(), m.down.is_some())).collect();
        assert_eq!(got, [(2, "a", true), (10, "b", false)]);
        assert_eq!(read[0].file(), "0002_a.up.sql");
        assert_ne!(read[0].checksum(), read[1].checksum());
        assert_eq!(read_folder(&dir.path().join("none")).unwrap(), []);
    }

    #[test]
    fn what_is_not_understood_is_named() {
        assert!(refusal(&[("1_a.sql", b""), ("0001_b.up.sql", b"")]).contains("same number"));
        assert!(refusal(&[("users.sql", b"")]).contains("users.sql"));
        assert!(refusal(&[("0_a.sql", b"")]).contains("at least 1"));
        assert!(refusal(&[("1_a.down.sql", b"")]).contains("takes back"));
        assert!(refusal(&[("1_a.sql", b"SELECT 1;\n\xff")]).contains("1_a.sql:2: the file is not UTF-8"));
    }
}
