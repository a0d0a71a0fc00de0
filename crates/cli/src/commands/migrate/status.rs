//! `tenantry migrate status`: versions by number of tenants, and who is held back by what.

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::process::ExitCode;

use serde::Serialize;
use serde_json::{Value, json};
use tenantry_domain::{App, Result};
use tenantry_jobs::{Job, queue};
use tenantry_migrate::rollout::{KIND, Request, SiteState};
use tenantry_migrate::source::{Migration, read_service};
use tenantry_registry::{Failure, VersionCount};

use super::list::what;
use super::show::failures;
use crate::Context;
use crate::output::{Table, visible};
use crate::stack::with_stack;

#[derive(Serialize)]
struct Status {
    /// Where the templates are, and what is pending; absent where the folder can't be read as it is.
    sites: Vec<SiteState>,
    trouble: Option<Value>,
    versions: Vec<Count>,
    failures: Vec<Failure>,
    rollout: Option<Job>,
}

/// Tenants of one version.
#[derive(Serialize)]
struct Count {
    #[serde(flatten)]
    count: VersionCount,
    /// The migration as the team writes it; absent where the folder has none of that version.
    migration: Option<String>,
}

/// Tells how far everybody is.
///
/// # Errors
/// Those of the control database.
pub async fn run(context: &Context) -> Result<ExitCode> {
    with_stack(context, async |stack| {
        let registry = stack.registry();
        let (sites, trouble) = match stack.migrator.pending(&Request::up()).await {
            Ok(pending) => (pending.sites, None),
            Err(e) => (
                Vec::new(),
                Some(json!({ "code": e.code().as_str(), "message": e.sentence(), "help": e.next_step() })),
            ),
        };
        let status = Status {
            sites,
            trouble,
            versions: titled(&stack.config.app, registry.version_counts().await?),
            failures: registry.open_failures().await?,
            rollout: queue::open_of_kind(registry, KIND).await?,
        };
        context.output.result(&status, || render(&status))?;
        Ok(ExitCode::SUCCESS)
    })
    .await
}

/// Versions with what the folders call them; a folder that can't be read is told of elsewhere.
fn titled(app: &App, counts: Vec<VersionCount>) -> Vec<Count> {
    let folders: BTreeMap<&str, Vec<Migration>> = app
        .services
        .values()
        .map(|s| (s.name.as_str(), read_service(s).map(|f| f.migrations).unwrap_or_default()))
        .collect();
    let title = |c: &VersionCount| {
        let files = folders.get(c.service.as_str())?;
        files.iter().find(|f| f.version == c.version).map(|f| f.title().to_owned())
    };
    counts.into_iter().map(|count| Count { migration: title(&count), count }).collect()
}

/// A version with what it is called.
fn version(version: i64, title: Option<&String>) -> String {
    title.map_or_else(|| version.to_string(), |title| format!("{version} ({})", visible(title)))
}

fn render(status: &Status) -> String {
    let mut text = String::new();
    let mut sites = Table::new(&["service", "cluster", "templates", "folder"]);
    for site in &status.sites {
        let pending = if site.version < site.to { ", pending" } else { "" };
        let folder = format!("{}{pending}", version(site.to, site.to_title.as_ref()));
        let templates = version(site.version, site.title.as_ref());
        sites.row([site.service.to_string(), site.cluster.clone(), templates, folder]);
    }
    if !status.sites.is_empty() {
        let _ = writeln!(text, "{}", sites.render());
    }
    if let Some(trouble) = &status.trouble {
        let word = |key: &str| trouble[key].as_str().unwrap_or_default();
        let _ = writeln!(text, "the folders: [{}] {}", word("code"), word("message"));
    }
    if status.versions.is_empty() {
        text.push_str("\nno tenants yet\n");
    } else {
        let mut table = Table::new(&["service", "cluster", "isolation", "version", "tenants"]);
        for Count { count: v, migration } in &status.versions {
            let newest =
                status.sites.iter().find(|s| s.service.as_str() == v.service && s.cluster == v.cluster);
            let behind = if newest.is_some_and(|s| v.version < s.version) { ", behind" } else { "" };
            table.row([
                v.service.clone(),
                v.cluster.clone(),
                v.isolation.clone(),
                format!("{}{behind}", version(v.version, migration.as_ref())),
                v.tenants.to_string(),
            ]);
        }
        let _ = writeln!(text, "\n{}", table.render());
    }
    if !status.failures.is_empty() {
        let _ = writeln!(text, "\nheld back\n{}", failures(&status.failures));
    }
    if let Some(job) = &status.rollout {
        let progress = job.progress.as_ref().map(|p| format!(", {p}")).unwrap_or_default();
        let _ = writeln!(text, "\nrollout {} ({}) is {}{progress}", job.id, what(job), job.status);
    }
    text
}
