//! `tenantry migrate new`: the files of the next migration, in the folder's own style.

use std::process::ExitCode;

use serde_json::json;
use tenantry_domain::Result;
use tenantry_migrate::source::{create, read_service};

use crate::Context;
use crate::commands::url::service;
use crate::config::Config;
use crate::output::visible;
use crate::paths::for_people;

/// Arguments of `migrate new`.
#[derive(clap::Args, Debug)]
pub struct New {
    /// What the migration does, for instance add_orders
    #[arg(value_name = "NAME")]
    name: String,
    /// The service; needed where the app has several
    #[arg(long, value_name = "S")]
    service: Option<String>,
}

/// Writes the files and prints their paths.
///
/// # Errors
/// `usage`, `service_unknown`, `migration_layout`, `io`; nothing is overwritten.
pub fn run(context: &Context, new: &New) -> Result<ExitCode> {
    let config = Config::load(context.global.dir.as_deref())?;
    let name = service(&config.app, new.service.as_deref())?;
    let service = &config.app.services[&name];
    let folder = read_service(service)?;
    let drafts = create::draft(&folder, &new.name, jiff::Timestamp::now())?;
    let paths = create::write(&service.migrations, &drafts)?;
    let value = json!({ "service": name, "layout": folder.layout, "files": paths });
    context.output.result(&value, || {
        let lines: Vec<String> = paths.iter().map(|p| visible(&for_people(p))).collect();
        lines.join("\n")
    })?;
    Ok(ExitCode::SUCCESS)
}
