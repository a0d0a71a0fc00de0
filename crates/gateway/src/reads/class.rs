//! What a text is to the choice between a primary and its replicas.

use tenantry_shape::application::{Effects, Leaves, Step};

/// What a text does, seen from outside of any transaction.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Class {
    /// It can't be told.
    #[default]
    Unknown,
    /// What a replica can't do, or would do otherwise, in a read-only transaction too.
    Primary,
    /// It may write; it neither begins nor ends a transaction.
    Other,
    /// It reads only.
    Read,
    /// It begins a transaction and may go on in it: READ ONLY, READ WRITE, or by the session's default.
    Begin(Option<bool>),
    /// SET TRANSACTION: READ ONLY or READ WRITE.
    Mode(bool),
    /// It ends a transaction.
    End,
}

/// What a text is, and whether the client has to be taken for one that has written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Reading {
    /// What it does.
    pub class: Class,
    /// It is not known to change nothing.
    pub may_write: bool,
}

impl Default for Reading {
    fn default() -> Self {
        Self { class: Class::Unknown, may_write: true }
    }
}

impl Reading {
    /// Of a text that was judged.
    pub fn of(effects: &Effects) -> Self {
        let Leaves {
            temporary,
            cursors,
            channels,
            locks,
            sequences,
            counts,
            seed,
            unknown,
            settings: _,
            prepared: _,
        } = effects.leaves;
        let leaves = temporary || cursors || channels || locks || sequences || counts || seed || unknown;
        let may_write = leaves || !effects.reads_only;
        Self { class: class(effects, may_write), may_write }
    }
}

fn class(effects: &Effects, may_write: bool) -> Class {
    if effects.primary_only {
        return Class::Primary;
    }
    let mut steps = effects.steps.iter().enumerate().filter(|(_, step)| is_of_transaction(step));
    let Some((at, first)) = steps.next() else {
        return if may_write { Class::Other } else { Class::Read };
    };
    if effects.statements == 1 {
        return match first {
            Step::Begin { read_only } => Class::Begin(*read_only),
            Step::Transaction { read_only: Some(read_only) } => Class::Mode(*read_only),
            Step::Commit { chain: false } | Step::Rollback { chain: false } => Class::End,
            _ => Class::Unknown,
        };
    }
    let statement = |step: usize| effects.steps_by_statement.partition_point(|end| *end <= step);
    let (Step::Begin { read_only }, 0) = (first, statement(at)) else { return Class::Unknown };
    let mut mode = *read_only;
    for (at, step) in steps {
        match step {
            Step::Transaction { read_only: Some(read_only) } if statement(at) == 1 => mode = Some(*read_only),
            Step::Transaction { read_only: None | Some(true) } => {}
            Step::Commit { chain: false } | Step::Rollback { chain: false }
                if statement(at) + 1 == effects.statements => {}
            _ => return Class::Unknown,
        }
    }
    Class::Begin(mode)
}

fn is_of_transaction(step: &Step) -> bool {
    match step {
        Step::Begin { .. } | Step::Transaction { .. } | Step::Commit { .. } | Step::Rollback { .. } => true,
        Step::Set { name, .. } | Step::Reset(name) => name.starts_with("transaction_"),
        _ => false,
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use tenantry_domain::Isolation;
    use tenantry_shape::application::{Door, Rules, Tables, judge};

    use super::*;

    fn reading(text: &str) -> Reading {
        let rules = Rules {
            isolation: Isolation::Database,
            door: Door::Tenant,
            tenant: None,
            schema: "app".to_owned(),
            tables: Arc::new(Tables::none()),
            harmless: Arc::new(["count", "now"].map(str::to_owned).into()),
            own_settings: Default::default(),
            explains: false,
        };
        Reading::of(&judge(text, &rules).effects)
    }

    #[test]
    fn texts_are_told_apart() {
        use Class::*;
        for (text, class) in [
            ("SELECT count(*) FROM t", Read),
            ("SELECT 1; SELECT 2", Read),
            ("SHOW x", Read),
            ("SET work_mem = '1MB'", Read),
            ("COPY t TO STDOUT", Read),
            ("", Read),
            ("SELECT own()", Other),
            ("SELECT * FROM t FOR UPDATE", Other),
            ("WITH x AS (DELETE FROM t RETURNING 1) SELECT * FROM x", Other),
            ("INSERT INTO t VALUES (1)", Other),
            ("EXECUTE p", Other),
            ("no sql", Other),
            ("SELECT nextval('s')", Primary),
            ("SELECT pg_advisory_xact_lock(1)", Primary),
            ("CREATE TEMP TABLE t ()", Primary),
            ("LISTEN x", Primary),
            ("BEGIN ISOLATION LEVEL SERIALIZABLE READ ONLY", Primary),
            ("BEGIN", Begin(None)),
            ("BEGIN READ ONLY", Begin(Some(true))),
            ("START TRANSACTION ISOLATION LEVEL REPEATABLE READ, READ ONLY", Begin(Some(true))),
            ("BEGIN READ WRITE", Begin(Some(false))),
            ("BEGIN; SET TRANSACTION READ ONLY", Begin(Some(true))),
            ("BEGIN READ ONLY; SELECT own(); COMMIT", Begin(Some(true))),
            ("BEGIN READ ONLY; SET TRANSACTION READ WRITE; SELECT 1", Begin(Some(false))),
            ("BEGIN READ ONLY; SELECT 1; SET TRANSACTION READ WRITE", Unknown),
            ("BEGIN READ ONLY; COMMIT; INSERT INTO t VALUES (1)", Unknown),
            ("BEGIN READ ONLY; COMMIT AND CHAIN", Unknown),
            ("BEGIN READ ONLY; SET transaction_read_only = off", Unknown),
            ("SELECT 1; BEGIN READ ONLY", Unknown),
            ("SET TRANSACTION READ ONLY", Mode(true)),
            ("SET TRANSACTION READ WRITE", Mode(false)),
            ("COMMIT", End),
            ("ROLLBACK", End),
            ("COMMIT; INSERT INTO t VALUES (1)", Unknown),
            ("COMMIT AND CHAIN", Unknown),
        ] {
            assert_eq!(reading(text).class, class, "{text}");
        }
    }

    #[test]
    fn what_may_have_written() {
        for text in
            ["SELECT own()", "INSERT INTO t VALUES (1)", "BEGIN; UPDATE t SET a = 1", "no sql", "DO ''"]
        {
            assert!(reading(text).may_write, "{text}");
        }
        for text in ["BEGIN", "COMMIT", "SELECT now()", "BEGIN READ ONLY; SELECT 1", "SAVEPOINT a"] {
            assert!(!reading(text).may_write, "{text}");
        }
        assert!(Reading::default().may_write);
    }
}
