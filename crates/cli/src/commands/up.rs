//! `tenantry up`: everything that the app needs, from nothing.

use std::path::PathBuf;
use std::process::ExitCode;

use tenantry_domain::Result;

use crate::config::{Config, FILE_NAME};
use crate::demo::{self, banner};
use crate::gateway::GatewayDoor;
use crate::ready_file::{Ready, ReadyFile};
use crate::serving::{self, Door, Doors, Parts};
use crate::{Context, examples, paths};

/// The superuser's database in the URL of the ready file.
const OPERATOR_DATABASE: &str = "postgres";

/// Arguments of `up`.
#[derive(clap::Args, Debug)]
pub struct Up {
    /// Make DIR from this example if it is not there yet, and create a tenant in each isolation
    #[arg(long, value_name = "NAME")]
    example: Option<String>,
    /// Where the HTTP listener listens; port 0 takes a free one; default: as tenantry.toml says
    #[arg(long, value_name = "ADDR")]
    http: Option<String>,
    /// Where the gateway listens; port 0 takes a free one; default: as tenantry.toml says
    #[arg(long, value_name = "ADDR")]
    gateway: Option<String>,
    /// Write the URLs to this file as JSON once all is ready
    #[arg(long, value_name = "F")]
    ready_file: Option<PathBuf>,
}

/// Brings the app up and serves until a signal comes.
///
/// # Errors
/// `usage`, `example_unknown`, and those of configuration, servers and migrations.
pub async fn run(context: &Context, up: Up) -> Result<ExitCode> {
    let context = with_directory(context, up.example.as_deref())?;
    let config = Config::load(context.global.dir.as_deref())?;
    let door = Door::open(up.http.as_deref().unwrap_or(&config.app.http_listen)).await?;
    let http = door.url();
    let gateway = GatewayDoor::open(&context, up.gateway.as_deref(), &config).await?;
    let gateway_url = gateway.url();
    let doors = Doors { http: Some(door), gateway: Some(gateway) };
    serving::run(&context, doors, Parts { http: true, worker: true, gateway: true }, async |stack| {
        if let Some(example) = &up.example {
            demo::create(&context, stack, example).await?;
        }
        let ready = Ready {
            http: Some(http),
            gateway: Some(gateway_url),
            console: None,
            admin_token: None,
            postgres: stack.default.as_ref().map(|s| s.url(OPERATOR_DATABASE).reveal().to_owned()),
            pid: std::process::id(),
        };
        let text = banner::render(stack, &ready).await?;
        let file = up.ready_file.as_deref().map(|path| ReadyFile::write(path, &ready)).transpose()?;
        context.output.result(&ready, || text)?;
        Ok(file)
    })
    .await
}

/// Makes the folder from the example if it is not there; from then on it is the app's.
fn with_directory(context: &Context, example: Option<&str>) -> Result<Context> {
    let Some(example) = example else { return Ok(context.clone()) };
    let mut context = context.clone();
    let directory = match context.global.dir.take() {
        Some(directory) => directory,
        None if crate::config::find_directory(None).is_ok() => return Ok(context),
        None => PathBuf::from(example),
    };
    if !directory.join(FILE_NAME).is_file() {
        examples::write_example(example, &directory)?;
        let place = directory.canonicalize().unwrap_or_else(|_| directory.clone());
        context.output.note(&format!("made {} from the example {example}", paths::for_people(&place)));
    }
    context.global.dir = Some(directory);
    Ok(context)
}
