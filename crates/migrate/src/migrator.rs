//! The coordinator: what is pending becomes a rollout, which is queued, adopted or driven to its end.

use std::collections::BTreeMap;
use std::sync::Arc;

use serde_json::Value;
use tenantry_domain::{App, Error, ErrorCode, JobId, Result, ServiceName};
use tenantry_jobs::{Job, JobStatus, NewJob, Worker, queue};
use tenantry_postgres::clusters::Clusters;
use tenantry_registry::Registry;
use tenantry_shape::Statement;

use crate::apply::shaped::shape;
use crate::prepare;
use crate::rollout::history::History;
use crate::rollout::operation::Histories;
use crate::rollout::order::{Direction, Order, Request};
use crate::rollout::pending::Pending;
use crate::rollout::{KIND, Rollout, Threshold};
use crate::source::{read_service, title};

/// Who asks for migrations where nobody is named.
const ACTOR: &str = "tenantry";

/// Applies an app's migrations, and takes them back.
#[derive(Clone)]
pub struct Migrator {
    rollout: Rollout,
}

/// How far a rollout is.
#[derive(Clone, Debug, Default)]
pub struct Progress {
    /// The step: `templates:main@local`, `canaries`, `wave:2`.
    pub step: String,
    /// What the step tells: `file`, or `tenants`, `done`, `failed` and `waiting`.
    pub detail: Option<Value>,
}

/// A migration that was applied to the templates.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Applied {
    /// Of which service.
    pub service: ServiceName,
    /// Its number.
    pub version: i64,
    /// Its name.
    pub name: String,
    /// It as the team writes it: `0007_orders`.
    pub title: String,
}

/// What a rollout has done.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Report {
    /// Migrations applied to the templates, or taken back, in order.
    pub applied: Vec<Applied>,
    /// Tenants that were brought along, in schema and database isolation.
    pub tenants: u64,
    /// The rollout; none where there was nothing to do.
    pub job: Option<JobId>,
}

impl Report {
    /// With what the next of several rollouts has done. Tenants are counted once, in whichever most were brought along.
    pub fn follow(&mut self, next: Report) {
        self.applied.extend(next.applied);
        self.tenants = self.tenants.max(next.tenants);
        self.job = next.job.or(self.job);
    }
}

/// What came of a request.
#[derive(Clone, Debug)]
pub enum Begun {
    /// There was nothing to do.
    Nothing(Pending),
    /// A rollout was queued.
    Queued(JobId),
    /// A rollout that leads to the same end was there already, and goes on.
    Adopted(JobId),
}

impl Migrator {
    /// For this app on these servers.
    pub fn new(app: Arc<App>, registry: Registry, clusters: Clusters) -> Self {
        Self { rollout: Rollout::new(app, registry, clusters) }
    }

    /// The kind of job that workers need to know.
    pub fn operation(&self) -> Rollout {
        self.rollout.clone()
    }

    /// A worker for rollouts alone, which counts as one as long as it lives.
    pub fn worker(&self) -> Worker {
        let (rollout, limits) = (Arc::new(self.rollout.clone()), self.rollout.app.limits.clone());
        Worker::new(self.rollout.registry.clone(), vec![rollout], limits)
    }

    /// Prepares every cluster: roles, databases, hardening. Idempotent.
    ///
    /// # Errors
    /// What a server said.
    pub async fn prepare(&self) -> Result<()> {
        prepare::prepare(&self.rollout.app, &self.rollout.clusters).await
    }

    /// What a request would have to do: one query for each data database.
    ///
    /// # Errors
    /// As [`Rollout::pending`].
    pub async fn pending(&self, request: &Request) -> Result<Pending> {
        self.rollout.pending(request).await
    }

    /// Queues a rollout, or finds the one that leads to the same end. Everything is checked before: nothing has changed
    /// when it fails.
    ///
    /// # Errors
    /// `rollout_open` names a rollout that leads elsewhere; those of [`Migrator::pending`]; `migration_syntax`,
    /// `shape_refused`, `migration_down_missing`.
    pub async fn begin(&self, request: &Request, actor: &str) -> Result<Begun> {
        let registry = &self.rollout.registry;
        let open = queue::open_of_kind(registry, KIND).await?;
        let pending = self.pending(request).await?;
        if open.is_none() && pending.is_nothing() {
            self.catch_up(request, &pending).await?;
            return Ok(Begun::Nothing(pending));
        }
        let (order, histories) = self.order(request, &pending).await?;
        if let Some(open) = open {
            return self.adopt(&open, &order).await.map(Begun::Adopted);
        }
        if pending.sites.iter().any(|s| s.is_new || s.version == 0) {
            self.prepare().await?;
        }
        let client = registry.client().await?;
        let job = NewJob {
            kind: KIND,
            tenant: None,
            slug: None,
            actor,
            input: order.to_input()?,
            background: false,
        };
        let job = queue::enqueue(&client, &job).await?;
        self.rollout.keep(job, &histories);
        Ok(Begun::Queued(job))
    }

