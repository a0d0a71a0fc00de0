//! Which door a client knocks at, from its start-up packet and the server name of its TLS connection. Pure: whether the
//! tenant exists, is active and has this role is looked up afterwards, behind the authentication.
//!
//! | user | database | door |
//! |---|---|---|
//! | `SLUG` | a service | the tenant's own |
//! | `ROLE.SLUG` | a service | the tenant's, as that role |
//! | `app` | a service | the application's backend, which names the tenant |
//! | any | `tenantry` | `SHOW ...` |
//!
//! No database, or one that only repeats the user as libpq does where none is given, is the usual service.

use std::collections::BTreeSet;

use tenantry_domain::{Error, ErrorCode, Result, RoleName, ServiceName, Slug};

/// The app door's user.
pub const APP_USER: &str = "app";
/// The database of the admin door.
pub const ADMIN_DATABASE: &str = "tenantry";

/// What the gateway serves.
#[derive(Clone, Debug)]
pub struct Served {
    /// The services.
    pub services: BTreeSet<ServiceName>,
    /// The service of clients that name no database.
    pub usual: ServiceName,
    /// The domain whose labels are tenants, in lower case: `acme.example.com` is acme's where this is `example.com`.
    pub domain: Option<String>,
    /// Host names of the gateway itself, in lower case: they lie in the domain and name no tenant.
    pub hosts: BTreeSet<String>,
}

/// What a client has said.
#[derive(Clone, Copy, Debug, Default)]
pub struct Request<'a> {
    /// The user.
    pub user: &'a str,
    /// The database.
    pub database: Option<&'a str>,
    /// `app.current_tenant`.
    pub current_tenant: Option<&'a str>,
    /// The server name of the TLS connection (SNI, RFC 6066). `None` without TLS.
    pub server_name: Option<&'a str>,
}

/// Where a client wants to go.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Door {
    /// A login that is one tenant's, safe for any SQL.
    Tenant {
        /// The tenant.
        slug: Slug,
        /// Another role of that tenant than the usual one.
        role: Option<RoleName>,
        /// The service.
        service: ServiceName,
    },
    /// The trusted backend, which must name a tenant before anything runs.
    App {
        /// The tenant, if it is named already.
        tenant: Option<Slug>,
        /// The service.
        service: ServiceName,
    },
    /// `SHOW ...`.
    Admin {
        /// Who asks.
        user: String,
    },
}

/// The door.
///
/// # Errors
/// `login_invalid` (28000) for a user that can't be a login, and where two sources name two tenants; `database_unknown`
/// (3D000); `setting_invalid` (22023) for an `app.current_tenant` that can't be a slug; `setting_refused` (42501) for one
/// that is not the tenant's own at the tenant door.
pub fn route(served: &Served, request: Request<'_>) -> Result<Door> {
    if request.database == Some(ADMIN_DATABASE) {
        return Ok(Door::Admin { user: request.user.to_owned() });
    }
    if request.user == APP_USER {
        let tenant = tenant_of_app(served, request)?;
        return Ok(Door::App { tenant, service: service(served, request)? });
    }
    let (role, slug) = login(request.user)?;
    if let Some(named) = request.current_tenant
        && named != slug.as_str()
    {
        let message = format!("permission denied to set parameter \"app.current_tenant\" to {named:?}");
        return Err(Error::new(ErrorCode::SettingRefused, message)
            .help("leave it out: a tenant's login is that tenant's alone"));
    }
    match tenant_of_host(served, request.server_name)? {
        Some(host) if host != slug => Err(two_tenants(&slug, &host)),
        _ => Ok(Door::Tenant { slug, role, service: service(served, request)? }),
    }
}

/// `SLUG` or `ROLE.SLUG`.
fn login(user: &str) -> Result<(Option<RoleName>, Slug)> {
    let parsed = match user.split_once('.') {
        None => user.parse().map(|slug| (None, slug)),
        Some((role, slug)) => role.parse().and_then(|role| Ok((Some(role), slug.parse()?))),
    };
    // The reason stays inside: the answer is what PostgreSQL gives to any unknown role.
    parsed.map_err(|reason| {
        Error::new(ErrorCode::LoginInvalid, format!("role {user:?} does not exist")).because(reason)
    })
}

fn service(served: &Served, request: Request<'_>) -> Result<ServiceName> {
    let Some(database) = request.database else { return Ok(served.usual.clone()) };
    if let Some(service) = served.services.iter().find(|service| service.as_str() == database) {
        return Ok(service.clone());
    }
    if database == request.user {
        return Ok(served.usual.clone());
    }
    Err(Error::new(ErrorCode::DatabaseUnknown, format!("database {database:?} does not exist")))
}

fn tenant_of_app(served: &Served, request: Request<'_>) -> Result<Option<Slug>> {
    let named = match request.current_tenant {
        // As an application that resets it would set it.
        None | Some("") => None,
        Some(text) => Some(text.parse::<Slug>().map_err(|reason| {
            let message = format!("invalid value for parameter \"app.current_tenant\": {text:?}");
            Error::new(ErrorCode::SettingInvalid, message).because(reason)
        })?),
    };
    match (named, tenant_of_host(served, request.server_name)?) {
        (Some(named), Some(host)) if named != host => Err(two_tenants(&named, &host)),
        (named, host) => Ok(named.or(host)),
    }
}

/// The tenant whose name stands in front of the domain. Names elsewhere say nothing about tenants.
fn tenant_of_host(served: &Served, server_name: Option<&str>) -> Result<Option<Slug>> {
    let (Some(name), Some(domain)) = (server_name, served.domain.as_deref()) else { return Ok(None) };
    let name = name.strip_suffix('.').unwrap_or(name).to_ascii_lowercase();
    let label = name.strip_suffix(domain).and_then(|rest| rest.strip_suffix('.'));
    let Some(label) = label.filter(|_| !served.hosts.contains(&name)) else { return Ok(None) };
    let slug = label.parse().map_err(|reason| {
        Error::new(ErrorCode::LoginInvalid, format!("the server name {name:?} names no tenant"))
            .because(reason)
    })?;
    Ok(Some(slug))
}

fn two_tenants(named: &Slug, host: &Slug) -> Error {
    let message = format!("the login names the tenant {named}, the server name {host}");
    Error::new(ErrorCode::LoginInvalid, message).help("connect to the host of the tenant that is logged in")
}

#[cfg(test)]
mod tests;
