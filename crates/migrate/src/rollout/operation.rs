//! The job `rollout`: templates, a plan, canaries, waves, and whatever is left at the end.

use std::collections::HashSet;
use std::sync::{Arc, Mutex, PoisonError};

use futures_util::future::BoxFuture;
use serde_json::{Value, json};
use tenantry_domain::{App, Error, ErrorCode, Isolation, JobId, Result, Service, TenantId, glob};
use tenantry_jobs::{Operation, Run};
use tenantry_postgres::clusters::Clusters;
use tenantry_registry::Registry;

use super::history::History;
use super::order::{Canary, Order};
use super::wave::{Unit, Wave};
use super::waves::{rest_of_wave, waves};
use crate::apply::local::local_tenants;
use crate::apply::site::Site;
use crate::shadow::Shaping;

/// The word in `tenantry.jobs.kind`.
pub const KIND: &str = "rollout";
/// Failed tenants that an error names one by one; all of them stand in the registry.
const NAMED_MAX: usize = 20;

/// The job `rollout`.
#[derive(Clone)]
pub struct Rollout {
    pub(crate) app: Arc<App>,
    pub(crate) registry: Registry,
    pub(crate) clusters: Clusters,
    /// The sites of the job in hand: read and shaped once.
    kept: Arc<Mutex<Option<Kept>>>,
}

/// The sites of a job.
type Kept = (JobId, Arc<Vec<Site>>);

/// Services with their histories.
pub(crate) type Histories = Vec<(Service, Arc<History>)>;

/// What the step `plan` found.
#[derive(Clone, Copy, Debug, Default)]
struct Plan {
    tenants: usize,
    canaries: usize,
}

impl Plan {
    fn of(run: &Run) -> Option<Self> {
        let output = run.output("plan")?;
        let number =
            |key: &str| output[key].as_u64().and_then(|n| usize::try_from(n).ok()).unwrap_or_default();
        Some(Self { tenants: number("tenants"), canaries: number("canaries") })
    }
}

impl Rollout {
    /// The job on these servers.
    pub fn new(app: Arc<App>, registry: Registry, clusters: Clusters) -> Self {
        Self { app, registry, clusters, kept: Arc::default() }
    }

    /// Every service on every cluster where it may live.
    pub(crate) fn places(&self) -> Vec<(&Service, &str)> {
        let services = self.app.services.values();
        services
            .flat_map(|service| {
                let fits = |c: &&str| service.cluster.as_ref().is_none_or(|own| own.as_str() == *c);
                self.clusters.names().filter(fits).map(move |cluster| (service, cluster))
            })
            .collect()
    }

    /// A history at each place of its service.
    pub(crate) fn sites(&self, histories: &[(Service, Arc<History>)]) -> Vec<Site> {
        let history = |service: &Service| histories.iter().find(|(s, _)| s.name == service.name);
        let places = self.places().into_iter();
        places
            .filter_map(|(service, cluster)| {
                Some(Site {
                    app: self.app.clone(),
                    layout: self.app.layout(),
                    clusters: self.clusters.clone(),
                    cluster: cluster.to_owned(),
                    service: service.clone(),
                    history: history(service)?.1.clone(),
                    spare: Arc::default(),
                })
            })
            .collect()
    }

    /// Reads and shapes what an order needs.
    pub(crate) async fn histories(&self, order: &Order) -> Result<Histories> {
        let (rollout, wanted) = (self.clone(), order.clone());
        tokio::task::spawn_blocking(move || load(&rollout, &wanted))
            .await
            .map_err(|e| Error::new(ErrorCode::Internal, "read the migrations").because(e))?
    }

    /// What shaping a service's history takes.
    pub(crate) fn shaping<'a>(&'a self, service: &'a Service) -> Shaping<'a> {
        Shaping { app: &self.app, service, registry: &self.registry, clusters: &self.clusters }
    }

    /// The sites that a job is about, with the files that it was begun with.
    async fn sites_of(&self, job: JobId, order: &Order) -> Result<Arc<Vec<Site>>> {
        let kept = self.kept.lock().unwrap_or_else(PoisonError::into_inner).clone();
        if let Some((_, sites)) = kept.filter(|(id, _)| *id == job) {
            return Ok(sites);
        }
        let histories = self.histories(order).await?;
        Ok(self.keep(job, &histories))
    }

    /// Keeps the sites of a job for its steps.
    pub(crate) fn keep(&self, job: JobId, histories: &[(Service, Arc<History>)]) -> Arc<Vec<Site>> {
        let sites = Arc::new(self.sites(histories));
        *self.kept.lock().unwrap_or_else(PoisonError::into_inner) = Some((job, sites.clone()));
        sites
    }

