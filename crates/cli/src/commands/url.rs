//! `tenantry url`.

use std::net::SocketAddr;
use std::path::Path;
use std::process::ExitCode;
use std::time::Duration;

use serde_json::json;
use tenantry_domain::{App, Error, ErrorCode, Result, ServiceName};
use tenantry_lifecycle::credentials::Credential;
use tenantry_postgres::connect::knock;
use tenantry_postgres::server::{Server, SslMode};
use tenantry_registry::SecretDoor;
use tokio::net::TcpStream;
use tokio::time::{sleep, timeout};

use crate::config::Config;
use crate::output::moment;
use crate::stack::{Stack, actor, with_stack};
use crate::{Context, address_file};

/// The user of the app door, and the operator's database, which is its user too.
const APP: &str = "app";
const ADMIN: &str = "tenantry";
/// The gateway's own login.
const GATEWAY: &str = "gateway";
/// Time that the gateway has to hear of a token, and pause between two tries.
const KNOWN: Duration = Duration::from_secs(2);
const LOOK_AGAIN: Duration = Duration::from_millis(20);
/// Time that a server on this machine has to accept a connection.
const LOOK: Duration = Duration::from_millis(500);

/// Arguments of `url`.
#[derive(clap::Args, Debug)]
pub struct Url {
    /// The tenant; or app, for the application's backend; or tenantry, for the gateway's SHOW; or gateway, for a gateway's
    /// own login
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
/// `server_unreachable` where no gateway runs; `tenant_unknown`, `tenant_suspended`, `service_unknown`.
pub async fn run(context: &Context, url: Url) -> Result<ExitCode> {
    if let Some(role) = &url.role {
        return Err(Error::new(
            ErrorCode::Usage,
            format!("this version of Tenantry has no role {role:?} of a tenant"),
        )
        .help("leave out --role: the URL is for the tenant's own login"));
    }
    if url.slug == GATEWAY {
        return own_login(context, &url).await;
    }
    if !url.direct {
        // Before anything is opened: an embedded server would be started for a URL that leads nowhere.
        let state = Config::load(context.global.dir.as_deref())?.state();
        gateway(&state).await.ok_or_else(no_gateway)?;
        return with_stack(context, async |stack| through_gateway(context, stack, &url).await).await;
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

fn no_gateway() -> Error {
    Error::new(ErrorCode::ServerUnreachable, "no gateway of this app runs on this machine")
        .help("`tenantry up` or `tenantry serve` runs one; --direct leads to the server itself")
}

/// Prints the URL of the control database for a gateway elsewhere, with the gateway's own login.
async fn own_login(context: &Context, url: &Url) -> Result<ExitCode> {
    if !url.direct {
        return Err(Error::new(
            ErrorCode::Usage,
            "gateway is the gateway's own login to the control database",
        )
        .help("use --direct: it does not lead through the gateway"));
    }
    with_stack(context, async |stack| {
        stack.platform.mend_gateway_login().await?;
        let text = stack.platform.gateway_url(&stack.control).await?.reveal().to_owned();
        context.output.result(&json!({ "url": text }), || text.clone())?;
        Ok(ExitCode::SUCCESS)
    })
    .await
}

/// Prints a URL with a fresh token.
async fn through_gateway(context: &Context, stack: &Stack, url: &Url) -> Result<ExitCode> {
    let opened = open_door(stack, &url.slug, url.service.as_deref()).await?;
    let text = opened.server.url(&opened.database).reveal().to_owned();
    let value = json!({
        "url": text, "tenant": url.slug, "service": opened.database, "valid_until": opened.valid_until,
    });
    context.output.result(&value, || text.clone())?;
    context.output.note(&format!("valid until {}", moment(opened.valid_until)));
    Ok(ExitCode::SUCCESS)
}

/// A way through the gateway that runs for this app, with a fresh token: to a tenant, or to the door of the application's
/// backend or of the operator, whose names no tenant can have.
///
/// # Errors
/// `server_unreachable` where none runs; `tenant_unknown`, `tenant_suspended`, `tenant_status`, `service_unknown`.
pub async fn open_door(stack: &Stack, slug: &str, named: Option<&str>) -> Result<Credential> {
    let address = gateway(&stack.config.state()).await.ok_or_else(no_gateway)?;
    let (door, database) = match slug {
        APP => (SecretDoor::App, service(&stack.platform.app, named)?.to_string()),
        ADMIN => (SecretDoor::Admin, ADMIN.to_owned()),
        _ => {
            let row = stack.registry().find_tenant(slug).await?;
            let service = service(&stack.platform.app, named)?;
            stack.platform.open_placement(&row, &service).await?;
            (SecretDoor::Tenant(row.tenant.id), service.to_string())
        }
    };
    let token = stack.platform.token(door, &actor()).await?;
    let mut server = Server::local(address.port(), slug, token.password);
    server.host = address.ip().to_string();
    server.sslmode = SslMode::Prefer;
    until_known(&server, &database).await;
    Ok(Credential { server, database, valid_until: token.valid_until })
}

/// Waits until the gateway has heard of the token, so that what is printed works at once. If that takes too long it is
/// printed all the same: another gateway may be meant.
async fn until_known(server: &Server, database: &str) {
    let knocking = async {
        while !matches!(knock(server, database, "tenantry url").await, Ok(Ok(_))) {
            sleep(LOOK_AGAIN).await;
        }
    };
    let _ = timeout(KNOWN, knocking).await;
}

/// Where the gateway of this app answers on this machine.
pub async fn gateway(state: &Path) -> Option<SocketAddr> {
    let address = address_file::read(state)?;
    answers(&address.ip().to_string(), address.port()).await.then_some(address)
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
    matches!(timeout(LOOK, TcpStream::connect((host, port))).await, Ok(Ok(_)))
}
