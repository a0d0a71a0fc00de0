//! What clients do. Each operation knows what it must see.

use std::io::Cursor;
use std::pin::pin;
use std::time::Duration;

use futures_util::future::join_all;
use futures_util::{SinkExt as _, StreamExt as _, TryStreamExt as _};
use tenantry_domain::Isolation;
use tenantry_gateway::fuzzing::random::Random;
use tokio::time::sleep;
use tokio_postgres::{NoTls, Row};

use super::client::{Client, Failure, Outcome, sqlstate};
use super::session::{Mind, Session};
use super::state;

/// Runs for a second or two, and ends by itself when nobody is there to cancel it.
const SLOW: &str =
    "WITH RECURSIVE r(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM r WHERE i < 1500000) SELECT max(i) FROM r";
const READ: &str = "SELECT owner FROM items ORDER BY id DESC LIMIT 20";
/// Rows of one client above which it removes some.
const ROWS_MAX: i64 = 300;

macro_rules! kinds {
    ($($kind:ident $name:literal $often:literal,)+) => {
        /// What a client may do.
        #[derive(Clone, Copy, Debug, PartialEq, Eq)]
        pub enum Kind {
            $(#[doc = $name] $kind,)+
        }

        impl Kind {
            /// Each kind as often as it is to come.
            const ALL: &[(Kind, usize)] = &[$((Kind::$kind, $often),)+];

            pub fn name(self) -> &'static str {
                match self {
                    $(Kind::$kind => $name,)+
                }
            }
        }
    };
}

kinds! {
    LookAfresh "first look" 0,
    Look "look" 10,
    Read "read" 12,
    ReadBound "read, extended" 12,
    Write "write" 8,
    Tidy "remove rows" 2,
    Transaction "transaction" 10,
    Savepoints "savepoints" 4,
    Failed "failed transaction" 5,
    Set "set" 8,
    SetTransaction "set in a transaction" 5,
    Prepare "prepare" 6,
    Execute "execute" 8,
    Statement "statement" 6,
    Again "statement again" 8,
    Temporary "temporary table" 4,
    Lock "lock" 4,
    Unlock "unlock" 3,
    Cursor "cursor" 4,
    Fetch "fetch" 4,
    Listen "listen" 3,
    Notify "notify" 3,
    Cancel "cancel" 2,
    CopyOut "copy out" 3,
    CopyOutBroken "copy out, broken off" 3,
    CopyIn "copy in" 3,
    CopyInBroken "copy in, broken off" 3,
    Pipeline "pipeline" 4,
    Portal "portal" 3,
    Large "large rows" 3,
    Wrong "wrong statement" 4,
    Discard "discard" 2,
}

impl Kind {
    pub fn choose(random: &mut Random) -> Self {
        let all: usize = Self::ALL.iter().map(|(_, often)| often).sum();
        let mut at = random.below(all);
        for (kind, often) in Self::ALL {
            if at < *often {
                return *kind;
            }
            at -= often;
        }
        Kind::Read
    }

    /// Errors of the client's own doing, for which the operation is given up.
    pub fn allows(self, code: &str) -> bool {
        match self {
            // Two clients of one tenant change the same rows.
            Kind::Transaction | Kind::Savepoints | Kind::Tidy => code == "40P01",
            _ => false,
        }
    }

    /// Where that fails, nothing was changed.
    pub fn is_one_statement(self) -> bool {
        matches!(self, Kind::Read | Kind::ReadBound | Kind::Write | Kind::Set | Kind::Prepare | Kind::Execute)
    }
}

