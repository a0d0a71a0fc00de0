//! `V1.2__name.sql` with `U1.2__name.sql`: Flyway. Pure.
//!
//! Versions compare part by part, and zeros at the end don't count, as in Flyway. Repeatable scripts (`R__`), baselines
//! (`B`) and callbacks run by rules of their own, which a ledger of files applied once can't keep: they are refused.

use std::collections::BTreeMap;

use tenantry_domain::{Error, Result};

use super::listing::Listing;
use super::numbered::orphan;
use super::{Found, refused};

/// The parts of a version, zeros at the end left out.
pub type Parts = Vec<u64>;

/// A file's name taken apart.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Named<'a> {
    /// `V`, `U`, `B` or `R`.
    pub prefix: char,
    /// The version as written; empty for `R`.
    pub version: &'a str,
    /// What stands behind the two underscores.
    pub name: &'a str,
}

/// Takes a name apart, without its ending.
pub fn parse(stem: &str) -> Option<Named<'_>> {
    let prefix = stem.chars().next().filter(|c| matches!(c, 'V' | 'U' | 'B' | 'R'))?;
    let (version, name) = stem[1..].split_once("__")?;
    let fits = if prefix == 'R' { version.is_empty() } else { parts(version).is_some() };
    fits.then_some(Named { prefix, version, name })
}

/// The parts of a version as written: `1.2` or `1_2`.
pub fn parts(version: &str) -> Option<Parts> {
    let mut parts: Parts = version.split(['.', '_']).map(|p| p.parse().ok()).collect::<Option<_>>()?;
    while parts.len() > 1 && parts.last() == Some(&0) {
        parts.pop();
    }
    Some(parts)
}

/// The migrations of a folder.
pub fn found(listing: &Listing) -> Result<Vec<Found>> {
    listing.no_inner_sql()?;
    let path = |name: &str| listing.path(name).display().to_string();
    let mut sides: [BTreeMap<Parts, Found>; 2] = Default::default();
    for file in &listing.files {
        let (stem, ending) = file.rsplit_once('.').unwrap_or((file, ""));
        let named = parse(stem);
        if !ending.eq_ignore_ascii_case("sql") {
            let program = matches!(ending, "java" | "kt" | "class") && named.is_some();
            if program {
                return Err(refused(format!("{} is a program, which can't be run here", path(file)))
                    .help(ignoring(file, "write it as SQL")));
            }
            continue;
        }
        let named = named.ok_or_else(|| refused_name(&path(file), file))?;
        let side = match named.prefix {
            'V' => 0,
            'U' => 1,
            other => return Err(refused_kind(other, &path(file), file)),
        };
        let parts = parts(named.version).unwrap_or_default();
        let one = Found {
            number: None,
            label: named.version.replace('_', "."),
            name: named.name.to_owned(),
            up: file.clone(),
            down: None,
        };
        if let Some(other) = sides[side].insert(parts, one) {
            return Err(refused(format!("{} and {} have the same number", path(&other.up), path(file)))
                .help("give one of them another number"));
        }
    }
    let [mut ups, mut downs] = sides;
    for (parts, one) in &mut ups {
        one.down = downs.remove(parts).map(|down| down.up);
    }
    orphan(downs.into_values().next().map(|down| path(&down.up)))?;
    Ok(ups.into_values().collect())
}

fn refused_name(path: &str, file: &str) -> Error {
    refused(format!("the name of {path} is not that of a migration: it is not V1__name.sql or U1__name.sql"))
        .help(ignoring(file, "rename it"))
}

fn refused_kind(prefix: char, path: &str, file: &str) -> Error {
    if prefix == 'R' {
        refused(format!("{path} is to run again whenever it changes, and a migration is applied once"))
            .help(ignoring(file, "put each change of it (CREATE OR REPLACE ...) into a new V file"))
    } else {
        refused(format!("{path} is a baseline, which would stand for the files before it"))
            .help(ignoring(file, "name it V..., and move the files that it stands for out of the folder"))
    }
}

fn ignoring(file: &str, instead: &str) -> String {
    format!("{instead}, or add {file:?} to services.NAME.ignore in tenantry.toml")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn versions_compare_part_by_part() {
        let parsed = |v: &str| parts(v).unwrap();
        assert!(parsed("1.2") < parsed("1.10") && parsed("1") < parsed("1.1") && parsed("1.9") < parsed("2"));
        assert_eq!(parsed("1_2"), parsed("1.2.0"));
        assert_eq!(parsed("0"), parsed("0.0"));
        for bad in ["", "a", "1..2", "1.", "-1"] {
            assert_eq!(parts(bad), None, "{bad}");
        }
    }

    #[test]
    fn names_are_taken_apart() {
        let named = |stem: &str| parse(stem).map(|n| (n.prefix, n.version.to_owned(), n.name.to_owned()));
        assert_eq!(named("V1.2__add_users"), Some(('V', "1.2".to_owned(), "add_users".to_owned())));
        assert_eq!(named("V2_1__x"), Some(('V', "2_1".to_owned(), "x".to_owned())));
        assert_eq!(named("R__views"), Some(('R', String::new(), "views".to_owned())));
        for bad in ["", "V1_x", "R1__x", "v1__x", "V__x", "beforeMigrate", "Vista__x"] {
            assert_eq!(named(bad), None, "{bad}");
        }
    }
}
