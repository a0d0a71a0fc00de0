//! Credentials that are handed out: a tenant's login on the server itself, for operators, past the gateway; and tokens that
//! open a door of the gateway. Both are good for some hours.

use jiff::{SignedDuration, Timestamp};
use tenantry_domain::{Error, ErrorCode, Result, Secret, ServiceName, TenantStatus};
use tenantry_postgres::password;
use tenantry_postgres::server::Server;
use tenantry_registry::doors::{NewSecret, SecretDoor, SecretKeys, SecretKind};
use tenantry_registry::{Placement, TenantRow};

use crate::logins::Login;
use crate::platform::Platform;

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

/// What opens a door of the gateway.
#[derive(Clone, Debug)]
pub struct Token {
    /// The password for the gateway.
    pub password: Secret,
    /// Until when it is good.
    pub valid_until: Timestamp,
}

impl Platform {
    /// A credential for a tenant's data of one service, to be handed out: it has an end, at which the login gets another
    /// password.
    ///
    /// # Errors
    /// `tenant_unknown`, `tenant_suspended`, `tenant_status`, `service_unknown`.
    pub async fn credential(&self, row: &TenantRow, service: &ServiceName) -> Result<Credential> {
        let placement = self.open_placement(row, service).await?;
        let hours = i32::try_from(self.app.limits.credential_hours_max).unwrap_or(i32::MAX);
        let (generation, valid_until) = self.registry.credential(row.tenant.id, hours).await?;
        let secret = self.installation_secret().await?;
        let login = self.derived_login(&secret, &row.tenant, (generation, Some(valid_until)));
        let (server, database) = self.log_in_with(placement, login).await?;
        Ok(Credential { server, database, valid_until })
    }

    /// The same for ourselves: nothing leaves the house, so nothing comes to an end.
    ///
    /// # Errors
    /// As [`Platform::credential`].
    pub(crate) async fn own_credential(
        &self,
        row: &TenantRow,
        service: &ServiceName,
    ) -> Result<(Server, String)> {
        let placement = self.open_placement(row, service).await?;
        let login = self.tenant_login(&row.tenant).await?;
        self.log_in_with(placement, login).await
    }

    /// A fresh token for a door of the gateway; it works there within a second.
    ///
    /// # Errors
    /// Those of the control database.
    pub async fn token(&self, door: SecretDoor, actor: &str) -> Result<Token> {
        let hours = i64::try_from(self.app.limits.credential_hours_max).unwrap_or(i64::MAX / 3_600);
        let valid_until = Timestamp::now() + SignedDuration::from_hours(hours);
        let password = password::random();
        let salt = password::door_salt(&self.installation_secret().await?, &door.subject(None));
        let (stored, server) = password::scram_keys(&password, &salt);
        let new = NewSecret {
            door,
            role: None,
            kind: SecretKind::Token,
            keys: SecretKeys { stored, server },
            expires_at: Some(valid_until),
            actor,
        };
        self.registry.add_door_secret(&new).await?;
        Ok(Token { password, valid_until })
    }

    /// Makes sure that the tenant may be served and has the service.
    ///
    /// # Errors
    /// `tenant_suspended`, `tenant_status`, `service_unknown`.
    pub async fn open_placement(&self, row: &TenantRow, service: &ServiceName) -> Result<Placement> {
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
        let mut placements = self.registry.placements(tenant.id).await?;
        match placements.iter().position(|p| &p.service == service) {
            Some(at) => Ok(placements.swap_remove(at)),
            None => {
                let known: Vec<&str> = placements.iter().map(|p| p.service.as_str()).collect();
                let message = format!("tenant {} has no service {service}", tenant.slug);
                Err(Error::new(ErrorCode::ServiceUnknown, message)
                    .help(format!("its services are {}", known.join(", "))))
            }
        }
    }

    /// Sets the password once more, since any role can change its own.
    async fn log_in_with(&self, placement: Placement, login: Login) -> Result<(Server, String)> {
        self.set_password(&placement.cluster, &placement.service, &login).await?;
        let server = self.clusters.server(&placement.cluster)?.with_login(login.role, login.password);
        Ok((server, placement.database))
    }
}
