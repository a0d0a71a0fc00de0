//! Which names of tests belong to a process that lives: it holds a lock on a file for each of them.

use std::fs::{self, File, OpenOptions};
use std::path::PathBuf;
use std::sync::{Mutex, PoisonError};

/// The locks of this process; its end gives them back, however it ends.
static HELD: Mutex<Vec<File>> = Mutex::new(Vec::new());

/// Makes the name this process's.
pub(crate) fn claim(name: &str) {
    let path = path(name);
    fs::create_dir_all(path.parent().unwrap()).expect("the folder of the tests' names");
    let file = OpenOptions::new().create(true).append(true).open(path).expect("the file of a test's name");
    file.lock().expect("lock the file of a test's name");
    HELD.lock().unwrap_or_else(PoisonError::into_inner).push(file);
}

/// Whether a process lives whose name this is.
pub(crate) fn lives(name: &str) -> bool {
    OpenOptions::new().append(true).open(path(name)).is_ok_and(|file| file.try_lock().is_err())
}

/// Removes the files of names that nobody holds, but for those that are `kept`.
pub(crate) fn forget(kept: impl Fn(&str) -> bool) {
    let Ok(entries) = fs::read_dir(folder()) else { return };
    for entry in entries.flatten() {
        let name = entry.file_name().to_string_lossy().into_owned();
        if !kept(&name) && !lives(&name) {
            let _ = fs::remove_file(entry.path());
        }
    }
}

fn path(name: &str) -> PathBuf {
    folder().join(name)
}

fn folder() -> PathBuf {
    crate::server::home().join("names")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_lives_as_long_as_its_process() {
        let name = crate::unique_app_name();
        assert!(lives(&name));
        let file = path(&name);
        forget(|_| false);
        assert!(file.exists(), "forgotten in its life");

        HELD.lock().unwrap().clear();
        assert!(!lives(&name));
        forget(|kept| kept == name);
        assert!(file.exists(), "it was to be kept");
        forget(|_| false);
        assert!(!file.exists());
        assert!(!lives(&name));
    }
}
