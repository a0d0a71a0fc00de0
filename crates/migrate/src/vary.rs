//! What is meant to be different in one tenant: a column more, an index more, a view.
//!
//! A variation is a file of SQL, shaped as a plain migration and applied to one tenant's schema as its owner, in one
//! transaction with a note of every object that it changed (in `tenantry.variations` of the database that it changes: so
//! catalog and note agree whatever is killed when). The control database keeps the declaration: text, checksum, who,
//! when. `drift` lays the notes over the template; a rollout that trips over one names it ([`blame`]).

mod apply;
mod door;
mod operation;
mod statements;

use std::sync::Arc;

use serde::{Deserialize, Serialize};
use serde_json::json;
use tenantry_domain::{App, Error, ErrorCode, Isolation, JobId, Result, ServiceName, TenantId, TenantStatus};
use tenantry_jobs::{NewJob, Operation, queue};
use tenantry_postgres::clusters::Clusters;
use tenantry_registry::{Placement, Registry, TenantRow, Variation};
use tokio_postgres::GenericClient;

use crate::drift::record;
use crate::shadow::Shaping;
use crate::source::checksum;
use statements::Written;

/// Longest name of a variation, in bytes.
const NAME_BYTES_MAX: usize = 63;

/// Declares variations and takes them back.
#[derive(Clone)]
pub struct Variations {
    app: Arc<App>,
    registry: Registry,
    clusters: Clusters,
}

/// A file of SQL.
#[derive(Clone, Debug)]
pub struct Source<'a> {
    /// As errors name it.
    pub file: &'a str,
    /// Its text.
    pub text: &'a str,
}

/// What a job is to do, as it is queued.
#[derive(Clone, Debug, Serialize, Deserialize)]
struct Order {
    service: ServiceName,
    name: String,
    file: String,
    text: String,
    checksum: String,
    statements: Vec<Written>,
}

/// Every kind of job that this module knows.
pub fn operations(variations: &Variations) -> Vec<Arc<dyn Operation>> {
    vec![
        Arc::new(operation::Vary::new(variations.clone())),
        Arc::new(operation::Unvary::new(variations.clone())),
    ]
}

impl Variations {
    /// For this app on these servers.
    pub fn new(app: Arc<App>, registry: Registry, clusters: Clusters) -> Self {
        Self { app, registry, clusters }
    }

    /// Queues the job that makes a tenant different; everything that can be checked before is.
    ///
    /// # Errors
    /// `tenant_unknown`, `tenant_status`, `variation_refused` (shared isolation, a name that does not do, nothing to run),
    /// `variation_exists`, `migration_syntax`, `shape_refused`.
    pub async fn declare(
        &self,
        (slug, service): (&str, &ServiceName),
        name: &str,
        source: &Source<'_>,
        actor: &str,
    ) -> Result<JobId> {
        let (row, placement) = self.subject(slug, service).await?;
        check_name(name)?;
        let declared = self.registry.variations(row.tenant.id).await?;
        if declared.iter().any(|v| v.service == *service && v.name == name) {
            let message = format!("tenant {slug} has a variation {name} already");
            return Err(Error::new(ErrorCode::VariationExists, message));
        }
        let statements = self.read(&placement, declared, source).await?;
        if statements.is_empty() {
            let message = format!("{}: there is nothing to run", source.file);
            return Err(Error::new(ErrorCode::VariationRefused, message));
        }
        self.queue("vary", &row, order(service, name, source, statements), actor).await
    }

    /// Queues the job that takes a variation back with the statements given. Without any, the template must have become
    /// what the variation made of the tenant: then only the declaration goes.
    ///
    /// # Errors
    /// As [`Variations::declare`]; `variation_unknown`.
    pub async fn remove(
        &self,
        (slug, service): (&str, &ServiceName),
        name: &str,
        down: Option<&Source<'_>>,
        actor: &str,
    ) -> Result<JobId> {
        let (row, placement) = self.subject(slug, service).await?;
        let declared = self.registry.variations(row.tenant.id).await?;
        if !declared.iter().any(|v| v.service == *service && v.name == name) {
            let message = format!("tenant {slug} has no variation {name} of service {service}");
            return Err(Error::new(ErrorCode::VariationUnknown, message));
        }
        let nothing = Source { file: "", text: "" };
        let statements = match down {
            Some(source) => self.read(&placement, declared, source).await?,
            None => Vec::new(),
        };
        let order = order(service, name, down.unwrap_or(&nothing), statements);
        self.queue("unvary", &row, order, actor).await
    }

    /// Shapes a source as a rollout shapes a migration.
    async fn read(
        &self,
        placement: &Placement,
        declared: Vec<Variation>,
        source: &Source<'_>,
    ) -> Result<Vec<Written>> {
        let (own, placement) = (self.clone(), placement.clone());
        let (file, text) = (source.file.to_owned(), source.text.to_owned());
        let read = move || {
            let unknown = || {
                let message = format!("there is no service {} any more", placement.service);
                Error::new(ErrorCode::ServiceUnknown, message)
            };
            let service = own.app.services.get(&placement.service).ok_or_else(unknown)?;
            let shaping =
                Shaping { app: &own.app, service, registry: &own.registry, clusters: &own.clusters };
            statements::read(shaping, &placement, &declared, (&file, &text))
        };
        tokio::task::spawn_blocking(read)
            .await
            .map_err(|e| Error::new(ErrorCode::Internal, "shape the variation").because(e))?
    }

