//! As whom the server runs: PostgreSQL refuses root, so root hands it to an unprivileged user.

use std::fs::{self, File};
use std::os::unix::fs::{MetadataExt, chown, fchown};
use std::path::Path;
use std::process::Stdio;

use tenantry_domain::{Error, ErrorCode, Result};
use tokio::process::Command;

use super::find::Installation;
use crate::error::io_error;
use crate::process::is_root;

/// Users that root hands the server to, the best first.
const UNPRIVILEGED: [&str; 3] = ["postgres", "tenantry", "nobody"];

/// Variables that a server may see; all others, `PG...` above all, could change what it does.
const ENVIRONMENT: [&str; 6] = ["PATH", "LD_LIBRARY_PATH", "DYLD_LIBRARY_PATH", "HOME", "TMPDIR", "TZDIR"];

/// The user that the server runs as.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum ServerUser {
    /// Our own.
    Own,
    /// We are root: this one instead.
    Other { uid: u32, gid: u32 },
}

impl ServerUser {
    /// Our own user, or, for root, the owner of existing data, else the first unprivileged user there is.
    pub(crate) fn choose(data: &Path) -> Result<Self> {
        if !is_root() {
            return Ok(Self::Own);
        }
        if let Ok(metadata) = fs::metadata(data)
            && metadata.uid() != 0
        {
            return Ok(Self::Other { uid: metadata.uid(), gid: metadata.gid() });
        }
        let users = Path::new("/etc/passwd");
        let text = fs::read_to_string(users).map_err(|e| io_error(e, "read", users))?;
        UNPRIVILEGED.iter().find_map(|name| entry(&text, name)).ok_or_else(|| {
            Error::new(
                ErrorCode::PostgresStart,
                "PostgreSQL does not run as root, and none of the users postgres, tenantry and nobody exists",
            )
            .help("create one: useradd --system tenantry")
        })
    }

    /// A command that runs as this user, in `directory`, without our environment.
    pub(crate) fn command(self, program: &Path, directory: &Path) -> Command {
        let mut command = Command::new(program);
        command.env_clear().current_dir(directory).stdin(Stdio::null());
        for name in ENVIRONMENT {
            if let Some(value) = std::env::var_os(name) {
                command.env(name, value);
            }
        }
        // We read the log's messages: they must be the untranslated ones.
        command.env("LC_ALL", "C");
        if let Self::Other { uid, gid } = self {
            command.uid(uid).gid(gid);
        }
        command
    }

    /// Whether this user can enter a directory. Tried out rather than computed, for access lists and mounts
    /// decide as well as modes do.
    pub(crate) fn can_enter(self, directory: &Path) -> bool {
        let mut command = self.command(Path::new("/bin/sh"), directory);
        command.args(["-c", "exit 0"]).stdout(Stdio::null()).stderr(Stdio::null());
        command.as_std_mut().status().is_ok_and(|status| status.success())
    }

    /// Refuses binaries that this user may not run, such as some below `/root`.
    pub(crate) fn check_can_run(self, installation: &Installation) -> Result<()> {
        let mut command = self.command(&installation.program("postgres"), Path::new("/"));
        command.arg("--version").stdout(Stdio::null()).stderr(Stdio::null());
        match command.as_std_mut().status() {
            Ok(status) if status.success() => Ok(()),
            outcome => {
                let bin = installation.bin.display();
                let error = Error::new(
                    ErrorCode::PostgresStart,
                    format!("the unprivileged user that runs the server can't run the binaries in {bin}"),
                )
                .help("put the binaries where every user can read and run them, or start as another user than root");
                Err(match outcome {
                    Err(e) => error.because(e),
                    Ok(status) => error.because(status.to_string()),
                })
            }
        }
    }

    /// Gives a path to this user.
    pub(crate) fn own(self, path: &Path) -> Result<()> {
        match self {
            Self::Own => Ok(()),
            Self::Other { uid, gid } => {
                chown(path, Some(uid), Some(gid)).map_err(|e| io_error(e, "change the owner of", path))
            }
        }
    }

    /// Gives an open file to this user.
    pub(crate) fn own_file(self, file: &File, path: &Path) -> Result<()> {
        match self {
            Self::Own => Ok(()),
            Self::Other { uid, gid } => {
                fchown(file, Some(uid), Some(gid)).map_err(|e| io_error(e, "change the owner of", path))
            }
        }
    }
}

/// The user's line in `/etc/passwd` (passwd(5)).
fn entry(text: &str, name: &str) -> Option<ServerUser> {
    text.lines().find_map(|line| {
        let mut fields = line.split(':');
        if fields.next() != Some(name) {
            return None;
        }
        let uid = fields.nth(1)?.parse().ok()?;
        let gid = fields.next()?.parse().ok()?;
        (uid != 0).then_some(ServerUser::Other { uid, gid })
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn finds_users() {
        let text = "root:x:0:0::/root:/bin/sh\nnobody:x:65534:65533:n:/:/bin/false\npostgres2:x:7:8:::\n";
        assert_eq!(entry(text, "nobody"), Some(ServerUser::Other { uid: 65534, gid: 65533 }));
        assert_eq!(entry(text, "postgres"), None);
        assert_eq!(entry(text, "root"), None, "root is never unprivileged");
    }
}
