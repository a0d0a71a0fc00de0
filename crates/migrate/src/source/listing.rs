//! What lies in the folder. The only part that looks at the disk, reading of texts apart.

use std::io;
use std::path::{Path, PathBuf};

use tenantry_domain::{Error, ErrorCode, Result, ResultExt as _};

use super::refused;

/// How deep a folder within the folder is searched for SQL that no layout reaches.
const DEPTH_MAX: usize = 8;

/// The entries of a folder, by name.
#[derive(Clone, Debug, Default)]
pub struct Listing {
    folder: PathBuf,
    /// Names of its files.
    pub files: Vec<String>,
    /// Its folders.
    pub folders: Vec<Inner>,
}

/// A folder within the folder.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Inner {
    /// Its name.
    pub name: String,
    /// Names of its files.
    pub files: Vec<String>,
    /// The first SQL file somewhere below its own folders.
    pub deeper: Option<String>,
}

impl Inner {
    /// Its SQL files, those below its own folders too.
    pub fn sql(&self) -> impl Iterator<Item = &String> {
        self.files.iter().filter(|f| is_sql(f)).chain(&self.deeper)
    }
}

/// Whether a name is that of a file with SQL.
pub fn is_sql(name: &str) -> bool {
    Path::new(name).extension().is_some_and(|e| e.eq_ignore_ascii_case("sql"))
}

impl Listing {
    /// Lists a folder, or the folder of a single file, which then is all there is.
    ///
    /// # Errors
    /// `migration_layout` for links that lead out of the folder and for what is neither file nor folder.
    pub fn read(folder: &Path, ignore: &[String]) -> Result<Self> {
        match std::fs::metadata(folder) {
            Err(e) if e.kind() == io::ErrorKind::NotFound => {
                return Ok(Self { folder: folder.to_path_buf(), ..Self::default() });
            }
            Err(e) => return Err(unreadable(folder, e)),
            Ok(meta) if meta.is_file() => {
                let file = folder.file_name().map(|n| n.to_string_lossy().into_owned());
                let folder = folder.parent().unwrap_or(folder).to_path_buf();
                return Ok(Self { folder, files: file.into_iter().collect(), folders: Vec::new() });
            }
            Ok(_) => {}
        }
        let root = folder.canonicalize().map_err(|e| unreadable(folder, e))?;
        let mut listing = Self { folder: folder.to_path_buf(), ..Self::default() };
        for (name, path) in entries(folder)? {
            if ignore.iter().any(|pattern| matches(pattern, &name)) {
                continue;
            }
            match kind(&root, &path)? {
                Kind::File => listing.files.push(name),
                Kind::Folder => listing.folders.push(inner(&root, name, &path, ignore)?),
                Kind::Other => {}
            }
        }
        Ok(listing)
    }

    /// The path of an entry.
    pub fn path(&self, name: &str) -> PathBuf {
        self.folder.join(name)
    }

    /// The SQL files of the folder itself.
    pub fn sql(&self) -> impl Iterator<Item = &String> {
        self.files.iter().filter(|f| is_sql(f))
    }

    /// Refuses SQL in folders of the folder, for layouts that have none.
    pub fn no_inner_sql(&self) -> Result<()> {
        let Some((inner, file)) = self.folders.iter().find_map(|f| Some((f, f.sql().next()?))) else {
            return Ok(());
        };
        Err(refused(format!(
            "{} lies in a folder of its own, where this layout has no migrations",
            self.path(&inner.name).join(file).display()
        ))
        .help(format!("move it, or add {:?} to services.NAME.ignore in tenantry.toml", inner.name)))
    }

    /// Refuses SQL files that lie beside the folders of a layout of folders.
    pub fn no_outer_sql(&self) -> Result<()> {
        let Some(file) = self.sql().next() else { return Ok(()) };
        Err(refused(format!(
            "{} lies beside folders with migrations, where this layout has none",
            self.path(file).display()
        ))
        .help(format!("move it, or add {file:?} to services.NAME.ignore in tenantry.toml")))
    }
}

enum Kind {
    File,
    Folder,
    Other,
}

