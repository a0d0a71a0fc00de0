//! What a tenant of some version should hold.

use std::collections::HashMap;

use tenantry_domain::Result;
use tenantry_postgres::catalog::Catalog;

use super::{At, record};

/// The template's catalog now, and those noted of older versions, read when somebody lags that far behind.
pub(super) struct Expected {
    target: &'static str,
    newest: i64,
    now: Catalog,
    older: HashMap<i64, Option<Catalog>>,
}

impl Expected {
    pub fn new(target: &'static str, newest: i64, now: Catalog) -> Self {
        Self { target, newest, now, older: HashMap::new() }
    }

    /// What stands at that version; none where nothing was noted of it.
    pub async fn at(&mut self, at: &At<'_>, version: i64) -> Result<Option<&Catalog>> {
        if version == self.newest {
            return Ok(Some(&self.now));
        }
        if !self.older.contains_key(&version) {
            let noted = record::catalog(&at.data, self.target, version).await?;
            self.older.insert(version, noted);
        }
        Ok(self.older.get(&version).and_then(Option::as_ref))
    }
}