pub async fn run(client: &mut Client, session: &mut Session, kind: Kind) -> Outcome {
    match kind {
        Kind::LookAfresh => state::look_afresh(client, session).await,
        Kind::Look => state::look(client, session).await,
        Kind::Read => read(client, session, READ).await,
        Kind::ReadBound => {
            let least = client.random.below(50) as i32;
            see(client, &session.client.query(&own(client, READ), &[]).await?)?;
            let sql = own(client, "SELECT owner FROM items WHERE n >= $1 LIMIT 20");
            see(client, &session.client.query(&sql, &[&least]).await?)
        }
        Kind::Write => write(client, session).await,
        Kind::Tidy => {
            let sql = "DELETE FROM items WHERE id < (SELECT max(id) - $1 FROM items)";
            session.client.execute(sql, &[&ROWS_MAX]).await?;
            Ok(())
        }
        Kind::Transaction => transaction(client, session).await,
        Kind::Savepoints => savepoints(client, session).await,
        Kind::Failed => {
            session
                .refused("BEGIN; INSERT INTO items (owner, n) VALUES ('nobody', 1); SELECT 1/0", "22012")
                .await?;
            session.refused("SELECT 1", "25P02").await?;
            session.ask("ROLLBACK").await.map(drop)
        }
        Kind::Set => set(client, session).await,
        Kind::SetTransaction => set_in_transaction(client, session).await,
        Kind::Prepare => prepare(client, session).await,
        Kind::Execute => execute(client, session).await,
        Kind::Statement => {
            let number = client.random.below(30);
            let sql = own(client, &format!("SELECT owner, {number} FROM items WHERE n >= $1 LIMIT 9"));
            let statement = session.client.prepare(&sql).await?;
            see(client, &session.client.query(&statement, &[&1]).await?)?;
            session.mind.statements.push(statement);
            if session.mind.statements.len() > 6 {
                session.mind.statements.remove(0);
            }
            Ok(())
        }
        Kind::Again => {
            let Some(at) = pick(client, session.mind.statements.len()) else { return Ok(()) };
            see(client, &session.client.query(&session.mind.statements[at], &[&2]).await?)
        }
        _ => run_rarely(client, session, kind).await,
    }
}

async fn run_rarely(client: &mut Client, session: &mut Session, kind: Kind) -> Outcome {
    match kind {
        Kind::Temporary => temporary(client, session).await,
        Kind::Lock => {
            state::lock(client, session, "").await?;
            session.mind.locks += usize::from(session.keeps);
            Ok(())
        }
        Kind::Unlock if session.mind.locks > 0 => {
            state::unlock(client, session).await?;
            session.mind.locks -= 1;
            Ok(())
        }
        Kind::Cursor => cursor(session).await,
        Kind::Fetch if session.mind.has_cursor => read(client, session, "FETCH 3 FROM kept").await,
        Kind::Fetch => session.refused("FETCH 3 FROM kept", "34000").await,
        Kind::Listen => {
            // What is heard may come after the session has stopped listening, but not before it has begun.
            session.has_listened = true;
            session.ask("LISTEN news").await.map(drop)
        }
        Kind::Notify => session.ask(&format!("NOTIFY news, '{}'", client.tenant.slug)).await.map(drop),
        Kind::Cancel => cancel(client, session).await,
        Kind::CopyOut | Kind::CopyOutBroken => copy_out(client, session, kind == Kind::CopyOutBroken).await,
        Kind::CopyIn | Kind::CopyInBroken if client.tenant.isolation != Isolation::Shared => {
            copy_in(client, session, kind == Kind::CopyInBroken).await
        }
        Kind::Pipeline => {
            let sql = own(client, "SELECT owner FROM items WHERE n = $1 LIMIT 5");
            let bounds: Vec<i32> = (0..6).collect();
            let asked = bounds.iter().map(async |bound| session.client.query(&sql, &[bound]).await);
            for rows in join_all(asked).await {
                see(client, &rows?)?;
            }
            Ok(())
        }
        Kind::Portal => portal(client, session).await,
        Kind::Large => {
            let sql = "SELECT owner, repeat(owner, 10000) FROM items LIMIT 5";
            let rows = session.client.query(sql, &[]).await?;
            see(client, &rows)?;
            let is_whole = |row: &Row| row.get::<_, &str>(1).len() == row.get::<_, &str>(0).len() * 10_000;
            let all = rows.iter().all(is_whole);
            all.then_some(()).ok_or_else(|| Failure::Violation("a row is not whole".to_owned()))
        }
        Kind::Wrong => {
            session.refused("SELECT owner FROM nowhere", "42P01").await?;
            match session.client.query("SELECT owner FROM items WHERE n = 1 / $1::int", &[&0]).await {
                Err(error) if sqlstate(&error) != "22012" => Err(error.into()),
                // Without rows nothing is divided.
                _ => Ok(()),
            }
        }
        Kind::Discard => {
            session.mind.statements.clear();
            session.ask("DISCARD ALL").await?;
            session.mind = Mind::default();
            Ok(())
        }
        _ => Ok(()),
    }
}

fn pick(client: &mut Client, count: usize) -> Option<usize> {
    (count > 0).then(|| client.random.below(count))
}

