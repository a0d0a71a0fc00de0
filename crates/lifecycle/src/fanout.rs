//! One query over many tenants, whatever their isolation.
//!
//! Tenants in schema and database isolation are asked through their own logins: a view or function of theirs runs as
//! them, never as the platform. Tenants that share tables are asked over a few connections, each in a transaction under
//! the group's role with the tenant named. Every transaction is read-only, and its time is limited.
//!
//! Values are text as the server writes it, so that every type works.

mod ask;
mod connections;

use futures_util::{StreamExt as _, stream};
use tenantry_domain::{Error, ErrorCode, Result, ServiceName, Slug};
use tenantry_registry::TenantRow;

use crate::platform::Platform;
use connections::Connections;

/// What is asked.
#[derive(Clone, Debug)]
pub struct Query {
    /// One statement.
    pub sql: String,
    /// Of which service.
    pub service: ServiceName,
    /// Connections at one time, at most; at least one is used.
    pub connections_max: usize,
}

/// A column of the answer.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Column {
    /// Its name.
    pub name: String,
    /// Its type's name as `pg_type` has it.
    pub type_name: String,
}

/// What one tenant answered.
#[derive(Clone, Debug)]
pub struct Answer {
    /// The columns: of the same names for every tenant.
    pub columns: Vec<Column>,
    /// The rows; `None` is null.
    pub rows: Vec<Vec<Option<String>>>,
    /// Whether there were more rows than the limit lets through.
    pub is_cut: bool,
}

/// A tenant and what became of its part.
#[derive(Debug)]
pub struct Part {
    /// The tenant.
    pub tenant: Slug,
    /// Its answer, or why there is none.
    pub answer: Result<Answer>,
}

impl Platform {
    /// Asks every tenant given and hands on each part in the tenants' order. One that fails keeps none of the others.
    ///
    /// # Errors
    /// What `each` returns: then nobody else is asked.
    pub async fn fan_out(
        &self,
        tenants: &[TenantRow],
        query: &Query,
        mut each: impl FnMut(Part) -> Result<()>,
    ) -> Result<()> {
        let width = query.connections_max.max(1);
        let connections = Connections::new(width);
        let asked = tenants.iter().map(|row| async {
            let answer = ask::tenant(self, &connections, row, query).await;
            Part { tenant: row.tenant.slug.clone(), answer }
        });
        let mut parts = stream::iter(asked).buffered(width);
        let mut first: Option<(Slug, Vec<String>)> = None;
        while let Some(mut part) = parts.next().await {
            if let Ok(answer) = &part.answer {
                let names: Vec<String> = answer.columns.iter().map(|c| c.name.clone()).collect();
                match &first {
                    None => first = Some((part.tenant.clone(), names)),
                    Some((_, expected)) if *expected == names => {}
                    Some((slug, expected)) => part.answer = Err(differ(slug, expected, &names)),
                }
            }
            each(part)?;
        }
        Ok(())
    }
}

fn differ(first: &Slug, expected: &[String], names: &[String]) -> Error {
    Error::new(
        ErrorCode::ColumnsDiffer,
        format!("the columns are ({}), but those of {first} are ({})", names.join(", "), expected.join(", ")),
    )
}
