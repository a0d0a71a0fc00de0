//! Constraints added to and dropped from tables that are there, and SET NOT NULL.

use pg_query::NodeEnum;
use pg_query::protobuf::{AlterTableCmd, ConstrType, Constraint, DropBehavior};

use super::alter_table::cascade;
use super::lock::{Hold, LockMode};
use super::rule::Rule;
use super::site::Site;
use super::world::{Kind, name_of};
use crate::ast;

const NOT_VALID: &str =
    "add it NOT VALID here, and VALIDATE CONSTRAINT in a later file, which lets writes go on";

/// ADD CONSTRAINT.
pub(super) fn add(site: &mut Site<'_>, table: &str, cmd: &AlterTableCmd) {
    let Some(NodeEnum::Constraint(c)) = cmd.def.as_ref().and_then(|d| d.node.as_ref()) else { return };
    match c.contype() {
        ConstrType::ConstrForeign => foreign(site, table, c),
        ConstrType::ConstrPrimary | ConstrType::ConstrUnique => key(site, table, c),
        ConstrType::ConstrExclusion => exclusion(site, table),
        ConstrType::ConstrCheck => {
            let scans = !c.skip_validation;
            hold(site, table, scans.then_some(Hold::Scan));
            if scans && site.is_live(table) {
                site.find(
                    Rule::CheckScan,
                    format!("{table} is read as a whole to prove the check, while reads and writes wait"),
                    NOT_VALID,
                );
            }
        }
        ConstrType::ConstrNotnull => {
            let column = ast::names(&c.keys).pop().unwrap_or_default();
            let held = if c.skip_validation { Hold::Moment } else { set_not_null(site, table, &column) };
            hold(site, table, Some(held));
        }
        _ => hold(site, table, None),
    }
}

fn hold(site: &mut Site<'_>, table: &str, held: Option<Hold>) {
    site.lock(table, LockMode::AccessExclusive, held.unwrap_or(Hold::Moment));
}

fn foreign(site: &mut Site<'_>, table: &str, c: &Constraint) {
    let other = name_of(c.pktable.as_ref());
    let scans = !c.skip_validation && site.is_live(table);
    let held = if scans { Hold::Scan } else { Hold::Moment };
    site.lock(table, LockMode::ShareRowExclusive, held);
    site.lock(&other, LockMode::ShareRowExclusive, held);
    if scans {
        site.find(
            Rule::ForeignKeyScan,
            format!(
                "{table} is read as a whole to prove the foreign key, while writes to {table} and {other} wait"
            ),
            NOT_VALID,
        );
    }
}

fn key(site: &mut Site<'_>, table: &str, c: &Constraint) {
    let is_live = site.is_live(table);
    let builds = c.indexname.is_empty();
    let mut held = if builds { Hold::Build } else { Hold::Moment };
    if builds && is_live {
        let word = if c.contype() == ConstrType::ConstrPrimary { "PRIMARY KEY" } else { "UNIQUE" };
        site.find(
            Rule::KeyInPlace,
            format!("the index is built while reads and writes of {table} wait"),
            format!("CREATE UNIQUE INDEX CONCURRENTLY in a file of its own, then ADD CONSTRAINT ... {word} USING INDEX"),
        );
    }
    if c.deferrable && is_live {
        site.find(
            Rule::DeferrableKey,
            "ON CONFLICT can't use a deferrable key, nor can a foreign key refer to it",
            "leave out DEFERRABLE, or make sure that no version names these columns in ON CONFLICT",
        );
    }
    // A primary key proves NOT NULL of its columns as well.
    if c.contype() == ConstrType::ConstrPrimary && builds {
        for column in ast::names(&c.keys) {
            held = held.max(set_not_null(site, table, &column));
        }
    }
    hold(site, table, Some(held));
}

fn exclusion(site: &mut Site<'_>, table: &str) {
    hold(site, table, Some(Hold::Build));
    if site.is_live(table) {
        site.find(
            Rule::ExclusionInPlace,
            format!("the index is built while reads and writes of {table} wait; there is no way to build it beforehand"),
            "make a new table with the constraint and move to it; or take the wait, and silence this rule with the reason",
        );
    }
}

/// SET NOT NULL; how long the table's lock is needed.
pub(super) fn set_not_null(site: &mut Site<'_>, table: &str, column: &str) -> Hold {
    let is_set = site.world.column(table, column).is_some_and(|c| c.not_null);
    if !site.is_live(table) || is_set || site.world.proves_not_null(table, column) {
        return Hold::Moment;
    }
    site.find(
        Rule::NotNullScan,
        format!("{table} is read as a whole to prove that {column} holds no NULL, while reads and writes wait"),
        format!("ADD CONSTRAINT ... CHECK ({column} IS NOT NULL) NOT VALID in one file, VALIDATE CONSTRAINT in the next, then SET NOT NULL, which reads nothing"),
    );
    Hold::Scan
}

/// DROP CONSTRAINT.
pub(super) fn drop(site: &mut Site<'_>, table: &str, cmd: &AlterTableCmd) {
    if !site.is_live(table) {
        return;
    }
    let known = site.world.tables.get(table).and_then(|t| t.constraints.get(&cmd.name)).cloned();
    match known {
        Some(Kind::Key) => dropped_key(site, &cmd.name),
        Some(Kind::Foreign) => {
            let others = site.world.tables.get(table).map(|t| t.refers.clone()).unwrap_or_default();
            for other in others {
                site.lock(&other, LockMode::AccessExclusive, Hold::Moment);
            }
        }
        _ => {}
    }
    if cmd.behavior() == DropBehavior::DropCascade {
        cascade(site);
    }
}

/// A key goes.
pub(super) fn dropped_key(site: &mut Site<'_>, name: &str) {
    site.find(
        Rule::DropsKey,
        format!("ON CONFLICT of the previous version fails where it means {name}"),
        "drop it once no previous version runs",
    );
}
