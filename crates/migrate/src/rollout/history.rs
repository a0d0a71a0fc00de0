//! A service's history as a rollout uses it: the files of one direction, shaped, and which of them a tenant needs.

use std::collections::BTreeMap;

use tenantry_domain::Result;

use super::order::{Direction, Goal};
use crate::apply::down::shape_down;
use crate::apply::shaped::{Shaped, shape};
use crate::shadow::Shaping;
use crate::source::{Migration, read_service};

/// The files of one direction.
#[derive(Debug)]
pub(crate) struct History {
    direction: Direction,
    /// The folder as it is.
    migrations: Vec<Migration>,
    /// Every version that there is, ascending.
    versions: Vec<i64>,
    /// In the order in which they are run.
    files: Vec<Shaped>,
    /// Checksums of everything that was read for it, as [`Goal::files`].
    sums: BTreeMap<String, String>,
    to: i64,
}

/// One file to be run at one target, which takes it from one version to another.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Move<'a> {
    pub file: &'a Shaped,
    pub before: i64,
    pub after: i64,
    pub direction: Direction,
}

impl History {
    /// Reads and shapes what a service needs to go to a version. Blocks: it parses, and may try blocks on a shadow database.
    ///
    /// # Errors
    /// Those of the folder and of shaping; `migration_down_missing`.
    pub fn load(shaping: Shaping<'_>, direction: Direction, to: i64) -> Result<Self> {
        let files = read_service(shaping.service)?.migrations;
        Self::of(shaping, files, direction, to)
    }

    /// The same of files that were read already.
    pub fn of(shaping: Shaping<'_>, files: Vec<Migration>, direction: Direction, to: i64) -> Result<Self> {
        let versions = files.iter().map(|f| f.version).collect();
        let key = |version: i64, file: &str| format!("{version} {file}");
        let mut sums: BTreeMap<String, String> = files
            .iter()
            .filter(|f| direction == Direction::Down || f.version <= to)
            .map(|f| (key(f.version, &f.file()), f.checksum()))
            .collect();
        let shaped = match direction {
            Direction::Up => {
                let mut shaped = shape(shaping, &files)?;
                shaped.retain(|f| f.version <= to);
                shaped
            }
            Direction::Down => shape_down(shaping, &files, to)?,
        };
        if direction == Direction::Down {
            // Both may stand in one file.
            let down = |f: &Shaped| (key(f.version, &format!("{} (down)", f.file)), f.checksum.clone());
            sums.extend(shaped.iter().map(down));
        }
        Ok(Self { direction, migrations: files, versions, files: shaped, sums, to })
    }

    /// Every migration of the folder.
    pub fn migrations(&self) -> &[Migration] {
        &self.migrations
    }

    /// As the job's input keeps it.
    pub fn goal(&self) -> Goal {
        Goal { to: self.to, files: self.sums.clone() }
    }

    /// The checksums of the files.
    pub fn sums(&self) -> &BTreeMap<String, String> {
        &self.sums
    }

    /// The way that it goes.
    pub fn direction(&self) -> Direction {
        self.direction
    }

    /// The file of a version, shaped, where the history runs it.
    pub fn file(&self, version: i64) -> Option<&Shaped> {
        self.files.iter().find(|f| f.version == version)
    }

    /// Whether no file puts anything off until every tenant has passed.
    pub fn retires_nothing(&self) -> bool {
        self.files.iter().all(|f| f.retiring().is_empty())
    }

    /// The files in front of the last one that put something off until every tenant has passed.
    pub fn halts(&self, from: i64) -> Vec<i64> {
        let puts_off = |f: &&Shaped| f.version > from && f.version < self.to && !f.retiring().is_empty();
        self.files.iter().filter(puts_off).map(|f| f.version).collect()
    }

    /// Where the history leads.
    pub fn to(&self) -> i64 {
        self.to
    }

    /// Whether a target at this version is to be moved.
    pub fn lags(&self, version: i64) -> bool {
        match self.direction {
            Direction::Up => version < self.to,
            Direction::Down => version > self.to,
        }
    }

    /// What takes a target from this version to the history's end, in order.
    pub fn moves(&self, version: i64) -> Vec<Move<'_>> {
        let direction = self.direction;
        let mut at = version;
        let mut moves = Vec::new();
        for file in &self.files {
            let (needed, after) = match direction {
                Direction::Up => (file.version > version, file.version),
                Direction::Down => (file.version <= version, self.before(file.version)),
            };
            if needed {
                moves.push(Move { file, before: at, after, direction });
                at = after;
            }
        }
        moves
    }

    /// The version in front of this one; 0 in front of the first.
    fn before(&self, version: i64) -> i64 {
        self.versions.iter().copied().filter(|v| *v < version).max().unwrap_or(0)
    }
}

#[cfg(test)]
mod tests {

    use super::*;

    fn history(direction: Direction, to: i64) -> History {
        let file = |version: i64| Shaped {
            version,
            name: String::new(),
            file: format!("{version}.sql"),
            checksum: String::new(),
            statements: Vec::new(),
        };
        let versions = vec![1, 3, 7];
        let mut files: Vec<Shaped> = match direction {
            Direction::Up => versions.iter().filter(|v| **v <= to).map(|v| file(*v)).collect(),
            Direction::Down => versions.iter().filter(|v| **v > to).map(|v| file(*v)).collect(),
        };
        if direction == Direction::Down {
            files.reverse();
        }
        History { direction, migrations: Vec::new(), versions, files, sums: BTreeMap::new(), to }
    }

    fn check(direction: Direction, to: i64, version: i64, expect: &[(i64, i64)]) {
        let history = history(direction, to);
        let moves: Vec<_> = history.moves(version).iter().map(|m| (m.before, m.after)).collect();
        assert_eq!(moves, expect, "{direction:?} to {to} from {version}");
        assert_eq!(history.lags(version), !expect.is_empty());
    }

    #[test]
    fn moves_lead_from_any_version_to_the_end() {
        check(Direction::Up, 7, 0, &[(0, 1), (1, 3), (3, 7)]);
        check(Direction::Up, 3, 1, &[(1, 3)]);
        check(Direction::Up, 3, 7, &[]);
        check(Direction::Down, 1, 7, &[(7, 3), (3, 1)]);
        check(Direction::Down, 0, 3, &[(3, 1), (1, 0)]);
        check(Direction::Down, 3, 1, &[]);
    }
}
