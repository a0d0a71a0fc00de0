//! Static SQL in files: whether a server understands each of them.

use std::fs;
use std::path::{Path, PathBuf};

use tokio_postgres::Client;

/// Prepares every `.sql` file below a crate's `src`, apart from those whose path ends with one of `except` (scripts of
/// several statements, templates with variables). Returns how many were prepared, and what the server refused.
pub async fn prepare_all(client: &Client, src: &Path, except: &[&str]) -> (usize, Vec<String>) {
    let mut files = Vec::new();
    collect(src, &mut files);
    let named = |suffix: &&str| files.iter().any(|f| f.ends_with(suffix));
    let gone: Vec<_> = except.iter().filter(|e| !named(e)).collect();
    assert!(gone.is_empty(), "exceptions without a file: {gone:?}");
    files.retain(|f| !except.iter().any(|e| f.ends_with(e)));
    let mut refused = Vec::new();
    for file in &files {
        let sql = fs::read_to_string(file).expect("read a statement");
        if let Err(e) = client.prepare(&sql).await {
            refused.push(format!("{}: {e:?}", file.display()));
        }
    }
    (files.len(), refused)
}

fn collect(folder: &Path, files: &mut Vec<PathBuf>) {
    for entry in fs::read_dir(folder).expect("read a crate's folder") {
        let path = entry.expect("read a crate's folder").path();
        if path.is_dir() {
            collect(&path, files);
        } else if path.extension().is_some_and(|e| e == "sql") {
            files.push(path);
        }
    }
}
