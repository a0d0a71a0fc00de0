//! What belongs to no tenant: shared and global tables, and the templates. They are compared with what was noted of them
//! right after the newest migration.

use tenantry_domain::{Isolation, Result, layout};
use tenantry_postgres::catalog::Catalog;
use tenantry_postgres::catalog::beside::{self, Beside};
use tenantry_postgres::catalog::inspect::{Rights, Roles, inspect};
use tenantry_postgres::connect::connect;
use tenantry_postgres::error::db_error;
use tokio_postgres::Client;

use super::finding::{Report, Subject};
use super::{APPLICATION_NAME, At, record};

impl At<'_> {
    /// Compares each with its note.
    pub(super) async fn standing(&self, report: &mut Report) -> Result<()> {
        if self.version == 0 {
            return Ok(());
        }
        let ddl = self.app.isolation.tenant_ddl;
        begin(&self.data).await?;
        let shared = record::read_shared(&self.data, &self.layout).await?;
        let global = record::read_global(&self.data, &self.layout).await?;
        let template = record::read_template(&self.data, layout::TEMPLATE_SCHEMA, ddl).await?;
        end(&self.data).await?;
        let database = self.read_template_database().await?;
        let subject =
            |title, schema| self.standing_subject(title, self.data_database(), schema, Isolation::Shared);
        let all = [
            (record::SHARED, subject("shared tables", layout::SHARED_SCHEMA), shared),
            (record::GLOBAL, subject("global tables", layout::GLOBAL_SCHEMA), global),
            (record::TEMPLATE, self.template_schema(), template),
            (record::DATABASE, self.template_database(), database),
        ];
        for (target, subject, found) in all {
            self.against_note(target, subject, &found, report).await?;
        }
        Ok(())
    }

    /// What the template database holds.
    pub(super) async fn read_template_database(&self) -> Result<Catalog> {
        let server = self.clusters.server(self.cluster)?;
        let database = self.layout.template_database(&self.service.name);
        let client = connect(server, &database, APPLICATION_NAME).await?;
        begin(&client).await?;
        record::read_template(&client, layout::DATABASE_SCHEMA, self.app.isolation.tenant_ddl).await
    }

    /// The global tables that the template database holds, and with it each tenant's own database.
    pub(super) async fn read_template_globals(&self) -> Result<Catalog> {
        let server = self.clusters.server(self.cluster)?;
        let database = self.layout.template_database(&self.service.name);
        let client = connect(server, &database, APPLICATION_NAME).await?;
        begin(&client).await?;
        let (owner, reader) = (self.layout.owner_role(), self.layout.group_role(Isolation::Database));
        let roles = Roles { owner: &owner, reader: &reader, login: None };
        Ok(inspect(&client, layout::GLOBAL_SCHEMA, Rights::Read(roles)).await?.catalog)
    }

    /// What stands beside the schemas of the template database, and so of each tenant's own.
    pub(super) async fn read_template_beside(&self) -> Result<Beside> {
        let server = self.clusters.server(self.cluster)?;
        let database = self.layout.template_database(&self.service.name);
        let client = connect(server, &database, APPLICATION_NAME).await?;
        beside::read(&client, &[]).await
    }

    async fn against_note(
        &self,
        target: &str,
        subject: Subject,
        found: &Catalog,
        report: &mut Report,
    ) -> Result<()> {
        match record::catalog(&self.data, target, self.version).await? {
            Some(noted) => report.compare(&subject, (&noted, found), &[]),
            None => report.unknown.push(subject),
        }
        Ok(())
    }
}

/// One snapshot, and nothing written.
pub(super) async fn begin(client: &Client) -> Result<()> {
    let sql = "BEGIN READ ONLY ISOLATION LEVEL REPEATABLE READ";
    client.batch_execute(sql).await.map_err(|e| db_error(e, "begin to compare"))
}

/// Ends that, failed or not.
pub(super) async fn end(client: &Client) -> Result<()> {
    client.batch_execute("ROLLBACK").await.map_err(|e| db_error(e, "end the comparison"))
}
