//! How a rollout would reach its tenants, told beforehand: canaries and waves with their numbers. Only reads.

use std::collections::HashMap;

use serde::Serialize;
use tenantry_domain::{Isolation, Result, Slug, TenantId, glob};
use tenantry_registry::TenantRow;

use super::operation::{Rollout, first};
use super::order::{Canary, Direction, Request};
use super::threshold::Threshold;
use super::waves::waves;
use crate::apply::local::{Local, local_tenants};

/// The way of a rollout.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Preview {
    /// Tenants with tables of their own that it would bring along, service by service; those in shared tables come with the
    /// templates.
    pub tenants: usize,
    /// Who comes first.
    pub canaries: Vec<Slug>,
    /// Canaries and waves, in order.
    pub steps: Vec<Step>,
    /// Tenants at the same time on each cluster.
    pub parallel: usize,
    /// Failures that are let pass.
    pub max_failures: String,
}

/// One step of it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Step {
    /// As the rollout will call it: `canaries`, `wave:2`.
    pub step: String,
    /// How many tenants; a tenant with data of two services counts twice.
    pub tenants: usize,
}

impl Rollout {
    /// The way that a request would take as things are now.
    ///
    /// # Errors
    /// As [`Rollout::pending`]; `migration_changed`.
    pub async fn preview(&self, request: &Request) -> Result<Preview> {
        let pending = self.pending(request).await?;
        let rows: HashMap<TenantId, TenantRow> =
            self.registry.tenants().await?.into_iter().map(|r| (r.tenant.id, r)).collect();
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
        let ids: Vec<TenantId> = lagging.into_iter().map(|(_, id, _)| id).collect();
        Ok(self.way(request, &ids, &rows))
    }

    fn way(&self, request: &Request, ids: &[TenantId], rows: &HashMap<TenantId, TenantRow>) -> Preview {
        let limits = &self.app.limits;
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
        let sizes = waves(ids.len() - canaries.len(), limits.rollout_first_wave_tenants);
        steps.extend((1..).zip(sizes).map(|(number, size)| step(format!("wave:{number}"), size)));
        let mut slugs: Vec<Slug> = Vec::new();
        for slug in canaries.iter().filter_map(|id| rows.get(id).map(|r| &r.tenant.slug)) {
            if !slugs.contains(slug) {
                slugs.push(slug.clone());
            }
        }
        let threshold = request.threshold.unwrap_or(Threshold::Tenants(limits.rollout_failures_max));
        Preview {
            tenants: ids.len(),
            canaries: slugs,
            steps,
            parallel: request.parallel.unwrap_or(limits.rollout_parallel_max),
            max_failures: threshold.to_string(),
        }
    }
}
