//! How a rollout would reach its tenants, told beforehand: canaries and waves with their numbers. Only reads.
//!
//! What is dropped of a global table waits for the last tenant, and what comes behind it waits with it: then it is several
//! rollouts, one after the other, as [`Migrator::stages`](crate::Migrator::stages) has them.

use std::collections::HashMap;

use serde::Serialize;
use tenantry_domain::{Isolation, Result, Slug, TenantId, glob};
use tenantry_registry::TenantRow;

use super::operation::{Rollout, first};
use super::order::{Canary, Direction, Request};
use super::pending::Pending;
use super::threshold::Threshold;
use super::waves::waves;
use crate::apply::local::{Local, local_tenants};
use crate::plan::Halt;

/// The way of a rollout.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Preview {
    /// Tenants with tables of their own that it would bring along, service by service; those in shared tables come with the
    /// templates.
    pub tenants: usize,
    /// The rollouts that it takes, one after the other.
    pub stages: Vec<Stage>,
    /// Tenants at the same time on each cluster.
    pub parallel: usize,
    /// Failures that are let pass.
    pub max_failures: String,
}

/// One rollout of the way.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Stage {
    /// Where it stops until the last tenant has passed: `main 0002`; absent: as far as was asked for.
    pub until: Option<String>,
    /// Tenants with tables of their own that it brings along.
    pub tenants: usize,
    /// Who comes first.
    pub canaries: Vec<Slug>,
    /// Canaries and waves, in order.
    pub steps: Vec<Step>,
}

/// One step of a rollout.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Step {
    /// As the rollout will call it: `canaries`, `wave:2`.
    pub step: String,
    /// How many tenants; a tenant with data of two services counts twice.
    pub tenants: usize,
}

/// The tenants that the registry knows.
type Rows = HashMap<TenantId, TenantRow>;

impl Rollout {
    /// The way that a request would take as things are now, with the stops that the plan has found.
    ///
    /// # Errors
    /// As [`Rollout::pending`]; `migration_changed`.
    pub async fn preview(&self, request: &Request, halts: &[Halt]) -> Result<Preview> {
        let rows: Rows = self.registry.tenants().await?.into_iter().map(|r| (r.tenant.id, r)).collect();
        let all = self.pending(request).await?;
        let mut stages = Vec::new();
        // Without tenants nobody is waited for.
        for halt in halts.iter().filter(|_| all.tenants() > 0) {
            let stage = Request {
                to: vec![(Some(halt.service.clone()), halt.version)],
                service: Some(halt.service.clone()),
                ..request.clone()
            };
            let pending = self.pending(&stage).await?;
            if !pending.is_nothing() {
                let lagging = self.lagging(request, &pending, &rows).await?;
                let until = Some(format!("{} {}", halt.service, halt.label));
                stages.push(self.stage(request, until, &lagging, &rows));
            }
        }
        let lagging = self.lagging(request, &all, &rows).await?;
        stages.push(self.stage(request, None, &lagging, &rows));
        let limits = &self.app.limits;
        let threshold = request.threshold.unwrap_or(Threshold::Tenants(limits.rollout_failures_max));
        Ok(Preview {
            tenants: lagging.len(),
            stages,
            parallel: request.parallel.unwrap_or(limits.rollout_parallel_max),
            max_failures: threshold.to_string(),
        })
    }

    /// Tenants with tables of their own that would be brought along, the oldest first.
    async fn lagging(&self, request: &Request, pending: &Pending, rows: &Rows) -> Result<Vec<TenantId>> {
        let is_wanted = |t: &Local| match &request.tenants {
            None => true,
            Some(pattern) => rows.get(&t.id).is_some_and(|r| glob::matches(pattern, r.tenant.slug.as_str())),
        };
        let mut lagging = Vec::new();
        for (number, site) in pending.sites.iter().enumerate().filter(|(_, s)| !s.is_new) {
            let database = self.app.layout().data_database(&site.service);
            let data = self.clusters.get(&site.cluster, &database).await?;
            let lags = |t: &Local| match request.direction {
                Direction::Up => t.version < site.to,
                Direction::Down => t.version > site.to,
            };
            let tenants = local_tenants(&data).await?.into_iter();
            let own = tenants.filter(|t| t.isolation != Isolation::Shared && lags(t) && is_wanted(t));
            lagging.extend(own.map(|t| (t.created_at, t.id, number)));
        }
        lagging.sort_unstable();
        Ok(lagging.into_iter().map(|(_, id, _)| id).collect())
    }

    fn stage(&self, request: &Request, until: Option<String>, ids: &[TenantId], rows: &Rows) -> Stage {
        let labelled = |label: &str, id: &TenantId| rows.get(id).is_some_and(|r| r.labels().contains(&label));
        let is_canary: Box<dyn Fn(&TenantId) -> bool> = match &request.canary {
            None => Box::new(|_| false),
            Some(Canary::Label(label)) => Box::new(move |id| labelled(label, id)),
            Some(Canary::Count(count)) => {
                let chosen = first(*count, ids.iter().copied());
                Box::new(move |id| chosen.contains(id))
            }
        };
        let canaries: Vec<TenantId> = ids.iter().copied().filter(|id| is_canary(id)).collect();
        let step = |step: String, tenants: usize| Step { step, tenants };
        let mut steps = Vec::new();
        if !canaries.is_empty() {
            steps.push(step("canaries".to_owned(), canaries.len()));
        }
        let sizes = waves(ids.len() - canaries.len(), self.app.limits.rollout_first_wave_tenants);
        steps.extend((1..).zip(sizes).map(|(number, size)| step(format!("wave:{number}"), size)));
        let mut slugs: Vec<Slug> = Vec::new();
        for slug in canaries.iter().filter_map(|id| rows.get(id).map(|r| &r.tenant.slug)) {
            if !slugs.contains(slug) {
                slugs.push(slug.clone());
            }
        }
        Stage { until, tenants: ids.len(), canaries: slugs, steps }
    }
}
