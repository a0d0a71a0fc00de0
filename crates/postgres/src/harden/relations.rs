//! Catalogs and views that describe other tenants and that ordinary tools can do without.
//!
//! What only calls functions of [`super::functions`] needs no line here: PostgreSQL checks functions in a view against
//! who asks (`pg_locks`, `pg_prepared_xacts`, `pg_replication_slots`).

use super::rule::Given;

/// Relations that share a danger.
pub(super) struct RelationRule {
    pub name: &'static str,
    pub danger: &'static str,
    pub patterns: &'static [&'static str],
    pub given: Given,
}

/// Every relation that is closed as a whole.
pub(super) const RELATIONS: &[RelationRule] = &[
    RelationRule {
        name: "statistics_views",
        danger: "views of activity name tables, databases and sessions of others",
        patterns: &[r"pg\_stat\_%", r"pg\_statio\_%"],
        given: Given::Monitors,
    },
    RelationRule {
        name: "role_memberships",
        danger: "tells which role belongs to which group, and so the isolation of every tenant",
        patterns: &["pg_auth_members", "pg_group"],
        given: Given::Nobody,
    },
    RelationRule {
        name: "role_settings",
        danger: "tells the settings of other tenants' roles",
        patterns: &["pg_db_role_setting"],
        given: Given::Nobody,
    },
    RelationRule {
        name: "shared_dependencies",
        danger: "tells which roles have objects in which databases",
        patterns: &["pg_shdepend"],
        given: Given::Nobody,
    },
    RelationRule {
        name: "shared_comments",
        danger: "shows the operator's comments on roles and databases",
        patterns: &["pg_shdescription"],
        given: Given::Nobody,
    },
    RelationRule {
        name: "large_object_owners",
        danger: "lists large objects and whose they are",
        patterns: &["pg_largeobject_metadata"],
        given: Given::Nobody,
    },
    RelationRule {
        name: "replication_origins",
        danger: "names of replication origins tell which tenants are on the move",
        patterns: &["pg_replication_origin"],
        given: Given::Nobody,
    },
];

/// A view of which tools need some columns.
pub(super) struct ColumnRule {
    pub name: &'static str,
    pub danger: &'static str,
    pub relation: &'static str,
    /// What stays readable for everyone.
    pub open: &'static [&'static str],
}

/// Every view that is closed but for some columns: both show the settings, limits and expiry of all roles.
pub(super) const COLUMNS: &[ColumnRule] = &[
    ColumnRule {
        name: "roles_view",
        danger: "pg_roles shows the settings, connection limits and expiry of other tenants' roles",
        relation: "pg_roles",
        open: &[
            "oid",
            "rolname",
            "rolsuper",
            "rolinherit",
            "rolcreaterole",
            "rolcreatedb",
            "rolcanlogin",
            "rolreplication",
            "rolbypassrls",
        ],
    },
    ColumnRule {
        name: "users_view",
        danger: "pg_user shows the settings and expiry of other tenants' roles",
        relation: "pg_user",
        open: &["usename", "usesysid", "usecreatedb", "usesuper", "userepl", "usebypassrls"],
    },
];
