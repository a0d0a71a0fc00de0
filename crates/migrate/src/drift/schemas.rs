//! Tenants in schema isolation: hashed together, one of each kind compared.

use std::collections::{BTreeMap, HashMap};

use tenantry_domain::{Isolation, Result, layout};
use tenantry_postgres::catalog::fingerprints::{TenantSchema, fingerprints};
use tenantry_postgres::catalog::inspect::{Inspection, Rights, Roles, inspect};
use tenantry_postgres::catalog::{Catalog, Change};

use super::expect::Expected;
use super::finding::{Lagging, Own, Report, Subject};
use super::record::Variation;
use super::standing::{begin, end};
use super::{At, own, record};
use crate::apply::local::Local;

/// Tenants of one hash and version, without variations.
type Groups<'a> = BTreeMap<(i64, &'a str), Vec<&'a Local>>;

impl At<'_> {
    pub(super) async fn schemas(&self, locals: &[Local], report: &mut Report) -> Result<()> {
        let locals: Vec<&Local> = locals.iter().filter(|l| l.isolation == Isolation::Schema).collect();
        if locals.is_empty() {
            return Ok(());
        }
        let mut expected = self.expected_schema().await?;
        let variations = record::variations(&self.data).await?;
        let hashes = self.hashes(&locals).await?;
        let mut groups = Groups::new();
        for local in &locals {
            let subject = self.subject(local);
            let compared = expected.at(self, local.version).await?.is_some();
            if local.version != self.version {
                let (version, newest) = (local.version, self.version);
                report.lagging.push(Lagging { subject: subject.clone(), version, newest, compared });
            }
            if !compared {
                continue;
            }
            match (hashes.get(&subject.schema), variations.get(&local.id.to_string())) {
                (None, _) => report.unreadable(subject, "the schema does not exist".to_owned()),
                (Some(_), Some(declared)) => {
                    let Some(base) = expected.at(self, local.version).await? else { continue };
                    self.varied(local, base, declared, report).await;
                }
                (Some(hash), None) => groups.entry((local.version, hash)).or_default().push(local),
            }
        }
        for ((version, _), members) in groups {
            if let Some(base) = expected.at(self, version).await? {
                self.group(base, &members, report).await;
            }
        }
        self.own_objects(&locals, report).await
    }

    async fn expected_schema(&self) -> Result<Expected> {
        begin(&self.data).await?;
        let ddl = self.app.isolation.tenant_ddl;
        let now = record::read_template(&self.data, layout::TEMPLATE_SCHEMA, ddl).await;
        end(&self.data).await?;
        Ok(Expected::new(record::TEMPLATE, self.version, now?))
    }

    async fn hashes(&self, locals: &[&Local]) -> Result<HashMap<String, String>> {
        let schema = |local: &&Local| TenantSchema {
            schema: self.layout.tenant_schema(local.id),
            login: self.login(local),
        };
        let schemas: Vec<TenantSchema> = locals.iter().map(schema).collect();
        fingerprints(&self.data, &schemas).await
    }

    /// What one tenant's schema holds.
    async fn read(&self, local: &Local, subject: &Subject) -> Result<Inspection> {
        let login = self.login(local);
        let roles = Roles { owner: &subject.owner, reader: &subject.reader, login: Some(&login) };
        begin(&self.data).await?;
        let found = inspect(&self.data, &subject.schema, Rights::Read(roles)).await;
        end(&self.data).await?;
        found
    }

    /// Tenants with equal catalogs: one stands for all.
    async fn group(&self, base: &Catalog, members: &[&Local], report: &mut Report) {
        let Some(first) = members.first() else { return };
        match self.read(first, &self.subject(first)).await {
            Ok(found) => {
                for local in members {
                    report.compare(&self.subject(local), (base, &found.catalog), &[]);
                }
            }
            Err(e) => {
                for local in members {
                    report.unreadable(self.subject(local), e.sentence());
                }
            }
        }
    }

    /// A tenant that is meant to be different.
    async fn varied(&self, local: &Local, base: &Catalog, declared: &[Variation], report: &mut Report) {
        let subject = self.subject(local);
        match self.read(local, &subject).await {
            Ok(found) => compare_varied(&subject, (base, &found.catalog), declared, report),
            Err(e) => report.unreadable(subject, e.sentence()),
        }
    }

    async fn own_objects(&self, locals: &[&Local], report: &mut Report) -> Result<()> {
        if !self.wanted.own {
            return Ok(());
        }
        let places: Vec<(String, String)> =
            locals.iter().map(|l| (self.layout.tenant_schema(l.id), self.login(l))).collect();
        let mut objects = own::objects(&self.data, &places).await?;
        for local in locals {
            let subject = self.subject(local);
            if let Some(objects) = objects.remove(&subject.schema) {
                report.own.push(Own { subject, objects });
            }
        }
        Ok(())
    }
}

/// Compares with the template and the changes declared.
pub(super) fn compare_varied(
    subject: &Subject,
    (base, found): (&Catalog, &Catalog),
    declared: &[Variation],
    report: &mut Report,
) {
    let changes: Vec<Change> = declared.iter().flat_map(|v| v.changes.iter().cloned()).collect();
    let names: Vec<String> = declared.iter().map(|v| v.name.clone()).collect();
    report.compare(subject, (&base.with_changes(&changes, found), found), &names);
}