/// A text that no other tenant sends.
fn own(client: &Client, sql: &str) -> String {
    sql.replacen(" FROM", &format!(", '{}' AS who FROM", client.tenant.slug), 1)
}

fn see(client: &Client, rows: &[Row]) -> Outcome {
    client.see(rows.iter().map(|row| row.get("owner")))?;
    let who = rows.iter().filter(|row| row.columns().iter().any(|column| column.name() == "who"));
    client.see(who.map(|row| row.get("who")))
}

async fn read(client: &Client, session: &Session, sql: &str) -> Outcome {
    let rows = session.ask(sql).await?;
    client.see(rows.iter().filter_map(|row| row[0].as_deref()))
}

async fn write(client: &mut Client, session: &Session) -> Outcome {
    let n = client.random.below(100) as i32;
    let sql = "INSERT INTO items (owner, n) VALUES ($1, $2) RETURNING owner";
    see(client, &session.client.query(sql, &[&client.tenant.slug, &n]).await?)
}

async fn transaction(client: &mut Client, session: &mut Session) -> Outcome {
    let n = client.random.below(100) as i32;
    let commits = client.random.below(3) > 0;
    let transaction = session.client.transaction().await?;
    let sql = "INSERT INTO items (owner, n) VALUES ($1, $2)";
    transaction.execute(sql, &[&client.tenant.slug, &n]).await?;
    see(client, &transaction.query(READ, &[]).await?)?;
    if client.random.below(4) == 0 {
        // Whoever thinks holds a server that others wait for.
        sleep(Duration::from_millis(client.random.below(60) as u64)).await;
    }
    let sql = "UPDATE items SET n = n + 1 WHERE id = (SELECT max(id) FROM items) RETURNING owner";
    see(client, &transaction.query(sql, &[]).await?)?;
    if commits {
        transaction.commit().await?
    } else {
        transaction.rollback().await?
    }
    Ok(())
}

async fn savepoints(client: &Client, session: &Session) -> Outcome {
    let slug = &client.tenant.slug;
    session.ask(&format!("BEGIN; INSERT INTO items (owner, n) VALUES ('{slug}', 1); SAVEPOINT a")).await?;
    session.refused("SELECT 1/0", "22012").await?;
    session.ask("ROLLBACK TO a").await?;
    read(client, session, READ).await?;
    session.ask("COMMIT").await.map(drop)
}

async fn set(client: &mut Client, session: &mut Session) -> Outcome {
    let settings = state::settings(client);
    let (name, values) = settings[client.random.below(settings.len())];
    let value = values[client.random.below(2)];
    match client.random.below(4) {
        0 => {
            session.ask(&format!("RESET {name}")).await?;
            session.mind.settings.remove(name);
            return Ok(());
        }
        1 => drop(session.client.execute(&format!("SET {name} = '{value}'"), &[]).await?),
        _ => drop(session.ask(&format!("SET {name} TO '{value}'")).await?),
    }
    session.mind.settings.insert(name, value.to_owned());
    Ok(())
}

async fn set_in_transaction(client: &mut Client, session: &mut Session) -> Outcome {
    let (name, values) = state::SETTINGS[client.random.below(4)];
    let value = values[client.random.below(2)];
    let (word, end) = [("", "ROLLBACK"), ("LOCAL", "COMMIT"), ("", "COMMIT")][client.random.below(3)];
    session.ask(&format!("BEGIN; SET {word} {name} = '{value}'")).await?;
    session.expect(&format!("SELECT current_setting('{name}')"), value).await?;
    session.ask(end).await?;
    if (word, end) == ("", "COMMIT") {
        session.mind.settings.insert(name, value.to_owned());
    }
    Ok(())
}

async fn prepare(client: &mut Client, session: &mut Session) -> Outcome {
    let number = client.random.below(8);
    if session.mind.prepared.contains(&number) {
        session.ask(&format!("DEALLOCATE p{number}")).await?;
        session.mind.prepared.remove(&number);
        return Ok(());
    }
    let sql = own(client, "SELECT owner FROM items WHERE n >= $1 LIMIT 9");
    session.ask(&format!("PREPARE p{number} (int) AS {sql}")).await?;
    session.mind.prepared.insert(number);
    Ok(())
}

async fn execute(client: &mut Client, session: &Session) -> Outcome {
    let number = client.random.below(8);
    let sql = format!("EXECUTE p{number} (3)");
    if !session.mind.prepared.contains(&number) {
        return session.refused(&sql, "26000").await;
    }
    let rows = session.ask(&sql).await?;
    client.see(rows.iter().flatten().filter_map(|value| value.as_deref()))
}

