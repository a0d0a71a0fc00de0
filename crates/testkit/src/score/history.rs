//! A history as it is scored: its files in order, the statements that are left out of the comparison, and the folder
//! that grows file by file.

use std::path::{Path, PathBuf};

use tenantry_domain::{Error, ErrorCode, Result, ResultExt as _};
use tenantry_migrate::source;

use super::Options;
use super::lexer::{Piece, split};

/// A file of the history.
#[derive(Clone, Debug)]
pub struct File {
    /// The path below the history's folder, as findings name it.
    pub path: String,
    /// The name under which the engine sees it.
    pub name: String,
    /// Its text; what is left out is blank, so that lines stay.
    pub text: String,
}

impl File {
    /// Its statements.
    pub fn pieces(&self) -> Vec<Piece> {
        split(&self.text)
    }

    /// Blanks the statement that begins on a line, or that holds it; a command of psql's own too. Whether there was one.
    pub fn leave_out(&mut self, line: usize) -> bool {
        let from = self.text.split_inclusive('\n').take(line.saturating_sub(1)).map(str::len).sum::<usize>();
        let command = self.text[from..].lines().next().filter(|text| text.trim_start().starts_with('\\'));
        let range = match command {
            Some(text) => from..from + text.len(),
            None => match self.pieces().into_iter().rev().find(|p| p.line <= line) {
                Some(piece) => piece.range,
                None => return false,
            },
        };
        let blank: String =
            self.text[range.clone()].chars().map(|c| if c == '\n' { c } else { ' ' }).collect();
        self.text.replace_range(range, &blank);
        true
    }

    /// Whether rows should be there before it runs.
    pub fn touches_rows(&self) -> bool {
        self.pieces().iter().any(Piece::touches_rows)
    }
}

/// Reads a folder in the layout that is named, or that the product detects. One that it doesn't read is taken in the order
/// of paths, with what the product says.
///
/// # Errors
/// `migration_layout` for a folder without migrations, and `io`.
pub fn read(folder: &Path, options: &Options) -> Result<(Vec<File>, Option<Error>)> {
    let mut refused = None;
    let texts = match source::read(folder, options.layout, &options.ignore) {
        Ok(read) => read.migrations.into_iter().map(|f| (f.up, f.text)).collect(),
        Err(e) => {
            refused = Some(e);
            in_order_of_paths(folder)?
        }
    };
    if texts.is_empty() {
        let nothing =
            || Error::new(ErrorCode::MigrationLayout, format!("{} holds no migrations", folder.display()));
        return Err(refused.unwrap_or_else(nothing));
    }
    let name = |path: &Path| {
        let path = path.strip_prefix(folder).unwrap_or(path);
        path.to_string_lossy().into_owned()
    };
    let files = texts
        .into_iter()
        .enumerate()
        .map(|(number, (path, text))| {
            let path = name(&path);
            File { name: engine_name(number + 1, &path), path, text }
        })
        .collect();
    Ok((files, refused))
}

/// `NNNN_name.up.sql`, whatever the tool's own style.
fn engine_name(number: usize, path: &str) -> String {
    let stem =
        path.trim_end_matches(".sql").trim_end_matches(".up").replace("/migration", "").replace("/up", "");
    let clean: String =
        stem.chars().map(|c| if c.is_ascii_alphanumeric() { c.to_ascii_lowercase() } else { '_' }).collect();
    let short = clean.trim_start_matches(|c: char| c.is_ascii_digit() || c == '_');
    format!("{number:05}_{}.up.sql", &short[..short.len().min(60)])
}

