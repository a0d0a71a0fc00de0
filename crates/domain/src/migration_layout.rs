//! How a folder of migrations is laid out: which tool's naming it follows.

use std::fmt;
use std::str::FromStr;

use serde::Serialize;

use crate::{Error, ErrorCode};

/// The naming that a folder of migrations follows.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum MigrationLayout {
    /// `NNNN_name.up.sql` with `NNNN_name.down.sql`, or `NNNN_name.sql`: golang-migrate, sqlx, drizzle, plain files.
    Numbered,
    /// Files known by their whole name and applied in the order of the names; numbers in them may repeat.
    Names,
    /// `NUMBER_name/up.sql` with `down.sql`.
    Diesel,
    /// `NUMBER_name/migration.sql`.
    Prisma,
    /// `V1.2__name.sql` with `U1.2__name.sql`.
    Flyway,
    /// Numbered files with the sections `-- +goose Up` and `-- +goose Down`.
    Goose,
    /// Numbered files with the sections `-- +migrate Up` and `-- +migrate Down`.
    SqlMigrate,
    /// Numbered files with the sections `-- migrate:up` and `-- migrate:down`.
    Dbmate,
    /// One script without a number.
    Dump,
}

impl MigrationLayout {
    /// Every layout.
    pub const ALL: &'static [MigrationLayout] = &[
        MigrationLayout::Numbered,
        MigrationLayout::Names,
        MigrationLayout::Diesel,
        MigrationLayout::Prisma,
        MigrationLayout::Flyway,
        MigrationLayout::Goose,
        MigrationLayout::SqlMigrate,
        MigrationLayout::Dbmate,
        MigrationLayout::Dump,
    ];

    /// The word in `tenantry.toml`.
    pub const fn as_str(self) -> &'static str {
        match self {
            MigrationLayout::Numbered => "numbered",
            MigrationLayout::Names => "names",
            MigrationLayout::Diesel => "diesel",
            MigrationLayout::Prisma => "prisma",
            MigrationLayout::Flyway => "flyway",
            MigrationLayout::Goose => "goose",
            MigrationLayout::SqlMigrate => "sql-migrate",
            MigrationLayout::Dbmate => "dbmate",
            MigrationLayout::Dump => "dump",
        }
    }
}

impl fmt::Display for MigrationLayout {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

impl FromStr for MigrationLayout {
    type Err = Error;

    fn from_str(s: &str) -> Result<Self, Error> {
        let named = |layout: &&MigrationLayout| layout.as_str() == s;
        match s {
            "golang-migrate" | "sqlx" => Ok(MigrationLayout::Numbered),
            _ => MigrationLayout::ALL.iter().find(named).copied().ok_or_else(|| {
                let known: Vec<&str> = MigrationLayout::ALL.iter().map(|l| l.as_str()).collect();
                Error::new(ErrorCode::ConfigInvalid, format!("{s:?} is not a layout of migrations"))
                    .help(format!("use one of {}", known.join(", ")))
            }),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_layout_has_a_word_and_no_other_is_known() {
        for layout in MigrationLayout::ALL {
            assert_eq!(layout.as_str().parse::<MigrationLayout>().unwrap(), *layout);
        }
        assert_eq!("sqlx".parse::<MigrationLayout>().unwrap(), MigrationLayout::Numbered);
        let e = "rails".parse::<MigrationLayout>().unwrap_err();
        assert_eq!(e.message(), "\"rails\" is not a layout of migrations");
        assert!(e.next_step().contains("numbered, names, diesel"), "{}", e.next_step());
    }
}
