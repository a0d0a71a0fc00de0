//! Loading sample data into a tenant: through its own login, so that the data gets no further than the tenant itself.

use tenantry_domain::{Error, ErrorCode, Result, ServiceName};
use tenantry_postgres::connect::connect;
use tenantry_postgres::error::{db_error, sqlstate};
use tenantry_registry::TenantRow;

use crate::platform::Platform;

/// SQLSTATE `unique_violation`.
const UNIQUE_VIOLATION: &str = "23505";

/// A file of sample data.
#[derive(Clone, Debug)]
pub struct SeedFile {
    /// Its name, for messages.
    pub name: String,
    /// Its SQL.
    pub text: String,
}

/// What became of the files.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Seeded {
    /// They were loaded.
    Now,
    /// Their rows were there already.
    Before,
}

impl Platform {
    /// Loads files into a tenant's data of one service, all or nothing.
    ///
    /// # Errors
    /// As [`Platform::credential`]; `database` with the file and what the server said.
    pub async fn seed(&self, row: &TenantRow, service: &ServiceName, files: &[SeedFile]) -> Result<Seeded> {
        let (server, database) = self.own_credential(row, service).await?;
        let mut client = connect(&server, &database, "tenantry seed").await?;
        let doing = format!("load sample data into tenant {}", row.tenant.slug);
        let tx = client.transaction().await.map_err(|e| db_error(e, &doing))?;
        for file in files {
            let loaded = tx.batch_execute(&file.text).await;
            match loaded.map_err(|e| db_error(e, &format!("{doing}: {}", file.name))) {
                Ok(()) => {}
                Err(e) if sqlstate(&e) == Some(UNIQUE_VIOLATION) => return Ok(Seeded::Before),
                Err(e) if e.code() == ErrorCode::Database => {
                    return Err(
                        Error::new(e.code(), e.sentence()).help("correct the file; nothing of it was kept")
                    );
                }
                Err(e) => return Err(e),
            }
        }
        tx.commit().await.map_err(|e| db_error(e, &doing))?;
        Ok(Seeded::Now)
    }
}
