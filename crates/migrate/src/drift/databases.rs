//! Tenants in databases of their own: each is read in its database, several at a time.

use futures_util::future::BoxFuture;
use futures_util::{StreamExt as _, stream};
use tenantry_domain::{Isolation, Result, layout};
use tenantry_postgres::catalog::beside::{self, Beside};
use tenantry_postgres::catalog::inspect::{Inspection, Rights, Roles, inspect};
use tenantry_postgres::catalog::{Catalog, Key};
use tenantry_postgres::connect::connect;

use super::expect::Expected;
use super::finding::{Lagging, Own, Report, Subject};
use super::record::Variation;
use super::schemas::compare_varied;
use super::standing::begin;
use super::{APPLICATION_NAME, At, own, record};
use crate::apply::local::Local;

/// What one database holds.
struct Held {
    found: Inspection,
    /// Its copy of the global tables.
    globals: Catalog,
    variations: Vec<Variation>,
    own: Vec<Key>,
    beside: Beside,
}

impl At<'_> {
    pub(super) async fn databases(
        &self,
        locals: &[Local],
        report: &mut Report,
        tell: &(dyn Fn(&str) + Sync),
    ) -> Result<()> {
        let locals: Vec<&Local> = locals.iter().filter(|l| l.isolation == Isolation::Database).collect();
        if locals.is_empty() {
            return Ok(());
        }
        let mut expected =
            Expected::new(record::DATABASE, self.version, self.read_template_database().await?);
        // The template's may be read by every group, a tenant's by its own: privileges are not compared.
        let globals = self.read_template_globals().await?.without_rights();
        let template = self.read_template_beside().await?;
        let width = self.app.limits.sql_connections_max.max(1);
        let reads: Vec<_> = locals.into_iter().map(|local| self.reading(local)).collect();
        let mut reads = stream::iter(reads).buffered(width);
        while let Some((local, subject, held)) = reads.next().await {
            tell(&subject.title);
            let base = expected.at(self, local.version).await?;
            if local.version != self.version {
                let (version, newest, compared) = (local.version, self.version, base.is_some());
                report.lagging.push(Lagging { subject: subject.clone(), version, newest, compared });
            }
            match held {
                Err(e) => report.unreadable(subject, e.sentence()),
                Ok(held) => {
                    if local.version == self.version {
                        report.compare(&global_copy(&subject), (&globals, &held.globals), &[]);
                        let expected = template.of_tenant(&subject.owner, &subject.reader);
                        report.compare_beside(&subject, (&expected, &held.beside));
                    }
                    if let Some(base) = base {
                        compare_varied(&subject, (base, &held.found.catalog), &held.variations, report);
                    }
                    if !held.own.is_empty() {
                        report.own.push(Own { subject, objects: held.own });
                    }
                }
            }
        }
        Ok(())
    }

    fn reading<'a>(&'a self, local: &'a Local) -> BoxFuture<'a, (&'a Local, Subject, Result<Held>)> {
        Box::pin(async move {
            let subject = self.subject(local);
            let held = self.held(local, &subject).await;
            (local, subject, held)
        })
    }

    async fn held(&self, local: &Local, subject: &Subject) -> Result<Held> {
        let server = self.clusters.server(self.cluster)?;
        let client = connect(server, &subject.database, APPLICATION_NAME).await?;
        begin(&client).await?;
        let login = self.login(local);
        let roles = Roles { owner: &subject.owner, reader: &subject.reader, login: Some(&login) };
        let found = inspect(&client, &subject.schema, Rights::Read(roles)).await?;
        let globals = inspect(&client, layout::GLOBAL_SCHEMA, Rights::Read(roles)).await?;
        let globals = globals.catalog.without_rights();
        let variations = record::variations(&client).await?.remove(&local.id.to_string()).unwrap_or_default();
        let own = match self.wanted.own {
            true => own::objects(&client, &[(subject.schema.clone(), login)]).await?.into_values().next(),
            false => None,
        };
        let beside = beside::read(&client, &[&subject.owner]).await?.without(&self.login(local));
        Ok(Held { found, globals, variations, own: own.unwrap_or_default(), beside })
    }
}

/// What is said of the global tables in a tenant's own database.
fn global_copy(tenant: &Subject) -> Subject {
    Subject {
        title: format!("{}, its global tables", tenant.title),
        schema: layout::GLOBAL_SCHEMA.to_owned(),
        ..tenant.clone()
    }
}
