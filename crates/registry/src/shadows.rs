//! What blocks of PL/pgSQL in migrations did when they were tried on a shadow database: asked once, kept for good.

use tenantry_domain::Result;

use crate::Registry;
use crate::error::control_error;
use crate::statement::{execute, query_opt};

pub(crate) const FIND: &str = include_str!("shadows/find.sql");
pub(crate) const KEEP: &str = include_str!("shadows/keep.sql");

/// What a block did.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct KeptAnswer {
    /// The statements that it ran, in order.
    pub texts: Vec<String>,
    /// How many definitions the server saw.
    pub definitions: usize,
}

impl Registry {
    /// The answer to a question of this checksum.
    ///
    /// # Errors
    /// As [`control_error`].
    pub async fn shadow_answer(&self, question: &str) -> Result<Option<KeptAnswer>> {
        let client = self.client().await?;
        let row = query_opt(&client, FIND, &[&question])
            .await
            .map_err(|e| control_error(e, "read what a block did"))?;
        Ok(row.map(|row| KeptAnswer {
            texts: row.get(0),
            definitions: usize::try_from(row.get::<_, i32>(1)).unwrap_or_default(),
        }))
    }

    /// Keeps an answer.
    ///
    /// # Errors
    /// As [`control_error`].
    pub async fn keep_shadow_answer(&self, question: &str, answer: &KeptAnswer) -> Result<()> {
        let client = self.client().await?;
        let definitions = i32::try_from(answer.definitions).unwrap_or(i32::MAX);
        execute(&client, KEEP, &[&question, &answer.texts, &definitions])
            .await
            .map_err(|e| control_error(e, "keep what a block did"))?;
        Ok(())
    }
}