async fn temporary(client: &Client, session: &mut Session) -> Outcome {
    let sql = "CREATE TEMPORARY TABLE keep AS SELECT owner FROM items LIMIT 3";
    if client.tenant.isolation != Isolation::Database {
        return session.refused(sql, "42501").await;
    }
    if session.mind.has_temporary {
        return session.refused(sql, "42P07").await;
    }
    session.ask(sql).await?;
    if session.keeps {
        session.mind.has_temporary = true;
        return read(client, session, "SELECT owner FROM keep").await;
    }
    session.refused("SELECT owner FROM keep", "42P01").await
}

async fn cursor(session: &mut Session) -> Outcome {
    if session.mind.has_cursor {
        session.ask("CLOSE kept").await?;
        session.mind.has_cursor = false;
        return Ok(());
    }
    session.ask("BEGIN; DECLARE kept CURSOR WITH HOLD FOR SELECT owner FROM items; COMMIT").await?;
    session.mind.has_cursor = session.keeps;
    Ok(())
}

async fn cancel(client: &mut Client, session: &mut Session) -> Outcome {
    let pause = Duration::from_millis(client.random.below(300) as u64);
    let token = session.client.cancel_token();
    session.has_cancelled = true;
    let cancelled = async {
        sleep(pause).await;
        // The gateway may be gone.
        let _ = token.cancel_query(NoTls).await;
    };
    match tokio::join!(session.client.simple_query(SLOW), cancelled).0 {
        Err(error) if sqlstate(&error) != "57014" => Err(error.into()),
        _ => Ok(()),
    }
}

async fn copy_out(client: &Client, session: &Session, breaks: bool) -> Outcome {
    let sql = "COPY (SELECT owner FROM items, generate_series(1, 100) LIMIT 5000) TO STDOUT";
    let mut out = pin!(session.client.copy_out(sql).await?);
    if breaks {
        // What it has not read is on its way all the same.
        if let Some(lines) = out.next().await {
            let _ = lines?;
        }
        return Ok(());
    }
    let parts: Vec<_> = out.try_collect().await?;
    let text = parts.concat();
    client.see(std::str::from_utf8(&text).unwrap_or("bytes").lines())
}

async fn copy_in(client: &mut Client, session: &Session, breaks: bool) -> Outcome {
    let sink = session.client.copy_in("COPY items (owner, n) FROM STDIN").await?;
    let mut sink = pin!(sink);
    let lines = format!("{}\t7\n", client.tenant.slug).repeat(1 + client.random.below(30));
    sink.send(Cursor::new(lines.into_bytes())).await?;
    if !breaks {
        sink.finish().await?;
    }
    Ok(())
}

async fn portal(client: &Client, session: &mut Session) -> Outcome {
    let transaction = session.client.transaction().await?;
    let portal = transaction.bind("SELECT owner FROM items LIMIT 30", &[]).await?;
    loop {
        let rows = transaction.query_portal(&portal, 7).await?;
        see(client, &rows)?;
        if rows.len() < 7 {
            break;
        }
    }
    transaction.commit().await?;
    Ok(())
}

/// Goes, in one way or another. What was begun and not ended is nobody's afterwards.
pub async fn leave(client: &mut Client, session: Session) {
    let Session { client: session, connection, .. } = session;
    let insert = format!("BEGIN; INSERT INTO items (owner, n) VALUES ('{}', 0)", client.tenant.slug);
    let pause = Duration::from_millis(client.random.below(30) as u64);
    match client.random.below(5) {
        0 => drop(session.simple_query(&insert).await),
        // In the middle of a statement, and of its answer.
        1 => drop(tokio::time::timeout(pause, session.simple_query(SLOW)).await),
        2 => {
            let sql = "COPY (SELECT owner, repeat('x', 1000) FROM items, generate_series(1, 1000)) TO STDOUT";
            drop(tokio::time::timeout(pause, session.copy_out(sql)).await);
        }
        3 => {
            let begun = session.copy_in::<_, Cursor<Vec<u8>>>("COPY items (owner, n) FROM STDIN").await;
            connection.abort();
            drop(begun);
        }
        _ => {
            // With a good-bye, which is awaited.
            drop(session);
            let _ = connection.await;
            return;
        }
    }
    connection.abort();
}
