//! BEGIN and COMMIT inside a file. The file runs in a transaction anyway; where it commits half-way, so does
//! Tenantry, and notes how far it came.

use pg_query::protobuf::{TransactionStmt, TransactionStmtKind as Kind};

use super::{Output, Work};
use crate::model::{Emitted, Scope};
use crate::refuse::Refuse;
use crate::source::Piece;
use crate::tokens::Tokens;

const LEFT_OUT: &str =
    "BEGIN, COMMIT and the like are left out: each file runs in a transaction of Tenantry's";

/// Carries BEGIN, COMMIT, SAVEPOINT and the like.
pub(crate) fn carry(work: &mut Work<'_>, stmt: &TransactionStmt) -> Result<Output, Refuse> {
    match stmt.kind() {
        Kind::TransStmtCommit => Ok(commit(work)),
        Kind::TransStmtRollback if !work.state.runs => Ok(work.left_out(LEFT_OUT)),
        Kind::TransStmtRollback | Kind::TransStmtRollbackTo => Err(Refuse::all(
            "ROLLBACK undoes statements of the file that were just made",
            "take it out together with what it undoes",
        )),
        Kind::TransStmtPrepare | Kind::TransStmtCommitPrepared | Kind::TransStmtRollbackPrepared => {
            Err(Refuse::all("a prepared transaction would outlive the migration", "write COMMIT"))
        }
        _ => Ok(work.left_out(LEFT_OUT)),
    }
}

fn commit(work: &mut Work<'_>) -> Output {
    let splits = work.state.runs && work.later.iter().any(does_something);
    work.state.runs = false;
    if !splits {
        return work.left_out(LEFT_OUT);
    }
    work.state.settings.retain(|s| !s.is_local);
    work.state.constraints.clear();
    work.notes.push("the file commits here: what stands above stays when something below fails".to_owned());
    // Outside a transaction COMMIT does nothing; standing alone it ends the one before it.
    let alone = |scope| Emitted { sql: "COMMIT".to_owned(), scope, transactional: false };
    Output { shared: vec![alone(Scope::Database)], plain: vec![alone(Scope::Tenant)] }
}

/// Whether a statement does more than open, end or set something.
fn does_something(piece: &Piece<'_>) -> bool {
    let idle = ["begin", "start", "commit", "end", "set", "reset"];
    piece.remark.is_none()
        && Tokens::scan(piece.text).is_ok_and(|tokens| !idle.iter().any(|word| tokens.is(0, word)))
}
