//! `tenantry migrate vary`: makes one tenant different on purpose, lists what is, and takes it back.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::ExitCode;

use serde_json::json;
use tenantry_domain::{Error, ErrorCode, Result, ResultExt as _};
use tenantry_migrate::vary::Source;
use tenantry_registry::Variation;

use crate::Context;
use crate::commands::url::service;
use crate::output::{Table, visible};
use crate::stack::{Stack, actor, with_stack};

/// Arguments of `migrate vary`.
#[derive(clap::Args, Debug)]
pub struct Vary {
    /// The tenant; in schema or database isolation
    #[arg(value_name = "SLUG")]
    slug: String,
    /// The SQL that makes it different
    #[arg(value_name = "FILE", required_unless_present_any = ["list", "remove"], conflicts_with_all = ["list", "remove"])]
    file: Option<PathBuf>,
    /// The variation's name; without it the file's
    #[arg(long, value_name = "NAME", conflicts_with_all = ["list", "remove"])]
    name: Option<String>,
    /// The service; needed where the app has several
    #[arg(long, value_name = "S")]
    service: Option<String>,
    /// List the tenant's variations
    #[arg(long, conflicts_with = "remove")]
    list: bool,
    /// Take this variation back
    #[arg(long, value_name = "NAME")]
    remove: Option<String>,
    /// With --remove: the SQL that takes it back; not needed where the template has become the same
    #[arg(long, value_name = "FILE", requires = "remove")]
    down: Option<PathBuf>,
}

/// Runs it.
///
/// # Errors
/// Those of variations.
pub async fn run(context: &Context, command: Vary) -> Result<ExitCode> {
    with_stack(context, async |stack| {
        if command.list {
            return list(context, stack, &command).await;
        }
        let service = service(&stack.platform.app, command.service.as_deref())?;
        let at = (command.slug.as_str(), &service);
        let (job, name, what) = match (&command.remove, &command.file) {
            (Some(name), _) => {
                let text = command.down.as_deref().map(read).transpose()?;
                let down = text.as_ref().map(|(file, text)| Source { file, text });
                (stack.variations.remove(at, name, down.as_ref(), &actor()).await?, name.clone(), "take back")
            }
            (None, Some(path)) => {
                let (file, text) = read(path)?;
                let name = command.name.clone().unwrap_or_else(|| stem(path));
                let source = Source { file: &file, text: &text };
                (stack.variations.declare(at, &name, &source, &actor()).await?, name, "vary")
            }
            (None, None) => return Err(Error::new(ErrorCode::Usage, "name a file, --list or --remove")),
        };
        stack.drive(context, job, &format!("{what} {name}")).await?;
        if command.remove.is_some() {
            let value = json!({ "tenant": command.slug, "service": service, "removed": name });
            context
                .output
                .result(&value, || format!("{} no longer has the variation {name}", command.slug))?;
            return Ok(ExitCode::SUCCESS);
        }
        let all = variations(stack, &command.slug).await?;
        let made = all.into_iter().find(|v| v.service == service && v.name == name);
        context.output.result(&made, || {
            let changes = made.as_ref().map(changed).unwrap_or_default();
            format!("{} has the variation {name}: {changes}", command.slug)
        })?;
        Ok(ExitCode::SUCCESS)
    })
    .await
}

async fn variations(stack: &Stack, slug: &str) -> Result<Vec<Variation>> {
    let row = stack.registry().find_tenant(slug).await?;
    stack.registry().variations(row.tenant.id).await
}

async fn list(context: &Context, stack: &Stack, command: &Vary) -> Result<ExitCode> {
    let mut all = variations(stack, &command.slug).await?;
    all.retain(|v| command.service.as_ref().is_none_or(|s| s == v.service.as_str()));
    context.output.result(&all, || {
        if all.is_empty() {
            return format!("{} has no variations", command.slug);
        }
        let mut table = Table::new(&["NAME", "SERVICE", "FILE", "BY", "SINCE", "AT", "CHANGES"]);
        for v in &all {
            table.row([
                v.name.clone(),
                v.service.to_string(),
                v.file.clone(),
                v.actor.clone(),
                v.declared_at.strftime("%Y-%m-%d %H:%M").to_string(),
                v.version.to_string(),
                changed(v),
            ]);
        }
        table.render()
    })?;
    Ok(ExitCode::SUCCESS)
}

/// `added column orders.note, added index ...`; owners and privileges go without saying.
fn changed(variation: &Variation) -> String {
    let one = |c: &serde_json::Value| {
        let word = |key: &str| c[key].as_str().unwrap_or_default().replace('_', " ");
        format!("{} {} {}", word("verb"), word("kind"), c["name"].as_str().unwrap_or_default())
    };
    let all = variation.changes.as_array().map_or(&[][..], Vec::as_slice);
    let told: Vec<String> = all.iter().filter(|c| c["kind"] != "rights").map(one).collect();
    visible(&told.join(", "))
}

/// A file's name as errors tell it, and its text.
fn read(path: &Path) -> Result<(String, String)> {
    let file = path.display().to_string();
    let bytes = fs::read(path).code(ErrorCode::Io, format!("read {file}"))?;
    let text = String::from_utf8(bytes).map_err(|e| {
        let line = e.as_bytes()[..e.utf8_error().valid_up_to()].iter().filter(|b| **b == b'\n').count() + 1;
        Error::new(ErrorCode::MigrationSyntax, format!("{file}:{line}: the file is not UTF-8"))
    })?;
    Ok((file, text))
}

/// The name of a file without its endings: `extra` of `variations/extra.up.sql`.
fn stem(path: &Path) -> String {
    let name = path.file_name().map(|n| n.to_string_lossy().into_owned()).unwrap_or_default();
    let name = name.strip_suffix(".sql").unwrap_or(&name);
    name.strip_suffix(".up").unwrap_or(name).to_owned()
}
