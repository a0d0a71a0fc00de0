//! The migration that somebody names, as in `--to`. Pure.

use tenantry_domain::{Error, ErrorCode, Result};

use super::{Migration, flyway, number};

/// The version of the migration that a text names: its number (with or without zeros in front), its name, or its file.
/// `none`, and `0` where no migration has that number, stand for the state before the first one, version 0.
///
/// # Errors
/// `version_unknown` for a text that names none, or several.
pub fn resolve(migrations: &[Migration], text: &str) -> Result<i64> {
    let found: Vec<&Migration> = migrations.iter().filter(|m| is_named(m, text)).collect();
    match found.as_slice() {
        [one] => Ok(one.version),
        [] if matches!(text, "none" | "0") => Ok(0),
        [] => {
            let known = match migrations {
                [] => "there are no migrations".to_owned(),
                [one] => format!("the only migration is {}", one.label),
                [first, .., last] => format!("the migrations go from {} to {}", first.label, last.label),
            };
            Err(unknown(format!("no migration is called {text}; {known}")))
        }
        [first, second, ..] => Err(unknown(format!("{text} may mean {} or {}", first.file, second.file))
            .help("name the file as a whole")),
    }
}

fn is_named(migration: &Migration, text: &str) -> bool {
    let stem = migration.title();
    let same_number = || {
        let of = |text| number::parse(text).filter(|n| n.name.is_empty()).map(|n| n.number);
        let wanted = of(text);
        let prefix = || number::parse(&migration.label).map(|n| n.number);
        wanted.is_some() && (of(&migration.label) == wanted || prefix() == wanted)
    };
    let same_parts = || {
        let wanted = flyway::parts(text.strip_prefix('V').unwrap_or(text));
        wanted.is_some() && flyway::parts(&migration.label) == wanted
    };
    migration.label == text || stem == text || migration.file == text || same_number() || same_parts()
}

fn unknown(message: String) -> Error {
    Error::new(ErrorCode::VersionUnknown, message)
}