    /// Goes on with an open rollout, if it leads where the order does.
    async fn adopt(&self, open: &Job, order: &Order) -> Result<JobId> {
        let theirs = Order::from_input(&open.input)?;
        if !theirs.leads_where(order) {
            return Err(Error::new(
                ErrorCode::RolloutOpen,
                format!("rollout {} ({}) has not ended yet: it is {}", open.id, theirs.words(), open.status),
            )
            .help(format!(
                "`tenantry migrate resume` goes on with it; `tenantry job cancel {}` ends it where it is",
                open.id
            )));
        }
        if open.status == JobStatus::Paused {
            queue::resume(&self.rollout.registry, open.id).await?;
        }
        Ok(open.id)
    }

    /// What a request means now, every history read and shaped; and the histories.
    async fn order(&self, request: &Request, pending: &Pending) -> Result<(Order, Histories)> {
        let limits = &self.rollout.app.limits;
        let (rollout, request, pending) = (self.rollout.clone(), request.clone(), pending.clone());
        let order = Order {
            direction: request.direction,
            services: BTreeMap::new(),
            tenants: request.tenants.clone(),
            canary: request.canary.clone(),
            parallel: request.parallel.unwrap_or(limits.rollout_parallel_max),
            threshold: request.threshold.unwrap_or(Threshold::Tenants(limits.rollout_failures_max)),
        };
        let shape = move || {
            let (mut order, mut histories) = (order, Vec::new());
            for service in rollout.app.services.values() {
                let Some(site) = pending.sites.iter().find(|s| s.service == service.name) else { continue };
                let files = read_service(service)?.migrations;
                let history = History::of(rollout.shaping(service), files, request.direction, site.to)?;
                order.services.insert(service.name.to_string(), history.goal());
                histories.push((service.clone(), Arc::new(history)));
            }
            Ok((order, histories))
        };
        tokio::task::spawn_blocking(shape)
            .await
            .map_err(|e| Error::new(ErrorCode::Internal, "read the migrations").because(e))?
    }

    /// The rollouts that a request takes, one after the other. Down is one for each migration: what all tenants share in a
    /// database (a global table) can only go when no tenant's tables need it any more. Up is one, but for files that take
    /// from global tables: what comes behind them waits until every tenant has passed. All of them are shaped here, so that
    /// nothing is taken back where something can't be.
    ///
    /// # Errors
    /// As [`Migrator::begin`].
    pub async fn stages(&self, request: &Request) -> Result<Vec<Request>> {
        if request.direction == Direction::Up {
            return self.stages_up(request).await;
        }
        let pending = self.pending(request).await?;
        self.order(request, &pending).await?;
        let mut stages = Vec::new();
        for service in self.rollout.app.services.values() {
            let of_service = || pending.sites.iter().filter(|s| s.service == service.name);
            let Some(to) = of_service().map(|s| s.to).next() else { continue };
            let newest = of_service().map(|s| s.newest).max().unwrap_or(0);
            let files = read_service(service)?.migrations;
            let versions = files.iter().rev().map(|f| f.version).chain([0]);
            stages.extend(versions.filter(|v| (to..newest).contains(v)).map(|v| Request {
                to: vec![(Some(service.name.clone()), v)],
                service: Some(service.name.clone()),
                ..request.clone()
            }));
        }
        Ok(stages)
    }

    async fn stages_up(&self, request: &Request) -> Result<Vec<Request>> {
        let app = &self.rollout.app;
        let mut stages = Vec::new();
        if !app.tables.global.is_empty() {
            let pending = self.pending(request).await?;
            if pending.tenants() > 0 && self.may_halt(&pending)? {
                let (_, histories) = self.order(request, &pending).await?;
                for (service, history) in &histories {
                    let of_service = pending.sites.iter().filter(|s| s.service == service.name);
                    let oldest = of_service.map(|s| s.oldest).min().unwrap_or(0);
                    stages.extend(history.halts(oldest).into_iter().map(|v| Request {
                        to: vec![(Some(service.name.clone()), v)],
                        service: Some(service.name.clone()),
                        ..request.clone()
                    }));
                }
            }
        }
        stages.push(request.clone());
        Ok(stages)
    }

