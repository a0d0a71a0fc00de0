//! Statements of an application, run on the plain database, with what came of them; and the same statements run by a
//! tenant.

use futures_util::future::join_all;
use tokio_postgres::{Client, SimpleQueryMessage};

/// Statements on their way to the server at once.
const PIPELINE: usize = 24;

/// What a statement gave.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Outcome {
    /// Rows touched, and rows returned as text.
    Done(u64, Vec<Vec<Option<String>>>),
    /// What the server refused it with.
    Refused(Refusal),
}

/// What a server said.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Refusal {
    /// The SQLSTATE.
    pub state: String,
    /// Its message.
    pub message: String,
    /// The table or constraint that it names.
    pub table: Option<String>,
    /// The constraint.
    pub constraint: Option<String>,
    /// The column.
    pub column: Option<String>,
}

impl Outcome {
    /// Whether it was done.
    pub const fn is_done(&self) -> bool {
        matches!(self, Outcome::Done(..))
    }

    /// As findings tell it.
    pub fn words(&self) -> String {
        match self {
            Outcome::Done(touched, rows) if rows.is_empty() => format!("{touched} rows"),
            Outcome::Done(_, rows) => {
                let cells = rows.iter().take(3).map(|r| {
                    r.iter().map(|c| c.as_deref().unwrap_or("NULL")).collect::<Vec<_>>().join(" | ")
                });
                format!("{} rows: {}", rows.len(), cells.collect::<Vec<_>>().join("; "))
            }
            Outcome::Refused(r) => format!("{} {}", r.state, r.message),
        }
    }
}

/// A statement and what it gave on the plain database.
#[derive(Clone, Debug)]
pub struct Event {
    /// The statement.
    pub sql: String,
    /// What it gave.
    pub outcome: Outcome,
    /// Whether rows that it returns are compared (they are not where a second plain run differs).
    pub returns: bool,
}

/// Runs a statement in the simple protocol.
pub async fn run(client: &Client, sql: &str) -> Outcome {
    match client.simple_query(sql).await {
        Ok(messages) => {
            let mut touched = 0;
            let mut rows = Vec::new();
            for message in messages {
                match message {
                    SimpleQueryMessage::Row(r) => {
                        rows.push((0..r.len()).map(|i| r.get(i).map(str::to_owned)).collect());
                    }
                    SimpleQueryMessage::CommandComplete(n) => touched = n,
                    _ => {}
                }
            }
            Outcome::Done(touched, rows)
        }
        Err(e) => Outcome::Refused(refusal(&e)),
    }
}

/// What the server said; a connection that ended is an answer too.
pub fn refusal(e: &tokio_postgres::Error) -> Refusal {
    let db = e.as_db_error();
    Refusal {
        state: e.code().map_or_else(|| "connection".to_owned(), |c| c.code().to_owned()),
        message: db.map_or_else(|| e.to_string(), |d| d.message().to_owned()),
        table: db.and_then(|d| d.table()).map(str::to_owned),
        constraint: db.and_then(|d| d.constraint()).map(str::to_owned),
        column: db.and_then(|d| d.column()).map(str::to_owned),
    }
}

/// Runs the same statements in order.
pub async fn replay(client: &Client, events: &[Event]) -> Vec<Outcome> {
    let mut outcomes = Vec::with_capacity(events.len());
    for chunk in events.chunks(PIPELINE) {
        outcomes.extend(join_all(chunk.iter().map(|e| run(client, &e.sql))).await);
    }
    outcomes
}

/// Whether a tenant's outcome is that of the plain database.
pub fn agrees(event: &Event, got: &Outcome) -> bool {
    match (&event.outcome, got) {
        (Outcome::Done(touched, rows), Outcome::Done(t, r)) => {
            touched == t && rows.len() == r.len() && (!event.returns || sorted(rows) == sorted(r))
        }
        (Outcome::Refused(plain), Outcome::Refused(ours)) => plain.state == ours.state,
        _ => false,
    }
}

fn sorted(rows: &[Vec<Option<String>>]) -> Vec<&Vec<Option<String>>> {
    let mut rows: Vec<_> = rows.iter().collect();
    rows.sort();
    rows
}

#[cfg(test)]
mod tests {
    use super::*;

    fn refused(state: &str, constraint: Option<&str>) -> Outcome {
        Outcome::Refused(Refusal {
            state: state.to_owned(),
            message: String::new(),
            table: None,
            constraint: constraint.map(str::to_owned),
            column: None,
        })
    }

    #[test]
    fn outcomes_agree_by_state_and_rows() {
        let event = |outcome| Event { sql: String::new(), outcome, returns: true };
        let row = |text: &str| vec![Some(text.to_owned())];
        let plain = event(Outcome::Done(2, vec![row("a"), row("b")]));
        assert!(agrees(&plain, &Outcome::Done(2, vec![row("b"), row("a")])));
        assert!(!agrees(&plain, &Outcome::Done(2, vec![row("b"), row("c")])));
        assert!(!agrees(&plain, &refused("23505", None)));
        let plain = event(refused("23503", None));
        assert!(agrees(&plain, &refused("23503", None)));
        assert!(!agrees(&plain, &refused("23514", Some("t_check"))));
    }
}
