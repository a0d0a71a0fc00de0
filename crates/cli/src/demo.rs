//! The demo tenants of an example: one in each isolation, with sample data, created once.

pub mod banner;

use std::fs;
use std::path::Path;

use serde_json::{Value, json};
use tenantry_domain::{ErrorCode, Isolation, Result, ResultExt as _, ServiceName, Slug, TenantStatus};
use tenantry_jobs::queue;
use tenantry_lifecycle::seed::{SeedFile, Seeded};
use tenantry_registry::{NewTenant, TenantRow};

use crate::Context;
use crate::progress::Work;
use crate::stack::{Stack, actor};

/// Key of the setting that says which tenants were made, and stay as the user left them.
const SETTING: &str = "demo_tenants";
/// Slug, name and isolation of each.
const TENANTS: [(&str, &str, Isolation); 3] = [
    ("acme", "Acme Industries", Isolation::Shared),
    ("globex", "Globex Trading", Isolation::Schema),
    ("initech", "Initech Systems", Isolation::Database),
];

/// Creates the demo tenants that were never created here, and loads their sample data.
///
/// # Errors
/// Those of creating a tenant; `io`, `database` for the sample data.
pub async fn create(context: &Context, stack: &Stack, example: &str) -> Result<()> {
    let mut made = match stack.registry().setting(SETTING).await? {
        Some(Value::Array(slugs)) => slugs,
        _ => Vec::new(),
    };
    for (slug, name, isolation) in TENANTS {
        if made.contains(&json!(slug)) {
            continue;
        }
        let row = tenant(context, stack, (slug, name, isolation)).await?;
        if row.tenant.status == TenantStatus::Active {
            load(context, stack, &row, example).await?;
        }
        made.push(json!(slug));
        stack.registry().set_setting(SETTING, &Value::Array(made.clone())).await?;
    }
    Ok(())
}

/// The tenant: found, perhaps still on its way, or created.
async fn tenant(
    context: &Context,
    stack: &Stack,
    (slug, name, isolation): (&str, &str, Isolation),
) -> Result<TenantRow> {
    let slug: Slug = slug.parse()?;
    let what = format!("create {slug} ({isolation})");
    let found = stack.registry().find_tenant(slug.as_str()).await;
    let job = match found {
        Ok(row) if row.tenant.status == TenantStatus::Provisioning => {
            let jobs = queue::of_tenant(stack.registry(), row.tenant.id, 1).await?;
            jobs.first().map(|job| job.id)
        }
        Ok(row) if row.tenant.status != TenantStatus::Failed => return Ok(row),
        Err(e) if e.code() != ErrorCode::TenantUnknown => return Err(e),
        _ => None,
    };
    let job = match job {
        Some(job) => job,
        None => {
            let new =
                NewTenant { name: Some(name.to_owned()), isolation: Some(isolation), ..NewTenant::default() };
            stack.registry().add_tenant(&slug, &new, &actor()).await?.1
        }
    };
    stack.drive(context, job, &what).await?;
    stack.registry().find_tenant(slug.as_str()).await
}

async fn load(context: &Context, stack: &Stack, row: &TenantRow, example: &str) -> Result<()> {
    let work = Work::begin(context.output, format!("load sample data of {example} into {}", row.tenant.slug));
    for service in stack.platform.app.services.keys() {
        let files = files(&stack.config.directory, service)?;
        if files.is_empty() {
            continue;
        }
        work.at(service.as_str());
        if stack.platform.seed(row, service, &files).await? == Seeded::Before {
            context.output.note(&format!("{} has rows of its own already: no sample data", row.tenant.slug));
        }
    }
    Ok(())
}

/// `seed/SERVICE/*.sql`, by name.
fn files(directory: &Path, service: &ServiceName) -> Result<Vec<SeedFile>> {
    let folder = directory.join("seed").join(service.as_str());
    if !folder.is_dir() {
        return Ok(Vec::new());
    }
    let doing = format!("read {}", folder.display());
    let mut paths = Vec::new();
    for entry in fs::read_dir(&folder).code(ErrorCode::Io, doing.clone())? {
        let path = entry.code(ErrorCode::Io, doing.clone())?.path();
        if path.extension().is_some_and(|e| e == "sql") {
            paths.push(path);
        }
    }
    paths.sort();
    let read = |path: &std::path::PathBuf| {
        let text = fs::read_to_string(path).code(ErrorCode::Io, format!("read {}", path.display()))?;
        let name = path.strip_prefix(directory).unwrap_or(path).display().to_string();
        Ok(SeedFile { name, text })
    };
    paths.iter().map(read).collect()
}
