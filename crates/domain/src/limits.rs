//! Every limit and time-out in one place; units stand in the names. `[limits]` of `tenantry.toml` sets them.

use serde::{Deserialize, Serialize};

/// Advisory locks that one session of a tenant may hold. Half of what each session has room for in the server's table of
/// locks (`max_locks_per_transaction` is 256 at least); the rest is for tables and rows.
pub const ADVISORY_LOCKS_PER_SESSION_MAX: u32 = 128;

/// Calls for advisory locks between two counts of those that the session holds: it may have that many more at most.
pub const ADVISORY_CALLS_BETWEEN_COUNTS: u32 = 32;

const _: () = assert!(ADVISORY_LOCKS_PER_SESSION_MAX + ADVISORY_CALLS_BETWEEN_COUNTS <= 192);

/// Decisions of statements that one shard of the gateway keeps.
pub const DECISIONS_MAX: usize = 16_384;

/// Bytes that they take at most, about.
pub const DECISIONS_BYTES_MAX: usize = 16 << 20;

/// Bytes of a statement whose decision is kept, long values left out; a longer one is parsed each time.
pub const DECISION_STATEMENT_BYTES_MAX: usize = 16 << 10;

/// Bytes of a statement that the gateway parses, long values left out. In shared isolation a longer one is refused;
/// elsewhere it passes, and its session is cleaned afterwards.
pub const JUDGED_STATEMENT_BYTES_MAX: usize = 256 << 10;

const _: () = assert!(DECISION_STATEMENT_BYTES_MAX < JUDGED_STATEMENT_BYTES_MAX);

/// Settings that follow one client of the gateway from server to server, beside those that servers report.
pub const FOLLOWED_SETTINGS_MAX: usize = 200;

/// Bytes that their names and values take at most.
pub const FOLLOWED_SETTINGS_BYTES_MAX: usize = 32 << 10;

/// Changes of settings and savepoints of one transaction that the gateway follows. Whoever has more gets its session reset,
/// and keeps the settings from before the transaction.
pub const FOLLOWED_CHANGES_MAX: usize = 1_024;

/// Bytes that they take at most.
pub const FOLLOWED_CHANGES_BYTES_MAX: usize = 64 << 10;

/// Named portals of one client whose statements have something that is followed.
pub const FOLLOWED_PORTALS_MAX: usize = 1_000;

/// Channels of one client whose names are turned back into its own.
pub const FOLLOWED_CHANNELS_MAX: usize = 1_000;

