//! The plain run: the original text, statement by statement as psql sends it, in one database.

use futures_util::SinkExt as _;
use tenantry_shape::bookkeeping_table;
use tokio_postgres::Client;

use super::events::{Outcome, Refusal, refusal, run};
use super::history::File;
use super::lexer::Piece;
use crate::database::TestDatabase;

const APPLICATION: &str = include_str!("plain/application.sql");

/// Where a plain run ended.
#[derive(Clone, Debug)]
pub struct Stop {
    /// The line of the statement.
    pub line: usize,
    /// What the server said.
    pub refusal: Refusal,
}

/// A database that holds the app for one customer.
pub struct Plain {
    database: TestDatabase,
    client: Option<Client>,
}

impl Plain {
    /// An empty one.
    pub async fn new(name_suffix: &str) -> Self {
        let database = TestDatabase::new(name_suffix).await;
        let client = Some(database.connect().await);
        Self { database, client }
    }

    /// A copy of another.
    pub async fn copy(other: &mut Plain, name_suffix: &str) -> Self {
        // The server copies a database only while nobody is in it.
        other.client = None;
        let database = TestDatabase::clone_of(other.database.name(), name_suffix).await;
        other.client = Some(other.database.connect().await);
        let client = Some(database.connect().await);
        Self { database, client }
    }

    /// The same session, which from here to the next file is an application's wherever the history has policies: a role that
    /// owns nothing, since owners and superusers pass by them.
    pub async fn application(&self) -> &Client {
        self.client().batch_execute(APPLICATION).await.expect("become the application");
        self.client()
    }

    /// Its superuser's session.
    pub fn client(&self) -> &Client {
        self.client.as_ref().expect("it is open")
    }

    /// Runs a file.
    ///
    /// # Errors
    /// The first statement that the server refuses; those before it stay done.
    pub async fn apply(&self, file: &File) -> Result<(), Stop> {
        run(self.client(), "RESET ROLE").await;
        for piece in file.pieces() {
            if is_about_databases(&piece) {
                continue;
            }
            if let Err(refusal) = self.statement(&piece).await {
                run(self.client(), "ROLLBACK").await;
                return Err(Stop { line: piece.line, refusal });
            }
        }
        // Settings and transactions end with psql's session.
        run(self.client(), "ROLLBACK").await;
        run(self.client(), "DISCARD ALL").await;
        Ok(())
    }

    /// Runs a file, whatever fails; tells the lines of what does.
    pub async fn apply_all(&self, file: &File, mut failed: impl FnMut(usize)) {
        run(self.client(), "RESET ROLE").await;
        for piece in file.pieces().iter().filter(|p| !is_about_databases(p)) {
            if self.statement(piece).await.is_err() {
                failed(piece.line);
            }
        }
        run(self.client(), "ROLLBACK").await;
        run(self.client(), "DISCARD ALL").await;
    }

    async fn statement(&self, piece: &Piece) -> Result<(), Refusal> {
        let Some(data) = &piece.data else {
            let mut outcome = run(self.client(), &piece.sql).await;
            if let Outcome::Refused(refusal) = &outcome
                && self.make_bookkeeping(refusal).await
            {
                outcome = run(self.client(), &piece.sql).await;
            }
            return match outcome {
                Outcome::Done(..) => Ok(()),
                // Roles are the server's: another run of the same history has made it.
                Outcome::Refused(refusal) if refusal.state == "42710" && makes_role(piece) => Ok(()),
                Outcome::Refused(refusal) => Err(refusal),
            };
        };
        let copy = async {
            let mut sink = Box::pin(self.client().copy_in(piece.sql.as_str()).await?);
            sink.send(std::io::Cursor::new(data.clone().into_bytes())).await?;
            sink.as_mut().finish().await
        };
        copy.await.map(|_| ()).map_err(|e| refusal(&e))
    }
}

impl Plain {
    /// Makes the table that the history's own tool would have made; whether that is what was missing.
    async fn make_bookkeeping(&self, refusal: &Refusal) -> bool {
        if refusal.state != "42P01" {
            return false;
        }
        let name = refusal.message.split('"').nth(1).unwrap_or_default();
        match bookkeeping_table(name.trim_start_matches("public.")) {
            Some(sql) => run(self.client(), &sql).await.is_done(),
            None => false,
        }
    }
}

fn makes_role(piece: &Piece) -> bool {
    ["create role", "create user", "create group"].iter().any(|words| piece.words(2) == *words)
}

/// A dump makes a database and goes there; here there is one.
fn is_about_databases(piece: &Piece) -> bool {
    ["create database", "drop database", "alter database", "comment on database"]
        .iter()
        .any(|words| piece.words(3).starts_with(words))
}
