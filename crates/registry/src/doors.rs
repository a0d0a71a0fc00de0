//! Secrets that open a door of the gateway: what is kept of them, never they themselves.

use jiff::Timestamp;
use tenantry_domain::{Error, ErrorCode, Result, RoleName, TenantId};
use tokio_postgres::Row;
use uuid::Uuid;

use crate::Registry;
use crate::error::control_error;
use crate::statement::{execute, query_one};

pub(crate) const ADD: &str = include_str!("doors/add.sql");
pub(crate) const REVOKE: &str = include_str!("doors/revoke.sql");
pub(crate) const SWEEP: &str = include_str!("doors/sweep.sql");

/// Bytes of each key.
pub const KEY_BYTES: usize = 32;

/// Which door a secret opens.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum SecretDoor {
    /// A tenant's own.
    Tenant(TenantId),
    /// The one of the application's backend.
    App,
    /// The one to `SHOW ...`.
    Admin,
}

impl SecretDoor {
    /// What the salt of its secrets is derived for, with a role of a tenant or its own login.
    pub fn subject(self, role: Option<&RoleName>) -> String {
        match (self, role) {
            (SecretDoor::Tenant(id), Some(role)) => format!("tenant {id} {role}"),
            (SecretDoor::Tenant(id), None) => format!("tenant {id}"),
            (SecretDoor::App | SecretDoor::Admin, _) => self.name().to_owned(),
        }
    }

    const fn name(self) -> &'static str {
        match self {
            SecretDoor::Tenant(_) => "tenant",
            SecretDoor::App => "app",
            SecretDoor::Admin => "admin",
        }
    }

    fn tenant(self) -> Option<Uuid> {
        match self {
            SecretDoor::Tenant(id) => Some(id.uuid()),
            SecretDoor::App | SecretDoor::Admin => None,
        }
    }
}

/// What a secret is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum SecretKind {
    /// Chosen, or kept for long.
    Password,
    /// Made up for some hours.
    Token,
}

impl SecretKind {
    const fn name(self) -> &'static str {
        match self {
            SecretKind::Password => "password",
            SecretKind::Token => "token",
        }
    }
}

/// StoredKey and ServerKey (RFC 5802, section 3): enough to check a secret, not enough to log in with it.
#[derive(Clone, Copy, PartialEq, Eq)]
pub struct SecretKeys {
    /// `H(HMAC(SaltedPassword, "Client Key"))`.
    pub stored: [u8; KEY_BYTES],
    /// `HMAC(SaltedPassword, "Server Key")`.
    pub server: [u8; KEY_BYTES],
}

impl std::fmt::Debug for SecretKeys {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("[redacted]")
    }
}

/// A secret to be kept.
#[derive(Clone, Debug)]
pub struct NewSecret<'a> {
    /// What it opens.
    pub door: SecretDoor,
    /// A role of the tenant; `None`: the tenant's own login.
    pub role: Option<&'a RoleName>,
    /// What it is.
    pub kind: SecretKind,
    /// What is kept of it.
    pub keys: SecretKeys,
    /// Until when it is good; a token has to have an end.
    pub expires_at: Option<Timestamp>,
    /// Who asked for it.
    pub actor: &'a str,
}

/// A secret that is kept.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DoorSecret {
    /// Its number.
    pub id: i64,
    /// A role of the tenant; `None`: the tenant's own login.
    pub role: Option<RoleName>,
    /// What it is.
    pub kind: SecretKind,
    /// What is kept of it.
    pub keys: SecretKeys,
    /// Until when it is good.
    pub expires_at: Option<Timestamp>,
}

impl DoorSecret {
    /// Whether it is good at this time.
    pub fn is_good(&self, now: Timestamp) -> bool {
        self.expires_at.is_none_or(|end| now < end)
    }

    /// Reads one, with what it opens.
    pub(crate) fn read(row: &Row) -> Result<(SecretDoor, Self)> {
        let tenant: Option<Uuid> = row.get("tenant");
        let door: &str = row.get("door");
        let role: Option<String> = row.get("role");
        let kind: &str = row.get("kind");
        let key = |column: &str| {
            row.get::<_, Vec<u8>>(column)
                .try_into()
                .map_err(|_| Error::new(ErrorCode::Internal, "a secret's key has another length"))
        };
        let secret = Self {
            id: row.get("id"),
            role: role.map(|role| role.parse()).transpose()?,
            kind: if kind == SecretKind::Token.name() { SecretKind::Token } else { SecretKind::Password },
            keys: SecretKeys { stored: key("stored_key")?, server: key("server_key")? },
            expires_at: row.get("expires_at"),
        };
        let door = match tenant {
            Some(id) => SecretDoor::Tenant(TenantId::from_uuid(id)),
            None if door == SecretDoor::App.name() => SecretDoor::App,
            None => SecretDoor::Admin,
        };
        Ok((door, secret))
    }
}

impl Registry {
    /// Keeps a secret; gateways know of it within a second.
    ///
    /// # Errors
    /// As [`control_error`].
    pub async fn add_door_secret(&self, new: &NewSecret<'_>) -> Result<i64> {
        let client = self.client().await?;
        let role = new.role.map(RoleName::as_str);
        let (stored, server) = (&new.keys.stored[..], &new.keys.server[..]);
        let row = query_one(
            &client,
            ADD,
            &[
                &new.door.name(),
                &new.door.tenant(),
                &role,
                &new.kind.name(),
                &stored,
                &server,
                &new.expires_at,
                &new.actor,
            ],
        )
        .await
        .map_err(|e| control_error(e, "keep a credential"))?;
        Ok(row.get(0))
    }

    /// Forgets every secret of a door, and tells how many there were.
    ///
    /// # Errors
    /// As [`control_error`].
    pub async fn revoke_door_secrets(&self, door: SecretDoor) -> Result<u64> {
        let client = self.client().await?;
        execute(&client, REVOKE, &[&door.name(), &door.tenant()])
            .await
            .map_err(|e| control_error(e, "revoke credentials"))
    }

    /// Forgets secrets that are not good any more.
    ///
    /// # Errors
    /// As [`control_error`].
    pub async fn sweep_door_secrets(&self) -> Result<u64> {
        let client = self.client().await?;
        execute(&client, SWEEP, &[]).await.map_err(|e| control_error(e, "forget credentials that are over"))
    }
}
