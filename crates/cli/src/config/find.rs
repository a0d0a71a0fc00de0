//! Finding the app's folder.

use std::path::{Path, PathBuf};

use tenantry_domain::{Error, ErrorCode, Result, ResultExt as _};

use super::FILE_NAME;

/// `given` if it holds `tenantry.toml`; without one, the current folder or the nearest above it that does.
///
/// # Errors
/// `config_missing`.
pub fn find_directory(given: Option<&Path>) -> Result<PathBuf> {
    if let Some(directory) = given {
        if !directory.join(FILE_NAME).is_file() {
            return Err(Error::new(
                ErrorCode::ConfigMissing,
                format!("there is no {FILE_NAME} in {}", directory.display()),
            ));
        }
        return directory.canonicalize().code(ErrorCode::Io, format!("read {}", directory.display()));
    }
    let here = std::env::current_dir().code(ErrorCode::Io, "read the current folder")?;
    here.ancestors().find(|d| d.join(FILE_NAME).is_file()).map(Path::to_path_buf).ok_or_else(|| {
        Error::new(
            ErrorCode::ConfigMissing,
            format!("there is no {FILE_NAME} in {} or above", here.display()),
        )
    })
}
