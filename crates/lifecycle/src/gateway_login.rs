//! The gateway's own login to the control database. It reads the directory (tenants, placements, what opens doors) and the
//! secret that passwords of logins are derived from, listens for changes, and may do nothing else: the process that
//! strangers talk to needs no more.
//!
//! Set-up makes the login and grants what is missing; what is granted besides is taken back. `doctor` asks the same query.

use tenantry_domain::{Result, Secret};
use tenantry_postgres::error::db_error;
use tenantry_postgres::password;
use tenantry_postgres::server::Server;
use tenantry_postgres::sql::{Values, render};
use tokio_postgres::Client;

use crate::doctor::Finding;
use crate::logins::{self, Login};
use crate::platform::Platform;

const CHECK: &str = include_str!("gateway_login/check.sql");
const CREATE: &str = include_str!("gateway_login/create.sql");
const GRANT: &str = include_str!("gateway_login/grant.sql");

/// Generation of its password, which is never handed out with an end.
const GENERATION: i32 = 0;
/// What a gateway that is not as it should be may do, in words.
const DANGER: &str = "the gateway, which strangers talk to, could do more in the control database than read its directory, \
                      or can't read that";

impl Platform {
    /// Makes the login where it is missing, with its password, and grants what it needs and no more. One query where
    /// nothing is missing.
    ///
    /// # Errors
    /// Those of the control database.
    pub async fn mend_gateway_login(&self) -> Result<()> {
        // Before a connection is taken out of the pool: it takes one too.
        let login = self.own_gateway_login().await?;
        let client = self.registry.client().await?;
        if !self.differences(&client).await?.is_empty() {
            let values = self.gateway_values();
            let script = format!("BEGIN;\n{}{}COMMIT;", render(CREATE, &values)?, render(GRANT, &values)?);
            if let Err(e) = client.batch_execute(&script).await {
                // The connection goes back to its pool. What failed is the error worth telling.
                let _ = client.batch_execute("ROLLBACK").await;
                return Err(db_error(e, "make the gateway's login"));
            }
        }
        if logins::is_wanting(&client, &login.role).await? {
            logins::set(&client, &login).await?;
        }
        Ok(())
    }

    /// The control database's server, with the gateway's login.
    ///
    /// # Errors
    /// Those of the control database.
    pub async fn gateway_server(&self, control: &Server) -> Result<Server> {
        let Login { role, password, .. } = self.own_gateway_login().await?;
        Ok(control.with_login(&role, password))
    }

    /// The URL of the control database for a gateway elsewhere, password included.
    ///
    /// # Errors
    /// Those of the control database.
    pub async fn gateway_url(&self, control: &Server) -> Result<Secret> {
        Ok(self.gateway_server(control).await?.url(&self.app.layout().control_database()))
    }

    /// What `doctor` finds of the gateway's login.
    ///
    /// # Errors
    /// Those of the control database.
    pub async fn examine_gateway_login(&self) -> Result<Vec<Finding>> {
        let client = self.registry.client().await?;
        let values = self.gateway_values();
        let mend = format!("{}{}", render(CREATE, &values)?, render(GRANT, &values)?);
        let finding = |object| Finding {
            code: "gateway_login",
            object,
            danger: DANGER.to_owned(),
            mend: mend.trim_end().to_owned(),
            database: self.app.layout().control_database(),
        };
        Ok(self.differences(&client).await?.into_iter().map(finding).collect())
    }

    /// What the login may do and should not, or the other way round, in words.
    async fn differences(&self, client: &Client) -> Result<Vec<String>> {
        let sql = render(CHECK, &self.gateway_values())?;
        let rows = client.query(&sql, &[]).await.map_err(|e| db_error(e, "look at the gateway's login"))?;
        Ok(rows.iter().map(|row| row.get(0)).collect())
    }

    fn gateway_values(&self) -> Values {
        let layout = self.app.layout();
        Values::default().text("role", layout.gateway_role()).text("database", layout.control_database())
    }

    async fn own_gateway_login(&self) -> Result<Login> {
        let role = self.app.layout().gateway_role();
        let password = password::derived(&self.installation_secret().await?, &role, GENERATION);
        Ok(Login { role, password, handed_out_until: None })
    }
}
