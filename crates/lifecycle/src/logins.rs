//! Passwords of the logins on the servers: what the gateway opens its connections with.
//!
//! A password is derived (HMAC) from a secret of the installation, the role and a generation, so that whoever holds the
//! secret knows it and nobody has to store it. It is set when the login is made, without an end. Once it was handed out
//! ([`crate::credentials`]) it has one; when that comes a new generation takes its place. The gateway may derive passwords but
//! never set them: for that a role needs CREATEROLE.

use std::collections::HashMap;

use jiff::{SignedDuration, Timestamp};
use tenantry_domain::{Result, Secret, ServiceName, Tenant, TenantStatus};
use tenantry_postgres::error::db_error;
use tenantry_postgres::password;
use tenantry_postgres::tenant::set_password;
use tokio_postgres::Client;

use crate::platform::Platform;

const WANTING: &str = include_str!("logins/wanting.sql");

/// Name of the secret in the registry, and its length.
const SECRET_NAME: &str = "credentials";
const SECRET_BYTES: usize = 32;
/// Generation of the app door's login, which is never handed out.
const APP_GENERATION: i32 = 0;
/// Time from the end of what was handed out to the end of its password on the server: should nobody be there to put
/// another in its place, it ends all the same.
const BACKSTOP: SignedDuration = SignedDuration::from_hours(24);

/// A login of a server.
#[derive(Clone, Debug)]
pub struct Login {
    /// Its role.
    pub role: String,
    /// Its password.
    pub password: Secret,
    /// Until when what was handed out is good; `None`: it was not.
    pub handed_out_until: Option<Timestamp>,
}

impl Login {
    /// The statement that sets the password. Only what is kept of it is in there.
    pub(crate) fn script(&self) -> Result<String> {
        let until =
            self.handed_out_until.map_or_else(|| "infinity".to_owned(), |end| (end + BACKSTOP).to_string());
        set_password(&self.role, &password::verifier(&self.password), &until)
    }
}

impl Platform {
    /// The secret of the installation that passwords and the salts of the gateway's doors are derived from.
    ///
    /// # Errors
    /// Those of the control database.
    pub async fn installation_secret(&self) -> Result<Vec<u8>> {
        let fresh: [u8; SECRET_BYTES] = rand::random();
        self.registry.secret(SECRET_NAME, &fresh).await
    }

    /// A tenant's login as the registry has it.
    pub(crate) async fn tenant_login(&self, tenant: &Tenant) -> Result<Login> {
        let (generation, handed_out_until) = self.registry.generation(tenant.id).await?;
        Ok(self.derived_login(&self.installation_secret().await?, tenant, (generation, handed_out_until)))
    }

    pub(crate) fn derived_login(
        &self,
        secret: &[u8],
        tenant: &Tenant,
        (generation, handed_out_until): (i32, Option<Timestamp>),
    ) -> Login {
        let role = self.app.layout().tenant_role(tenant, self.app.isolation.tenant_key);
        Login { password: password::derived(secret, &role, generation), role, handed_out_until }
    }

    /// Sets a login's password on a cluster.
    pub(crate) async fn set_password(
        &self,
        cluster: &str,
        service: &ServiceName,
        login: &Login,
    ) -> Result<()> {
        let client = self.data(cluster, service).await?;
        set(&client, login).await
    }

    /// Gives every login a password that lacks one, or whose password ends before its time: those that earlier versions
    /// made, and the app door's. One query for each cluster where nothing is missing. Returns how many there were.
    ///
    /// # Errors
    /// Those of the servers.
    pub async fn mend_logins(&self) -> Result<usize> {
        let app_role = self.app.layout().app_role();
        let mut tenants = HashMap::new();
        for row in self.registry.tenants().await? {
            if !matches!(row.tenant.status, TenantStatus::Provisioning | TenantStatus::Failed) {
                let role = self.app.layout().tenant_role(&row.tenant, self.app.isolation.tenant_key);
                tenants.insert(role, row.tenant);
            }
        }
        let names: Vec<&str> = tenants.keys().map(String::as_str).chain([app_role.as_str()]).collect();
        let mut mended = 0;
        for cluster in self.clusters.names() {
            let here =
                |c: &tenantry_domain::Service| c.cluster.as_ref().is_none_or(|c| c.as_str() == cluster);
            let Some(service) = self.app.services.values().find(|s| here(s)) else { continue };
            let client = self.data(cluster, &service.name).await?;
            let wanting = client
                .query(WANTING, &[&names])
                .await
                .map_err(|e| db_error(e, "look for logins without a password"))?;
            for row in wanting {
                let role: String = row.get(0);
                let login = match tenants.get(&role) {
                    Some(tenant) => self.tenant_login(tenant).await?,
                    None => self.app_login().await?,
                };
                set(&client, &login).await?;
                mended += 1;
            }
        }
        Ok(mended)
    }

    async fn app_login(&self) -> Result<Login> {
        let role = self.app.layout().app_role();
        let password = password::derived(&self.installation_secret().await?, &role, APP_GENERATION);
        Ok(Login { role, password, handed_out_until: None })
    }

    /// Puts new passwords in the place of those that were handed out and are over. Returns how many there were.
    ///
    /// # Errors
    /// Those of the servers, once every tenant was tried.
    pub async fn replace_credentials(&self) -> Result<usize> {
        let mut replaced = 0;
        let mut failed = None;
        for id in self.registry.credentials_over().await? {
            match self.replace_credential(id).await {
                Ok(()) => replaced += 1,
                Err(e) => failed = Some(e),
            }
        }
        failed.map_or(Ok(replaced), Err)
    }

    /// The registry comes first: whoever sees the new generation too early still knows the one before, and if the server
    /// is away now the old password ends by itself, and [`Platform::mend_logins`] sets the new one.
    async fn replace_credential(&self, id: tenantry_domain::TenantId) -> Result<()> {
        if !self.registry.replace_credential(id).await? {
            return Ok(());
        }
        let tenant = self.registry.tenant(id).await?.tenant;
        let login = self.tenant_login(&tenant).await?;
        let mut seen = Vec::new();
        for placement in self.registry.placements(id).await? {
            if !seen.contains(&placement.cluster) {
                self.set_password(&placement.cluster, &placement.service, &login).await?;
                seen.push(placement.cluster);
            }
        }
        Ok(())
    }
}

/// Whether a role has no password yet, or one that ends soon.
pub(crate) async fn is_wanting(client: &Client, role: &str) -> Result<bool> {
    let names = [role];
    let wanting = client.query(WANTING, &[&&names[..]]).await;
    Ok(!wanting.map_err(|e| db_error(e, "look for logins without a password"))?.is_empty())
}

pub(crate) async fn set(client: &Client, login: &Login) -> Result<()> {
    client.batch_execute(&login.script()?).await.map_err(|e| db_error(e, "set a login's password"))
}
