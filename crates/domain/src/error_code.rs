//! Every public error code, in one table: text, HTTP status, SQLSTATE, exit code, one line of help.
//!
//! Codes are grouped and never reused. `docs/errors.md` documents each; a test compares the two.

use std::fmt;

macro_rules! codes {
    ($($(#[$doc:meta])* $name:ident = $text:literal, $http:literal, $sqlstate:literal, $exit:literal, $help:literal;)*) => {
        /// A stable, public error code.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
        pub enum ErrorCode { $($(#[$doc])* $name,)* }

        impl ErrorCode {
            /// Every code, in the order of the table.
            pub const ALL: &'static [ErrorCode] = &[$(ErrorCode::$name,)*];

            /// The code as clients see it.
            pub const fn as_str(self) -> &'static str { match self { $(ErrorCode::$name => $text,)* } }

            /// The HTTP status that goes with it (RFC 9110).
            pub const fn http_status(self) -> u16 { match self { $(ErrorCode::$name => $http,)* } }

            /// The SQLSTATE that goes with it (PostgreSQL, appendix A).
            pub const fn sqlstate(self) -> &'static str { match self { $(ErrorCode::$name => $sqlstate,)* } }

            /// The exit code of a command that ends with it: 1 failed, 2 wrong usage.
            pub const fn exit_code(self) -> u8 { match self { $(ErrorCode::$name => $exit,)* } }

            /// What to do next, where nothing more exact is known.
            pub const fn help(self) -> &'static str { match self { $(ErrorCode::$name => $help,)* } }
        }
    };
}

codes! {
    // Usage and configuration
    /// A command was called wrongly.
    Usage = "usage", 400, "22023", 2, "see `tenantry --help`";
    /// `tenantry.toml` was not found.
    ConfigMissing = "config_missing", 400, "F0000", 2, "run `tenantry init DIR`, or name the app's folder with --dir";
    /// `tenantry.toml` or a `TENANTRY_...` variable is wrong.
    ConfigInvalid = "config_invalid", 400, "F0000", 2, "correct the key named; docs/configuration.md lists every key";
    /// A folder that a command would write is not empty.
    DirectoryNotEmpty = "directory_not_empty", 409, "58P01", 2, "choose a folder that is empty or does not exist";
    /// No example has this name.
    ExampleUnknown = "example_unknown", 404, "22023", 2, "choose one of the examples named";

    // Servers
    /// No PostgreSQL binaries of a supported version were found.
    PostgresMissing = "postgres_missing", 503, "58P01", 1, "install PostgreSQL 15 to 18, or point TENANTRY_PG_BIN at its bin folder";
    /// The server, the data folder or the binaries have a version that is not supported.
    PostgresVersion = "postgres_version", 503, "0A000", 1, "use PostgreSQL 15 to 18";
    /// Another process already runs on this folder.
    DirectoryInUse = "directory_in_use", 409, "55006", 1, "stop the process named, or use another folder";
    /// The embedded server did not start.
    PostgresStart = "postgres_start", 503, "57P03", 1, "read the server's log named above";
    /// A server does not answer.
    ServerUnreachable = "server_unreachable", 503, "08001", 1, "check that the server runs and that the address and password are right";
    /// The role given lacks privileges, or the server lacks settings.
    ServerUnsuitable = "server_unsuitable", 503, "42501", 1, "grant or set what is named, then try again";
    /// A connection was lost in the middle.
    ConnectionLost = "connection_lost", 503, "08006", 1, "the operation resumes by itself once the server is back; `tenantry job list` shows it";
    /// The server's disk is full.
    DiskFull = "disk_full", 507, "53100", 1, "free space on the server's disk; the operation resumes by itself or was undone";
    /// The server refused a statement that Tenantry sent.
    Database = "database", 500, "XX000", 1, "see the server's message; if it is not yours to mend, report it";
    /// Somebody else holds what is needed, and did not let go of it in time.
    Busy = "busy", 503, "55P03", 1, "try again; the server's pg_locks shows who holds what";
    /// No free connection within the time limit.
    ConnectionsExhausted = "connections_exhausted", 503, "53300", 1, "try again, or raise max_connections and the limits";

    // Tenants
    /// The slug does not have the form asked for.
    SlugInvalid = "slug_invalid", 422, "22023", 2, "use 1 to 40 characters a-z, 0-9 and -, starting with a letter, not ending with -";
    /// The slug is kept for the platform.
    SlugReserved = "slug_reserved", 422, "22023", 2, "choose another slug";
    /// The slug belongs to a tenant, perhaps a deleted one that is still kept.
    SlugTaken = "slug_taken", 409, "23505", 1, "choose another slug, or restore or purge the tenant that holds it";
    /// No tenant has this slug.
    TenantUnknown = "tenant_unknown", 404, "3D000", 1, "`tenantry tenant list` shows the tenants";
    /// The tenant's status does not allow the operation.
    TenantStatus = "tenant_status", 409, "55000", 1, "`tenantry tenant show SLUG` tells the status and the running job";
    /// The tenant is suspended.
    TenantSuspended = "tenant_suspended", 403, "57P01", 1, "resume it with `tenantry tenant resume SLUG`";
    /// The isolation is not one of the three.
    IsolationUnknown = "isolation_unknown", 422, "22023", 2, "use shared, schema or database";
    /// The plan is not in `tenantry.toml`.
    PlanUnknown = "plan_unknown", 422, "22023", 2, "use a plan of tenantry.toml";
    /// The cluster is not in `tenantry.toml`.
    ClusterUnknown = "cluster_unknown", 422, "22023", 2, "use a cluster of tenantry.toml";
    /// No cluster lies in this region.
    RegionUnknown = "region_unknown", 422, "22023", 2, "use a region of a cluster of tenantry.toml";
    /// The service is not in `tenantry.toml`.
    ServiceUnknown = "service_unknown", 404, "22023", 2, "use a service of tenantry.toml";
    /// The retention time of a deleted tenant is over: it was purged.
    TenantPurged = "tenant_purged", 410, "3D000", 1, "restore it from a backup";

    // Jobs
    /// No job has this number.
    JobUnknown = "job_unknown", 404, "P0002", 1, "`tenantry job list` shows the jobs";
    /// The job's state does not allow this.
    JobState = "job_state", 409, "55000", 1, "`tenantry job show ID` tells the state";
    /// Another worker has taken the job over.
    JobFenced = "job_fenced", 409, "40001", 1, "nothing to do: the other worker goes on";
    /// A job failed, and so did taking back what it had done; a part of it may be left.
    UndoFailed = "undo_failed", 500, "XX000", 1, "`tenantry job show ID` tells what stands in the way; then `tenantry job retry ID` goes on undoing";
    /// A job failed and was undone.
    JobFailed = "job_failed", 500, "XX000", 1, "`tenantry job show ID` tells why; `tenantry job retry ID` tries again";

    /// The job was paused.
    JobPaused = "job_paused", 409, "57014", 1, "`tenantry job retry ID` goes on";
    /// A worker was asked to stop and has given the job back.
    JobHalted = "job_halted", 503, "57014", 1, "nothing to do: the next worker goes on";

    // Migrations and shapes
    /// The folder's layout or a file's name was not understood.
    MigrationLayout = "migration_layout", 422, "F0000", 1, "docs/migrations.md shows the layouts that are understood";
    /// `migrate plan --strict` found something dangerous.
    PlanFindings = "plan_findings", 409, "F0000", 1, "write it as each finding says, or silence it with `-- tenantry: allow RULE: reason` above the statement";
    /// A migration has a syntax error.
    MigrationSyntax = "migration_syntax", 422, "42601", 1, "correct the statement at the place named";
    /// A statement can't be carried into a shape.
    ShapeRefused = "shape_refused", 422, "0A000", 1, "write the statement as the remedy says";
    /// An applied migration was edited, removed, or one was inserted before it.
    MigrationChanged = "migration_changed", 409, "55000", 1, "put the file back as it was, and write a new migration for the change";
    /// PostgreSQL refused a statement of a migration.
    MigrationFailed = "migration_failed", 422, "P0001", 1, "correct the migration; nothing of it was kept";
    /// A migration would create what a tenant has already made for itself.
    NameCollision = "name_collision", 409, "42P07", 1, "ask the tenant to rename the object named, or name the new object differently";
    /// A migration that is to be taken back has no down file.
    MigrationDownMissing = "migration_down_missing", 422, "F0000", 1, "write the down file named, or go down less far";
    /// Another rollout has not ended yet.
    RolloutOpen = "rollout_open", 409, "55006", 1, "`tenantry migrate resume` goes on with it; `tenantry job cancel ID` ends it";
    /// A rollout was stopped, or ended, with tenants that it could not bring along.
    RolloutFailed = "rollout_failed", 500, "P0001", 1, "mend what is named, then run the command again: it goes on with the tenants that are left";
    /// The files of the worker that has the rollout are not those that it was begun with.
    RolloutFiles = "rollout_files", 409, "55000", 1, "put the files of the rollout in place, then `tenantry migrate resume`";
    /// A rollout names a version that no migration has.
    VersionUnknown = "version_unknown", 422, "22023", 2, "name a migration by its number or its file, or none for the state before the first one";
    /// A pattern or a label names no tenant.
    TenantsNone = "tenants_none", 404, "3D000", 1, "`tenantry tenant list` shows the tenants";
    /// A variation can't be made or taken back as asked.
    VariationRefused = "variation_refused", 422, "0A000", 1, "change the file as the message says; nothing of it was kept";
    /// The tenant has a variation of this name.
    VariationExists = "variation_exists", 409, "42710", 1, "choose another name with --name, or take the other back with --remove NAME";
    /// The tenant has no variation of this name.
    VariationUnknown = "variation_unknown", 404, "42704", 1, "`tenantry migrate vary SLUG --list` shows the tenant's variations";

    // Queries over tenants and the HTTP listener
    /// A query over several tenants failed for some of them.
    QueryFailed = "query_failed", 502, "XX000", 1, "see the message shown for each tenant";
    /// Tenants answered the same query with different columns.
    ColumnsDiffer = "columns_differ", 409, "42P10", 1, "name the columns in the query instead of *";
    /// An address can't be listened on.
    ListenFailed = "listen_failed", 500, "55006", 1, "choose another address with --http; port 0 takes a free one";
    /// No route has this path.
    RouteUnknown = "route_unknown", 404, "42704", 1, "the listener answers /health, /ready and /metrics";
    /// The route does not know this method.
    MethodUnknown = "method_unknown", 405, "42883", 1, "use a method that the header Allow names";

    // The gateway: the protocol, logins and session settings
    /// A client or a server broke the rules of the wire protocol.
    ProtocolViolation = "protocol_violation", 400, "08P01", 1, "use a PostgreSQL client of protocol 3.0 or newer; the connection was closed";
    /// The wire protocol has it, the gateway does not serve it.
    ProtocolUnsupported = "protocol_unsupported", 400, "0A000", 1, "connect without what is named, or past the gateway (`tenantry url SLUG --direct`)";
    /// The user name, or what comes with it, names no login.
    LoginInvalid = "login_invalid", 401, "28000", 1, "log in as SLUG, as ROLE.SLUG, or as app";
    /// The password, key or token is not right for this login.
    PasswordWrong = "password_wrong", 401, "28P01", 1, "check user and password; `tenantry url SLUG` hands out a fresh one";
    /// A credential of this kind does not travel without TLS.
    TlsRequired = "tls_required", 403, "28000", 1, "connect with sslmode=require";
    /// No service has the name of the database that was asked for.
    DatabaseUnknown = "database_unknown", 404, "3D000", 1, "use a service of tenantry.toml as the database";
    /// A setting that a client may not choose.
    SettingRefused = "setting_refused", 403, "42501", 1, "leave the setting out";
    /// A setting's value is not valid.
    SettingInvalid = "setting_invalid", 422, "22023", 1, "correct the value named";
    /// An encoding whose characters may hold ASCII bytes.
    EncodingRefused = "encoding_refused", 422, "0A000", 1, "use UTF8: drivers convert by themselves";
    /// A limit of the tenant's plan is reached.
    LimitExceeded = "limit_exceeded", 429, "53400", 1, "try again later, or choose a larger plan";

    // The gateway: what it relays
    /// A statement that this login may not run.
    StatementRefused = "statement_refused", 403, "42501", 1, "write the statement differently, or move the tenant to an isolation that allows it";
    /// A statement that can't be done behind the gateway, or not as it is written.
    StatementUnsupported = "statement_unsupported", 422, "0A000", 1, "write the statement as the message says";
    /// A statement that PostgreSQL's parser does not read, where everything has to be read.
    StatementSyntax = "statement_syntax", 422, "42601", 1, "correct the statement";
    /// A statement too long to be judged, where everything has to be judged.
    StatementLong = "statement_long", 413, "54000", 1, "send values as parameters, or in several statements";
    /// A statement that is no text in an encoding that the gateway reads.
    StatementEncoding = "statement_encoding", 422, "22021", 1, "SET client_encoding = UTF8, or send such values as parameters";
    /// The gateway has no memory left for a statement.
    GatewayShort = "gateway_short", 503, "53000", 1, "try again";
    /// The gateway has not read the app's tables, without which nothing in shared tables is let through.
    RulesMissing = "rules_missing", 503, "57P03", 1, "try again: the gateway keeps on trying to read them";
    /// A client named a prepared statement that it has not prepared.
    StatementUnknown = "statement_unknown", 404, "26000", 1, "prepare the statement on this connection first";
    /// A client prepared two statements under one name.
    StatementExists = "statement_exists", 409, "42P05", 1, "close the first one, or choose another name";
    /// A client cancelled its statement while it waited for a server connection.
    StatementCancelled = "statement_cancelled", 409, "57014", 1, "nothing to do: the statement was not run";
    /// A statement ran longer than the tenant's plan allows.
    StatementTime = "statement_time", 408, "57014", 1, "make the statement cheaper, or choose a larger plan";
    /// A transaction was open for longer than the tenant's plan allows.
    TransactionTime = "transaction_time", 408, "25P04", 1, "do less in one transaction, or choose a larger plan";
    /// A transaction was open and idle for longer than the tenant's plan allows.
    TransactionIdle = "transaction_idle", 408, "25P03", 1, "commit before doing other work, or choose a larger plan";
    /// A client said nothing for longer than the tenant's plan allows.
    ClientIdle = "client_idle", 408, "57P05", 1, "connect again";
    /// What opened the session was revoked.
    CredentialRevoked = "credential_revoked", 401, "57P01", 1, "connect again with another password or token";
    /// The gateway is shutting down.
    ShuttingDown = "shutting_down", 503, "57P01", 1, "connect again: another gateway serves";

    // Doctor
    /// `doctor` found something.
    DoctorFindings = "doctor_findings", 500, "28000", 1, "run the SQL printed with each finding";
    /// No tenant context: nothing may be read or written.
    NoTenant = "no_tenant", 400, "28000", 1, "log in as a tenant, or name one in app.current_tenant";

    // Everything else
    /// Reading or writing a file failed.
    Io = "io", 500, "58030", 1, "check the path, its owner and the free space";
    /// A defect of Tenantry itself.
    Internal = "internal", 500, "XX000", 1, "please report it with the message";
}

impl ErrorCode {
    /// The code for what a server answered (its SQLSTATE), or for a connection that broke without an answer (`None`).
    ///
    /// Follows the classes of PostgreSQL, appendix A.
    pub fn from_sqlstate(sqlstate: Option<&str>) -> ErrorCode {
        match sqlstate {
            None => ErrorCode::ConnectionLost,
            Some("53100") => ErrorCode::DiskFull,
            Some("53300") => ErrorCode::ConnectionsExhausted,
            Some("55P03" | "55006" | "40P01") => ErrorCode::Busy,
            Some("57P03" | "28P01" | "28000" | "3D000") => ErrorCode::ServerUnreachable,
            Some(s) if s.starts_with("08") || s.starts_with("57P") => ErrorCode::ConnectionLost,
            Some(_) => ErrorCode::Database,
        }
    }

    /// Whether the same act may succeed later without anybody changing anything.
    pub const fn is_transient(self) -> bool {
        matches!(
            self,
            ErrorCode::ConnectionLost
                | ErrorCode::ServerUnreachable
                | ErrorCode::ConnectionsExhausted
                | ErrorCode::DiskFull
                | ErrorCode::Busy
        )
    }
}

impl fmt::Display for ErrorCode {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

#[cfg(test)]
mod tests {
    use std::collections::HashSet;

    use super::*;

    #[test]
    fn codes_are_unique_and_complete() {
        let mut seen = HashSet::new();
        for code in ErrorCode::ALL {
            assert!(seen.insert(code.as_str()), "{code} stands twice");
            assert!(code.as_str().chars().all(|c| c.is_ascii_lowercase() || c == '_'));
            assert_eq!(code.sqlstate().len(), 5, "{code}");
            assert!((400..600).contains(&code.http_status()), "{code}");
            assert!(matches!(code.exit_code(), 1 | 2), "{code}");
            assert!(!code.help().is_empty());
        }
    }
}
