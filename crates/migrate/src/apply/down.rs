//! Taking migrations back: down files, each shaped with the history as it was when its migration had just been applied.

use sha2::{Digest as _, Sha256};
use std::path::Path;
use tenantry_domain::{App, Error, ErrorCode, Result, ResultExt as _};
use tenantry_shape::History;

use super::shaped::{Shaped, options};
use crate::source::Migration;

/// The down files of the migrations above `to`, newest first, shaped. The whole history is read for that.
///
/// # Errors
/// `migration_down_missing` names every migration that has none, before anything is shaped; `migration_syntax`,
/// `shape_refused` with file, line and remedy.
pub(crate) fn shape_down(app: &App, files: &[Migration], to: i64) -> Result<Vec<Shaped>> {
    let missing: Vec<String> =
        files.iter().filter(|f| f.version > to && f.down.is_none()).map(Migration::file).collect();
    if !missing.is_empty() {
        return Err(Error::new(
            ErrorCode::MigrationDownMissing,
            format!("{} can't be taken back: there is no down file", missing.join(", ")),
        ));
    }
    let mut history = History::new(options(app));
    let mut shaped = Vec::new();
    for file in files {
        history.apply(&file.file(), &file.text).map_err(Error::from)?;
        let Some(path) = file.down.as_deref().filter(|_| file.version > to) else { continue };
        let text = read_text(path)?;
        let name = file_name(path);
        let statements = history.clone().apply(&name, &text).map_err(Error::from)?;
        shaped.push(Shaped {
            version: file.version,
            name: file.name.clone(),
            file: name,
            checksum: checksum(&text),
            statements,
        });
    }
    shaped.reverse();
    Ok(shaped)
}

fn file_name(path: &Path) -> String {
    path.file_name().map_or_else(String::new, |n| n.to_string_lossy().into_owned())
}

fn checksum(text: &str) -> String {
    Sha256::digest(text.as_bytes()).iter().map(|b| format!("{b:02x}")).collect()
}

fn read_text(path: &Path) -> Result<String> {
    let bytes = std::fs::read(path).code(ErrorCode::Io, format!("read {}", path.display()))?;
    String::from_utf8(bytes).map_err(|e| {
        let before = &e.as_bytes()[..e.utf8_error().valid_up_to()];
        let line = 1 + before.iter().filter(|b| **b == b'\n').count();
        Error::new(ErrorCode::MigrationLayout, format!("{}:{line}: the file is not UTF-8", path.display()))
            .help("save the file as UTF-8")
    })
}
