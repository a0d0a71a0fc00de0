//! Creating a tenant: place it, make its login, give it its data service by service, let it in.

use futures_util::future::BoxFuture;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};
use tenantry_domain::{Error, ErrorCode, Isolation, Result, ServiceName, TenantStatus};
use tenantry_jobs::{Operation, Outcome, Run};
use tenantry_postgres::tenant::{Script, Scripts, home};
use tenantry_registry::Transaction;
use tenantry_registry::audit::Act;
use tenantry_registry::{Blank, Placement, TenantRow, audit, blanks, placements, tenants};

use crate::home::Home;
use crate::placement::{Candidate, Wish, choose};
use crate::platform::Platform;

/// The job `create`.
pub struct Create {
    platform: Platform,
}

/// Where one service's data goes, as the step `place` decided.
#[derive(Clone, Debug, Serialize, Deserialize)]
struct Place {
    placement: Placement,
    blank: Option<Blank>,
}

impl Create {
    /// The job on this platform.
    pub fn new(platform: Platform) -> Self {
        Self { platform }
    }

    async fn place(&self, run: &Run) -> Result<Value> {
        let row = self.platform.subject(run).await?;
        let tenant = &row.tenant;
        let candidates: Vec<Candidate> = self
            .platform
            .registry
            .cluster_load()
            .await?
            .into_iter()
            .map(|(name, region, draining, placements)| Candidate { name, region, draining, placements })
            .collect();
        let layout = self.platform.app.layout();
        let mut places = Vec::new();
        for service in self.platform.app.services.values() {
            let wish = Wish {
                cluster: row.cluster.as_deref(),
                service_cluster: service.cluster.as_ref().map(|c| c.as_str()),
                region: tenant.region.as_deref(),
            };
            let cluster = choose(&candidates, wish)?;
            let version = Home::template_version(&self.platform, (&cluster, &service.name)).await?;
            let (database, schema) = home(&layout, &service.name, tenant.id, tenant.isolation);
            let wanted = Blank {
                id: tenant.id,
                service: service.name.clone(),
                cluster: cluster.clone(),
                isolation: tenant.isolation,
                version,
            };
            let blank = if tenant.isolation == Isolation::Shared {
                None
            } else {
                let client = self.platform.registry.client().await?;
                blanks::take(&client, &wanted, run.job).await?
            };
            let placement = Placement {
                tenant: tenant.id,
                service: service.name.clone(),
                cluster,
                database,
                schema,
                isolation: tenant.isolation,
                version,
            };
            places.push(Place { placement, blank });
        }
        serde_json::to_value(places)
            .map_err(|e| Error::new(ErrorCode::Internal, "note the placements").because(e))
    }

    /// What `place` decided; empty when it was never done.
    fn places(run: &Run) -> Result<Vec<Place>> {
        match run.output("place") {
            None => Ok(Vec::new()),
            Some(value) => serde_json::from_value(value.clone())
                .map_err(|e| Error::new(ErrorCode::Internal, "read the placements noted").because(e)),
        }
    }

    async fn home(&self, run: &Run, service: &str) -> Result<Option<Home>> {
        let row = self.platform.subject(run).await?;
        let place = Self::places(run)?.into_iter().find(|p| p.placement.service.as_str() == service);
        Ok(place.map(|p| Home::new(&self.platform, row.tenant, p.placement, p.blank)))
    }

    async fn login(&self, run: &Run, make: bool) -> Result<Value> {
        let row = self.platform.subject(run).await?;
        let limit = self.connections_max(&row);
        let password =
            if make { Some(self.platform.tenant_login(&row.tenant).await?.script()?) } else { None };
        let mut seen: Vec<String> = Vec::new();
        for place in Self::places(run)? {
            let at = (place.placement.cluster.as_str(), &place.placement.service);
            if seen.iter().any(|c| c == at.0) {
                continue;
            }
            seen.push(at.0.to_owned());
            let scripts = Scripts::new(&self.platform.app, at.1, &row.tenant).number("limit", limit);
            let script = scripts.render_all(&[Script::DISOWN_LOGIN, Script::DROP_LOGIN])?;
            let script = match &password {
                Some(password) => scripts.render(Script::CREATE_LOGIN)? + password,
                None => script,
            };
            let there = Home::login_exists(&self.platform, at, &row.tenant).await?;
            if there != make {
                self.platform.fenced(at, run, &script, "change the tenant's login").await?;
            }
        }
        Ok(Value::Null)
    }

    fn connections_max(&self, row: &TenantRow) -> i64 {
        let plan = row.tenant.plan.as_deref().and_then(|p| p.parse().ok());
        let plan = plan.and_then(|p| self.platform.app.plans.get(&p));
        let limit =
            plan.and_then(|p| p.connections_max).unwrap_or(self.platform.app.limits.tenant_connections_max);
        i64::from(limit)
    }

