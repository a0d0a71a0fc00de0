//! The file that tells other programs where everything is, once all is ready; gone again when the server stops.

use std::fs;
use std::io::Write as _;
use std::os::unix::fs::OpenOptionsExt as _;
use std::path::{Path, PathBuf};

use serde::Serialize;
use tenantry_domain::{ErrorCode, Result, ResultExt as _};

/// What it holds. The keys stay, also those of parts that this version does not have (null).
#[derive(Clone, Debug, Serialize)]
pub struct Ready {
    /// URL of the HTTP listener.
    pub http: Option<String>,
    /// URL of the gateway.
    pub gateway: Option<String>,
    /// URL of the console.
    pub console: Option<String>,
    /// Token of the control API.
    pub admin_token: Option<String>,
    /// The superuser's URL, for the operator.
    pub postgres: Option<String>,
    /// The server's process.
    pub pid: u32,
}

/// The written file; removed when dropped.
pub struct ReadyFile {
    path: PathBuf,
}

impl ReadyFile {
    /// Writes it, whole or not at all, readable for its owner alone: it holds a password.
    ///
    /// # Errors
    /// `io`.
    pub fn write(path: &Path, ready: &Ready) -> Result<Self> {
        let doing = format!("write {}", path.display());
        let text = serde_json::to_string(ready).code(ErrorCode::Internal, doing.clone())?;
        let mut name = path.file_name().unwrap_or_default().to_owned();
        name.push(format!(".{}.tmp", std::process::id()));
        let temporary = path.with_file_name(name);
        let written = fs::OpenOptions::new()
            .write(true)
            .create(true)
            .truncate(true)
            .mode(0o600)
            .open(&temporary)
            .and_then(|mut file| writeln!(file, "{text}").and_then(|()| file.sync_all()))
            .and_then(|()| fs::rename(&temporary, path));
        if written.is_err() {
            let _ = fs::remove_file(&temporary);
        }
        written.code(ErrorCode::Io, doing)?;
        Ok(Self { path: path.to_owned() })
    }
}

impl Drop for ReadyFile {
    fn drop(&mut self) {
        let _ = fs::remove_file(&self.path);
    }
}
