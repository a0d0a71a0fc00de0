//! `tenantry url`.

use std::process::ExitCode;
use std::time::Duration;

use serde_json::json;
use tenantry_domain::{App, Error, ErrorCode, Result, ServiceName};
use tokio::net::TcpStream;

use crate::Context;
use crate::output::moment;
use crate::stack::{Stack, with_stack};

/// Time that a server on this machine has to accept a connection.
const LOOK: Duration = Duration::from_millis(500);

/// Arguments of `url`.
#[derive(clap::Args, Debug)]
pub struct Url {
    /// The tenant
    #[arg(value_name = "SLUG")]
    slug: String,
    /// The service; needed where the app has several
    #[arg(long, value_name = "S")]
    service: Option<String>,
    /// Another role of the tenant (this version has the tenant's own alone)
    #[arg(long, value_name = "R")]
    role: Option<String>,
    /// Past the gateway, for operators
    #[arg(long)]
    direct: bool,
}

/// Prints the URL.
///
/// # Errors
/// `usage` without `--direct`; `tenant_unknown`, `tenant_suspended`, `service_unknown`.
pub async fn run(context: &Context, url: Url) -> Result<ExitCode> {
    if let Some(role) = &url.role {
        return Err(Error::new(
            ErrorCode::Usage,
            format!("this version of Tenantry has no role {role:?} of a tenant"),
        )
        .help("leave out --role: the URL is for the tenant's own login"));
    }
    if !url.direct {
        return Err(Error::new(
            ErrorCode::Usage,
            "this version of Tenantry has no gateway yet that a URL could lead through",
        )
        .help("add --direct for a URL to the server itself"));
    }
    let mut embedded = None;
    let code = with_stack(context, async |stack| {
        let row = stack.registry().find_tenant(&url.slug).await?;
        let service = service(&stack.platform.app, url.service.as_deref())?;
        let credential = stack.platform.credential(&row, &service).await?;
        let text = credential.url().reveal().to_owned();
        let value = json!({
            "url": text, "tenant": row.tenant.slug, "service": service, "valid_until": credential.valid_until,
        });
        context.output.result(&value, || text.clone())?;
        context.output.note(&format!("valid until {}", moment(credential.valid_until)));
        embedded = embedded_address(stack);
        Ok(ExitCode::SUCCESS)
    })
    .await?;
    if let Some((host, port)) = embedded
        && !answers(&host, port).await
    {
        context
            .output
            .note("the embedded server has stopped with this command: `tenantry up` keeps it running");
    }
    Ok(code)
}

/// The service meant: the one named, else the app's only one.
///
/// # Errors
/// `service_unknown`.
pub fn service(app: &App, named: Option<&str>) -> Result<ServiceName> {
    let names: Vec<&str> = app.services.keys().map(ServiceName::as_str).collect();
    let help = format!("use --service with one of: {}", names.join(", "));
    match named {
        Some(name) => app.services.keys().find(|s| s.as_str() == name).cloned().ok_or_else(|| {
            Error::new(ErrorCode::ServiceUnknown, format!("there is no service {name:?}")).help(help)
        }),
        None => {
            let mut services = app.services.keys();
            match (services.next(), services.next()) {
                (Some(only), None) => Ok(only.clone()),
                _ => Err(Error::new(ErrorCode::ServiceUnknown, "the app has several services").help(help)),
            }
        }
    }
}

fn embedded_address(stack: &Stack) -> Option<(String, u16)> {
    let server = stack.default.as_ref().filter(|_| stack.is_embedded())?;
    Some((server.host.clone(), server.port))
}

async fn answers(host: &str, port: u16) -> bool {
    matches!(tokio::time::timeout(LOOK, TcpStream::connect((host, port))).await, Ok(Ok(_)))
}