    async fn subject(&self, slug: &str, service: &ServiceName) -> Result<(TenantRow, Placement)> {
        let row = self.registry.find_tenant(slug).await?;
        expect_living(&row)?;
        let placement = self.placement(row.tenant.id, service).await?;
        if placement.isolation == Isolation::Shared {
            let message =
                format!("tenant {slug} shares its tables with others, so it can't differ from them");
            return Err(Error::new(ErrorCode::VariationRefused, message)
                .help(format!("move it first: tenantry tenant move {slug} --to schema")));
        }
        Ok((row, placement))
    }

    async fn placement(&self, tenant: TenantId, service: &ServiceName) -> Result<Placement> {
        let placements = self.registry.placements(tenant).await?;
        placements.into_iter().find(|p| p.service == *service).ok_or_else(|| {
            Error::new(ErrorCode::ServiceUnknown, format!("the tenant has no data of service {service}"))
        })
    }

    async fn queue(&self, kind: &str, row: &TenantRow, order: Order, actor: &str) -> Result<JobId> {
        let client = self.registry.client().await?;
        let (tenant, slug) = (Some(row.tenant.id), Some(row.tenant.slug.as_str()));
        let input = json!(order);
        queue::enqueue(&client, &NewJob { kind, tenant, slug, actor, input, background: false }).await
    }
}

fn order(service: &ServiceName, name: &str, source: &Source<'_>, statements: Vec<Written>) -> Order {
    Order {
        service: service.clone(),
        name: name.to_owned(),
        file: source.file.to_owned(),
        text: source.text.to_owned(),
        checksum: checksum(source.text),
        statements,
    }
}

/// Only of tenants that live can the data be changed.
fn expect_living(row: &TenantRow) -> Result<()> {
    let (slug, status) = (&row.tenant.slug, row.tenant.status);
    match status {
        TenantStatus::Active | TenantStatus::Suspended => Ok(()),
        _ => Err(Error::new(ErrorCode::TenantStatus, format!("tenant {slug} is {status}"))),
    }
}

fn check_name(name: &str) -> Result<()> {
    let fits = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || matches!(c, '_' | '-');
    if !name.is_empty() && name.len() <= NAME_BYTES_MAX && name.chars().all(fits) {
        return Ok(());
    }
    let message = format!("{name:?} is no name for a variation");
    Err(Error::new(ErrorCode::VariationRefused, message)
        .help(format!("use --name with 1 to {NAME_BYTES_MAX} characters of a-z, 0-9, _ and -")))
}

/// Whether an error of a migration can come from what a tenant has and the template has not.
pub(crate) const fn may_be_to_blame(code: ErrorCode) -> bool {
    matches!(code, ErrorCode::MigrationFailed | ErrorCode::NameCollision)
}

/// What a migration tripped over in a tenant: the variations whose objects the error names are named with it.
///
/// `client` is the platform's connection to the database that holds the tenant's notes.
pub(crate) async fn blame(client: &impl GenericClient, tenant: TenantId, e: Error) -> Error {
    // What failed is told either way.
    let Ok(mut all) = record::variations(client).await else { return e };
    let mut named = Vec::new();
    for variation in all.remove(&tenant.to_string()).unwrap_or_default() {
        let hit = variation.changes.iter().find(|c| mentions(e.message(), &c.key.name));
        named.extend(hit.map(|c| format!("{} ({} {})", variation.name, c.verb(), c.key)));
    }
    if named.is_empty() {
        return e;
    }
    let message = format!("{}; the tenant's variation {}", e.message(), named.join(", "));
    Error::new(e.code(), message)
        .help("write the migration so that it fits, or take the variation back: tenantry migrate vary SLUG --remove NAME")
}

/// Whether a message names an object in quotes, or the last part of its name.
fn mentions(message: &str, name: &str) -> bool {
    let bare = name.split('(').next().unwrap_or(name).rsplit('.').next().unwrap_or(name).trim_matches('"');
    message.contains(&format!("\"{bare}\""))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names() {
        for good in ["extra", "0001-extra_column"] {
            assert!(check_name(good).is_ok(), "{good}");
        }
        for bad in ["", "Extra", "a b", "a/b", &"x".repeat(64)] {
            assert!(check_name(bad).is_err(), "{bad}");
        }
    }

    #[test]
    fn objects_in_messages() {
        let message = "column \"note\" of relation \"orders\" already exists";
        assert!(mentions(message, "orders.note"));
        assert!(mentions(message, "orders"));
        assert!(!mentions(message, "orders.notes"));
    }
}
