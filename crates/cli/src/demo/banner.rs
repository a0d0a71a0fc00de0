//! What `up` prints once all is ready: what is there, and commands to copy.

use std::fmt::Write as _;
use std::fs;

use tenantry_domain::{Result, TenantStatus};

use crate::output::Table;
use crate::paths::{command_line, for_people, shell_word};
use crate::ready_file::Ready;
use crate::stack::Stack;

/// The file of an app's folder that holds a first query to try.
const FIRST_QUERY: &str = "try.sql";
/// What psql is asked where there is no such file: its list of tables.
const LIST_TABLES: &str = "\\d";
/// Tenants shown.
const TENANTS_MAX: usize = 10;

/// The text.
///
/// # Errors
/// Those of the control database.
pub async fn render(stack: &Stack, ready: &Ready) -> Result<String> {
    let directory = &stack.config.directory;
    let tenantry = command_line(directory);
    let query = fs::read_to_string(directory.join(FIRST_QUERY)).ok();
    let query = query.as_deref().map(|q| q.trim().trim_end_matches(';')).filter(|q| !q.is_empty());
    let mut text = format!("\n{} is up\n\n", stack.platform.app.name);
    if let Some(http) = &ready.http {
        let _ = writeln!(text, "  HTTP        {http}/health  {http}/ready  {http}/metrics");
    }
    if let Some(gateway) = &ready.gateway {
        let _ = writeln!(text, "  gateway     {gateway}");
    }
    if let Some(server) = &stack.default {
        let kind = if stack.is_embedded() { "embedded, its data in " } else { "yours; the app is in " };
        let folder = if stack.is_embedded() { stack.config.state() } else { directory.clone() };
        let (host, port) = (&server.host, server.port);
        let _ = writeln!(text, "  PostgreSQL  {host}:{port} ({kind}{})", for_people(&folder));
    }
    let tenants = stack.registry().tenants().await?;
    let active: Vec<_> = tenants.iter().filter(|t| t.tenant.status == TenantStatus::Active).collect();
    if active.is_empty() {
        let _ = write!(text, "\nThere are no tenants yet:\n\n  {tenantry} tenant create acme\n");
    } else {
        let mut table = Table::new(&["tenant", "isolation", "try"]);
        for row in active.iter().take(TENANTS_MAX) {
            let (slug, isolation) = (&row.tenant.slug, row.tenant.isolation);
            let ask = shell_word(query.unwrap_or(LIST_TABLES));
            let command = format!("{tenantry} psql {slug} -- -c {ask}");
            table.row([slug.to_string(), isolation.to_string(), command]);
        }
        let _ = writeln!(text);
        for line in table.render().lines() {
            let _ = writeln!(text, "  {line}");
        }
        if active.len() > TENANTS_MAX {
            let _ = writeln!(text, "  and {} more: {tenantry} tenant list", active.len() - TENANTS_MAX);
        }
        let _ = writeln!(text);
        if let Some(query) = query {
            let _ = writeln!(text, "  all of them       {tenantry} sql --all-tenants {}", shell_word(query));
        }
        let slug = &active[0].tenant.slug;
        let _ = writeln!(text, "  a URL for tools   {tenantry} url {slug}");
        let _ = writeln!(text, "  another tenant    {tenantry} tenant create umbrella");
    }
    let _ = write!(text, "\nCtrl-C stops.");
    Ok(text)
}
