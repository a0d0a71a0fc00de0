//! `tenantry tenant list`.

use std::process::ExitCode;

use tenantry_domain::Result;

use crate::Context;
use crate::output::{Table, moment, or_hyphen};
use crate::stack::with_stack;

/// Lists every tenant, by slug.
///
/// # Errors
/// Those of the control database.
pub async fn run(context: &Context) -> Result<ExitCode> {
    with_stack(context, async |stack| {
        let tenants = stack.registry().tenants().await?;
        context.output.result(&tenants, || {
            if tenants.is_empty() {
                return "no tenants yet: `tenantry tenant create SLUG` makes one".to_owned();
            }
            let mut table = Table::new(&["slug", "name", "status", "isolation", "plan", "created"]);
            for row in &tenants {
                let tenant = &row.tenant;
                table.row([
                    tenant.slug.to_string(),
                    tenant.name.clone(),
                    tenant.status.to_string(),
                    tenant.isolation.to_string(),
                    or_hyphen(tenant.plan.as_deref()),
                    moment(row.created_at),
                ]);
            }
            table.render()
        })?;
        Ok(ExitCode::SUCCESS)
    })
    .await
}
