//! Functions of `pg_catalog` that PostgreSQL gives to everyone and tenants must not have.
//!
//! Names are patterns of `LIKE`, looked up in `pg_proc`: what a version does not have is passed over, and what a later
//! version adds to a family is covered.

use super::rule::Given;

/// One family of functions that share a danger.
pub(super) struct FunctionRule {
    pub name: &'static str,
    pub danger: &'static str,
    pub patterns: &'static [&'static str],
    pub given: Given,
}

/// Every family.
pub(super) const FUNCTIONS: &[FunctionRule] = &[
    FunctionRule {
        name: "large_objects",
        danger: "large objects stand in one space for the whole database: others' can be probed, and the disk filled past every quota",
        patterns: &[r"lo\_%", "loread", "lowrite"],
        given: Given::Nobody,
    },
    FunctionRule {
        name: "advisory_locks",
        danger: "advisory locks are shared by the whole database: one tenant can hold another's, or fill the server's lock table",
        patterns: &[r"pg\_advisory\_%", r"pg\_try\_advisory\_%"],
        given: Given::Nobody,
    },
    FunctionRule {
        name: "notify",
        danger: "channels are shared by the whole database, and a function hides the NOTIFY from the gateway's parser",
        patterns: &["pg_notify"],
        given: Given::Nobody,
    },
    FunctionRule {
        name: "notification_queue",
        danger: "the fill of the server's notification queue tells of other tenants' work",
        patterns: &["pg_notification_queue_usage"],
        given: Given::Monitors,
    },
    FunctionRule {
        name: "snapshots",
        danger: "an exported snapshot can be imported by another session and holds back vacuum",
        patterns: &["pg_export_snapshot"],
        given: Given::Nobody,
    },
    FunctionRule {
        name: "sleep",
        danger: "a sleeping session holds a server connection, its locks and its snapshot at no cost",
        patterns: &["pg_sleep", "pg_sleep_for", "pg_sleep_until"],
        given: Given::Nobody,
    },
    FunctionRule {
        name: "sizes",
        danger: "the size of a table, database or tablespace tells how much others store",
        patterns: &[
            "pg_database_size",
            "pg_tablespace_size",
            "pg_relation_size",
            "pg_table_size",
            "pg_total_relation_size",
            "pg_indexes_size",
        ],
        given: Given::OwnDatabase,
    },
    FunctionRule {
        name: "backends",
        danger: "signals other sessions of the login, among them those that the gateway pools",
        patterns: &["pg_cancel_backend", "pg_terminate_backend"],
        given: Given::Nobody,
    },
    FunctionRule {
        name: "locks_of_others",
        danger: "tells which relations, transactions and sessions of others are at work and who waits for whom",
        patterns: &[
            "pg_lock_status",
            "pg_blocking_pids",
            "pg_safe_snapshot_blocking_pids",
            "pg_isolation_test_session_is_blocked",
        ],
        given: Given::Monitors,
    },
    FunctionRule {
        name: "prepared_statements",
        danger: "tenants of shared tables follow each other on connections of the gateway, which keep what was prepared: texts of statements with the values written in them",
        patterns: &["pg_prepared_statement"],
        given: Given::OwnTables,
    },
    FunctionRule {
        name: "transactions_of_others",
        danger: "tells whether and when transactions of others ended",
        patterns: &[
            "pg_prepared_xact",
            "pg_get_multixact_members",
            r"pg\_xact\_commit\_timestamp%",
            "pg_last_committed_xact",
            "pg_xact_status",
            "txid_status",
        ],
        given: Given::Monitors,
    },
    FunctionRule {
        name: "statistics",
        danger: "counters of tables, sessions and the server tell what others do and how much they have",
        patterns: &[r"pg\_stat\_get\_%", "pg_stat_have_stats"],
        given: Given::Monitors,
    },
    FunctionRule {
        name: "replication",
        danger: "names and positions of replication tell which tenants are on the move",
        patterns: &["pg_get_replication_slots"],
        given: Given::Monitors,
    },
    FunctionRule {
        name: "wal_summaries",
        danger: "summaries of the write-ahead log tell which blocks of whose tables changed",
        patterns: &["pg_available_wal_summaries", "pg_wal_summary_contents", "pg_get_wal_summarizer_state"],
        given: Given::Monitors,
    },
    FunctionRule {
        name: "logical_messages",
        danger: "writes messages into the write-ahead log, where followers of changes take them for the platform's",
        patterns: &["pg_logical_emit_message"],
        given: Given::Nobody,
    },
    FunctionRule {
        name: "xml_mappers",
        danger: "runs SQL given as text, unseen by the gateway's parser",
        patterns: &[r"%\_to\_xml", r"%\_to\_xmlschema", r"%\_to\_xml\_and\_xmlschema"],
        given: Given::OwnTables,
    },
    FunctionRule {
        name: "text_search_statistics",
        danger: "runs SQL given as text, unseen by the gateway's parser",
        patterns: &["ts_stat"],
        given: Given::OwnTables,
    },
    FunctionRule {
        name: "text_search_rewrite",
        danger: "runs SQL given as text, unseen by the gateway's parser",
        // The form with three tsqueries runs nothing.
        patterns: &["ts_rewrite(tsquery,text)"],
        given: Given::OwnTables,
    },
    FunctionRule {
        name: "set_config",
        danger: "changes settings inside an expression, unseen by the gateway's parser",
        patterns: &["set_config"],
        given: Given::Settings,
    },
];