    /// Whether some pending file names a global table beside the word DROP: only then is it worth to shape them all for it.
    fn may_halt(&self, pending: &Pending) -> Result<bool> {
        let app = &self.rollout.app;
        let global: Vec<String> = app.tables.global.iter().map(|t| t.to_lowercase()).collect();
        let drops = |text: &str| {
            let text = text.to_lowercase();
            text.contains("drop") && global.iter().any(|t| text.contains(t.as_str()))
        };
        for site in &pending.sites {
            let Some(service) = app.services.get(&site.service) else { continue };
            let files = read_service(service)?.migrations;
            let is_pending = |v: i64| v > site.oldest && v < site.to;
            if files.iter().any(|f| is_pending(f.version) && drops(&f.text)) {
                return Ok(true);
            }
        }
        Ok(false)
    }

    /// Every migration, read and shaped as a rollout does it; nothing is applied.
    ///
    /// # Errors
    /// Those of the folders and of shaping.
    pub async fn shaped(&self) -> Result<Vec<Statement>> {
        let rollout = self.rollout.clone();
        let all = move || {
            let mut statements = Vec::new();
            for service in rollout.app.services.values() {
                let files = read_service(service)?.migrations;
                let shaped = shape(rollout.shaping(service), &files)?;
                statements.extend(shaped.into_iter().flat_map(|file| file.statements));
            }
            Ok(statements)
        };
        tokio::task::spawn_blocking(all)
            .await
            .map_err(|e| Error::new(ErrorCode::Internal, "read the migrations").because(e))?
    }

    /// Tells the registry what it has not heard of, after a rollout that was ended just before it could.
    async fn catch_up(&self, request: &Request, pending: &Pending) -> Result<()> {
        if request.direction == Direction::Down || pending.sites.iter().any(|s| !s.is_even) {
            return Ok(());
        }
        let newest: Vec<_> =
            pending.sites.iter().map(|s| (s.service.clone(), s.cluster.clone(), s.version)).collect();
        if !self.rollout.registry.is_behind(&newest).await? {
            return Ok(());
        }
        let (_, histories) = self.order(request, pending).await?;
        for site in self.rollout.sites(&histories) {
            self.rollout.reconcile(&site).await?;
        }
        Ok(())
    }

    /// Applies every pending migration of every service, on every cluster, to templates and tenants, and waits for the end.
    ///
    /// # Errors
    /// `migration_layout`, `migration_syntax`, `shape_refused`, `migration_changed` before anything has run;
    /// `migration_failed` and what servers say of the templates; `rollout_failed` names the tenants that were left behind.
    pub async fn up(&self, progress: &(dyn Fn(Progress) + Sync)) -> Result<Report> {
        self.run(&Request::up(), progress).await
    }

    /// Carries a request out, and waits for the end.
    ///
    /// # Errors
    /// As [`Migrator::begin`] and [`Migrator::up`].
    pub async fn run(&self, request: &Request, progress: &(dyn Fn(Progress) + Sync)) -> Result<Report> {
        let worker = self.worker();
        let mut report = Report::default();
        for stage in self.stages(request).await? {
            let job = match self.begin(&stage, ACTOR).await? {
                Begun::Nothing(_) => continue,
                Begun::Queued(job) | Begun::Adopted(job) => job,
            };
            worker.drive(job, &|p| progress(Progress { step: p.step, detail: p.detail })).await?;
            report.follow(self.report(job).await?);
        }
        Ok(report)
    }

    /// What a rollout has done so far.
    ///
    /// # Errors
    /// As for the registry.
    pub async fn report(&self, job: JobId) -> Result<Report> {
        let mut report = Report { job: Some(job), ..Report::default() };
        for step in queue::steps(&self.rollout.registry, job).await? {
            report.tenants += step.output["tenants"].as_u64().filter(|_| step.name != "plan").unwrap_or(0);
            let Some(ran) = step.output["ran"].as_array() else { continue };
            let Some(service) = step.output["service"].as_str().and_then(|s| s.parse::<ServiceName>().ok())
            else {
                continue;
            };
            for file in ran {
                let applied = Applied {
                    service: service.clone(),
                    version: file["version"].as_i64().unwrap_or_default(),
                    name: file["name"].as_str().unwrap_or_default().to_owned(),
                    title: title(file["file"].as_str().unwrap_or_default()).to_owned(),
                };
                if !report.applied.contains(&applied) {
                    report.applied.push(applied);
                }
            }
        }
        Ok(report)
    }
}
