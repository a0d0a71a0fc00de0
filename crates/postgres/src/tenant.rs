//! SQL for one tenant: its login, its owner role, its schema or database, its rows in shared tables.
//!
//! Every function returns a script; the caller puts several into one message and one transaction. `CREATE DATABASE` and
//! `DROP DATABASE` ([`Script::CREATE_DATABASE`], [`Script::DROP_DATABASE`]) can't run in a transaction and travel alone.

use tenantry_domain::{
    App, Isolation, Layout, Result, ServiceName, Tenant, TenantId, TenantKeyType, layout as names,
};

use crate::sql::{Values, render};

macro_rules! scripts {
    ($($(#[$doc:meta])* $name:ident = $file:literal;)*) => {
        impl Script { $($(#[$doc])* pub const $name: Script = Script { template: include_str!($file) };)* }

        /// Every script, for a test that runs each.
        pub const ALL: &[(&str, Script)] = &[$((stringify!($name), Script::$name),)*];
    };
}

/// A template of this module.
#[derive(Clone, Copy, Debug)]
pub struct Script {
    template: &'static str,
}

scripts! {
    /// Makes the tenant's login, member of its isolation's group, without a password.
    CREATE_LOGIN = "tenant/login_create.sql";
    /// Points the login at its schema in a data database.
    SET_LOGIN_PATH = "tenant/login_settings.sql";
    /// Keeps the login out and ends its sessions.
    CLOSE_LOGIN = "tenant/login_close.sql";
    /// Lets the login in again.
    OPEN_LOGIN = "tenant/login_open.sql";
    /// Drops the login.
    DROP_LOGIN = "tenant/login_drop.sql";
    /// Takes from the login what it was granted in this database.
    DISOWN_LOGIN = "tenant/login_disown.sql";
    /// Makes the role that owns the tenant's objects.
    CREATE_OWNER = "tenant/owner_create.sql";
    /// Drops that role, with whatever it still owns here.
    DROP_OWNER = "tenant/owner_drop.sql";
    /// Makes the tenant's schema.
    CREATE_SCHEMA = "tenant/schema_create.sql";
    /// Turns a blank schema into the tenant's.
    RENAME_SCHEMA = "tenant/schema_rename.sql";
    /// Fills a new schema from the template (`clone`: the clone's own text) as its owner.
    FILL_SCHEMA = "tenant/schema_fill.sql";
    /// Lets the login use what stands in its schema, now and later.
    GRANT_SCHEMA = "tenant/schema_grant.sql";
    /// Lets the login make objects of its own in its schema.
    GRANT_SCHEMA_DDL = "tenant/schema_ddl.sql";
    /// Drops the schema.
    DROP_SCHEMA = "tenant/schema_drop.sql";
    /// Makes a database from the template database. Alone, outside transactions.
    CREATE_DATABASE = "tenant/database_create.sql";
    /// Closes it to everyone.
    SEAL_DATABASE = "tenant/database_seal.sql";
    /// Inside it: gives its objects to the tenant's owner role.
    ADOPT_DATABASE = "tenant/database_adopt.sql";
    /// Inside it: lets the tenant make objects of its own.
    ADOPT_DATABASE_DDL = "tenant/database_ddl.sql";
    /// Turns a blank database into the tenant's.
    RENAME_DATABASE = "tenant/database_rename.sql";
    /// Lets the login connect.
    GRANT_DATABASE = "tenant/database_grant.sql";
    /// Drops a database. Alone, outside transactions.
    DROP_DATABASE = "tenant/database_drop.sql";
    /// Notes in the data database that the tenant has data here.
    ADD_LOCAL = "tenant/local_add.sql";
    /// Forgets it.
    REMOVE_LOCAL = "tenant/local_remove.sql";
    /// Copies the template's rows in shared tables.
    CLONE_ROWS = "tenant/rows_clone.sql";
    /// Removes the tenant's rows from shared tables.
    REMOVE_ROWS = "tenant/rows_remove.sql";
    /// Fails when the template holds another migration than `version` as its newest.
    CHECK_TEMPLATE = "tenant/template_check.sql";
    /// Fails when a newer worker has the job.
    CHECK_FENCE = "tenant/fence.sql";
}

/// Renders scripts for one tenant and one service: the values of every variable.
#[derive(Clone, Debug)]
pub struct Scripts {
    values: Values,
}

impl Scripts {
    /// For this tenant's data of one service.
    pub fn new(app: &App, service: &ServiceName, tenant: &Tenant) -> Self {
        let layout = app.layout();
        let key = app.isolation.tenant_key;
        let (database, schema) = home(&layout, service, tenant.id, tenant.isolation);
        let values = Values::default()
            .text("role", layout.tenant_role(tenant, key))
            .text("owner", layout.tenant_owner_role(tenant.id))
            .text("owners", layout.tenant_owners_role())
            .text("app_owner", layout.owner_role())
            .text("platform", layout.platform_role())
            .text("group", layout.group_role(tenant.isolation))
            .text("template", layout.template_database(service))
            .text("id", tenant.id.to_string())
            .text("isolation", tenant.isolation.as_str())
            .text("key", tenant_key(tenant, key))
            .text("template_key", template_key(key))
            .text("column", app.isolation.tenant_column.clone())
            .text("database", database)
            .text("schema", schema);
        Self { values }
    }

    /// With the names of the blank that becomes the tenant's.
    #[must_use]
    pub fn with_blank(mut self, layout: &Layout, service: &ServiceName, blank: TenantId) -> Self {
        self.values = self
            .values
            .text("blank_schema", layout.blank_schema(blank))
            .text("blank_database", layout.blank_database(service, blank))
            .text("blank_owner", layout.tenant_owner_role(blank));
        self
    }

    /// For a blank itself: the owner, schema and database carry the blank's id.
    pub fn for_blank(layout: &Layout, service: &ServiceName, blank: TenantId, isolation: Isolation) -> Self {
        let values = Values::default()
            .text("owner", layout.tenant_owner_role(blank))
            .text("owners", layout.tenant_owners_role())
            .text("app_owner", layout.owner_role())
            .text("group", layout.group_role(isolation))
            .text("template", layout.template_database(service))
            .text("database", layout.blank_database(service, blank))
            .text("schema", layout.blank_schema(blank));
        Self { values }
    }

    /// With a number that scripts put in as it is.
    #[must_use]
    pub fn number(mut self, name: &'static str, value: i64) -> Self {
        self.values = self.values.raw(name, value.to_string());
        self
    }

    /// With SQL that this crate wrote.
    #[must_use]
    pub fn raw(mut self, name: &'static str, value: impl Into<String>) -> Self {
        self.values = self.values.raw(name, value);
        self
    }

    /// The role that owns the tenant's objects.
    pub fn owner(&self) -> &str {
        self.values.get("owner").unwrap_or_default()
    }

    /// With a text.
    #[must_use]
    pub fn text(mut self, name: &'static str, value: impl Into<String>) -> Self {
        self.values = self.values.text(name, value);
        self
    }

    /// One script.
    ///
    /// # Errors
    /// `internal` when a variable of the script has no value.
    pub fn render(&self, script: Script) -> Result<String> {
        render(script.template, &self.values)
    }

    /// Several scripts as one text.
    ///
    /// # Errors
    /// As [`Scripts::render`].
    pub fn render_all(&self, scripts: &[Script]) -> Result<String> {
        scripts.iter().map(|s| self.render(*s)).collect()
    }
}

/// Gives a login a password, as what the server keeps of it ([`crate::password::verifier`]), until a time or `infinity`.
///
/// # Errors
/// `internal` when a variable of the script has no value.
pub fn set_password(role: &str, verifier: &str, until: &str) -> Result<String> {
    let values = Values::default().text("role", role).text("verifier", verifier).text("until", until);
    render(include_str!("tenant/login_password.sql"), &values)
}

/// The database and schema of a tenant's data of one service.
pub fn home(
    layout: &Layout,
    service: &ServiceName,
    tenant: TenantId,
    isolation: Isolation,
) -> (String, String) {
    match isolation {
        Isolation::Shared => (layout.data_database(service), names::SHARED_SCHEMA.to_owned()),
        Isolation::Schema => (layout.data_database(service), layout.tenant_schema(tenant)),
        Isolation::Database => (layout.tenant_database(service, tenant), names::DATABASE_SCHEMA.to_owned()),
    }
}

/// What stands in the tenant column for this tenant.
pub fn tenant_key(tenant: &Tenant, key: TenantKeyType) -> String {
    match key {
        TenantKeyType::Uuid => tenant.id.to_string(),
        TenantKeyType::Integer | TenantKeyType::Bigint => tenant.number.to_string(),
    }
}

/// What stands in the tenant column for the template.
pub fn template_key(key: TenantKeyType) -> String {
    match key {
        TenantKeyType::Uuid => TenantId::TEMPLATE.to_string(),
        TenantKeyType::Integer | TenantKeyType::Bigint => "0".to_owned(),
    }
}
