//! Finding PostgreSQL's binaries on this machine.

use std::collections::HashSet;
use std::ffi::OsString;
use std::fmt;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use tenantry_domain::{Error, ErrorCode, Result};

use super::download;

/// The oldest major version that Tenantry works with.
pub(crate) const MAJOR_MIN: u32 = 15;
/// The newest major version that Tenantry is tested with.
pub(crate) const MAJOR_MAX: u32 = 18;

/// A PostgreSQL version such as 16.4; development versions count as minor 0.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Version {
    /// What data directories are bound to.
    pub major: u32,
    /// Corrections only.
    pub minor: u32,
}

impl Version {
    /// Reads what `postgres --version` prints.
    fn parse(text: &str) -> Option<Self> {
        let number = text.split(") ").nth(1)?.split_whitespace().next()?;
        let digits = number.find(|c: char| !c.is_ascii_digit()).unwrap_or(number.len());
        let (major, rest) = number.split_at(digits);
        let major = major.parse().ok()?;
        let minor = rest.strip_prefix('.').and_then(|m| m.parse().ok()).unwrap_or(0);
        Some(Self { major, minor })
    }

    fn is_supported(self) -> bool {
        (MAJOR_MIN..=MAJOR_MAX).contains(&self.major)
    }
}

impl fmt::Display for Version {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}.{}", self.major, self.minor)
    }
}

/// A folder with PostgreSQL's binaries.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Installation {
    /// The folder.
    pub bin: PathBuf,
    /// The server's version.
    pub version: Version,
}

impl Installation {
    /// Looks into a folder: `None` unless it holds a server. Wrappers such as Debian's, which have no
    /// `initdb` and `postgres` beside them, are none.
    pub fn look(bin: &Path) -> Option<Self> {
        let server = bin.join("postgres");
        if !is_program(&server) || !is_program(&bin.join("initdb")) {
            return None;
        }
        // The server looks for its libraries from where it really lies.
        let bin = server.canonicalize().ok()?.parent()?.to_owned();
        let output = Command::new(&server).arg("--version").output().ok()?;
        let version = Version::parse(&String::from_utf8_lossy(&output.stdout))?;
        Some(Self { bin, version })
    }

    /// The path of one of its programs.
    pub fn program(&self, name: &str) -> PathBuf {
        self.bin.join(name)
    }

    /// Whether the server can load this library. Small builds lack the contributed ones.
    pub(crate) fn has_library(&self, name: &str) -> bool {
        let root = self.bin.parent().unwrap_or(&self.bin);
        let mut folders: Vec<PathBuf> = ["lib", "lib/postgresql", "lib64", "lib64/pgsql", "lib/pgsql"]
            .iter()
            .map(|f| root.join(f))
            .collect();
        if let Ok(output) = Command::new(self.program("pg_config")).arg("--pkglibdir").output() {
            folders.push(PathBuf::from(String::from_utf8_lossy(&output.stdout).trim()));
        }
        folders.iter().any(|f| ["so", "dylib"].iter().any(|ext| f.join(name).with_extension(ext).exists()))
    }
}

fn is_program(path: &Path) -> bool {
    use std::os::unix::fs::PermissionsExt;
    fs::metadata(path).is_ok_and(|m| m.is_file() && m.permissions().mode() & 0o111 != 0)
}

/// Where to look.
#[derive(Debug, Clone, Default)]
struct Search {
    /// The one folder that was named, with who named it.
    named: Option<(PathBuf, &'static str)>,
    /// Folders in the order of preference among equal versions.
    folders: Vec<PathBuf>,
}

impl Search {
    fn of_this_machine(bin: Option<&Path>) -> Self {
        let named = match bin {
            Some(bin) => Some((bin.to_owned(), "the folder given")),
            None => variable("TENANTRY_PG_BIN").map(|bin| (bin.into(), "TENANTRY_PG_BIN")),
        };
        let mut folders: Vec<PathBuf> =
            variable("PATH").map(|path| std::env::split_paths(&path).collect()).unwrap_or_default();
        folders.extend(below("/usr/lib/postgresql", "", "bin"));
        folders.extend(below("/usr", "pgsql-", "bin"));
        folders.push("/usr/local/pgsql/bin".into());
        for brew in ["/opt/homebrew/opt", "/usr/local/opt", "/home/linuxbrew/.linuxbrew/opt"] {
            folders.extend(below(brew, "postgresql", "bin"));
        }
        folders.extend(below("/Applications/Postgres.app/Contents/Versions", "", "bin"));
        Self { named, folders }
    }

