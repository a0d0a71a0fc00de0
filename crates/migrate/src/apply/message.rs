//! A tenant's file as one message: begin, move the version, the statements, commit. One round trip a tenant. Pure.

use tenantry_domain::{Result, TenantId};
use tenantry_postgres::acting::Acting;

use super::shaped::Run;
use crate::rollout::history::Move;
use crate::rollout::order::Direction;

const VIEWS_INVOKER: &str = include_str!("views_invoker.sql");

/// The message; none where the file can't run in one transaction with one role's rights.
pub(super) fn whole(
    step: Move<'_>,
    runs: &[Run<'_>],
    acting: &Acting,
    (tenant, own_database): (TenantId, bool),
) -> Result<Option<String>> {
    if runs.iter().any(|r| !r.emitted.transactional || r.extension().is_some()) {
        return Ok(None);
    }
    let file = step.file;
    let mut text = match (own_database, step.direction) {
        (false, _) => acting.begin_move(&tenant.to_string(), (step.before, step.after))?,
        (true, Direction::Up) => acting.begin_note(file.version, &file.name, &file.checksum)?,
        (true, Direction::Down) => acting.begin_forget(file.version)?,
    };
    for run in runs {
        text.push_str(&run.emitted.render(&acting.schema));
        // A statement may end with a comment.
        text.push_str("\n;\n");
    }
    if file.makes_views() {
        text.push_str(VIEWS_INVOKER);
        text.push_str(";\n");
    }
    text.push_str("COMMIT;");
    Ok(Some(text))
}
