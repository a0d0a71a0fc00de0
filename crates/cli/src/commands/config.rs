//! `tenantry config show`: what is in force, after defaults and variables, secrets redacted.

use std::fmt::Write as _;
use std::process::ExitCode;

use serde_json::{Map, Value, json};
use tenantry_domain::{App, Result, Secret};

use crate::Context;
use crate::config::Config;

/// The subcommands of `config`.
#[derive(clap::Subcommand, Debug)]
pub enum Command {
    /// Print what is in force
    Show,
}

/// Runs one.
///
/// # Errors
/// `config_missing`, `config_invalid`.
pub fn run(context: &Context, command: Command) -> Result<ExitCode> {
    let Command::Show = command;
    let config = Config::load(context.global.dir.as_deref())?;
    let value = describe(&config.app);
    context.output.result(&json!({ "directory": config.directory, "config": value }), || {
        let mut text = format!("# {}\n", config.directory.join(crate::config::FILE_NAME).display());
        flatten(&mut text, "", &value);
        text
    })?;
    Ok(ExitCode::SUCCESS)
}

fn describe(app: &App) -> Value {
    let secret = |url: &Option<Secret>| url.as_ref().map(ToString::to_string);
    let clusters: Map<String, Value> = app
        .clusters
        .iter()
        .map(|(name, c)| {
            let replicas: Vec<String> = c.replicas.iter().map(ToString::to_string).collect();
            let cluster =
                json!({ "url": secret(&c.url), "replicas": replicas, "region": c.region, "engine": c.engine });
            (name.to_string(), cluster)
        })
        .collect();
    let services: Map<String, Value> = app
        .services
        .values()
        .map(|s| {
            let service = json!({ "migrations": s.migrations, "layout": s.layout, "ignore": s.ignore,
                "cluster": s.cluster });
            (s.name.to_string(), service)
        })
        .collect();
    let plans: Map<String, Value> = app
        .plans
        .iter()
        .map(|(name, plan)| {
            let mut plan = json!(plan);
            if let Value::Object(fields) = &mut plan {
                fields.remove("name");
            }
            (name.to_string(), plan)
        })
        .collect();
    json!({
        "app": app.name,
        "control": { "url": secret(&app.control_url) },
        "clusters": clusters,
        "services": services,
        "isolation": {
            "default": app.isolation.default,
            "tenant_column": app.isolation.tenant_column,
            "tenant_key": app.isolation.tenant_key,
            "tenant_ddl": app.isolation.tenant_ddl,
        },
        "tables": { "global": app.tables.global },
        "plans": plans,
        "http": { "listen": app.http_listen },
        "gateway": {
            "listen": app.gateway.listen,
            "control_url": secret(&app.gateway.control_url),
            "tls": app.gateway.tls.as_ref().map(|tls| json!({ "certificate": tls.certificate, "key": tls.key })),
            "domain": app.gateway.domain,
        },
        "limits": app.limits,
    })
}

/// One line for each key, dotted; what is not set is left out.
fn flatten(text: &mut String, path: &str, value: &Value) {
    match value {
        Value::Object(fields) => {
            for (key, value) in fields {
                let path = if path.is_empty() { key.clone() } else { format!("{path}.{key}") };
                flatten(text, &path, value);
            }
        }
        Value::Null => {}
        value => {
            let _ = writeln!(text, "{path} = {value}");
        }
    }
}
