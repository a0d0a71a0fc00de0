//! One migration, read.

use std::path::PathBuf;

use sha2::{Digest, Sha256};

use super::listing::is_sql;
use super::numbered;

/// One migration of an app.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Migration {
    /// Its place in the order, at least 1: the number in front of its name, or, where that is not above the version before
    /// it (a number that repeats, layouts without plain numbers), the next. A file that comes later never changes the
    /// versions of those before.
    pub version: i64,
    /// Its number as people write it: `0001`, `1.2`, `2019-11-01-000000`; without a number of its own, its name.
    pub label: String,
    /// What stands behind the number.
    pub name: String,
    /// The file that applies it, from the folder on.
    pub file: String,
    /// The same with the folder.
    pub up: PathBuf,
    /// What takes it back. A file without any statement does not.
    pub down: Option<Script>,
    /// The text that applies it, with lines as in the file; lines end with a line feed whatever the file has.
    pub text: String,
}

/// A text that takes a migration back.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Script {
    /// The file, from the folder on.
    pub file: String,
    /// The same with the folder.
    pub path: PathBuf,
    /// Its text, with lines as in the file.
    pub text: String,
}

/// SHA-256 of a text, in hexadecimal.
pub(crate) fn checksum(text: &str) -> String {
    Sha256::digest(text.as_bytes()).iter().map(|b| format!("{b:02x}")).collect()
}

/// A file's name without what says that it is SQL and which way it goes, or its folder's name.
pub(crate) fn title(file: &str) -> &str {
    match file.split_once('/') {
        Some((folder, _)) => folder,
        None if is_sql(file) => numbered::stem(file).0,
        None => file,
    }
}

impl Migration {
    /// SHA-256 of the text, in hexadecimal. How a check-out ends its lines does not matter to it, nor does what takes
    /// the migration back.
    pub fn checksum(&self) -> String {
        // A section of a file has empty lines in the place of what stands before it.
        checksum(self.text.trim_start_matches('\n'))
    }

    /// Its name as the team writes it, as [`title`] has it.
    pub fn title(&self) -> &str {
        title(&self.file)
    }

    /// The file as errors name it.
    pub fn file(&self) -> String {
        self.file.clone()
    }
}
