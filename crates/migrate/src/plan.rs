//! What a rollout would do, worked out beforehand: which files are pending where, the SQL of each shape, the locks, and
//! what is dangerous. Pure but for reading folders; [`standings`] asks the servers. Nothing is changed.

mod standing;
mod statement;

use std::collections::BTreeMap;

use serde::Serialize;
use tenantry_domain::{App, Isolation, MigrationLayout, Result, Service, ServiceName};
use tenantry_registry::Registry;
use tenantry_shape::lint::{self, Linted, Linter};

use crate::apply::shaped::{Shaped, shape_alone};
use crate::source::{Folder, Migration, read_service, resolve};
pub use standing::{Standing, Tenants, standings};
pub use statement::{Lock, Sql, StatementPlan};

/// What the plan is made against.
#[derive(Clone, Copy, Debug)]
pub enum Basis<'a> {
    /// No server: everything behind this migration is pending, or everything. Each file is looked at as if those before
    /// it were rolled out already.
    Offline {
        /// The newest migration that is applied.
        from: Option<&'a str>,
    },
    /// What servers say: what pending files make is not in use yet.
    Servers(&'a [Standing]),
}

/// What is asked for.
#[derive(Clone, Copy)]
pub struct Ask<'a> {
    /// What the plan is made against.
    pub basis: Basis<'a>,
    /// Only this service.
    pub service: Option<&'a ServiceName>,
    /// How far; absent: to the newest.
    pub to: Option<&'a str>,
    /// The control database, which keeps what blocks did that were tried before.
    pub registry: Option<&'a Registry>,
}

/// The plan of an app.
#[derive(Clone, Debug, Serialize)]
pub struct Plan {
    /// Each service with its pending files.
    pub services: Vec<ServicePlan>,
}

/// The plan of a service.
#[derive(Clone, Debug, Serialize)]
pub struct ServicePlan {
    /// The service.
    pub service: ServiceName,
    /// How its folder is laid out.
    pub layout: MigrationLayout,
    /// Migrations in the folder.
    pub migrations: usize,
    /// Where it stands on each cluster; empty where no server was asked.
    pub clusters: Vec<ClusterPlan>,
    /// What is pending, in order.
    pub files: Vec<FilePlan>,
}

/// Where a service stands on a cluster, in words.
#[derive(Clone, Debug, Serialize)]
pub struct ClusterPlan {
    /// The cluster.
    pub cluster: String,
    /// The newest migration of the templates, as people write it.
    pub applied: Option<String>,
    /// Tenants in all, by isolation.
    pub tenants: BTreeMap<Isolation, i64>,
    /// Applied migrations, as people write them, of which a part waits for the last tenant: what they take from global tables.
    pub retiring: Vec<String>,
}

/// A pending file.
#[derive(Clone, Debug, Serialize)]
pub struct FilePlan {
    /// The file, from the folder on.
    pub file: String,
    /// Its place in the order.
    pub version: i64,
    /// Its number as people write it.
    pub label: String,
    /// Whether something takes it back.
    pub has_down: bool,
    /// Whether it runs in one transaction at each target.
    pub in_one_transaction: bool,
    /// Whether a part of it, what it takes from global tables, waits until the last tenant with a schema has passed; what
    /// comes behind it is then a rollout of its own.
    pub retires: bool,
    /// Where it runs; empty where no server was asked.
    pub targets: Vec<Target>,
    /// The block whose definitions show only when a server runs it, and without which the SQL of the shapes is not known.
    pub unknown: Option<String>,
    /// Its statements.
    pub statements: Vec<StatementPlan>,
    /// What is dangerous.
    pub findings: Vec<Finding>,
}

/// Where a file runs on a cluster.
#[derive(Clone, Debug, Serialize)]
pub struct Target {
    /// The cluster.
    pub cluster: String,
    /// Whether the templates lack it, and with them the shared tables.
    pub templates: bool,
    /// Tenants that lack it, by isolation.
    pub tenants: BTreeMap<Isolation, i64>,
}

/// Where a rollout stops until the last tenant has passed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Halt {
    /// The service.
    pub service: ServiceName,
    /// The migration that puts something off.
    pub version: i64,
    /// It as people write it.
    pub label: String,
}

/// Something dangerous.
#[derive(Clone, Debug, Serialize)]
pub struct Finding {
    /// The rule.
    pub rule: &'static str,
    /// The file with its folder.
    pub file: String,
    /// The line, from 1.
    pub line: usize,
    /// The column in characters, from 1.
    pub column: usize,
    /// What happens.
    pub message: String,
    /// What to write instead.
    pub instead: String,
    /// Whether it is said of the file as a whole.
    pub is_of_file: bool,
}

impl Plan {
    /// Everything dangerous, in order.
    pub fn findings(&self) -> impl Iterator<Item = &Finding> {
        self.services.iter().flat_map(|s| &s.files).flat_map(|f| &f.findings)
    }

    /// Where a rollout stops until the last tenant has passed, in order: behind each file that puts something off, but for
    /// the last one of its service.
    pub fn halts(&self) -> Vec<Halt> {
        let of_service = |service: &ServicePlan| -> Vec<Halt> {
            let before_last = service.files.len().saturating_sub(1);
            let halts = service.files.iter().take(before_last).filter(|f| f.retires);
            halts
                .map(|f| Halt {
                    service: service.service.clone(),
                    version: f.version,
                    label: f.label.clone(),
                })
                .collect()
        };
        self.services.iter().flat_map(of_service).collect()
    }
}