/// What an entry is. A link counts as what it leads to, as long as that lies in the folder as well: what is applied is
/// then what the folder's owner sees in it.
fn kind(root: &Path, path: &Path) -> Result<Kind> {
    let sql = path.file_name().is_some_and(|n| is_sql(&n.to_string_lossy()));
    let meta = std::fs::symlink_metadata(path).map_err(|e| unreadable(path, e))?;
    let meta = if meta.is_symlink() {
        match path.canonicalize() {
            Ok(target) if target.starts_with(root) => {
                std::fs::metadata(path).map_err(|e| unreadable(path, e))?
            }
            Ok(target) if sql || target.is_dir() => {
                return Err(refused(format!("{} is a link out of the folder", path.display()))
                    .help("put the file itself there"));
            }
            Err(e) if sql => {
                return Err(refused(format!("{} is a link that leads nowhere", path.display())).because(e));
            }
            _ => return Ok(Kind::Other),
        }
    } else {
        meta
    };
    match (meta.is_dir(), meta.is_file()) {
        (true, _) => Ok(Kind::Folder),
        (_, true) => Ok(Kind::File),
        _ if sql => Err(refused(format!("{} is not a regular file", path.display()))),
        _ => Ok(Kind::Other),
    }
}

fn inner(root: &Path, name: String, path: &Path, ignore: &[String]) -> Result<Inner> {
    let mut inner = Inner { name, files: Vec::new(), deeper: None };
    for (file, path) in entries(path)? {
        if ignore.iter().any(|pattern| matches(pattern, &file)) {
            continue;
        }
        match kind(root, &path)? {
            Kind::File => inner.files.push(file),
            Kind::Folder if inner.deeper.is_none() => {
                inner.deeper = sql_below(root, &path, DEPTH_MAX)?.map(|below| format!("{file}/{below}"));
            }
            Kind::Folder | Kind::Other => {}
        }
    }
    Ok(inner)
}

/// The first SQL file below a folder.
fn sql_below(root: &Path, folder: &Path, depth: usize) -> Result<Option<String>> {
    for (name, path) in entries(folder)? {
        match kind(root, &path)? {
            Kind::File if is_sql(&name) => return Ok(Some(name)),
            Kind::Folder if depth > 0 && !path.is_symlink() => {
                if let Some(below) = sql_below(root, &path, depth - 1)? {
                    return Ok(Some(format!("{name}/{below}")));
                }
            }
            Kind::File | Kind::Folder | Kind::Other => {}
        }
    }
    Ok(None)
}

/// Names and paths of what is not hidden, by name.
fn entries(folder: &Path) -> Result<Vec<(String, PathBuf)>> {
    let mut entries = Vec::new();
    for entry in std::fs::read_dir(folder).map_err(|e| unreadable(folder, e))? {
        let path = entry.code(ErrorCode::Io, format!("read {}", folder.display()))?.path();
        let name = path.file_name().map(|n| n.to_string_lossy().into_owned()).unwrap_or_default();
        if !name.starts_with('.') {
            entries.push((name, path));
        }
    }
    entries.sort();
    Ok(entries)
}

fn unreadable(path: &Path, e: io::Error) -> Error {
    Error::new(ErrorCode::Io, format!("read {}", path.display())).because(e)
}

/// Whether a name is that of a pattern, in which `*` stands for any text.
fn matches(pattern: &str, name: &str) -> bool {
    let Some((head, rest)) = pattern.split_once('*') else { return pattern == name };
    let Some(tail) = name.strip_prefix(head) else { return false };
    (0..=tail.len()).filter(|i| tail.is_char_boundary(*i)).any(|i| matches(rest, &tail[i..]))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_star_stands_for_any_text() {
        for (pattern, name) in
            [("a.sql", "a.sql"), ("R__*", "R__views.sql"), ("*", ""), ("*a*b", "xaxb"), ("é*", "éa")]
        {
            assert!(matches(pattern, name), "{pattern} {name}");
        }
        for (pattern, name) in [("a.sql", "b.sql"), ("R__*.sql", "R__views.txt"), ("*a*b", "xbxa"), ("", "x")]
        {
            assert!(!matches(pattern, name), "{pattern} {name}");
        }
    }
}
