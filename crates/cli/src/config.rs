//! `tenantry.toml`: found, read strictly, overlaid by `TENANTRY_...` variables, checked, and turned into a
//! [`tenantry_domain::App`].
//!
//! What was typed ([`raw::RawConfig`]) and what it means ([`App`]) are two stages.

mod environment;
mod find;
mod meaning;
mod raw;
mod unknown;

use std::path::{Path, PathBuf};

use tenantry_domain::{App, Error, ErrorCode, Result, ResultExt as _};

pub use find::find_directory;

/// The name of the configuration file.
pub const FILE_NAME: &str = "tenantry.toml";

/// An app's folder and what its configuration means.
#[derive(Clone, Debug)]
pub struct Config {
    /// The folder that holds `tenantry.toml`.
    pub directory: PathBuf,
    /// What it means.
    pub app: App,
}

impl Config {
    /// Reads the configuration of the app in `directory`, or in the nearest folder above that has one.
    ///
    /// # Errors
    /// `config_missing`, `config_invalid` (with file, line and the nearest known key).
    pub fn load(directory: Option<&Path>) -> Result<Self> {
        let directory = find_directory(directory)?;
        let file = directory.join(FILE_NAME);
        let text = std::fs::read_to_string(&file).code(ErrorCode::Io, format!("read {}", file.display()))?;
        let app = parse(&text, &directory, &std::env::vars().collect::<Vec<_>>())
            .map_err(|e| e.context(file.display()))?;
        Ok(Self { directory, app })
    }

    /// The folder of the app's state.
    pub fn state(&self) -> PathBuf {
        self.directory.join(".tenantry")
    }
}

/// What a configuration text means, for an app in `directory`, under these environment variables.
///
/// # Errors
/// `config_invalid`.
pub fn parse(text: &str, directory: &Path, variables: &[(String, String)]) -> Result<App> {
    let mut table: toml::Table = toml::from_str(text).map_err(|e| syntax(text, &e))?;
    environment::overlay(&mut table, variables)?;
    unknown::check(&table)?;
    let raw: raw::RawConfig = toml::Value::Table(table)
        .try_into()
        .map_err(|e: toml::de::Error| Error::new(ErrorCode::ConfigInvalid, e.message().to_owned()))?;
    meaning::app(raw, directory)
}

fn syntax(text: &str, e: &toml::de::Error) -> Error {
    let line = e.span().map_or(1, |span| text[..span.start.min(text.len())].matches('\n').count() + 1);
    Error::new(ErrorCode::ConfigInvalid, format!("line {line}: {}", e.message()))
}

#[cfg(test)]
mod tests;