    /// Every server found, the newest first, each once.
    fn all(&self) -> Result<Vec<Installation>> {
        let mut found = match &self.named {
            Some((bin, by)) => vec![Installation::look(bin).ok_or_else(|| {
                Error::new(
                    ErrorCode::PostgresMissing,
                    format!("{} ({by}) is no folder with PostgreSQL's initdb and postgres", bin.display()),
                )
            })?],
            None => self.folders.iter().filter_map(|folder| Installation::look(folder)).collect(),
        };
        let mut seen = HashSet::new();
        found.retain(|i| seen.insert(i.bin.clone()));
        found.sort_by_key(|i| std::cmp::Reverse(i.version));
        Ok(found)
    }
}

fn variable(name: &str) -> Option<OsString> {
    std::env::var_os(name).filter(|value| !value.is_empty())
}

/// `parent/prefix*/child` for every folder there is.
fn below(parent: &str, prefix: &str, child: &str) -> Vec<PathBuf> {
    let entries = fs::read_dir(parent).into_iter().flatten().flatten();
    let mut found: Vec<PathBuf> = entries
        .filter(|entry| entry.file_name().to_string_lossy().starts_with(prefix))
        .map(|entry| entry.path().join(child))
        .collect();
    found.sort();
    found
}

/// The installation to use: of the data's major version where there is data, else the newest; downloaded
/// where the machine has none.
pub(crate) async fn installation(bin: Option<&Path>, data_major: Option<u32>) -> Result<Installation> {
    let search = Search::of_this_machine(bin);
    let found = search.all()?;
    if let Some(installation) = choose(&found, data_major) {
        return Ok(installation.clone());
    }
    // Data of another version, or a folder that was named: a download would not be what was asked for.
    let asked = data_major.filter(|major| (MAJOR_MIN..=MAJOR_MAX).contains(major));
    if search.named.is_some() || data_major.is_some() && asked.is_none() {
        return Err(refusal(&found, data_major));
    }
    match download::installation(asked).await {
        Ok(installation) => Ok(installation),
        Err(_) if data_major.is_some() && !found.is_empty() => Err(refusal(&found, data_major)),
        Err(e) => Err(e),
    }
}

fn choose(found: &[Installation], data_major: Option<u32>) -> Option<&Installation> {
    found.iter().find(|i| i.version.is_supported() && data_major.is_none_or(|major| i.version.major == major))
}

fn refusal(found: &[Installation], data_major: Option<u32>) -> Error {
    let list: Vec<String> = found.iter().map(|i| format!("{} in {}", i.version, i.bin.display())).collect();
    let list = if list.is_empty() { "none".to_owned() } else { list.join(", ") };
    match data_major {
        Some(major) => Error::new(
            ErrorCode::PostgresVersion,
            format!("the data directory is of PostgreSQL {major}; found: {list}"),
        )
        .help(format!(
            "install PostgreSQL {major} or point TENANTRY_PG_BIN at its bin folder; to go to another version, dump and restore"
        )),
        None => Error::new(
            ErrorCode::PostgresVersion,
            format!("PostgreSQL {MAJOR_MIN} to {MAJOR_MAX} is needed; found: {list}"),
        ),
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used, clippy::expect_used, reason = "tests stop at the first surprise")]
mod tests {
    use std::os::unix::fs::PermissionsExt;

    use super::*;

    /// A folder with programs that print a version.
    fn fake(version: &str, programs: &[&str]) -> tempfile::TempDir {
        let dir = tempfile::tempdir().unwrap();
        for program in programs {
            let path = dir.path().join(program);
            fs::write(&path, format!("#!/bin/sh\necho 'postgres (PostgreSQL) {version}'\n")).unwrap();
            fs::set_permissions(&path, fs::Permissions::from_mode(0o755)).unwrap();
        }
        dir
    }

    #[test]
    fn versions() {
        let parse = |text| Version::parse(text).map(|v| (v.major, v.minor));
        assert_eq!(parse("postgres (PostgreSQL) 15.18 (Debian 15.18-0+deb12u1)\n"), Some((15, 18)));
        assert_eq!(parse("postgres (PostgreSQL) 18beta1"), Some((18, 0)));
        assert_eq!(parse("postgres (PostgreSQL) 19devel"), Some((19, 0)));
        assert_eq!(parse("something else"), None);
    }

    #[test]
    fn the_newest_supported_one_unless_there_is_data() {
        let folders: Vec<_> = ["14.9", "16.4", "17.2", "19.1"]
            .iter()
            .map(|version| fake(version, &["postgres", "initdb"]))
            .collect();
        let search = Search { named: None, folders: folders.iter().map(|d| d.path().to_owned()).collect() };
        let found = search.all().unwrap();
        let major = |data| choose(&found, data).map(|i| i.version.major);
        assert_eq!(major(None), Some(17));
        assert_eq!(major(Some(16)), Some(16));
        assert_eq!(major(Some(15)), None);
        assert_eq!(major(Some(14)), None, "found, but not supported");
        let e = refusal(&found, Some(15));
        assert_eq!(e.code(), ErrorCode::PostgresVersion);
        assert!(e.message().contains("PostgreSQL 15") && e.message().contains("17.2 in"), "{e:?}");
    }

    #[test]
    fn a_wrapper_is_no_server() {
        let wrapper = fake("16.4", &["postgres", "pg_ctl"]);
        assert_eq!(Installation::look(wrapper.path()), None);
        let named = Search { named: Some((wrapper.path().into(), "TENANTRY_PG_BIN")), folders: vec![] };
        let e = named.all().unwrap_err();
        assert_eq!(e.code(), ErrorCode::PostgresMissing);
        assert!(e.message().contains("TENANTRY_PG_BIN"), "{e:?}");
    }
}
