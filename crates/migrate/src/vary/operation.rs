//! The jobs `vary` and `unvary`: one step each.

use futures_util::future::BoxFuture;
use serde_json::{Value, json};
use tenantry_domain::{Error, ErrorCode, Result, ResultExt, TenantId};
use tenantry_jobs::{Operation, Run};
use tenantry_registry::audit::{self, Act};
use tenantry_registry::{Transaction, Variation, variations};

use super::apply::summary;
use super::door::Door;
use super::{Order, Variations, expect_living};

const STEP: &str = "change";

/// The job `vary`: makes a tenant different.
pub(super) struct Vary(Variations);

/// The job `unvary`: takes that back. A failure leaves everything as it was, so there is nothing to undo.
pub(super) struct Unvary(Variations);

impl Vary {
    pub fn new(variations: Variations) -> Self {
        Self(variations)
    }
}

impl Unvary {
    pub fn new(variations: Variations) -> Self {
        Self(variations)
    }
}

fn order(run: &Run) -> Result<Order> {
    serde_json::from_value(run.input.clone()).code(ErrorCode::Internal, "read what the job is to do")
}

fn tenant(run: &Run) -> Result<TenantId> {
    run.tenant.ok_or_else(|| {
        Error::new(ErrorCode::TenantUnknown, format!("job {} is about no tenant any more", run.job))
    })
}

impl Variations {
    /// The tenant's data, if it is as it was when the job was queued.
    async fn door(&self, run: &Run, order: &Order) -> Result<Door<'_>> {
        let row = self.registry.tenant(tenant(run)?).await?;
        expect_living(&row)?;
        let placement = self.placement(row.tenant.id, &order.service).await?;
        Door::new(self, &row, placement).await
    }
}

async fn record(tx: &Transaction<'_>, run: &Run, action: &str, order: &Order, changes: &Value) -> Result<()> {
    let act = Act {
        actor: &run.actor,
        action,
        tenant: tenant(run)?,
        slug: run.slug.as_deref().unwrap_or_default(),
        job: run.job,
        detail: json!({ "name": order.name, "service": order.service, "changes": changes }),
    };
    audit::add(tx, &act).await
}

impl Operation for Vary {
    fn kind(&self) -> &'static str {
        "vary"
    }

    fn steps(&self, _run: &Run) -> Vec<String> {
        vec![STEP.to_owned()]
    }

    fn perform<'a>(&'a self, _step: &'a str, run: &'a Run) -> BoxFuture<'a, Result<Value>> {
        Box::pin(async move {
            let order = order(run)?;
            let door = self.0.door(run, &order).await?;
            let changes = door.vary(run, &order).await?;
            Ok(json!({ "changes": summary(&changes), "version": door.placement.version }))
        })
    }

    fn record<'a>(
        &'a self,
        _step: &'a str,
        run: &'a Run,
        output: &'a Value,
        tx: &'a Transaction<'_>,
    ) -> BoxFuture<'a, Result<()>> {
        Box::pin(async move {
            let order = order(run)?;
            let variation = Variation {
                service: order.service.clone(),
                name: order.name.clone(),
                file: order.file.clone(),
                text: order.text.clone(),
                checksum: order.checksum.clone(),
                version: output["version"].as_i64().unwrap_or_default(),
                changes: output["changes"].clone(),
                actor: run.actor.clone(),
                job: run.job.0,
                declared_at: jiff::Timestamp::now(),
            };
            variations::put(tx, tenant(run)?, &variation).await?;
            record(tx, run, "tenant.vary", &order, &variation.changes).await
        })
    }

    fn undo<'a>(&'a self, _step: &'a str, run: &'a Run) -> BoxFuture<'a, Result<()>> {
        Box::pin(async move {
            let order = order(run)?;
            match self.0.door(run, &order).await {
                Ok(door) => door.revert(run, &order).await,
                // Nothing of the tenant is left to be different.
                Err(e) if matches!(e.code(), ErrorCode::TenantUnknown | ErrorCode::TenantStatus) => Ok(()),
                Err(e) => Err(e),
            }
        })
    }
}

impl Operation for Unvary {
    fn kind(&self) -> &'static str {
        "unvary"
    }

    fn undoes(&self) -> bool {
        false
    }

    fn steps(&self, _run: &Run) -> Vec<String> {
        vec![STEP.to_owned()]
    }

    fn perform<'a>(&'a self, _step: &'a str, run: &'a Run) -> BoxFuture<'a, Result<Value>> {
        Box::pin(async move {
            let order = order(run)?;
            self.0.door(run, &order).await?.unvary(run, &order).await?;
            Ok(Value::Null)
        })
    }

    fn record<'a>(
        &'a self,
        _step: &'a str,
        run: &'a Run,
        _output: &'a Value,
        tx: &'a Transaction<'_>,
    ) -> BoxFuture<'a, Result<()>> {
        Box::pin(async move {
            let order = order(run)?;
            variations::remove(tx, tenant(run)?, &order.service, &order.name).await?;
            record(tx, run, "tenant.unvary", &order, &Value::Null).await
        })
    }

    fn undo<'a>(&'a self, _step: &'a str, _run: &'a Run) -> BoxFuture<'a, Result<()>> {
        Box::pin(async { Ok(()) })
    }
}
