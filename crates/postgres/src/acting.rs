//! Acting as an owner: the SQL around what runs with a role's rights, in a schema, perhaps for a tenant.

use tenantry_domain::{Result, Secret};

use crate::password;
use crate::sql::{Values, render};

/// Whose rights, where, and how long to wait for locks.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Acting {
    /// The role.
    pub role: String,
    /// The schema that unqualified names mean first.
    pub schema: String,
    /// Longest wait for a lock, in milliseconds.
    pub lock_ms_max: u64,
}

impl Acting {
    fn values(&self) -> Values {
        Values::default()
            .text("role", self.role.clone())
            .text("schema", self.schema.clone())
            .raw("lock_ms", self.lock_ms_max.to_string())
    }

    /// Begins a transaction with the role's rights.
    ///
    /// # Errors
    /// `internal` when the template is wrong.
    pub fn begin(&self) -> Result<String> {
        Ok(format!("BEGIN;\n{}", self.enter()?))
    }

    /// Takes the role's rights in a transaction that is open already.
    ///
    /// # Errors
    /// As [`Acting::begin`].
    pub fn enter(&self) -> Result<String> {
        render(include_str!("acting/enter.sql"), &self.values())
    }

    /// Begins a transaction that moves a tenant of a data database from one version to another, with the role's rights for
    /// what follows. Fails where the tenant is at another version. The session is one that was prepared with
    /// [`MOVER`]; the lock time-out is its own ([`for_many`]).
    ///
    /// # Errors
    /// As [`Acting::begin`].
    pub fn begin_move(&self, id: &str, (before, after): (i64, i64)) -> Result<String> {
        let values = self.values().text("id", id);
        let values = values.raw("before", before.to_string()).raw("after", after.to_string());
        render(include_str!("acting/move.sql"), &values)
    }

    /// The same in a database of the tenant's own, whose ledger gains a row.
    ///
    /// # Errors
    /// As [`Acting::begin`].
    pub fn begin_note(&self, version: i64, name: &str, checksum: &str) -> Result<String> {
        let values = self.values().raw("version", version.to_string());
        render(include_str!("acting/note.sql"), &values.text("name", name).text("checksum", checksum))
    }

    /// The same, whose ledger loses a row.
    ///
    /// # Errors
    /// As [`Acting::begin`].
    pub fn begin_forget(&self, version: i64) -> Result<String> {
        render(include_str!("acting/forget.sql"), &self.values().raw("version", version.to_string()))
    }

    /// Takes the role's rights for what can't run in a transaction; [`RESET`] ends it.
    ///
    /// # Errors
    /// As [`Acting::begin`].
    pub fn outside(&self) -> Result<String> {
        render(include_str!("acting/outside.sql"), &self.values())
    }

    /// Takes the role's rights again within the transaction.
    ///
    /// # Errors
    /// As [`Acting::begin`].
    pub fn again(&self) -> Result<String> {
        render(include_str!("acting/role.sql"), &self.values())
    }

    /// Lets the role log in to a database for a short time, with a fresh password.
    ///
    /// # Errors
    /// As [`Acting::begin`].
    pub fn open_login(&self, database: &str, until: &str) -> Result<(String, Secret)> {
        let password = password::random();
        let values = self
            .values()
            .text("verifier", password::verifier(&password))
            .text("until", until)
            .text("database", database);
        Ok((render(include_str!("acting/owner_open.sql"), &values)?, password))
    }

    /// Ends that.
    ///
    /// # Errors
    /// As [`Acting::begin`].
    pub fn close_login(&self) -> Result<String> {
        render(include_str!("acting/owner_close.sql"), &self.values())
    }
}

/// Prepares a session that migrates many tenants: their commits don't wait for the disk one by one.
///
/// # Errors
/// As [`Acting::begin`].
pub fn for_many(lock_ms_max: u64) -> Result<String> {
    render(include_str!("acting/worker.sql"), &Values::default().raw("lock_ms", lock_ms_max.to_string()))
}

/// Prepares, in a session on a data database, what [`Acting::begin_move`] speaks of.
pub const MOVER: &str = include_str!("acting/mover.sql");

/// Gives the rights taken with [`Acting::outside`] back.
pub const RESET: &str = include_str!("acting/reset.sql");

/// Gives the role's rights back for the rest of the transaction.
pub const AS_PLATFORM: &str = include_str!("acting/platform.sql");

/// Names the tenant for the rest of the transaction: its id, and what stands in the tenant column.
///
/// # Errors
/// As [`Acting::begin`].
pub fn for_tenant(id: &str, key: &str) -> Result<String> {
    render(include_str!("acting/tenant.sql"), &Values::default().text("id", id).text("key", key))
}
