//! The tree that the checks look at: every text file that git tracks or would track.

use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context, Result, ensure};

/// A text file of the tree.
pub struct File {
    /// Path from the root, with `/`.
    pub path: String,
    /// The whole text.
    pub text: String,
}

impl File {
    /// The part of the path behind the last `.`, or nothing.
    pub fn extension(&self) -> &str {
        Path::new(&self.path).extension().and_then(|e| e.to_str()).unwrap_or_default()
    }

    /// The path's folder, empty for the root.
    pub fn folder(&self) -> &str {
        self.path.rsplit_once('/').map_or("", |(folder, _)| folder)
    }

    /// The path's last part.
    pub fn name(&self) -> &str {
        self.path.rsplit_once('/').map_or(self.path.as_str(), |(_, name)| name)
    }

    /// The lines with their numbers, which start at 1.
    pub fn lines(&self) -> impl Iterator<Item = (usize, &str)> {
        self.text.lines().enumerate().map(|(index, line)| (index + 1, line))
    }

    /// Whether everything in this file is test code by its place: a `tests` folder or module, benchmarks,
    /// or the crate that only tests use.
    pub fn is_test_code(&self) -> bool {
        self.path.starts_with("crates/testkit/")
            || self.path.split('/').any(|part| matches!(part, "tests" | "benches" | "tests.rs"))
    }
}

/// The text files of a tree, by path.
#[derive(Default)]
pub struct Tree {
    root: PathBuf,
    files: Vec<File>,
    other_paths: Vec<String>,
}

impl Tree {
    /// Reads what git tracks under `root`, and new files that it does not ignore.
    pub fn of_repository(root: &Path) -> Result<Self> {
        let listing = git(root, &["ls-files", "-z", "--cached", "--others", "--exclude-standard"])?;
        let mut tree = Tree { root: root.to_owned(), ..Tree::default() };
        let mut paths: Vec<&str> = listing.split('\0').filter(|p| !p.is_empty()).collect();
        paths.sort_unstable();
        paths.dedup();
        for path in paths {
            let absolute = root.join(path);
            if !absolute.is_file() {
                continue; // removed, but not from the index yet
            }
            let bytes = std::fs::read(&absolute).with_context(|| format!("read {path}"))?;
            match String::from_utf8(bytes) {
                Ok(text) if !text.contains('\0') => tree.files.push(File { path: path.to_owned(), text }),
                _ => tree.other_paths.push(path.to_owned()),
            }
        }
        Ok(tree)
    }

    /// A tree made up by a test.
    #[cfg(test)]
    pub fn of(files: &[(&str, &str)]) -> Self {
        let files =
            files.iter().map(|(path, text)| File { path: (*path).to_owned(), text: (*text).to_owned() });
        Tree { files: files.collect(), ..Tree::default() }
    }

    /// The repository's root; empty for a tree made up by a test.
    pub fn root(&self) -> &Path {
        &self.root
    }

    /// Every text file, sorted by path.
    pub fn files(&self) -> &[File] {
        &self.files
    }

    /// Every Rust file.
    pub fn rust_files(&self) -> impl Iterator<Item = &File> {
        self.files.iter().filter(|file| file.extension() == "rs")
    }

    /// The text of the file at `path`.
    pub fn text(&self, path: &str) -> Option<&str> {
        self.files.iter().find(|file| file.path == path).map(|file| file.text.as_str())
    }

    /// Whether `path` is a file of the tree or a folder that holds one. The root is the empty path.
    pub fn has(&self, path: &str) -> bool {
        let inside = format!("{path}/");
        path.is_empty()
            || self
                .files
                .iter()
                .map(|file| &file.path)
                .chain(&self.other_paths)
                .any(|p| p == path || p.starts_with(&inside))
    }

    /// The text that the last commit holds at `path`, or nothing if it has no such file.
    pub fn committed_text(&self, path: &str) -> Option<String> {
        git(&self.root, &["show", &format!("HEAD:{path}")]).ok()
    }
}

/// Takes `.` and `..` out of a path with `/`. Nothing, if it leads out of the tree.
pub fn normalize(path: &str) -> Option<String> {
    let mut parts: Vec<&str> = Vec::new();
    for part in path.split('/') {
        match part {
            "" | "." => {}
            ".." => {
                parts.pop()?;
            }
            part => parts.push(part),
        }
    }
    Some(parts.join("/"))
}

fn git(root: &Path, arguments: &[&str]) -> Result<String> {
    let output = Command::new("git").current_dir(root).args(arguments).output().context("run git")?;
    ensure!(
        output.status.success(),
        "git {}: {}",
        arguments.join(" "),
        String::from_utf8_lossy(&output.stderr).trim()
    );
    String::from_utf8(output.stdout).context("git's answer is not UTF-8")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn paths_are_normalized_and_stay_inside() {
        assert_eq!(normalize("a/./b/../c").as_deref(), Some("a/c"));
        assert_eq!(normalize("a/..").as_deref(), Some(""));
        assert_eq!(normalize("a/../../b"), None);
    }

    #[test]
    fn folders_count_as_present() {
        let tree = Tree::of(&[("docs/a.md", "")]);
        assert!(tree.has("docs/a.md") && tree.has("docs") && tree.has(""));
        assert!(!tree.has("doc") && !tree.has("docs/a"));
    }

    #[test]
    fn test_code_is_known_by_its_place() {
        let is_test = |path: &str| File { path: path.to_owned(), text: String::new() }.is_test_code();
        for path in ["crates/a/tests/it/main.rs", "crates/a/src/b/tests.rs", "crates/testkit/src/lib.rs"] {
            assert!(is_test(path), "{path}");
        }
        assert!(!is_test("crates/a/src/contests.rs"));
    }
}