    async fn templates(&self, name: &str, sites: &[Site], run: &Run) -> Result<Value> {
        let Some(site) = sites.iter().find(|s| s.name() == name) else {
            return Err(Error::new(ErrorCode::ServiceUnknown, format!("there is no {name} any more")));
        };
        let ran = site
            .migrate_templates(&|file| {
                run.line.tell(json!({ "file": file, "target": format!("templates of {name}") }))
            })
            .await?;
        let ran: Vec<Value> =
            ran.iter().map(|r| json!({ "version": r.version, "name": r.name, "file": r.file })).collect();
        Ok(json!({ "service": site.service.name, "ran": ran }))
    }

    /// Who is to be migrated and was not tried yet in this rollout, the oldest first.
    async fn waiting(&self, run: &Run, order: &Order, sites: &[Site]) -> Result<Vec<Unit>> {
        let failed: HashSet<(TenantId, String)> = self
            .registry
            .failures(run.job)
            .await?
            .into_iter()
            .map(|f| (TenantId::from_uuid(f.tenant), f.service))
            .collect();
        let wanted =
            self.named(|row| order.tenants.as_ref().is_none_or(|p| glob::matches(p, row)), order).await?;
        let mut units = Vec::new();
        for (number, site) in sites.iter().enumerate() {
            let data = site.borrow_data().await?;
            let service = site.service.name.to_string();
            let lagging = local_tenants(&data).await?.into_iter().filter(|t| {
                t.isolation != Isolation::Shared
                    && site.history.lags(t.version)
                    && !failed.contains(&(t.id, service.clone()))
                    && wanted.as_ref().is_none_or(|w| w.contains(&t.id))
            });
            units.extend(lagging.map(|tenant| Unit { site: number, tenant }));
        }
        units.sort_by_key(|u| (u.tenant.created_at, u.tenant.id, u.site));
        Ok(units)
    }

    /// The tenants whose slug fits; none where everybody is meant.
    async fn named(&self, fits: impl Fn(&str) -> bool, order: &Order) -> Result<Option<HashSet<TenantId>>> {
        if order.tenants.is_none() {
            return Ok(None);
        }
        let rows = self.registry.tenants().await?;
        Ok(Some(rows.iter().filter(|r| fits(r.tenant.slug.as_str())).map(|r| r.tenant.id).collect()))
    }

    /// Those of them who come first.
    async fn canaries(&self, order: &Order, units: &[Unit]) -> Result<Vec<Unit>> {
        let chosen: HashSet<TenantId> = match &order.canary {
            None => HashSet::new(),
            Some(Canary::Label(label)) => {
                let rows = self.registry.tenants().await?;
                rows.iter().filter(|r| r.labels().contains(&label.as_str())).map(|r| r.tenant.id).collect()
            }
            Some(Canary::Count(count)) => first(*count, units.iter().map(|u| u.tenant.id)),
        };
        Ok(units.iter().filter(|u| chosen.contains(&u.tenant.id)).cloned().collect())
    }

    async fn plan(&self, run: &Run, order: &Order, sites: &[Site]) -> Result<Value> {
        let units = self.waiting(run, order, sites).await?;
        let canaries = self.canaries(order, &units).await?;
        Ok(json!({ "tenants": units.len(), "canaries": canaries.len() }))
    }

    async fn wave(&self, step: &str, run: &Run, order: &Order, sites: &[Site]) -> Result<Value> {
        let plan = Plan::of(run).unwrap_or_default();
        let mut units = self.waiting(run, order, sites).await?;
        let waiting = units.len();
        // What the step is for, whoever did a part of it before it was broken off.
        let mut share = waiting;
        if step == "canaries" {
            share = plan.canaries.min(plan.tenants);
            let left = rest_of_wave(waiting, plan.tenants - share);
            units = self.canaries(order, &units).await?;
            units.truncate(left);
        } else if let Some(number) = step.strip_prefix("wave:").and_then(|n| n.parse::<usize>().ok()) {
            let sizes = self.sizes(plan);
            share = number.checked_sub(1).and_then(|n| sizes.get(n)).copied().unwrap_or_default();
            units.truncate(rest_of_wave(waiting, sizes.iter().skip(number).sum()));
        }
        let failed = self.registry.failures(run.job).await?.len() as u64;
        if !units.is_empty() {
            let wave = Wave {
                registry: &self.registry,
                run,
                order,
                sites,
                tenants: plan.tenants as u64,
                before: (plan.tenants.saturating_sub(waiting) as u64).saturating_sub(failed),
                failed_before: failed,
                step,
                is_canary: step == "canaries",
            };
            match wave.migrate(units).await {
                Err(e) if e.code() == ErrorCode::RolloutFailed => return Err(self.report(run, plan).await?),
                other => other?,
            }
        }
        Ok(json!({ "tenants": share }))
    }

    fn sizes(&self, plan: Plan) -> Vec<usize> {
        waves(plan.tenants.saturating_sub(plan.canaries), self.app.limits.rollout_first_wave_tenants)
    }

