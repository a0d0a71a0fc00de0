//! Sessions that attacks run on: every row, notice and message that arrives is kept, to be searched for secrets.

use std::collections::HashMap;
use std::future::poll_fn;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use tokio_postgres::{AsyncMessage, Client, NoTls, SimpleQueryMessage};

use super::{Attack, Expect, MARK, Step, Who};

/// How often and how long a notification is waited for.
const HEAR_TRIES_MAX: u32 = 100;
const HEAR_PAUSE: Duration = Duration::from_millis(20);

/// A connection that remembers what the server says beside its answers.
pub struct Session {
    client: Client,
    heard: Arc<Mutex<Vec<String>>>,
}

/// What came of one statement.
#[derive(Debug, Default)]
pub struct Outcome {
    /// The SQLSTATE of the refusal.
    pub sqlstate: Option<String>,
    /// All fields of the refusal, or a failure of the connection.
    pub error: Option<String>,
    /// The rows as text.
    pub rows: Vec<Vec<Option<String>>>,
    /// Rows touched.
    pub touched: u64,
    /// Notices and notifications that arrived.
    pub heard: Vec<String>,
}

impl Session {
    /// Connects without TLS (the servers of tests listen on loopback).
    ///
    /// # Errors
    /// What the server or the network said.
    pub async fn connect(url: &str) -> Result<Self, tokio_postgres::Error> {
        let (client, mut connection) = tokio_postgres::connect(url, NoTls).await?;
        let heard = Arc::new(Mutex::new(Vec::new()));
        let keep = Arc::clone(&heard);
        tokio::spawn(async move {
            while let Some(Ok(message)) = poll_fn(|cx| connection.poll_message(cx)).await {
                let text = match message {
                    AsyncMessage::Notice(n) => format!("{} {} {n:?}", n.code().code(), n.message()),
                    AsyncMessage::Notification(n) => format!("NOTIFY {} {}", n.channel(), n.payload()),
                    _ => continue,
                };
                keep.lock().unwrap_or_else(PoisonError::into_inner).push(text);
            }
        });
        Ok(Self { client, heard })
    }

    /// The client, for what is not text.
    pub fn client(&self) -> &Client {
        &self.client
    }

    /// Runs one statement in the simple protocol.
    pub async fn run(&self, sql: &str) -> Outcome {
        let mut outcome = Outcome::default();
        let answer = match copy(sql) {
            Some(Copy::Out) => self.copy_out(sql, &mut outcome).await,
            Some(Copy::In) => self.copy_in(sql, &mut outcome).await,
            None => self.simple(sql, &mut outcome).await,
        };
        if let Err(e) = answer {
            outcome.sqlstate = e.code().map(|c| c.code().to_owned());
            outcome.error = Some(e.as_db_error().map_or_else(|| e.to_string(), |d| format!("{d:?}")));
        }
        outcome.heard = std::mem::take(&mut *self.heard.lock().unwrap_or_else(PoisonError::into_inner));
        outcome
    }

    async fn simple(&self, sql: &str, outcome: &mut Outcome) -> Result<(), tokio_postgres::Error> {
        for message in self.client.simple_query(sql).await? {
            match message {
                SimpleQueryMessage::Row(r) => {
                    outcome.rows.push((0..r.len()).map(|i| r.get(i).map(str::to_owned)).collect());
                }
                SimpleQueryMessage::CommandComplete(n) => outcome.touched = n,
                _ => {}
            }
        }
        Ok(())
    }

    async fn copy_out(&self, sql: &str, outcome: &mut Outcome) -> Result<(), tokio_postgres::Error> {
        use futures_util::TryStreamExt as _;
        let stream = self.client.copy_out(sql).await?;
        let parts: Vec<_> = stream.try_collect().await?;
        for line in String::from_utf8_lossy(&parts.concat()).lines() {
            outcome.rows.push(line.split('\t').map(|c| Some(c.to_owned())).collect());
        }
        Ok(())
    }

    async fn copy_in(&self, sql: &str, outcome: &mut Outcome) -> Result<(), tokio_postgres::Error> {
        use futures_util::SinkExt as _;
        let (statement, data) = sql.split_once('\n').unwrap_or((sql, ""));
        let sink = self.client.copy_in(statement).await?;
        let mut sink = std::pin::pin!(sink);
        sink.send(std::io::Cursor::new(format!("{data}\n").into_bytes())).await?;
        outcome.touched = sink.finish().await?;
        Ok(())
    }
}

enum Copy {
    In,
    Out,
}

fn copy(sql: &str) -> Option<Copy> {
    let first = sql.lines().next().unwrap_or_default().to_ascii_uppercase();
    if !first.starts_with("COPY") {
        None
    } else if first.ends_with("FROM STDIN") {
        Some(Copy::In)
    } else if first.ends_with("TO STDOUT") {
        Some(Copy::Out)
    } else {
        None
    }
}

