//! The three isolations.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};

use crate::{Error, ErrorCode};

/// How a tenant's data is kept apart from the others'.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Isolation {
    /// Rows in shared tables under row-level security.
    Shared,
    /// A schema of its own in a shared database.
    Schema,
    /// A database of its own.
    Database,
}

impl Isolation {
    /// All three, from the cheapest to the strongest.
    pub const ALL: [Isolation; 3] = [Isolation::Shared, Isolation::Schema, Isolation::Database];

    /// The word used in configuration, commands and the registry.
    pub const fn as_str(self) -> &'static str {
        match self {
            Isolation::Shared => "shared",
            Isolation::Schema => "schema",
            Isolation::Database => "database",
        }
    }
}

impl fmt::Display for Isolation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.as_str())
    }
}

impl FromStr for Isolation {
    type Err = Error;

    fn from_str(s: &str) -> Result<Self, Error> {
        Isolation::ALL
            .into_iter()
            .find(|i| i.as_str() == s)
            .ok_or_else(|| Error::new(ErrorCode::IsolationUnknown, format!("{s:?} is not an isolation")))
    }
}
