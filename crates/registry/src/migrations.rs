//! The control database's own migrations: numbered, checksummed, each with up and down.

use sha2::{Digest, Sha256};
use tenantry_domain::{Error, ErrorCode, Result};
use tokio_postgres::{Client, GenericClient};

use crate::error::control_error;

/// One migration of the control database.
#[derive(Clone, Copy, Debug)]
pub struct Migration {
    /// Its number: 1, 2, 3...
    pub version: i64,
    /// What it brings.
    pub name: &'static str,
    /// The SQL that applies it.
    pub up: &'static str,
    /// The SQL that takes it back.
    pub down: &'static str,
}

/// Every migration, in order.
pub const MIGRATIONS: &[Migration] = &[
    Migration {
        version: 1,
        name: "registry",
        up: include_str!("../migrations/0001_registry.up.sql"),
        down: include_str!("../migrations/0001_registry.down.sql"),
    },
    Migration {
        version: 2,
        name: "rollouts",
        up: include_str!("../migrations/0002_rollouts.up.sql"),
        down: include_str!("../migrations/0002_rollouts.down.sql"),
    },
    Migration {
        version: 3,
        name: "shadows",
        up: include_str!("../migrations/0003_shadows.up.sql"),
        down: include_str!("../migrations/0003_shadows.down.sql"),
    },
    Migration {
        version: 4,
        name: "variations",
        up: include_str!("../migrations/0004_variations.up.sql"),
        down: include_str!("../migrations/0004_variations.down.sql"),
    },
    Migration {
        version: 5,
        name: "doors",
        up: include_str!("../migrations/0005_doors.up.sql"),
        down: include_str!("../migrations/0005_doors.down.sql"),
    },
    Migration {
        version: 6,
        name: "gateway",
        up: include_str!("../migrations/0006_gateway.up.sql"),
        down: include_str!("../migrations/0006_gateway.down.sql"),
    },
];

const LEDGER: &str = include_str!("migrations/ledger.sql");
const APPLIED: &str = include_str!("migrations/applied.sql");
const RECORD: &str = include_str!("migrations/record.sql");
const FORGET: &str = include_str!("migrations/forget.sql");

impl Migration {
    /// SHA-256 of the `up` text, in hexadecimal.
    pub fn checksum(&self) -> String {
        Sha256::digest(self.up.as_bytes()).iter().map(|b| format!("{b:02x}")).collect()
    }
}

/// Applies what is missing together with its ledger rows: all of it or nothing. Two processes at once don't get in each
/// other's way.
///
/// # Errors
/// `migration_changed` when the database holds a migration that this executable does not know as it was applied.
pub async fn up(client: &mut Client) -> Result<()> {
    let tx = client.transaction().await.map_err(|e| control_error(e, "prepare the control database"))?;
    tx.batch_execute(LEDGER).await.map_err(|e| control_error(e, "prepare the control database"))?;
    let applied = applied(&tx).await?;
    check(&applied)?;
    for migration in MIGRATIONS.iter().filter(|m| applied.iter().all(|(v, _)| v != &m.version)) {
        let doing = format!("apply migration {} of the control database", migration.version);
        tx.batch_execute(migration.up).await.map_err(|e| control_error(e, &doing))?;
        tx.execute(RECORD, &[&migration.version, &migration.name, &migration.checksum()])
            .await
            .map_err(|e| control_error(e, &doing))?;
    }
    tx.commit().await.map_err(|e| control_error(e, "prepare the control database"))
}

/// Takes migrations back, newest first, until only those up to `to` are left.
///
/// # Errors
/// `migration_changed` as for [`up`]; nothing has changed then.
pub async fn down(client: &mut Client, to: i64) -> Result<()> {
    let tx = client.transaction().await.map_err(|e| control_error(e, "take a migration back"))?;
    tx.batch_execute(LEDGER).await.map_err(|e| control_error(e, "take a migration back"))?;
    let applied = applied(&tx).await?;
    check(&applied)?;
    for (version, _) in applied.iter().rev().filter(|(v, _)| *v > to) {
        let doing = format!("take migration {version} of the control database back");
        if let Some(migration) = MIGRATIONS.iter().find(|m| m.version == *version) {
            tx.batch_execute(migration.down).await.map_err(|e| control_error(e, &doing))?;
            tx.execute(FORGET, &[version]).await.map_err(|e| control_error(e, &doing))?;
        }
    }
    tx.commit().await.map_err(|e| control_error(e, "take a migration back"))
}

/// Refuses a database that holds a migration which this executable does not know as it was applied.
fn check(applied: &[(i64, String)]) -> Result<()> {
    let known = |(version, checksum): &&(i64, String)| {
        MIGRATIONS.iter().any(|m| m.version == *version && m.checksum() == *checksum)
    };
    match applied.iter().find(|entry| !known(entry)) {
        None => Ok(()),
        Some((version, _)) => Err(Error::new(
            ErrorCode::MigrationChanged,
            format!("the control database holds migration {version} of another version of Tenantry"),
        )
        .help("use the executable that set it up, or a newer one")),
    }
}

async fn applied(client: &impl GenericClient) -> Result<Vec<(i64, String)>> {
    let rows = client
        .query(APPLIED, &[])
        .await
        .map_err(|e| control_error(e, "read the control database's ledger"))?;
    Ok(rows.iter().map(|r| (r.get(0), r.get(1))).collect())
}