/// Every SQL file that applies something, sorted by its path, with short numbers (no dates) compared as numbers.
fn in_order_of_paths(folder: &Path) -> Result<Vec<(PathBuf, String)>> {
    let mut found = Vec::new();
    let mut folders = vec![folder.to_owned()];
    while let Some(next) = folders.pop() {
        let doing = || format!("read {}", next.display());
        for entry in std::fs::read_dir(&next).code(ErrorCode::Io, doing())? {
            let path = entry.code(ErrorCode::Io, doing())?.path();
            let name = path.file_name().map(|n| n.to_string_lossy().into_owned()).unwrap_or_default();
            if path.is_dir() {
                folders.push(path);
            } else if name.ends_with(".sql") && !name.contains(".down.") && name != "down.sql" {
                found.push(path);
            }
        }
    }
    found.sort_by_key(|path| natural(&path.to_string_lossy()));
    found
        .into_iter()
        .map(|path| {
            let doing = format!("read {}", path.display());
            let bytes = std::fs::read(&path).code(ErrorCode::Io, doing)?;
            Ok((path, String::from_utf8_lossy(&bytes).into_owned()))
        })
        .collect()
}

/// Short runs of digits padded, so that 10 comes after 9.
fn natural(path: &str) -> String {
    let mut key = String::new();
    let mut digits = String::new();
    for c in path.chars().chain(['\0']) {
        if c.is_ascii_digit() {
            digits.push(c);
        } else {
            if !digits.is_empty() {
                key.push_str(&if digits.len() < 4 { format!("{digits:0>4}") } else { digits.clone() });
                digits.clear();
            }
            key.push(c);
        }
    }
    key
}

/// The name of the tenant column: the usual one, unless the history speaks of it itself.
pub fn tenant_column(files: &[File]) -> &'static str {
    let own = files.iter().any(|f| f.text.to_ascii_lowercase().contains("tenant_id"));
    if own { "tenantry_tenant_id" } else { "tenant_id" }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_and_order() {
        assert_eq!(engine_name(7, "20240101_Add users/migration.sql"), "00007_add_users.up.sql");
        assert!(natural("V9__a.sql") < natural("V10__a.sql"));
        assert!(natural("20241017124431_a") < natural("20250625_b"));
    }

    #[test]
    fn a_layout_that_is_named_and_files_that_are_no_migrations() {
        let folder = tempfile::tempdir().unwrap();
        for name in ["1000_add_b.up.sql", "999_add_a.up.sql", "lint.sql"] {
            std::fs::write(folder.path().join(name), "SELECT 1;").unwrap();
        }
        let paths = |options: &Options| {
            let (files, refused) = read(folder.path(), options).unwrap();
            (files.into_iter().map(|f| f.path).collect::<Vec<_>>(), refused.is_some())
        };
        let ignore = vec!["lint.sql".to_owned()];
        let layout = Some(tenantry_domain::MigrationLayout::Names);
        let named = Options { layout, ignore: ignore.clone(), ..Options::default() };
        assert_eq!(paths(&named).0, ["1000_add_b.up.sql", "999_add_a.up.sql"]);
        let detected = Options { ignore, ..Options::default() };
        assert_eq!(
            paths(&detected),
            (vec!["999_add_a.up.sql".to_owned(), "1000_add_b.up.sql".to_owned()], false)
        );
        assert!(paths(&Options::default()).1, "lint.sql has no number");
    }

    #[test]
    fn what_is_left_out_keeps_the_lines() {
        let text = "SELECT 1;\nCREATE TABLE a (\n b int\n);\nSELECT 2;\n".to_owned();
        let mut file = File { path: "a.sql".to_owned(), name: "a".to_owned(), text };
        assert!(file.leave_out(2));
        let left: Vec<_> = file.pieces().into_iter().map(|p| (p.line, p.sql)).collect();
        assert_eq!(left, [(1, "SELECT 1".to_owned()), (5, "SELECT 2".to_owned())]);
        file.text = "SELECT 1;\n\\connect app\nSELECT 2;\n".to_owned();
        assert!(file.leave_out(2));
        assert_eq!(file.text, "SELECT 1;\n            \nSELECT 2;\n");
    }
}
