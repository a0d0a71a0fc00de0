//! Whether an existing server suits Tenantry (`--database-url`): everything that lacks, at once, each with
//! the SQL that mends it.

use std::fmt;

use tenantry_domain::{Error, ErrorCode, Result};
use tokio_postgres::Client;

use crate::error::db_error;
use crate::ident::quote_ident;

/// Server versions that Tenantry is tested with, as `server_version_num` has them: below this one not.
const VERSION_NUM_MIN: i32 = 150_000;
/// From this one on not.
const VERSION_NUM_END: i32 = 190_000;
/// A migration of many tenants in one transaction locks many tables.
const LOCKS_PER_TRANSACTION_MIN: i32 = 256;

/// One thing that a server or a role lacks.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Lack {
    /// What is so, and should be otherwise.
    pub what: String,
    /// Why Tenantry needs it.
    pub why: &'static str,
    /// The SQL that mends it, or what to do where no SQL does.
    pub mend: String,
}

impl fmt::Display for Lack {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} ({}): {}", self.what, self.why, self.mend)
    }
}

/// What the server says of itself and of the login.
#[derive(Debug, Clone)]
struct Facts {
    version_num: i32,
    version: String,
    is_in_recovery: bool,
    encoding: String,
    wal_level: String,
    prepared_transactions_max: i32,
    locks_per_transaction_max: i32,
    role: String,
    is_superuser: bool,
    /// Attributes by their SQL name, and whether the role has them.
    attributes: [(&'static str, bool); 4],
}

/// Checks the server behind a connection.
///
/// # Errors
/// [`ErrorCode::ServerUnsuitable`] with every lack on a line of its own.
pub async fn check(client: &Client) -> Result<()> {
    let lacks = lacks(client).await?;
    if lacks.is_empty() {
        return Ok(());
    }
    let list: String = lacks.iter().map(|lack| format!("\n  - {lack}")).collect();
    Err(Error::new(ErrorCode::ServerUnsuitable, format!("the server does not suit Tenantry:{list}")))
}

/// Everything that the server behind a connection, or its login, lacks.
///
/// # Errors
/// When the server can't be asked.
pub async fn lacks(client: &Client) -> Result<Vec<Lack>> {
    let row = client
        .query_one(include_str!("check/facts.sql"), &[])
        .await
        .map_err(|e| db_error(e, "ask the server for its version and settings"))?;
    Ok(judge(&Facts {
        version_num: row.get("version_num"),
        version: row.get("version"),
        is_in_recovery: row.get("in_recovery"),
        encoding: row.get("encoding"),
        wal_level: row.get("wal_level"),
        prepared_transactions_max: row.get("prepared_transactions_max"),
        locks_per_transaction_max: row.get("locks_per_transaction_max"),
        role: row.get("role"),
        is_superuser: row.get("is_superuser"),
        attributes: [
            ("CREATEDB", row.get("can_create_databases")),
            ("CREATEROLE", row.get("can_create_roles")),
            ("REPLICATION", row.get("can_replicate")),
            ("BYPASSRLS", row.get("can_bypass_rls")),
        ],
    }))
}

fn judge(facts: &Facts) -> Vec<Lack> {
    let mut lacks = Vec::new();
    let mut lack = |what: String, why, mend: String| lacks.push(Lack { what, why, mend });
    if !(VERSION_NUM_MIN..VERSION_NUM_END).contains(&facts.version_num) {
        lack(
            format!("the server is PostgreSQL {}", facts.version),
            "Tenantry works with 15 to 18",
            "use a server of one of these versions".into(),
        );
    }
    if facts.is_in_recovery {
        lack(
            "the server is a standby".into(),
            "it can't be written to",
            "name the primary, or run SELECT pg_promote();".into(),
        );
    }
    if facts.encoding != "UTF8" {
        lack(
            format!("the database's encoding is {}", facts.encoding),
            "names and data are UTF-8",
            "use a cluster made with initdb --encoding=UTF8".into(),
        );
    }
    judge_settings(facts, &mut lacks);
    judge_role(facts, &mut lacks);
    lacks
}

fn judge_settings(facts: &Facts, lacks: &mut Vec<Lack>) {
    let mut setting = |name: &str, has: String, needs: &str, why| {
        lacks.push(Lack {
            what: format!("{name} is {has}"),
            why,
            mend: format!("ALTER SYSTEM SET {name} = {needs}; then restart the server"),
        });
    };
    if facts.wal_level != "logical" {
        let why = "tenants are moved and followed by logical decoding";
        setting("wal_level", facts.wal_level.clone(), "logical", why);
    }
    if facts.prepared_transactions_max != 0 {
        let why = "a tenant's prepared transaction would hold locks that outlive its session";
        setting("max_prepared_transactions", facts.prepared_transactions_max.to_string(), "0", why);
    }
    if facts.locks_per_transaction_max < LOCKS_PER_TRANSACTION_MIN {
        let needs = LOCKS_PER_TRANSACTION_MIN.to_string();
        let why = "creating and migrating tenants locks many tables in one transaction";
        setting("max_locks_per_transaction", facts.locks_per_transaction_max.to_string(), &needs, why);
    }
}

fn judge_role(facts: &Facts, lacks: &mut Vec<Lack>) {
    if facts.is_superuser {
        return;
    }
    let missing: Vec<&str> = facts.attributes.iter().filter(|(_, has)| !has).map(|(name, _)| *name).collect();
    let also = if missing.is_empty() { String::new() } else { format!(", and lacks {}", missing.join(", ")) };
    lacks.push(Lack {
        what: format!("the role {} is no superuser{also}", facts.role),
        why: "only a superuser may take functions of pg_catalog from PUBLIC, which keeps tenants apart",
        mend: format!("ALTER ROLE {} SUPERUSER;", quote_ident(&facts.role)),
    });
}

#[cfg(test)]
mod tests {
    use super::*;

    fn good() -> Facts {
        Facts {
            version_num: 160_004,
            version: "16.4".into(),
            is_in_recovery: false,
            encoding: "UTF8".into(),
            wal_level: "logical".into(),
            prepared_transactions_max: 0,
            locks_per_transaction_max: 256,
            role: "boss".into(),
            is_superuser: true,
            attributes: ["CREATEDB", "CREATEROLE", "REPLICATION", "BYPASSRLS"].map(|name| (name, true)),
        }
    }

    #[test]
    fn a_good_server_lacks_nothing() {
        assert_eq!(judge(&good()), vec![]);
    }

    #[test]
    fn everything_that_lacks_is_named_at_once() {
        let mut bad = Facts {
            version_num: 140_009,
            version: "14.9".into(),
            is_in_recovery: true,
            encoding: "SQL_ASCII".into(),
            wal_level: "replica".into(),
            prepared_transactions_max: 5,
            locks_per_transaction_max: 64,
            role: "o\"dd".into(),
            is_superuser: false,
            ..good()
        };
        bad.attributes[1].1 = false;
        let lacks = judge(&bad);
        assert_eq!(lacks.len(), 7);
        let text: String = lacks.iter().map(|l| format!("{l}\n")).collect();
        for part in [
            "PostgreSQL 14.9",
            "pg_promote()",
            "SQL_ASCII",
            "ALTER SYSTEM SET wal_level = logical",
            "ALTER SYSTEM SET max_prepared_transactions = 0",
            "ALTER SYSTEM SET max_locks_per_transaction = 256",
            "lacks CREATEROLE",
            "ALTER ROLE \"o\"\"dd\" SUPERUSER",
        ] {
            assert!(text.contains(part), "{part} in {text}");
        }
        assert_eq!(judge(&Facts { version_num: 190_000, ..good() }).len(), 1);
    }
}