    /// Whoever is left, and what the registry has not heard of.
    async fn finish(&self, run: &Run, order: &Order, sites: &[Site]) -> Result<Value> {
        let rest = self.wave("finish", run, order, sites).await?;
        for site in sites {
            self.reconcile(site).await?;
            site.finish_templates().await?;
        }
        if self.registry.failures(run.job).await?.is_empty() {
            return Ok(rest);
        }
        Err(self.report(run, Plan::of(run).unwrap_or_default()).await?)
    }

    /// Tells the registry how far the tenants of a site are, where it believes otherwise.
    pub(crate) async fn reconcile(&self, site: &Site) -> Result<()> {
        let data = site.borrow_data().await?;
        let locals = local_tenants(&data).await?;
        let versions: Vec<_> = locals.iter().map(|t| (t.id, t.version)).collect();
        self.registry.set_versions(&site.service.name, &versions).await
    }

    /// The error that names whom the rollout could not bring along.
    async fn report(&self, run: &Run, plan: Plan) -> Result<Error> {
        let failures = self.registry.failures(run.job).await?;
        let mut text = format!("{} of {} tenants could not be brought along", failures.len(), plan.tenants);
        for f in failures.iter().take(NAMED_MAX) {
            let slug = f.slug.clone().unwrap_or_else(|| f.tenant.to_string());
            text.push_str(&format!("\ntenant {slug}: [{}] {}", f.code, f.message));
        }
        if failures.len() > NAMED_MAX {
            text.push_str(&format!("\nand {} more", failures.len() - NAMED_MAX));
        }
        Ok(Error::new(ErrorCode::RolloutFailed, text).help(format!(
            "`tenantry migrate show {}` lists them; mend what is named, then run the command again: it goes on with the tenants that are left",
            run.job
        )))
    }

    async fn run_step(&self, step: &str, run: &Run) -> Result<Value> {
        let order = Order::from_input(&run.input)?;
        let sites = self.sites_of(run.job, &order).await?;
        match step.split_once(':') {
            Some(("templates", name)) => self.templates(name, &sites, run).await,
            _ if step == "plan" => self.plan(run, &order, &sites).await,
            _ if step == "finish" => {
                let finished = self.finish(run, &order, &sites).await;
                sites.iter().for_each(|s| s.spare.close());
                finished
            }
            _ => {
                let done = self.wave(step, run, &order, &sites).await;
                if done.is_err() || run.line.is_halted() {
                    sites.iter().for_each(|s| s.spare.close());
                }
                done
            }
        }
    }
}

/// So many different tenants, the first.
pub(super) fn first(count: usize, tenants: impl Iterator<Item = TenantId>) -> HashSet<TenantId> {
    let mut chosen = HashSet::new();
    for tenant in tenants {
        if chosen.len() < count {
            chosen.insert(tenant);
        }
    }
    chosen
}

/// Reads and shapes what an order needs, and compares it with what the order was given with.
fn load(rollout: &Rollout, order: &Order) -> Result<Histories> {
    let mut histories = Vec::new();
    for service in rollout.app.services.values() {
        let Some(goal) = order.services.get(service.name.as_str()) else { continue };
        let history = History::load(rollout.shaping(service), order.direction, goal.to)?;
        order.check_files(service.name.as_str(), history.sums())?;
        histories.push((service.clone(), Arc::new(history)));
    }
    Ok(histories)
}

impl Operation for Rollout {
    fn kind(&self) -> &'static str {
        KIND
    }

    fn steps(&self, run: &Run) -> Vec<String> {
        let order = Order::from_input(&run.input).ok();
        let concerned =
            |s: &Service| order.as_ref().is_some_and(|o| o.services.contains_key(s.name.as_str()));
        let mut steps: Vec<String> = self
            .places()
            .into_iter()
            .filter(|(service, _)| concerned(service))
            .map(|(service, cluster)| format!("templates:{}@{cluster}", service.name))
            .collect();
        steps.push("plan".to_owned());
        if let Some(plan) = Plan::of(run) {
            if plan.canaries > 0 {
                steps.push("canaries".to_owned());
            }
            steps.extend((1..=self.sizes(plan).len()).map(|number| format!("wave:{number}")));
        }
        steps.push("finish".to_owned());
        steps
    }

    fn undoes(&self) -> bool {
        false
    }

    fn pauses(&self) -> bool {
        true
    }

    fn holds(&self, error: &Error) -> bool {
        error.code() == ErrorCode::RolloutFiles
    }

    fn perform<'a>(&'a self, step: &'a str, run: &'a Run) -> BoxFuture<'a, Result<Value>> {
        Box::pin(self.run_step(step, run))
    }

    /// Nothing is undone: tenants that are done stay so.
    fn undo<'a>(&'a self, _step: &'a str, _run: &'a Run) -> BoxFuture<'a, Result<()>> {
        Box::pin(async { Ok(()) })
    }
}
