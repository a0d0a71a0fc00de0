//! Commands of psql: those that change only what psql shows are left out; those that do something are refused.

use crate::refuse::Refuse;

/// What a command does.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Meaning {
    /// As a semicolon.
    Ends,
    /// Nothing that concerns the database.
    Harmless(String),
    /// It goes on in this database.
    Connects(String),
    /// It ends the file.
    Quits,
    Refused(Refuse),
}

/// Variables that psql itself reads; setting one changes what psql shows or how it stops.
const OF_PSQL: [&str; 18] = [
    "AUTOCOMMIT",
    "COMP_KEYWORD_CASE",
    "ECHO",
    "ECHO_HIDDEN",
    "ENCODING",
    "FETCH_COUNT",
    "HIDE_TABLEAM",
    "HIDE_TOAST_COMPRESSION",
    "HISTCONTROL",
    "HISTFILE",
    "HISTSIZE",
    "ON_ERROR_STOP",
    "PROMPT1",
    "PROMPT2",
    "QUIET",
    "SHOW_ALL_RESULTS",
    "SHOW_CONTEXT",
    "VERBOSITY",
];

/// Commands that show something or set how it is shown.
const SHOWS: [&str; 23] = [
    "restrict",
    "unrestrict",
    "echo",
    "qecho",
    "warn",
    "timing",
    "pset",
    "x",
    "a",
    "C",
    "f",
    "H",
    "html",
    "t",
    "T",
    "o",
    "out",
    "conninfo",
    "encoding",
    "errverbose",
    "h",
    "help",
    "?",
];

/// Reads a command with what follows it on its line.
pub(super) fn read(line: &str) -> Meaning {
    let line = line.strip_prefix('\\').unwrap_or(line).trim_end();
    let (name, rest) =
        line.split_at(line.find(|c: char| c.is_whitespace() || c == ';').unwrap_or(line.len()));
    if rest.contains("\\\\") {
        return refused(name, "another command follows on its line", "write each on a line of its own");
    }
    let mut words = rest.split_whitespace();
    let first = words.next().unwrap_or_default();
    let left_out = || Meaning::Harmless(format!("\\{name} is left out: it is meant for psql"));
    match name {
        "g" | "gx" if first.is_empty() || first == ";" => Meaning::Ends,
        "q" | "quit" => Meaning::Quits,
        "c" | "connect" => connect(first),
        "encoding" if !matches!(first.to_ascii_lowercase().as_str(), "" | "utf8" | "utf-8" | "'utf8'") => {
            refused(name, "the file is not UTF-8", "save it as UTF-8 and take the command out")
        }
        "set" | "unset" if first.is_empty() || OF_PSQL.contains(&first) => left_out(),
        "set" | "unset" | "gset" | "prompt" | "getenv" => refused(
            name,
            "it sets a variable of psql, which stands for text elsewhere in the file",
            "write the value out where it is used",
        ),
        "i" | "ir" | "include" | "include_relative" => refused(
            name,
            "it reads another file",
            "put the text of that file here, or make it a migration of its own",
        ),
        "copy" => refused(
            name,
            "it reads or writes a file beside psql",
            "write COPY ... FROM stdin with the lines behind it, or INSERT statements",
        ),
        "gexec" => refused(
            name,
            "it runs the results of the query as statements",
            "write the statements out, or a DO block with EXECUTE",
        ),
        "if" | "elif" | "else" | "endif" => {
            refused(name, "it decides by psql's variables what runs", "write out what is to run")
        }
        "." => refused(name, "it ends the data of a COPY, and there is none", "take it out"),
        _ if SHOWS.contains(&name)
            || matches!(name.chars().next(), Some('d' | 'l' | 's')) && !name.starts_with("lo_") =>
        {
            left_out()
        }
        _ => refused(name, "it is a command of psql that is not carried", "take it out"),
    }
}

fn connect(target: &str) -> Meaning {
    let name = target.trim_end_matches(';').trim_matches(|c| c == '"' || c == '\'');
    if name.contains('=') || name.contains("://") {
        return refused("connect", "it connects to another server", "take it out");
    }
    Meaning::Connects(name.to_owned())
}

fn refused(name: &str, reason: &str, remedy: &str) -> Meaning {
    Meaning::Refused(Refuse::all(format!("\\{name}: {reason}"), remedy))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_acts_is_refused_and_what_shows_is_left_out() {
        for line in
            ["\\restrict abc", "\\set ON_ERROR_STOP on", "\\timing", "\\dt+ users", "\\encoding UTF8", "\\x"]
        {
            assert!(matches!(read(line), Meaning::Harmless(_)), "{line}");
        }
        for line in [
            "\\i other.sql",
            "\\set a 1",
            "\\! rm",
            "\\copy t from x",
            "\\gexec",
            "\\if a",
            "\\lo_import x",
            "\\.",
        ] {
            assert!(matches!(read(line), Meaning::Refused(_)), "{line}");
        }
        assert_eq!(read("\\c chinook;"), Meaning::Connects("chinook".to_owned()));
        assert_eq!(read("\\g"), Meaning::Ends);
        assert_eq!(read("\\q"), Meaning::Quits);
    }
}
