//! Where everything of an embedded server lies.

use std::fs::{self, DirBuilder, File, OpenOptions, Permissions};
use std::io::Write;
use std::os::unix::fs::{DirBuilderExt, OpenOptionsExt, PermissionsExt, symlink};
use std::path::{Path, PathBuf};

use sha2::{Digest, Sha256};
use tenantry_domain::{Error, ErrorCode, Result, Secret};

use super::user::ServerUser;
use crate::error::io_error;

/// Where root keeps data that the server's user could not reach in the folder itself.
const ELSEWHERE: &str = "/var/lib/tenantry";

/// The paths of one embedded server, and whose they are.
#[derive(Debug, Clone)]
pub(crate) struct Place {
    /// `DIR/.tenantry`, canonical.
    pub(crate) root: PathBuf,
    /// The data directory itself, past any link.
    pub(crate) data: PathBuf,
    /// As whom the server runs.
    pub(crate) user: ServerUser,
}

impl Place {
    /// Creates the directory where it is missing, and decides where the data lies.
    pub(crate) fn prepare(directory: &Path) -> Result<Self> {
        fs::create_dir_all(directory.parent().unwrap_or(directory))
            .map_err(|e| io_error(e, "create", directory))?;
        // Root's directory must let the server's user pass to the data; what is secret in it has mode 0600.
        let mode = if crate::process::is_root() { 0o711 } else { 0o700 };
        create_dir(directory, mode)?;
        let root = directory.canonicalize().map_err(|e| io_error(e, "open", directory))?;
        let link = root.join("postgres");
        let user = ServerUser::choose(&link)?;
        let data = match fs::symlink_metadata(&link) {
            Ok(_) => link.canonicalize().map_err(|e| io_error(e, "open the data directory", &link))?,
            Err(_) if user.can_enter(&root) => link,
            Err(_) => elsewhere(&root)?,
        };
        Ok(Self { root, data, user })
    }

    /// A file of ours in `DIR/.tenantry`.
    pub(crate) fn file(&self, name: &str) -> PathBuf {
        self.root.join(name)
    }

    /// Whether there is data.
    pub(crate) fn is_initialised(&self) -> bool {
        self.data.join("PG_VERSION").exists()
    }

    /// The major version of the data; `None` where there is none yet.
    pub(crate) fn data_major(&self) -> Result<Option<u32>> {
        let file = self.data.join("PG_VERSION");
        let text = match fs::read_to_string(&file) {
            Ok(text) => text,
            Err(e) if e.kind() == std::io::ErrorKind::NotFound => return Ok(None),
            Err(e) => return Err(io_error(e, "read", &file)),
        };
        match text.trim().parse() {
            Ok(major) => Ok(Some(major)),
            Err(_) => Err(Error::new(
                ErrorCode::PostgresVersion,
                format!("the data directory {} has the version {:?}", self.data.display(), text.trim()),
            )),
        }
    }

    /// The superuser's password.
    pub(crate) fn password(&self) -> Result<Secret> {
        let file = self.file("postgres.password");
        let text = fs::read_to_string(&file).map_err(|e| {
            io_error(e, "read the server's password from", &file).help(
                "run as the user who set the folder up, or put the password of role tenantry into the file",
            )
        })?;
        Ok(Secret::new(text.trim()))
    }

    /// Where the data is built before it takes its place, so that a half-built directory is never taken for
    /// a whole one.
    pub(crate) fn data_in_making(&self) -> PathBuf {
        self.data.with_file_name(match self.data.file_name() {
            Some(name) => format!("{}.new", name.to_string_lossy()),
            None => "postgres.new".to_owned(),
        })
    }

    /// Makes `DIR/.tenantry/postgres` lead to data that lies elsewhere.
    pub(crate) fn link_data(&self) -> Result<()> {
        let link = self.root.join("postgres");
        if self.data == link || fs::symlink_metadata(&link).is_ok() {
            return Ok(());
        }
        tracing::warn!(
            "the data lies in {}, because the server's user may not enter {}",
            self.data.display(),
            self.root.display()
        );
        symlink(&self.data, &link).map_err(|e| io_error(e, "create the link", &link))
    }

    /// Puts a file in place whole or not at all, with an owner and mode 0600. The temporary name is created
    /// afresh, so that no link laid by the server's user can lead root's pen elsewhere.
    pub(crate) fn write(&self, path: &Path, text: &str, owner: ServerUser) -> Result<()> {
        let temporary = path.with_extension(format!("{}.tmp", std::process::id()));
        let failed = |e| io_error(e, "write", path);
        match fs::remove_file(&temporary) {
            Err(e) if e.kind() != std::io::ErrorKind::NotFound => return Err(failed(e)),
            _ => {}
        }
        let mut file =
            OpenOptions::new().write(true).create_new(true).mode(0o600).open(&temporary).map_err(failed)?;
        let written = owner
            .own_file(&file, path)
            .and_then(|()| file.write_all(text.as_bytes()).map_err(failed))
            .and_then(|()| file.sync_all().map_err(failed))
            .and_then(|()| fs::rename(&temporary, path).map_err(failed));
        if written.is_err() {
            let _ = fs::remove_file(&temporary);
        }
        written
    }
}

/// Creates a directory with this mode; one that exists keeps its own.
pub(crate) fn create_dir(path: &Path, mode: u32) -> Result<()> {
    match DirBuilder::new().mode(mode).create(path) {
        // The mask of the process takes bits away that we mean.
        Ok(()) => fs::set_permissions(path, Permissions::from_mode(mode)),
        Err(e) if e.kind() == std::io::ErrorKind::AlreadyExists && path.is_dir() => Ok(()),
        Err(e) => Err(e),
    }
    .map_err(|e| io_error(e, "create", path))
}

/// Makes a rename in this directory outlast a crash of the machine.
pub(crate) fn sync_dir(path: &Path) -> Result<()> {
    File::open(path).and_then(|d| d.sync_all()).map_err(|e| io_error(e, "write", path))
}

fn elsewhere(root: &Path) -> Result<PathBuf> {
    let parent = Path::new(ELSEWHERE);
    fs::create_dir_all("/var/lib").map_err(|e| io_error(e, "create", parent))?;
    create_dir(parent, 0o711)?;
    let hash = Sha256::digest(root.as_os_str().as_encoded_bytes());
    let name: String = hash.iter().take(8).map(|b| format!("{b:02x}")).collect();
    Ok(parent.join(name))
}