impl Outcome {
    /// Why this is not what was expected; `None` when it is.
    pub fn differs(&self, expect: Expect) -> Option<String> {
        if let Expect::Refused(states) = expect {
            return match &self.sqlstate {
                Some(s) if states.contains(&s.as_str()) => None,
                _ => Some(format!("expected a refusal {states:?}, got {self:?}")),
            };
        }
        if let Some(e) = &self.error {
            return Some(format!("expected {expect:?}, but it failed: {e}"));
        }
        let first = self.rows.first().and_then(|r| r.first()).cloned().flatten();
        let mut seen = self.rows.iter().flatten().flatten().chain(&self.heard);
        let right = match expect {
            Expect::Done | Expect::Refused(_) => true,
            Expect::NoRows => self.rows.is_empty(),
            Expect::SomeRows => !self.rows.is_empty(),
            Expect::Value(v) => first.as_deref() == Some(v),
            Expect::Touched(n) => self.touched == n,
            Expect::Shows(text) | Expect::Hears(text) => seen.any(|t| t.contains(text)),
        };
        (!right).then(|| format!("expected {expect:?}, got {self:?}"))
    }

    /// Whether anything that arrived contains a secret of the victim.
    pub fn leaks(&self) -> bool {
        let texts = self.rows.iter().flatten().flatten().chain(&self.heard).chain(&self.error);
        texts.into_iter().any(|t| t.contains(MARK))
    }
}

/// The sessions of one case, opened as steps ask for them.
pub struct Stage<'a> {
    urls: &'a dyn Fn(Who) -> String,
    values: &'a [(&'static str, String)],
    open: HashMap<Who, Session>,
}

impl<'a> Stage<'a> {
    /// `urls` tells where each one logs in; `values` what placeholders stand for.
    pub fn new(urls: &'a dyn Fn(Who) -> String, values: &'a [(&'static str, String)]) -> Self {
        Self { urls, values, open: HashMap::new() }
    }

    /// Runs attack and twin, each on fresh sessions.
    ///
    /// # Errors
    /// A sentence that tells which step came out differently and how.
    pub async fn play(&mut self, case: &Attack) -> Result<(), String> {
        self.part("attack", case, &case.steps).await?;
        self.part("twin", case, &case.twin).await
    }

    /// Runs the attack without its twin; if it works, the twin is run after it to tidy up.
    ///
    /// # Errors
    /// As [`Stage::play`].
    pub async fn attack(&mut self, case: &Attack) -> Result<(), String> {
        let result = self.part("attack", case, &case.steps).await;
        if result.is_err() {
            for step in &case.twin {
                let _ = self.step(step, false).await;
            }
            self.open.clear();
        }
        result
    }

    async fn part(&mut self, part: &str, case: &Attack, steps: &[Step]) -> Result<(), String> {
        let keeps_secrets = part == "attack" && !case.known_open;
        let mut result = Ok(());
        for step in steps {
            if let Err(why) = self.step(step, keeps_secrets).await {
                result = Err(format!("{} ({}), {part}: {why}", case.id, case.title));
                break;
            }
        }
        self.open.clear();
        result
    }

    async fn step(&mut self, step: &Step, keeps_secrets: bool) -> Result<(), String> {
        let mut sql = step.sql.to_owned();
        for (name, value) in self.values {
            sql = sql.replace(&format!("{{{name}}}"), value);
        }
        let outcome = self.outcome(step, &sql).await;
        let attacker = matches!(step.who, Who::A | Who::AAtVictim | Who::AAtPostgres | Who::AAtTemplate);
        if attacker && keeps_secrets && outcome.leaks() {
            return Err(format!("{sql}: the victim's data arrived: {outcome:?}"));
        }
        match outcome.differs(step.expect) {
            Some(why) => Err(format!("{:?}: {sql}: {why}", step.who)),
            None => Ok(()),
        }
    }

    /// Runs a step's statement; a refused login counts as the statement's refusal.
    async fn outcome(&mut self, step: &Step, sql: &str) -> Outcome {
        if !self.open.contains_key(&step.who) {
            match Session::connect(&(self.urls)(step.who)).await {
                Ok(session) => {
                    self.open.insert(step.who, session);
                }
                Err(e) => {
                    let sqlstate = e.code().map(|c| c.code().to_owned());
                    return Outcome { sqlstate, error: Some(format!("login: {e:?}")), ..Outcome::default() };
                }
            }
        }
        let session = &self.open[&step.who];
        let mut outcome = session.run(sql).await;
        for _ in 0..HEAR_TRIES_MAX {
            if !matches!(step.expect, Expect::Hears(_)) || outcome.differs(step.expect).is_none() {
                break;
            }
            tokio::time::sleep(HEAR_PAUSE).await;
            let again = session.run(sql).await;
            outcome.heard.extend(again.heard);
        }
        outcome
    }
}
