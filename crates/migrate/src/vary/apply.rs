//! One transaction of the tenant's owner: the statements, the note of what they changed, or nothing of either.

use serde_json::{Value, json};
use tenantry_domain::{Error, ErrorCode, Result, ResultExt};
use tenantry_jobs::Run;
use tenantry_postgres::catalog::inspect::{Rights, Roles, inspect};
use tenantry_postgres::catalog::{Catalog, Change};
use tenantry_postgres::error::db_error;
use tokio_postgres::Client;

use super::Order;
use super::door::Door;
use super::statements::Written;
use crate::drift::record::{self, Variation};
use crate::error::statement_error;

const VIEWS_INVOKER: &str = include_str!("../apply/views_invoker.sql");
const NOTE: &str = include_str!("apply/note.sql");
const FORGET: &str = include_str!("apply/forget.sql");

/// What a variation has changed, as the control database keeps it.
pub(super) fn summary(changes: &[Change]) -> Value {
    let one = |c: &Change| json!({ "verb": c.verb(), "kind": c.key.kind, "name": c.key.name });
    changes.iter().map(one).collect()
}

impl Door<'_> {
    /// The variation as it is noted beside the data.
    pub async fn noted(&self, name: &str) -> Result<Option<Variation>> {
        let platform = self.platform().await?;
        let mut all = record::variations(&platform).await?;
        let own = all.remove(&self.tenant.to_string()).unwrap_or_default();
        Ok(own.into_iter().find(|v| v.name == name))
    }

    /// Makes the tenant different; a repetition finds that done.
    pub async fn vary(&self, run: &Run, order: &Order) -> Result<Vec<Change>> {
        if let Some(done) = self.noted(&order.name).await? {
            if done.checksum == order.checksum {
                return Ok(done.changes);
            }
            let message = format!("the tenant holds a variation {} with another text", order.name);
            return Err(Error::new(ErrorCode::VariationExists, message));
        }
        let client = self.open(run).await?;
        let result = self.transaction(&client, async |client| self.alter(client, order).await).await;
        drop(client);
        let closed = self.close(run).await;
        result.and_then(|changes| closed.map(|()| changes))
    }

    /// Takes a variation back; a repetition finds that done.
    pub async fn unvary(&self, run: &Run, order: &Order) -> Result<()> {
        let Some(noted) = self.noted(&order.name).await? else { return Ok(()) };
        let template = self.template().await?;
        let client = self.open(run).await?;
        let back = async |client: &Client| {
            self.run(client, &order.statements).await?;
            let found = self.read(client).await?;
            let differs = |c: &&Change| !c.is_undone(&found) && !template.agrees(&found, &c.key);
            let left: Vec<&Change> = noted.changes.iter().filter(differs).collect();
            if !left.is_empty() {
                return Err(self.left(order, &left, &found, &noted.changes));
            }
            self.forget(client, &order.name).await
        };
        let result = self.transaction(&client, back).await;
        drop(client);
        let closed = self.close(run).await;
        result.and(closed)
    }

    /// Undoes what [`Door::vary`] may have committed although its job failed.
    pub async fn revert(&self, run: &Run, order: &Order) -> Result<()> {
        // First nobody else may be at it any more.
        self.close(run).await?;
        let Some(noted) = self.noted(&order.name).await? else { return Ok(()) };
        let client = self.open(run).await?;
        let back = async |client: &Client| {
            let found = self.read(client).await?;
            for sql in self.taking_back(&noted.changes, &found) {
                client.batch_execute(&sql).await.map_err(|e| db_error(e, "take the variation back"))?;
            }
            self.forget(client, &order.name).await
        };
        let result = self.transaction(&client, back).await;
        drop(client);
        let closed = self.close(run).await;
        result.and(closed)
    }

    async fn alter(&self, client: &Client, order: &Order) -> Result<Vec<Change>> {
        let before = self.read(client).await?;
        self.run(client, &order.statements).await?;
        let changes = before.changes(&self.read(client).await?);
        if changes.is_empty() {
            let message = format!("{}: the statements change no object of the tenant", order.file);
            return Err(Error::new(ErrorCode::VariationRefused, message)
                .help("a variation is of the schema; change rows as the tenant does"));
        }
        let doing = "note the variation";
        let text = serde_json::to_string(&changes).code(ErrorCode::Internal, doing)?;
        let target = self.tenant.to_string();
        client
            .execute(NOTE, &[&target, &order.name, &order.checksum, &text])
            .await
            .map_err(|e| db_error(e, doing))?;
        Ok(changes)
    }

    async fn run(&self, client: &Client, statements: &[Written]) -> Result<()> {
        for one in statements {
            let words = format!("tenant {}", self.tenant);
            let result = client.batch_execute(&one.sql).await;
            result.map_err(|e| statement_error(e, &one.statement(), &one.sql, &words))?;
        }
        let doing = "let views read with their reader's rights";
        client.batch_execute(VIEWS_INVOKER).await.map_err(|e| db_error(e, doing))
    }

    async fn read(&self, client: &Client) -> Result<Catalog> {
        let (owner, reader) = (self.owner(), self.reader());
        let roles = Roles { owner: &owner, reader: &reader, login: Some(&self.login) };
        Ok(inspect(client, self.schema(), Rights::Read(roles)).await?.catalog)
    }

    async fn forget(&self, client: &Client, name: &str) -> Result<()> {
        client
            .execute(FORGET, &[&self.tenant.to_string(), &name])
            .await
            .map(|_| ())
            .map_err(|e| db_error(e, "forget the variation"))
    }

    /// All of it or nothing.
    async fn transaction<T>(
        &self,
        client: &Client,
        work: impl AsyncFnOnce(&Client) -> Result<T>,
    ) -> Result<T> {
        let begin = self.acting().begin()?;
        client.batch_execute(&begin).await.map_err(|e| db_error(e, "begin the variation"))?;
        let result = work(client).await;
        match result {
            Ok(value) => {
                client.batch_execute("COMMIT").await.map_err(|e| db_error(e, "commit the variation"))?;
                Ok(value)
            }
            Err(e) => {
                // On a lost connection the server rolls back by itself.
                let _ = client.batch_execute("ROLLBACK").await;
                Err(e)
            }
        }
    }

    /// The statements that make the tenant as it was without these changes.
    pub fn taking_back(&self, changes: &[Change], found: &Catalog) -> Vec<String> {
        let before = found.without_changes(changes);
        let mending = before.mending(found, self.schema(), (&self.owner(), &self.reader()));
        mending.as_owner.into_iter().map(|s| s.sql).collect()
    }

    /// The statements did not take everything back.
    fn left(&self, order: &Order, left: &[&Change], found: &Catalog, all: &[Change]) -> Error {
        let names: Vec<String> = left.iter().map(|c| format!("{} {}", c.verb(), c.key)).collect();
        let message = format!("variation {} is not taken back: {}", order.name, names.join(", "));
        let sql: Vec<String> = self.taking_back(all, found).iter().map(|s| format!("{s};")).collect();
        Error::new(ErrorCode::VariationRefused, message)
            .help(format!("give a file with what takes it back (--down FILE), as: {}", sql.join(" ")))
    }
}
