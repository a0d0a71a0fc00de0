//! Channels of LISTEN and NOTIFY are common to a database, so where tenants share one, a tenant's carry its id. The names are
//! those that `tenantry.notify` composes.

use pg_query::NodeEnum as N;
use sha2::{Digest, Sha256};
use tenantry_domain::{Isolation, TenantId};

use super::{Denial, Rules, Statement};
use crate::ident;
use crate::tokens::Edits;

/// Bytes of a channel's name that stand in the server's as they are.
const CHANNEL_BYTES_MAX: usize = 28;

/// The server's name for a channel of a tenant that shares its database with others: `t_<id>_<channel>`, a hash where the
/// channel's name is too long for that.
pub fn server_channel(tenant: TenantId, channel: &str) -> String {
    let tenant = tenant.to_string().replace('-', "");
    if channel.len() <= CHANNEL_BYTES_MAX {
        return format!("t_{tenant}_{channel}");
    }
    let hash: String = Sha256::digest(channel).iter().map(|byte| format!("{byte:02x}")).collect();
    format!("t_{tenant}_{}", &hash[..CHANNEL_BYTES_MAX])
}

/// The server's name for a channel under these rules.
pub(super) fn server_name(channel: &str, rules: &Rules) -> String {
    match rules.tenant {
        Some(tenant) if rules.isolation != Isolation::Database => server_channel(tenant, channel),
        _ => channel.to_owned(),
    }
}

/// Puts the server's name in a statement; returns whether it is about channels that have one.
pub(super) fn rename(statement: &Statement<'_>, rules: &Rules, edits: &mut Edits) -> Result<bool, Denial> {
    let channel = match &statement.node {
        N::ListenStmt(s) => &s.conditionname,
        N::NotifyStmt(s) => &s.conditionname,
        N::UnlistenStmt(s) if !s.conditionname.is_empty() => &s.conditionname,
        _ => return Ok(false),
    };
    if rules.isolation == Isolation::Database {
        return Ok(false);
    }
    if rules.tenant.is_none() {
        return Err(Denial::new(
            "28000",
            "no tenant: a channel belongs to a tenant",
            "SET app.current_tenant before LISTEN, UNLISTEN and NOTIFY",
        ));
    }
    if let Some(token) = statement.tokens.list.get(statement.first + 1) {
        edits.replace(token.range.clone(), ident::quote(&server_name(channel, rules)));
    }
    Ok(true)
}