/// Limits and time-outs with their defaults.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Limits {
    /// Connections that Tenantry itself opens to one database at most.
    pub connections_per_database_max: usize,
    /// Connections that `tenantry sql` uses at one time.
    pub sql_connections_max: usize,
    /// Rows that `tenantry sql` takes from one tenant at most.
    pub sql_rows_per_tenant_max: u64,
    /// Seconds that `tenantry sql` lets a tenant's statement run.
    pub sql_statement_seconds_max: u64,
    /// `CONNECTION LIMIT` of a tenant's login where its plan names none.
    pub tenant_connections_max: u32,
    /// Seconds to wait for a connection.
    pub connect_seconds_max: u64,
    /// Milliseconds that DDL waits for a lock before it gives way (`lock_timeout`).
    pub ddl_lock_ms_max: u64,
    /// Seconds that a worker's claim on a job lasts without a heartbeat.
    pub job_lease_seconds: u64,
    /// Seconds between two heartbeats.
    pub job_heartbeat_seconds: u64,
    /// Times a step is tried before the job is undone.
    pub job_attempts_max: u32,
    /// Times that taking back a step is tried before the job is given up, half undone, for somebody to look at.
    pub job_undo_attempts_max: u32,
    /// Jobs that one worker runs at a time.
    pub job_parallel_max: usize,
    /// Days that a deleted tenant is kept.
    pub deleted_days_kept: u32,
    /// Blank schemas kept ready for each service.
    pub blank_schemas_ready: usize,
    /// Blank databases kept ready for each service.
    pub blank_databases_ready: usize,
    /// Hours that a credential handed out by `tenantry url` is valid at most.
    pub credential_hours_max: u64,
    /// Hours between two runs of `doctor` in the server.
    pub doctor_hours_between: u64,
    /// Tenants that a rollout migrates at the same time on each cluster.
    pub rollout_parallel_max: usize,
    /// Times that a tenant is tried whose locks can't be had.
    pub rollout_tries_max: u32,
    /// Milliseconds before such a tenant is tried for the second time; twice as many before each further time.
    pub rollout_backoff_ms: u64,
    /// Milliseconds between two tries at most.
    pub rollout_backoff_ms_max: u64,
    /// Tenants that may fail before a rollout stops, where the command names no other number.
    pub rollout_failures_max: u64,
    /// Tenants in the first wave of a rollout; each further wave has four times as many.
    pub rollout_first_wave_tenants: usize,
    /// Tenants that a rollout migrates through one connection before it takes a new one.
    pub rollout_tenants_per_connection: usize,
    /// Milliseconds that one message of a rollout for several quick tenants may take; 0: one tenant at a time.
    pub rollout_message_ms_max: u64,
    /// Clients of one tenant that wait for a server connection of the gateway at most.
    pub gateway_queue_clients_per_tenant_max: usize,
    /// Seconds that a client waits for a server connection of the gateway at most.
    pub gateway_queue_seconds_max: u64,
    /// Server connections of a cluster that are kept back for tenants that have none at the moment.
    pub gateway_connections_kept_back: usize,
    /// Seconds that the gateway keeps a server connection that nobody uses.
    pub gateway_server_idle_seconds_max: u64,
    /// Seconds after which the gateway renews a server connection.
    pub gateway_server_lifetime_seconds_max: u64,
    /// Named prepared statements that one client of the gateway may have.
    pub gateway_prepared_per_client_max: usize,
    /// Prepared statements that the gateway keeps on one server connection.
    pub gateway_prepared_per_server_max: usize,
    /// Cancel requests with a wrong key that one address may send in a second before they go unread.
    pub gateway_wrong_cancels_per_second_max: u32,
    /// KiB of a statement that the gateway looks at as a whole, for which it holds it until it is there; of a longer one it sees
    /// the beginning, and refuses it in shared isolation.
    pub gateway_statement_kib_max: usize,
    /// KiB of prepared statements that one client of the gateway may have.
    pub gateway_prepared_kib_per_client_max: usize,
    /// Channels that all clients of one tenant without a server connection of their own listen on at most, in one database of
    /// one gateway.
    pub gateway_channels_per_tenant_max: usize,
    /// KiB of notifications that wait for one client of the gateway at most. Who takes them more slowly is sent away.
    pub gateway_notifications_kib_per_client_max: usize,
    /// Milliseconds that a pool keeps a new server connection although other pools wait for one.
    pub gateway_server_turn_ms: u64,
    /// Milliseconds that a server may take to heed a cancel request before its connection is closed.
    pub gateway_cancel_ms_max: u64,
    /// Seconds that a client of the gateway may take to log in.
    pub gateway_login_seconds_max: u64,
    /// Clients of the gateway that log in at the same time; others wait to be accepted.
    pub gateway_logins_max: usize,
    /// Clients of one gateway.
    pub gateway_clients_max: usize,
    /// Clients of one tenant on one gateway.
    pub gateway_clients_per_tenant_max: usize,
    /// Server connections of one gateway to a cluster's primary, and as many to each of its replicas.
    pub gateway_connections_per_cluster_max: usize,
    /// Milliseconds between two questions of the gateway to a cluster's servers how far its replicas are.
    pub gateway_replica_ms_between: u64,
    /// Milliseconds that a replica may be behind its primary before the gateway asks it for nothing more.
    pub gateway_replica_lag_ms_max: u64,
    /// Milliseconds that a server has to answer that question.
    pub gateway_replica_answer_ms_max: u64,
    /// Threads that relay between clients and servers; 0: as many as there are processors, 8 at most.
    pub gateway_shards: usize,
    /// Milliseconds that the gateway waits to learn why a server has ended a session, before the client reads the server's
    /// own words.
    pub gateway_parting_ms_max: u64,
    /// Seconds between two looks whether the files of the gateway's certificate have changed.
    pub gateway_certificate_seconds_between: u64,
    /// Seconds that clients have to end their transactions when the gateway stops.
    pub gateway_drain_seconds_max: u64,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            connections_per_database_max: 8,
            sql_connections_max: 4,
            sql_rows_per_tenant_max: 100_000,
            sql_statement_seconds_max: 60,
            tenant_connections_max: 20,
            connect_seconds_max: 10,
            ddl_lock_ms_max: 2_000,
            job_lease_seconds: 30,
            job_heartbeat_seconds: 5,
            job_attempts_max: 5,
            job_undo_attempts_max: 100,
            job_parallel_max: 4,
            deleted_days_kept: 30,
            blank_schemas_ready: 8,
            blank_databases_ready: 4,
            credential_hours_max: 12,
            doctor_hours_between: 24,
            rollout_parallel_max: 4,
            rollout_tries_max: 6,
            rollout_backoff_ms: 250,
            rollout_backoff_ms_max: 10_000,
            rollout_failures_max: 10,
            rollout_first_wave_tenants: 16,
            rollout_tenants_per_connection: 500,
            rollout_message_ms_max: 25,
            gateway_queue_clients_per_tenant_max: 1_000,
            gateway_queue_seconds_max: 30,
            gateway_connections_kept_back: 1,
            gateway_server_idle_seconds_max: 600,
            gateway_server_lifetime_seconds_max: 3_600,
            gateway_prepared_per_client_max: 1_000,
            gateway_prepared_per_server_max: 200,
            gateway_wrong_cancels_per_second_max: 20,
            gateway_statement_kib_max: 8_192,
            gateway_prepared_kib_per_client_max: 8_192,
            gateway_channels_per_tenant_max: 1_000,
            gateway_notifications_kib_per_client_max: 1_024,
            gateway_server_turn_ms: 200,
            gateway_cancel_ms_max: 5_000,
            gateway_login_seconds_max: 15,
            gateway_logins_max: 500,
            gateway_clients_max: 20_000,
            gateway_clients_per_tenant_max: 1_000,
            gateway_connections_per_cluster_max: 60,
            gateway_replica_ms_between: 200,
            gateway_replica_lag_ms_max: 10_000,
            gateway_replica_answer_ms_max: 2_000,
            gateway_shards: 0,
            gateway_parting_ms_max: 1_000,
            gateway_certificate_seconds_between: 5,
            gateway_drain_seconds_max: 30,
        }
    }
}
