//! Reads the rows table of `ARCHITECTURE.md`: a Markdown table whose first columns are `row` and `crates`.

use std::collections::BTreeMap;
use std::fmt;

/// Where a crate stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Row {
    /// 1 is the lowest.
    Numbered(u8),
    /// For application developers.
    Library,
    /// For this project's own development.
    Tools,
}

impl fmt::Display for Row {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Row::Numbered(number) => write!(f, "row {number}"),
            Row::Library => f.write_str("library"),
            Row::Tools => f.write_str("tools"),
        }
    }
}

/// What the table says of a crate.
#[derive(Debug, PartialEq, Eq)]
pub struct Entry {
    /// Its row.
    pub row: Row,
    /// Whether it is yet to come.
    pub planned: bool,
    /// The line of the page.
    pub line: usize,
}

/// The table by crate; or the line and what is wrong with it.
pub fn parse(page: &str) -> Result<BTreeMap<String, Entry>, (usize, String)> {
    let mut lines = page.lines().enumerate().map(|(index, line)| (index + 1, line));
    let is_header = |cells: &[&str]| cells.starts_with(&["row", "crates"]);
    if !lines.any(|(_, line)| is_header(&cells(line))) {
        return Err((1, "no table with the columns row and crates".to_owned()));
    }
    let mut table = BTreeMap::new();
    for (number, line) in lines.skip(1).take_while(|(_, line)| line.starts_with('|')) {
        let cells = cells(line);
        let (Some(row), Some(crates)) = (cells.first(), cells.get(1)) else {
            return Err((number, "a row without crates".to_owned()));
        };
        let row = parse_row(row).ok_or_else(|| (number, format!("{row} is not a row")))?;
        for cell in crates.split(',').map(str::trim) {
            let (name, planned) =
                parse_crate(cell).ok_or_else(|| (number, format!("{cell} is not a crate")))?;
            if table.insert(name.to_owned(), Entry { row, planned, line: number }).is_some() {
                return Err((number, format!("crate {name} stands in two rows")));
            }
        }
    }
    Ok(table)
}

fn cells(line: &str) -> Vec<&str> {
    let inside = line.trim().strip_prefix('|').and_then(|rest| rest.strip_suffix('|'));
    inside.map(|inside| inside.split('|').map(str::trim).collect()).unwrap_or_default()
}

fn parse_row(cell: &str) -> Option<Row> {
    match cell {
        "library" => Some(Row::Library),
        "tools" => Some(Row::Tools),
        number => number.parse().ok().filter(|n| *n > 0).map(Row::Numbered),
    }
}

/// `` `name` `` or `` `name` (planned) ``.
fn parse_crate(cell: &str) -> Option<(&str, bool)> {
    let (name, mark) = cell.strip_prefix('`')?.split_once('`')?;
    match mark.trim() {
        "" => Some((name, false)),
        "(planned)" => Some((name, true)),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const HEAD: &str = "| row | crates | what |\n|---|---|---|\n";

    #[test]
    fn a_table_is_read() {
        let page =
            format!("# A\n\n{HEAD}| 2 | `b`, `c` (planned) | x, `y` |\n| tools | `t` | x |\n\n| 9 |\n");
        let table = parse(&page).unwrap();
        assert_eq!(table.len(), 3);
        assert_eq!(table["c"], Entry { row: Row::Numbered(2), planned: true, line: 5 });
        assert_eq!(table["t"], Entry { row: Row::Tools, planned: false, line: 6 });
    }

    #[test]
    fn a_wrong_table_is_refused() {
        let error = |rows: &str| parse(&format!("{HEAD}{rows}")).unwrap_err();
        assert_eq!(parse("# A\n").unwrap_err().0, 1);
        assert_eq!(error("| x | `a` | |\n"), (3, "x is not a row".to_owned()));
        assert_eq!(error("| 0 | `a` | |\n"), (3, "0 is not a row".to_owned()));
        assert_eq!(error("| 1 | a | |\n"), (3, "a is not a crate".to_owned()));
        assert_eq!(error("| 1 | `a` (soon) | |\n"), (3, "`a` (soon) is not a crate".to_owned()));
        assert_eq!(error("| 2 | `a` |\n| 1 | `a` | |\n"), (4, "crate a stands in two rows".to_owned()));
    }
}
