//! Taking migrations back: down files, each shaped with the history as it was when its migration had just been applied.

use sha2::{Digest as _, Sha256};
use tenantry_domain::{App, Error, ErrorCode, Result};
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
        let Some(down) = file.down.as_ref().filter(|_| file.version > to) else { continue };
        let statements = history.clone().apply(&down.file, &down.text).map_err(Error::from)?;
        shaped.push(Shaped {
            version: file.version,
            name: file.name.clone(),
            file: down.file.clone(),
            checksum: checksum(&down.text),
            statements,
        });
    }
    shaped.reverse();
    Ok(shaped)
}

fn checksum(text: &str) -> String {
    Sha256::digest(text.as_bytes()).iter().map(|b| format!("{b:02x}")).collect()
}
