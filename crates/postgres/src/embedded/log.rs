//! What the server said since a moment: its log files and what it printed before they were open.

use std::collections::HashMap;
use std::fs;
use std::io::{Read, Seek, SeekFrom};
use std::path::{Path, PathBuf};

use super::place::Place;

/// Lines shown when a start fails.
const LINES_SHOWN_MAX: usize = 12;
/// The file that takes what the server prints before its log is open.
pub(crate) const START_LOG: &str = "postgres.start.log";
/// The folder of the log files in the data directory.
pub(crate) const LOG_FOLDER: &str = "log";

/// A moment in the server's log.
#[derive(Debug)]
pub(crate) struct Moment {
    folder: PathBuf,
    printed: PathBuf,
    lengths: HashMap<PathBuf, u64>,
}

impl Moment {
    /// Now.
    pub(crate) fn now(place: &Place) -> Self {
        let folder = place.data.join(LOG_FOLDER);
        let lengths = files(&folder).into_iter().map(|f| (f.clone(), length(&f))).collect();
        Self { folder, printed: place.file(START_LOG), lengths }
    }

    /// All that was said since.
    pub(crate) fn said_since(&self) -> String {
        let mut text = fs::read_to_string(&self.printed).unwrap_or_default();
        for file in files(&self.folder) {
            let from = self.lengths.get(&file).copied().unwrap_or(0);
            // A file that became shorter was begun anew.
            let from = if length(&file) < from { 0 } else { from };
            text.push_str(&read_from(&file, from));
        }
        text
    }
}

/// The last lines, for people.
pub(crate) fn last_lines(text: &str) -> String {
    let lines: Vec<&str> = text.lines().filter(|line| !line.trim().is_empty()).collect();
    lines[lines.len().saturating_sub(LINES_SHOWN_MAX)..].join("\n")
}

/// Whether this speaks of a full disk.
pub(crate) fn has_disk_full(text: &str) -> bool {
    text.contains("No space left on device") || text.contains("Disk quota exceeded")
}

fn files(folder: &Path) -> Vec<PathBuf> {
    let mut found: Vec<PathBuf> =
        fs::read_dir(folder).into_iter().flatten().flatten().map(|entry| entry.path()).collect();
    found.sort();
    found
}

fn length(file: &Path) -> u64 {
    fs::metadata(file).map_or(0, |m| m.len())
}

fn read_from(file: &Path, from: u64) -> String {
    let read = || -> std::io::Result<String> {
        let mut file = fs::File::open(file)?;
        file.seek(SeekFrom::Start(from))?;
        let mut bytes = Vec::new();
        file.read_to_end(&mut bytes)?;
        Ok(String::from_utf8_lossy(&bytes).into_owned())
    };
    read().unwrap_or_default()
}
