//! Texts that PostgreSQL's parser does not read. Where PostgreSQL is the boundary they pass, for its grammar may be newer or
//! older than ours, and it says best what is wrong; elsewhere they don't.

use tenantry_domain::Isolation;

use super::{Denial, Effects, Judgement, Rules};
use crate::tokens;

/// Commands of the replication protocol.
const REPLICATION: [&str; 10] = [
    "alter_replication_slot",
    "base_backup",
    "create_replication_slot",
    "drop_replication_slot",
    "identify_system",
    "read_replication_slot",
    "start_replication",
    "sendtablespace",
    "timeline_history",
    "upload_manifest",
];

/// Judges such a text.
pub(super) fn judge(text: &str, error: &pg_query::Error, rules: &Rules) -> Judgement {
    let first =
        text.trim_start().split(|c: char| !c.is_ascii_alphanumeric() && c != '_').next().unwrap_or_default();
    if REPLICATION.contains(&first.to_ascii_lowercase().as_str()) {
        let denial = Denial::unsupported(
            "replication commands are not supported behind the gateway",
            "connect to the server itself to replicate",
        );
        return Judgement::refused(denial, false);
    }
    unknown(&tokens::message(error), rules)
}

/// Judges a text of which no more is known than this.
pub(super) fn unknown(message: &str, rules: &Rules) -> Judgement {
    if rules.isolation == Isolation::Shared {
        return Judgement::refused(Denial::syntax(message), false);
    }
    Judgement { effects: Effects::unknown(), ..Judgement::default() }
}