    async fn record_step(&self, step: &str, run: &Run, output: &Value, tx: &Transaction<'_>) -> Result<()> {
        if step == "place" {
            let row = self.platform.subject(run).await?;
            tenants::set_status(tx, row.tenant.id, TenantStatus::Provisioning).await?;
            let places: Vec<Place> = serde_json::from_value(output.clone())
                .map_err(|e| Error::new(ErrorCode::Internal, "read the placements").because(e))?;
            for place in places {
                placements::put(tx, &place.placement).await?;
            }
        } else if let Some(service) = service_of(step) {
            // The template may have moved on since the tenant was placed.
            let row = self.platform.subject(run).await?;
            let version = output["version"].as_i64().unwrap_or_default();
            placements::set_version(tx, row.tenant.id, &service, version).await?;
        } else if step == "activate" {
            let row = self.platform.subject(run).await?;
            for place in Self::places(run)? {
                if let Some(blank) = place.blank {
                    blanks::remove(tx, blank.id).await?;
                }
            }
            tenants::set_status(tx, row.tenant.id, TenantStatus::Active).await?;
            let detail = json!({ "isolation": row.tenant.isolation, "plan": row.tenant.plan });
            record(tx, run, "tenant.create", &row, detail).await?;
        }
        Ok(())
    }
}

impl Operation for Create {
    fn kind(&self) -> &'static str {
        "create"
    }

    fn steps(&self, _run: &Run) -> Vec<String> {
        let data = self.platform.app.services.keys().map(|s| format!("data:{s}"));
        ["place", "login"].map(str::to_owned).into_iter().chain(data).chain(["activate".to_owned()]).collect()
    }

    fn perform<'a>(&'a self, step: &'a str, run: &'a Run) -> BoxFuture<'a, Result<Value>> {
        Box::pin(async move {
            match step.strip_prefix("data:") {
                Some(service) => match self.home(run, service).await? {
                    Some(home) => home.provide(run).await.map(|version| json!({ "version": version })),
                    None => Err(no_place(service)),
                },
                None if step == "place" => self.place(run).await,
                None if step == "login" => self.login(run, true).await,
                None => Ok(Value::Null),
            }
        })
    }

    fn record<'a>(
        &'a self,
        step: &'a str,
        run: &'a Run,
        output: &'a Value,
        tx: &'a Transaction<'_>,
    ) -> BoxFuture<'a, Result<()>> {
        Box::pin(self.record_step(step, run, output, tx))
    }

    fn undo<'a>(&'a self, step: &'a str, run: &'a Run) -> BoxFuture<'a, Result<()>> {
        Box::pin(async move {
            match step.strip_prefix("data:") {
                Some(service) => match self.home(run, service).await? {
                    Some(home) => home.withdraw(run).await,
                    None => Ok(()),
                },
                None if step == "login" => self.login(run, false).await.map(|_| ()),
                None => Ok(()),
            }
        })
    }

    fn record_undo<'a>(
        &'a self,
        step: &'a str,
        run: &'a Run,
        tx: &'a Transaction<'_>,
    ) -> BoxFuture<'a, Result<()>> {
        Box::pin(async move {
            let service = service_of(step);
            let places =
                Self::places(run)?.into_iter().filter(|p| Some(&p.placement.service) == service.as_ref());
            for blank in places.filter_map(|p| p.blank) {
                blanks::remove(tx, blank.id).await?;
            }
            Ok(())
        })
    }

    fn settle<'a>(
        &'a self,
        run: &'a Run,
        _outcome: Outcome,
        tx: &'a Transaction<'_>,
    ) -> BoxFuture<'a, Result<()>> {
        Box::pin(async move {
            let Some(id) = run.tenant else { return Ok(()) };
            // Blanks that were taken and not used yet are as good as before.
            blanks::give_back(tx, run.job).await?;
            placements::remove(tx, id).await?;
            tenants::set_status(tx, id, TenantStatus::Failed).await
        })
    }
}

fn no_place(service: &str) -> Error {
    Error::new(ErrorCode::ServiceUnknown, format!("no place was chosen for service {service}"))
        .help("tenantry.toml has a new service; cancel the job and create the tenant again")
}

/// Writes the audit entry of a job's effect on a tenant.
pub(crate) async fn record(
    tx: &Transaction<'_>,
    run: &Run,
    action: &str,
    row: &TenantRow,
    detail: Value,
) -> Result<()> {
    let act = Act {
        actor: &run.actor,
        action,
        tenant: row.tenant.id,
        slug: row.tenant.slug.as_str(),
        job: run.job,
        detail,
    };
    audit::add(tx, &act).await
}

/// The services of a tenant's placements, for steps that go through them.
pub(crate) fn service_of(step: &str) -> Option<ServiceName> {
    step.split_once(':').and_then(|(_, service)| service.parse().ok())
}
