//! Credentials of a tenant's login, for operators: past the gateway, valid for some hours.
//!
//! The password is derived (HMAC) from a secret of the installation, the role and a generation, so that everybody who
//! asks within its time gets the same one. It is set again each time, because any role can change its own password.

use jiff::Timestamp;
use tenantry_domain::{Error, ErrorCode, Result, Secret, ServiceName, TenantStatus};
use tenantry_postgres::error::db_error;
use tenantry_postgres::password;
use tenantry_postgres::server::Server;
use tenantry_postgres::tenant::{Script, Scripts};
use tenantry_registry::TenantRow;

use crate::platform::Platform;

/// Name of the secret in the registry, and its length.
const SECRET_NAME: &str = "credentials";
const SECRET_BYTES: usize = 32;

/// A login with everything needed to connect.
#[derive(Clone, Debug)]
pub struct Credential {
    /// The server, with the tenant's role and password.
    pub server: Server,
    /// The database.
    pub database: String,
    /// Until when the password is valid.
    pub valid_until: Timestamp,
}

impl Credential {
    /// The URL, password included.
    pub fn url(&self) -> Secret {
        self.server.url(&self.database)
    }
}

impl Platform {
    /// A credential for a tenant's data of one service.
    ///
    /// # Errors
    /// `tenant_unknown`, `tenant_suspended`, `tenant_status`, `service_unknown`.
    pub async fn credential(&self, row: &TenantRow, service: &ServiceName) -> Result<Credential> {
        let tenant = &row.tenant;
        match tenant.status {
            TenantStatus::Active | TenantStatus::Moving => {}
            TenantStatus::Suspended => {
                return Err(Error::new(
                    ErrorCode::TenantSuspended,
                    format!("tenant {} is suspended", tenant.slug),
                )
                .help(format!("resume it with `tenantry tenant resume {}`", tenant.slug)));
            }
            status => {
                return Err(Error::new(
                    ErrorCode::TenantStatus,
                    format!("tenant {} is {status}", tenant.slug),
                ));
            }
        }
        let placements = self.registry.placements(tenant.id).await?;
        let placement = placements.iter().find(|p| &p.service == service).ok_or_else(|| {
            let known: Vec<&str> = placements.iter().map(|p| p.service.as_str()).collect();
            Error::new(ErrorCode::ServiceUnknown, format!("tenant {} has no service {service}", tenant.slug))
                .help(format!("its services are {}", known.join(", ")))
        })?;
        let hours = i32::try_from(self.app.limits.credential_hours_max).unwrap_or(i32::MAX);
        let (generation, valid_until) = self.registry.credential(tenant.id, hours).await?;
        let fresh: [u8; SECRET_BYTES] = rand::random();
        let secret = self.registry.secret(SECRET_NAME, &fresh).await?;
        let role = self.app.layout().tenant_role(tenant, self.app.isolation.tenant_key);
        let password = password::derived(&secret, &role, generation);
        let script = Scripts::new(&self.app, service, tenant)
            .text("verifier", password::verifier(&password))
            .text("until", valid_until.to_string())
            .render(Script::SET_PASSWORD)?;
        let client = self.data(&placement.cluster, service).await?;
        client.batch_execute(&script).await.map_err(|e| db_error(e, "set the tenant's password"))?;
        Ok(Credential {
            server: self.clusters.server(&placement.cluster)?.with_login(role, password),
            database: placement.database.clone(),
            valid_until,
        })
    }
}
