//! Taking migrations back: down files, each shaped with the history as it was when its migration had just been applied.

use tenantry_domain::{Error, ErrorCode, Result};
use tenantry_shape::History;

use super::shaped::{Shaped, options, shape_file};
use crate::shadow::{Shadow, Shaping};
use crate::source::{Migration, checksum};

/// The down files of the migrations above `to`, newest first, shaped. The whole history is read for that.
///
/// # Errors
/// `migration_down_missing` names every migration that has none, before anything is shaped; `migration_syntax`,
/// `shape_refused` with file, line and remedy.
pub(crate) fn shape_down(shaping: Shaping<'_>, files: &[Migration], to: i64) -> Result<Vec<Shaped>> {
    let missing: Vec<String> =
        files.iter().filter(|f| f.version > to && f.down.is_none()).map(Migration::file).collect();
    if !missing.is_empty() {
        return Err(Error::new(
            ErrorCode::MigrationDownMissing,
            format!("{} can't be taken back: there is no down file", missing.join(", ")),
        ));
    }
    let mut shadow = Shadow::new(shaping)?;
    let shaped = shape_files(shaping, files, to, &mut shadow);
    let closed = shadow.close();
    let shaped = shaped?;
    closed.map(|()| shaped)
}

fn shape_files(
    shaping: Shaping<'_>,
    files: &[Migration],
    to: i64,
    shadow: &mut Shadow<'_>,
) -> Result<Vec<Shaped>> {
    let mut history = History::new(options(shaping.app));
    let (mut ups, mut shaped) = (Vec::new(), Vec::new());
    for file in files {
        let statements = shape_file(&mut history, (&file.file(), &file.text), &ups, shadow)?;
        ups.push(Shaped::of(file, statements));
        let Some(down) = file.down.as_ref().filter(|_| file.version > to) else { continue };
        // The way back begins behind the files so far, and nothing of it stands before the next one.
        let mut own = Shadow::new(shaping)?;
        shadow.restart()?;
        let statements = shape_file(&mut history.clone(), (&down.file, &down.text), &ups, &mut own);
        own.close()?;
        let statements = statements?;
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
