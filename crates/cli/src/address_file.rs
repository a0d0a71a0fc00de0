//! Where the gateway of this app listens, for commands of the same machine: a file of its state, gone when it stops.

use std::fs;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};
use std::path::{Path, PathBuf};

use tenantry_domain::{ErrorCode, Result, ResultExt as _};

/// The file's name within the app's state.
const NAME: &str = "gateway";

/// The written file; removed when dropped.
pub struct AddressFile {
    path: Option<PathBuf>,
}

impl AddressFile {
    /// Writes it, whole or not at all.
    ///
    /// # Errors
    /// `io`.
    pub fn write(state: &Path, address: SocketAddr) -> Result<Self> {
        let path = state.join(NAME);
        let doing = format!("write {}", path.display());
        let temporary = state.join(format!("{NAME}.{}.tmp", std::process::id()));
        let written = fs::create_dir_all(state)
            .and_then(|()| fs::write(&temporary, address.to_string()))
            .and_then(|()| fs::rename(&temporary, &path));
        written.code(ErrorCode::Io, doing)?;
        Ok(Self { path: Some(path) })
    }

    /// Leaves the file: another process listens there now.
    pub fn leave(mut self) {
        self.path = None;
    }
}

impl Drop for AddressFile {
    fn drop(&mut self) {
        if let Some(path) = &self.path {
            let _ = fs::remove_file(path);
        }
    }
}

/// Where it listens, as a client of this machine reaches it; `None`: no gateway has written that it does.
pub fn read(state: &Path) -> Option<SocketAddr> {
    let mut address: SocketAddr = fs::read_to_string(state.join(NAME)).ok()?.trim().parse().ok()?;
    if address.ip().is_unspecified() {
        address.set_ip(match address.ip() {
            IpAddr::V4(_) => Ipv4Addr::LOCALHOST.into(),
            IpAddr::V6(_) => Ipv6Addr::LOCALHOST.into(),
        });
    }
    Some(address)
}
