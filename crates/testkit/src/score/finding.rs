//! What a score consists of.

use serde::Serialize;

/// The six points at the end of the research on shapes.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Point {
    /// Applies as far as the plain run.
    A,
    /// The same objects as in the plain run.
    B,
    /// No shared table, key or foreign key without the tenant column.
    C,
    /// Two tenants with the same rows: the same outcomes and counts, nothing crosses.
    D,
    /// The same rows for each tenant in every shape and in the plain run.
    E,
    /// Every refused statement is named with file and line.
    F,
}

impl Point {
    /// All of them.
    pub const ALL: [Point; 6] = [Point::A, Point::B, Point::C, Point::D, Point::E, Point::F];

    /// Its letter.
    pub const fn letter(self) -> char {
        match self {
            Point::A => 'a',
            Point::B => 'b',
            Point::C => 'c',
            Point::D => 'd',
            Point::E => 'e',
            Point::F => 'f',
        }
    }
}

/// One thing that is not as it should be.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Finding {
    /// The point that fails.
    pub point: Point,
    /// `file:line` of the statement that it is about, as far as that is known.
    pub place: String,
    /// The isolations that show it, or nothing.
    pub shape: String,
    /// What differs.
    pub what: String,
}

/// The score of one history.
#[derive(Clone, Debug, Default, Serialize)]
pub struct Score {
    /// The folder.
    pub history: String,
    /// The server's version.
    pub postgres: String,
    /// Migration files.
    pub files: usize,
    /// Statements of the plain run.
    pub statements: usize,
    /// Statements of an application that were run in every shape.
    pub replayed: usize,
    /// The name of the tenant column.
    pub tenant_column: String,
    /// Remarks that fail no point.
    pub notes: Vec<String>,
    /// What fails.
    pub findings: Vec<Finding>,
}

impl Score {
    /// Whether a point holds.
    pub fn holds(&self, point: Point) -> bool {
        self.findings.iter().all(|f| f.point != point)
    }

    /// Adds a finding; one that is there already in another isolation becomes one of both.
    pub fn add(&mut self, finding: Finding) {
        let same = self
            .findings
            .iter_mut()
            .find(|f| (f.point, &f.place, &f.what) == (finding.point, &finding.place, &finding.what));
        match same {
            Some(known) if known.shape.split(' ').any(|s| s == finding.shape) => {}
            Some(known) => known.shape = format!("{} {}", known.shape, finding.shape),
            None => self.findings.push(finding),
        }
    }
}
