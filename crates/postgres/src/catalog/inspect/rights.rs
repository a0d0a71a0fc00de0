//! Owners and privileges of a schema's objects.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use tenantry_domain::Result;
use tokio_postgres::Row;

use super::Rights;
use crate::catalog::kind::{Key, ObjectKind};
use crate::catalog::part::{Address, get};

/// Stands for the owner of the schema's objects.
pub(crate) const OWNER: &str = "<owner>";
/// Stands for the role that uses them.
pub(crate) const READER: &str = "<reader>";

/// Owner and privileges of an object.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Held {
    /// What it is, as `GRANT ... ON` says it.
    pub word: String,
    /// Its name; none for the schema itself.
    pub name: Option<String>,
    pub owner: String,
    /// Privileges by grantee, in one text each.
    pub grants: BTreeMap<String, String>,
}

/// What the server says of one object.
pub(super) struct Holding {
    pub address: Address,
    pub held: Held,
    /// The owner as the server names it.
    pub owner: String,
}

impl Holding {
    pub fn decode(row: &Row, rights: Rights<'_>) -> Result<Self> {
        let address = (get(row, "class")?, get(row, "oid")?);
        let (word, name): (String, Option<String>) = (get(row, "word")?, get(row, "name")?);
        let owner: String = get(row, "owner")?;
        let held = match rights {
            Rights::Ruled { tenant_ddl } => Held::ruled(word, name, tenant_ddl),
            Rights::Read(roles) => {
                let said = |role: &str| match role {
                    _ if role == roles.owner => OWNER.to_owned(),
                    _ if role == roles.reader => READER.to_owned(),
                    _ => role.to_owned(),
                };
                let grantees: Vec<&str> = get(row, "grantees")?;
                let privileges: Vec<&str> = get(row, "privileges")?;
                let grants = grantees.iter().zip(privileges).map(|(g, p)| (said(g), p.to_owned())).collect();
                Held { word, name, owner: said(&owner), grants }
            }
        };
        Ok(Self { address, held, owner })
    }
}

impl Held {
    /// What a tenant's login is granted on objects of this kind.
    fn ruled(word: String, name: Option<String>, tenant_ddl: bool) -> Self {
        let grants: &[(&str, &str)] = match word.as_str() {
            "SCHEMA" if tenant_ddl => &[(READER, "CREATE, USAGE")],
            "SCHEMA" => &[(READER, "USAGE")],
            "TABLE" | "VIEW" | "MATERIALIZED VIEW" | "FOREIGN TABLE" => {
                &[(READER, "DELETE, INSERT, SELECT, UPDATE")]
            }
            "SEQUENCE" => &[(READER, "SELECT, UPDATE, USAGE")],
            "FUNCTION" | "PROCEDURE" | "AGGREGATE" => &[(READER, "EXECUTE")],
            "TYPE" | "DOMAIN" => &[("PUBLIC", "USAGE")],
            _ => &[],
        };
        let grants = grants.iter().map(|(g, p)| ((*g).to_owned(), (*p).to_owned())).collect();
        Self { word, name, owner: OWNER.to_owned(), grants }
    }

    /// As a catalog's object is called.
    pub fn key(&self) -> Key {
        let name = self.name.as_deref().unwrap_or("<schema>");
        Key::new(ObjectKind::Rights, format!("{} {name}", self.word))
    }

    pub fn definition(&self) -> String {
        let mut text = format!("owner {}", self.owner);
        for (grantee, privileges) in &self.grants {
            text.push_str(&format!("; {grantee}: {privileges}"));
        }
        text
    }
}