/// Makes a plan. Blocks: it reads and parses.
///
/// # Errors
/// Those of the folders; `version_unknown`, `migration_syntax`, `shape_refused`.
pub fn plan(app: &App, ask: &Ask<'_>) -> Result<Plan> {
    let asked = |s: &&Service| ask.service.is_none_or(|name| *name == s.name);
    let services = app.services.values().filter(asked);
    Ok(Plan { services: services.map(|s| of_service(app, s, ask)).collect::<Result<_>>()? })
}

fn of_service(app: &App, service: &Service, ask: &Ask<'_>) -> Result<ServicePlan> {
    let folder = read_service(service)?;
    let files = &folder.migrations;
    let to = match ask.to {
        Some(text) => resolve(files, text)?,
        None => files.last().map_or(0, |m| m.version),
    };
    let standings: Vec<&Standing> = match ask.basis {
        Basis::Offline { .. } => Vec::new(),
        Basis::Servers(all) => all.iter().filter(|s| s.service == service.name).collect(),
    };
    let done = match ask.basis {
        Basis::Offline { from: Some(text) } => resolve(files, text)?,
        Basis::Offline { from: None } => 0,
        Basis::Servers(_) => standings.iter().map(|s| s.lowest()).min().unwrap_or(0),
    };
    let (shaped, block) = shape_alone(app, files, ask.registry)?;
    let shaped = shaped.iter().map(Some).chain(std::iter::repeat(None));
    let linted = lint(&folder, done, matches!(ask.basis, Basis::Offline { .. }))?;
    let pending = files.iter().zip(shaped).zip(linted);
    let files_planned = pending.filter(|((m, _), _)| m.version > done && m.version <= to).map(
        |((migration, shaped), linted)| FilePlan {
            unknown: block.clone().filter(|_| shaped.is_none()),
            ..file_plan(migration, shaped, linted, &standings)
        },
    );
    Ok(ServicePlan {
        service: service.name.clone(),
        layout: folder.layout,
        migrations: files.len(),
        clusters: standings.iter().map(|s| s.cluster_plan(files)).collect(),
        files: files_planned.collect(),
    })
}

/// What the linter says of each file; nothing of those that are applied.
fn lint(folder: &Folder, done: i64, is_offline: bool) -> Result<Vec<Linted>> {
    let any_down = folder.migrations.iter().any(|m| m.down.is_some());
    let mut linter = Linter::new();
    let mut all = Vec::with_capacity(folder.migrations.len());
    for migration in &folder.migrations {
        if migration.version <= done {
            linter.applied(&migration.file, &migration.text)?;
            all.push(Linted::default());
            continue;
        }
        let has_down = any_down.then_some(migration.down.is_some());
        all.push(linter.pending(&migration.file, &migration.text, has_down)?);
        if is_offline {
            linter.settle();
        }
    }
    Ok(all)
}

fn file_plan(
    migration: &Migration,
    shaped: Option<&Shaped>,
    linted: Linted,
    standings: &[&Standing],
) -> FilePlan {
    let runs = shaped.map(|s| [s.shared(), s.own_schema(), s.own_database()]).unwrap_or_default();
    let lacks = |s: &&&Standing| s.lowest() < migration.version;
    FilePlan {
        file: migration.file.clone(),
        version: migration.version,
        label: migration.label.clone(),
        has_down: migration.down.is_some(),
        in_one_transaction: runs.iter().flatten().all(|r| r.emitted.transactional),
        retires: shaped.is_some_and(|s| !s.retiring().is_empty()),
        targets: standings.iter().filter(lacks).map(|s| s.target(migration.version)).collect(),
        statements: statement::plans(shaped, &linted),
        unknown: None,
        findings: linted.findings.into_iter().map(|f| finding(f, migration)).collect(),
    }
}

fn finding(finding: lint::Finding, migration: &Migration) -> Finding {
    Finding {
        rule: finding.rule.as_str(),
        is_of_file: finding.rule.is_of_file(),
        file: migration.up.display().to_string(),
        line: finding.line,
        column: finding.column,
        message: finding.message,
        instead: finding.instead,
    }
}

/// A migration as people write it.
fn label(files: &[Migration], version: i64) -> String {
    files.iter().find(|m| m.version == version).map_or_else(|| version.to_string(), |m| m.label.clone())
}

impl Standing {
    /// The version of whoever is furthest behind, of the templates and the tenants asked for.
    fn lowest(&self) -> i64 {
        let wanted = self.tenants.iter().filter(|t| t.wanted > 0);
        wanted.map(|t| t.version).chain([self.version]).min().unwrap_or(0)
    }

    fn counts(&self, count: impl Fn(&Tenants) -> i64) -> BTreeMap<Isolation, i64> {
        let mut counts = BTreeMap::new();
        for tenants in self.tenants.iter().filter(|t| count(t) > 0) {
            *counts.entry(tenants.isolation).or_default() += count(tenants);
        }
        counts
    }

    fn target(&self, version: i64) -> Target {
        Target {
            cluster: self.cluster.clone(),
            templates: self.version < version,
            tenants: self.counts(|t| if t.version < version { t.wanted } else { 0 }),
        }
    }

    fn cluster_plan(&self, files: &[Migration]) -> ClusterPlan {
        let applied = files.iter().rfind(|m| m.version <= self.version).filter(|_| self.version > 0);
        ClusterPlan {
            cluster: self.cluster.clone(),
            applied: applied.map(|m| m.label.clone()),
            tenants: self.counts(|t| t.count),
            retiring: self.retiring.iter().map(|version| label(files, *version)).collect(),
        }
    }
}
