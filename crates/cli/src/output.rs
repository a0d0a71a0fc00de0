//! What commands print: results on standard output as text or JSON, notes and errors on standard error.

use std::io::{self, IsTerminal as _, Write as _};
use std::process::ExitCode;

use serde::Serialize;
use serde_json::json;
use tenantry_domain::{Error, ErrorCode, Result, ResultExt as _};

/// Where results go, and in which form.
#[derive(Clone, Copy, Debug)]
pub struct Output {
    json: bool,
}

impl Output {
    /// Text, or JSON for programs.
    pub const fn new(json: bool) -> Self {
        Self { json }
    }

    /// Whether a program reads along.
    pub const fn is_json(self) -> bool {
        self.json
    }

    /// Whether somebody watches standard error.
    pub fn is_watched(self) -> bool {
        !self.json && io::stderr().is_terminal()
    }

    /// Prints a result: its JSON, or the text made for people.
    ///
    /// # Errors
    /// `io` when standard output can't be written.
    pub fn result(self, value: &impl Serialize, text: impl FnOnce() -> String) -> Result<()> {
        let text = if self.json {
            serde_json::to_string_pretty(value).code(ErrorCode::Internal, "write the result as JSON")?
        } else {
            text()
        };
        print(&text)
    }

    /// Tells people something beside the result.
    pub fn note(self, text: &str) {
        if !self.json {
            let _ = writeln!(io::stderr(), "{text}");
        }
    }

    /// Prints an error; returns the exit code that goes with it.
    pub fn fail(self, e: &Error) -> ExitCode {
        let text = if self.json {
            let error = json!({ "code": e.code().as_str(), "message": e.sentence(), "help": e.next_step() });
            json!({ "error": error }).to_string()
        } else {
            format!("error[{}]: {}\nhelp: {}", e.code(), e.sentence(), e.next_step())
        };
        // Nobody is left to tell when standard error is closed.
        let _ = writeln!(io::stderr(), "{text}");
        ExitCode::from(e.code().exit_code())
    }
}

/// Prints a text and ends the line. A reader that has gone (`| head`) is no error.
///
/// # Errors
/// `io`.
pub fn print(text: &str) -> Result<()> {
    let mut out = io::stdout().lock();
    let text = text.trim_end_matches('\n');
    if text.is_empty() {
        return Ok(());
    }
    match writeln!(out, "{text}").and_then(|()| out.flush()) {
        Err(e) if e.kind() != io::ErrorKind::BrokenPipe => {
            Err(e).code(ErrorCode::Io, "write to standard output")
        }
        _ => Ok(()),
    }
}

/// A table for people: columns aligned, no lines around.
#[derive(Clone, Debug)]
pub struct Table {
    rows: Vec<Vec<String>>,
}

impl Table {
    /// With these headings.
    pub fn new(head: &[&str]) -> Self {
        Self { rows: vec![head.iter().map(|h| (*h).to_owned()).collect()] }
    }

    /// Adds a row.
    pub fn row<const N: usize>(&mut self, cells: [String; N]) {
        self.push(cells.into());
    }

    /// Adds a row of any length.
    pub fn push(&mut self, cells: Vec<String>) {
        self.rows.push(cells.iter().map(|c| visible(c)).collect());
    }

    /// The text, each line ending without blanks.
    pub fn render(&self) -> String {
        let columns = self.rows.iter().map(Vec::len).max().unwrap_or(0);
        let width = |c: usize| {
            self.rows.iter().filter_map(|r| r.get(c)).map(|s| s.chars().count()).max().unwrap_or(0)
        };
        let widths: Vec<usize> = (0..columns).map(width).collect();
        let line = |row: &Vec<String>| {
            let cells: Vec<String> =
                row.iter().zip(&widths).map(|(cell, width)| format!("{cell:<width$}")).collect();
            cells.join("  ").trim_end().to_owned()
        };
        self.rows.iter().map(line).collect::<Vec<_>>().join("\n")
    }
}

/// Control characters spelled out: data of tenants must not steer the operator's terminal.
pub fn visible(text: &str) -> String {
    if !text.chars().any(char::is_control) {
        return text.to_owned();
    }
    text.chars().fold(String::with_capacity(text.len()), |mut out, c| {
        if c.is_control() {
            out.extend(c.escape_default());
        } else {
            out.push(c);
        }
        out
    })
}

/// A moment as people read it.
pub fn moment(at: jiff::Timestamp) -> String {
    at.strftime("%Y-%m-%d %H:%M:%S UTC").to_string()
}

/// What is there, or a hyphen.
pub fn or_hyphen(text: Option<&str>) -> String {
    text.unwrap_or("-").to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tables_are_aligned_without_blanks_at_the_end() {
        let mut table = Table::new(&["slug", "status"]);
        table.row(["a-long-one".to_owned(), "active".to_owned()]);
        table.row(["é".to_owned(), "x".to_owned()]);
        assert_eq!(table.render(), "slug        status\na-long-one  active\né           x");
    }

    #[test]
    fn data_does_not_steer_the_terminal() {
        assert_eq!(visible("a\u{1b}[2Jb\nc"), "a\\u{1b}[2Jb\\nc");
        assert_eq!(visible("grüße"), "grüße");
    }
}
