//! The names of everything that an app has on a PostgreSQL server: one place that composes them.
//!
//! PostgreSQL shows names of roles, databases and schemas to everyone, so they carry the tenant's random id
//! and never its slug. All names fit PostgreSQL's 63 bytes: an app's name has at most 20 characters, a
//! service's at most 20, of which both together may use 28 (checked where the configuration is read).

use crate::{AppName, Isolation, ServiceName, Tenant, TenantId, TenantKeyType};

/// Longest identifier, in bytes (`NAMEDATALEN` - 1).
pub const IDENTIFIER_BYTES_MAX: usize = 63;

/// The schema of Tenantry's own functions and tables in every database.
pub const TENANTRY_SCHEMA: &str = "tenantry";
/// The schema of the shared tables.
pub const SHARED_SCHEMA: &str = "shared";
/// The schema of the tables that belong to no tenant.
pub const GLOBAL_SCHEMA: &str = "global";
/// The schema of the extensions that all shapes use.
pub const EXTENSIONS_SCHEMA: &str = "extensions";
/// The schema of the blank tenant that schema tenants are cloned from.
pub const TEMPLATE_SCHEMA: &str = "template";
/// The schema of the tables in a database of a tenant's own.
pub const DATABASE_SCHEMA: &str = "app";

/// Composes names for one app.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Layout {
    key: String,
}

impl Layout {
    /// For this app.
    pub fn new(app: &AppName) -> Self {
        Self { key: app.as_str().replace('-', "_") }
    }

    /// The app's name as names carry it.
    pub fn key(&self) -> &str {
        &self.key
    }

    /// The control database.
    pub fn control_database(&self) -> String {
        format!("{}_control", self.key)
    }

    /// The database of a service: shared tables and schemas of tenants.
    pub fn data_database(&self, service: &ServiceName) -> String {
        format!("{}_{service}", self.key)
    }

    /// The database that databases of tenants are cloned from.
    pub fn template_database(&self, service: &ServiceName) -> String {
        format!("{}_{service}_template", self.key)
    }

    /// The scratch database in which blocks of a service's migrations are tried.
    pub fn shadow_database(&self, service: &ServiceName) -> String {
        format!("{}_{service}_shadow", self.key)
    }

    /// The database of a tenant in database isolation.
    pub fn tenant_database(&self, service: &ServiceName, tenant: TenantId) -> String {
        format!("{}_{service}_t_{}", self.key, tenant.hex())
    }

    /// A database prepared in advance.
    pub fn blank_database(&self, service: &ServiceName, blank: TenantId) -> String {
        format!("{}_{service}_blank_{}", self.key, &blank.hex()[..16])
    }

    /// The owner (`NOLOGIN`) of the app's objects: shared tables, template, global tables.
    pub fn owner_role(&self) -> String {
        format!("{}_owner", self.key)
    }

    /// The owner (`NOLOGIN`) of Tenantry's own schema in every database of the app.
    pub fn platform_role(&self) -> String {
        format!("{}_platform", self.key)
    }

    /// The group (`NOLOGIN`) that every tenant of this isolation belongs to.
    pub fn group_role(&self, isolation: Isolation) -> String {
        format!("{}_{isolation}", self.key)
    }

    /// The group (`NOLOGIN`) of every [`Layout::tenant_owner_role`]: what migrations need as such an owner.
    pub fn tenant_owners_role(&self) -> String {
        format!("{}_owners", self.key)
    }

    /// The login of the app door.
    pub fn app_role(&self) -> String {
        format!("{}_app", self.key)
    }

    /// The gateway's login to the control database.
    pub fn gateway_role(&self) -> String {
        format!("{}_gateway", self.key)
    }

    /// The schema of a tenant in schema isolation.
    pub fn tenant_schema(&self, tenant: TenantId) -> String {
        format!("tenant_{}", tenant.hex())
    }

    /// A schema prepared in advance.
    pub fn blank_schema(&self, blank: TenantId) -> String {
        format!("blank_{}", blank.hex())
    }

    /// The login role of a tenant; with an integer tenant column it carries the tenant's number too.
    pub fn tenant_role(&self, tenant: &Tenant, key: TenantKeyType) -> String {
        self.login_role(tenant.id, tenant.number, key)
    }

    /// The same, where no more of the tenant is known than its id and number.
    pub fn login_role(&self, id: TenantId, number: i32, key: TenantKeyType) -> String {
        match key {
            TenantKeyType::Uuid => format!("t_{}", id.hex()),
            TenantKeyType::Integer | TenantKeyType::Bigint => format!("t_{}_{number}", id.hex()),
        }
    }

    /// The owner (`NOLOGIN`) of a tenant's objects in schema and database isolation.
    pub fn tenant_owner_role(&self, tenant: TenantId) -> String {
        format!("o_{}", tenant.hex())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_longest_names_fit() {
        let layout = Layout::new(&"digital-erp-two".parse().unwrap());
        let service: ServiceName = "product_core".parse().unwrap();
        assert_eq!(layout.key().len() + 1 + service.as_str().len(), 28);
        let id = TenantId::random();
        for name in [
            layout.tenant_database(&service, id),
            layout.blank_database(&service, id),
            layout.template_database(&service),
            layout.tenant_schema(id),
            layout.blank_schema(id),
        ] {
            assert!(name.len() <= IDENTIFIER_BYTES_MAX, "{name}: {}", name.len());
        }
    }
}
