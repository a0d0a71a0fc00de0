//! `tenantry doctor`: proves from the catalogs that tenants are kept apart, and tries attacks with two throw-away tenants.

use std::fmt::Write as _;
use std::process::ExitCode;

use tenantry_domain::{ErrorCode, Result};
use tenantry_lifecycle::Platform;
use tenantry_lifecycle::doctor::Finding;
use tenantry_lifecycle::examine::{Depth, examine};
use tenantry_migrate::drift::{Finding as Drifted, Inspector, Wanted};
use tenantry_postgres::catalog::Difference;

use crate::Context;
use crate::progress::Work;
use crate::stack::with_stack;

/// Arguments of `doctor`.
#[derive(clap::Args, Debug)]
pub struct Doctor {
    /// Read catalogs only: make no throw-away tenants
    #[arg(long)]
    no_attacks: bool,
}

/// Runs it; exit code 1 when there are findings.
///
/// # Errors
/// When something could not be examined.
pub async fn run(context: &Context, command: Doctor) -> Result<ExitCode> {
    let depth = if command.no_attacks { Depth::Catalogs } else { Depth::Attacks };
    with_stack(context, async |stack| {
        stack.set_up_if_new(context).await?;
        let work = Work::begin(context.output, "doctor");
        let mut found = examine(&stack.platform, &stack.worker, depth, &|what| work.at(what)).await?;
        work.at("logins");
        stack.platform.mend_logins().await?;
        work.at("drift");
        found.extend(drift(&stack.platform).await?);
        drop(work);
        context.output.result(&found, || described(&found, depth))?;
        let code = ErrorCode::DoctorFindings.exit_code();
        Ok(if found.is_empty() { ExitCode::SUCCESS } else { ExitCode::from(code) })
    })
    .await
}

/// What tenants hold otherwise than their template, each schema as one finding.
///
/// # Errors
/// When something could not be compared.
pub async fn drift(platform: &Platform) -> Result<Vec<Finding>> {
    let inspector =
        Inspector::new(platform.app.clone(), platform.registry.clone(), platform.clusters.clone());
    let report = inspector.inspect(&Wanted::default(), &|_| {}).await?;
    let lock_ms_max = platform.app.limits.ddl_lock_ms_max;
    let finding = |drifted: &Drifted| {
        let mut what: Vec<String> =
            drifted.differences.iter().filter_map(Difference::key).map(|k| k.to_string()).collect();
        what.extend(drifted.unreadable.clone());
        Finding {
            code: "drift",
            object: format!("{}: {}", drifted.subject.title, what.join(", ")),
            danger: "migrations and the application meet something else than they were written for"
                .to_owned(),
            mend: drifted.script(lock_ms_max, false),
            database: drifted.subject.database.clone(),
        }
    };
    Ok(report.drifted.iter().map(finding).collect())
}

fn described(found: &[Finding], depth: Depth) -> String {
    if found.is_empty() {
        let tried = match depth {
            Depth::Attacks => ", and no attack between two throw-away tenants of each isolation worked",
            Depth::Catalogs => "; attacks were not tried",
        };
        return format!("nothing found: the catalogs hold what they should{tried}");
    }
    let mut text = String::new();
    for finding in found {
        let place =
            if finding.database.is_empty() { String::new() } else { format!(" in {}", finding.database) };
        let _ = writeln!(text, "[{}] {}{place}", finding.code, finding.object);
        let _ = writeln!(text, "  danger: {}", finding.danger);
        let _ = writeln!(text, "  mend:   {}", finding.mend.replace('\n', "\n          "));
    }
    let _ =
        write!(text, "{} findings; run the SQL of each as a superuser in the database named", found.len());
    text
}
