//! The findings that the catalog can show: code, danger, and the query that finds and mends.

/// One kind of finding.
pub(super) struct Check {
    pub code: &'static str,
    pub danger: &'static str,
    /// Returns object and mending SQL, one row a finding.
    pub sql: &'static str,
}

macro_rules! checks {
    ($($code:literal: $danger:literal;)*) => {
        &[$(Check { code: $code, danger: $danger, sql: include_str!(concat!($code, ".sql")) },)*]
    };
}

/// About shared tables: in data databases.
pub(super) const SHARED_CHECKS: &[Check] = checks! {
    "rls_disabled": "every tenant reads and writes the rows of all others";
    "rls_not_forced": "what runs as the table's owner, a SECURITY DEFINER function for one, sees the rows of all tenants";
    "policy_missing": "without its policy no tenant sees its rows, and the next permissive policy opens them to all";
    "policy_wrong": "the policy lets through something else than the tenant's own rows";
    "policy_extra": "permissive policies are joined by OR: beside a permissive boundary it opens rows of other tenants";
    "tenant_column": "rows without a tenant can be nobody's or anybody's";
    "key_without_tenant": "the key tells a tenant which values others use, and makes it wait for their transactions";
    "index_without_tenant": "a tenant's queries walk through the rows of all others";
    "foreign_key_without_tenant": "a tenant learns which keys others have, and its rows keep others from deleting theirs";
    "cascade_unguarded": "the action of the foreign key runs the app's trigger past row-level security, for every tenant's rows";
    "materialized_view_granted": "a materialized view holds rows of all tenants and knows no row-level security";
    "shared_guard": "what a function of the app makes at run time is open to every tenant";
    "sequence_granted": "a tenant learns how much others write, or stops their inserts with setval()";
    "table_privilege": "the privilege passes by row-level security or plants code on a table of all tenants";
};

/// About every database.
pub(super) const DATABASE_CHECKS: &[Check] = checks! {
    "view_not_invoker": "the view reads as its owner, past the reader's own rights";
    "definer_search_path": "a SECURITY DEFINER function runs what stands first on the caller's search_path, as its owner";
    "definer_of_superuser": "a SECURITY DEFINER function of a superuser, or of a role that row-level security does not bind, passes by the boundary";
    "tenant_owns": "an owner can change the object and everything that protects it";
    "create_granted": "objects planted there are run or read by others";
    "database_granted": "the privilege lets a tenant into, or create in, a database that is not its own";
    "foreign_grant": "a tenant reaches objects that are not its own";
    "public_grant": "every login of the server has the privilege";
    "global_writable": "a tenant changes what all others read";
    "global_misplaced": "a table that belongs to no tenant stands among the tenants' tables";
    "platform_granted": "a tenant reaches Tenantry's own tables";
    "extension_dangerous": "the extension opens network, files or pages of others, or runs SQL given as text";
    "language_untrusted": "functions in the language act as the server's process";
    "setting_drift": "the setting outlives the session: it can stop the tenant's work or lift limits";
};

/// About the whole server.
pub(super) const SERVER_CHECKS: &[Check] = &[
    Check {
        code: "role_powers",
        danger: "the role passes by row-level security or makes itself anything",
        sql: include_str!("server/role_powers.sql"),
    },
    Check {
        code: "connections_unlimited",
        danger: "one tenant can take every connection of the server",
        sql: include_str!("server/connections_unlimited.sql"),
    },
    Check {
        code: "role_membership",
        danger: "the member has all rights of the role",
        sql: include_str!("server/role_membership.sql"),
    },
    Check {
        code: "role_login",
        danger: "a role that owns or groups objects can be logged in as",
        sql: include_str!("server/role_login.sql"),
    },
];
