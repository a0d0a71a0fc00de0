//! `tenantry sql`: one query over many tenants.

mod format;

use std::process::ExitCode;

use tenantry_domain::{Error, ErrorCode, Result, TenantStatus};
use tenantry_lifecycle::fanout::{Part, Query};
use tenantry_registry::TenantRow;

use crate::Context;
use crate::commands::url::service;
use crate::stack::with_stack;
use format::{Format, Writer};

/// Slugs named in a message before the rest is counted.
const SLUGS_NAMED_MAX: usize = 5;

/// Arguments of `sql`.
#[derive(clap::Args, Debug)]
#[command(group = clap::ArgGroup::new("whom").required(true).args(["all_tenants", "tenants"]))]
pub struct Sql {
    /// Ask every active tenant
    #[arg(long)]
    all_tenants: bool,
    /// Ask the active tenants whose slug matches: * stands for any characters, ? for one
    #[arg(long, value_name = "GLOB")]
    tenants: Option<String>,
    /// The service; needed where the app has several
    #[arg(long, value_name = "S")]
    service: Option<String>,
    /// table, csv or json
    #[arg(long, value_name = "FORMAT")]
    format: Option<String>,
    /// Connections at one time; default: as tenantry.toml says
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u16).range(1..=100))]
    limit_connections: Option<u16>,
    /// One SELECT statement; it runs read-only
    #[arg(value_name = "QUERY")]
    query: String,
}

/// What went wrong, and with whom.
#[derive(Default)]
struct Failures(Vec<(String, String, Vec<String>)>);

/// Asks the tenants.
///
/// # Errors
/// `query_failed` when a tenant's part failed; the others' rows are printed all the same.
pub async fn run(context: &Context, sql: Sql) -> Result<ExitCode> {
    let format = Format::parse(sql.format.as_deref(), context.output.is_json())?;
    if sql.query.trim().is_empty() {
        return Err(Error::new(ErrorCode::Usage, "the query is empty").help("write one SELECT statement"));
    }
    with_stack(context, async |stack| {
        let service = service(&stack.platform.app, sql.service.as_deref())?;
        let all = stack.registry().tenants().await?;
        let meant = all.into_iter().filter(|row| match &sql.tenants {
            Some(pattern) => tenantry_domain::glob::matches(pattern, row.tenant.slug.as_str()),
            None => true,
        });
        let (tenants, others): (Vec<TenantRow>, Vec<TenantRow>) =
            meant.partition(|row| row.tenant.status == TenantStatus::Active);
        if let (Some(pattern), true, true) = (&sql.tenants, tenants.is_empty(), others.is_empty()) {
            return Err(Error::new(
                ErrorCode::TenantUnknown,
                format!("no tenant's slug matches {pattern:?}"),
            ));
        }
        let left_out = others.iter().filter(|row| row.tenant.status != TenantStatus::Failed);
        let left_out: Vec<String> =
            left_out.map(|row| format!("{} ({})", row.tenant.slug, row.tenant.status)).collect();
        if !left_out.is_empty() {
            context.output.note(&format!("left out, since they are not active: {}", named(&left_out)));
        }
        let width = sql.limit_connections.map_or(stack.platform.app.limits.sql_connections_max, usize::from);
        let query = Query { sql: sql.query.clone(), service, connections_max: width };
        let mut writer = Writer::new(format);
        let mut failures = Failures::default();
        let mut cut = Vec::new();
        stack
            .platform
            .fan_out(&tenants, &query, |part| take(part, &mut writer, &mut failures, &mut cut))
            .await?;
        writer.finish()?;
        if !cut.is_empty() {
            let rows = stack.platform.app.limits.sql_rows_per_tenant_max;
            eprintln_note(&format!(
                "only the first {rows} rows (limits.sql_rows_per_tenant_max) are shown of: {}",
                named(&cut)
            ));
        }
        failures.result(tenants.len()).map(|()| ExitCode::SUCCESS)
    })
    .await
}

fn take(part: Part, writer: &mut Writer, failures: &mut Failures, cut: &mut Vec<String>) -> Result<()> {
    match part.answer {
        Ok(answer) => {
            if answer.is_cut {
                cut.push(part.tenant.to_string());
            }
            writer.part(part.tenant.as_str(), answer)
        }
        Err(e) => {
            failures.add(part.tenant.as_str(), &e);
            Ok(())
        }
    }
}

impl Failures {
    fn add(&mut self, tenant: &str, e: &Error) {
        let (code, sentence) = (e.code().to_string(), e.sentence());
        match self.0.iter_mut().find(|(c, s, _)| (c, s) == (&code, &sentence)) {
            Some((_, _, tenants)) => tenants.push(tenant.to_owned()),
            None => self.0.push((code, sentence, vec![tenant.to_owned()])),
        }
    }

    fn result(self, asked: usize) -> Result<()> {
        if self.0.is_empty() {
            return Ok(());
        }
        let failed: usize = self.0.iter().map(|(_, _, tenants)| tenants.len()).sum();
        let list: String = self
            .0
            .iter()
            .map(|(code, sentence, tenants)| format!("\n  {}: [{code}] {sentence}", named(tenants)))
            .collect();
        Err(Error::new(
            ErrorCode::QueryFailed,
            format!("the query failed for {failed} of {asked} tenants:{list}"),
        ))
    }
}

/// The first few, and how many more.
fn named(names: &[String]) -> String {
    let shown = names.iter().take(SLUGS_NAMED_MAX).map(String::as_str).collect::<Vec<_>>().join(", ");
    match names.len().saturating_sub(SLUGS_NAMED_MAX) {
        0 => shown,
        more => format!("{shown} and {more} more"),
    }
}

/// Said also to programs: rows are missing.
fn eprintln_note(text: &str) {
    use std::io::Write as _;
    let _ = writeln!(std::io::stderr(), "{text}");
}
