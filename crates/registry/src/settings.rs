//! Settings that triggers read, and the secret that credentials are derived from.

use serde_json::Value;
use tenantry_domain::Result;

use crate::Registry;
use crate::error::control_error;
use crate::statement::{execute, query_one, query_opt};

pub(crate) const SET: &str = include_str!("settings/set.sql");
pub(crate) const GET: &str = include_str!("settings/get.sql");
pub(crate) const SECRET: &str = include_str!("settings/secret.sql");

impl Registry {
    /// Sets a value that triggers of the control database read.
    ///
    /// # Errors
    /// As [`control_error`].
    pub async fn set_setting(&self, key: &str, value: &Value) -> Result<()> {
        let client = self.client().await?;
        execute(&client, SET, &[&key, value]).await.map_err(|e| control_error(e, "write a setting"))?;
        Ok(())
    }

    /// The value of this key, if it was ever set.
    ///
    /// # Errors
    /// As [`control_error`].
    pub async fn setting(&self, key: &str) -> Result<Option<Value>> {
        let client = self.client().await?;
        let row = query_opt(&client, GET, &[&key]).await.map_err(|e| control_error(e, "read a setting"))?;
        Ok(row.map(|r| r.get(0)))
    }

    /// The secret of this name; `fresh` becomes it if there is none yet.
    ///
    /// # Errors
    /// As [`control_error`].
    pub async fn secret(&self, name: &str, fresh: &[u8]) -> Result<Vec<u8>> {
        let client = self.client().await?;
        let row = query_one(&client, SECRET, &[&name, &fresh])
            .await
            .map_err(|e| control_error(e, "read a secret"))?;
        Ok(row.get(0))
    }
}
