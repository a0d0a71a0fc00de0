//! A session, and what its client knows that it has left in it.

use std::collections::{BTreeMap, BTreeSet};
use std::future::poll_fn;

use tenantry_gateway::fuzzing::random::Random;
use tokio::sync::mpsc::{UnboundedReceiver, unbounded_channel};
use tokio::task::JoinHandle;
use tokio_postgres::{AsyncMessage, Config, Error, NoTls, Notification, SimpleQueryMessage, Statement};

use super::client::{Client, Failure, Outcome, sqlstate};
use super::world::{Tenant, World};

/// What must be there, and what must not.
#[derive(Default)]
pub struct Mind {
    /// Settings that differ from what sessions begin with.
    pub settings: BTreeMap<&'static str, String>,
    /// Statements of SQL.
    pub prepared: BTreeSet<usize>,
    /// Statements of the protocol.
    pub statements: Vec<Statement>,
    /// In session pooling:
    pub has_temporary: bool,
    pub has_cursor: bool,
    /// How often the session holds its lock.
    pub locks: usize,
}

/// See the module.
pub struct Session {
    pub client: tokio_postgres::Client,
    pub connection: JoinHandle<()>,
    pub heard: UnboundedReceiver<Notification>,
    /// Session pooling.
    pub keeps: bool,
    pub mind: Mind,
    /// It has asked to hear its tenant's channel.
    pub has_listened: bool,
    /// It has sent cancel requests: a late one may stop a later statement of its own.
    pub has_cancelled: bool,
}

impl Session {
    /// Logs in at one of the gateways that run.
    pub async fn open(
        world: &World,
        tenant: &Tenant,
        is_app: bool,
        random: &mut Random,
    ) -> Result<Self, Error> {
        let running: Vec<_> = world.gateways.iter().filter_map(|gateway| gateway.address()).collect();
        let address = running[random.below(running.len())];
        let keeps = random.below(4) == 0;
        let mut config = Config::new();
        config.host("127.0.0.1").port(address.port()).dbname("main").application_name(&tenant.slug);
        let mut options = String::new();
        if is_app {
            config.user("app").password(&world.app_password);
            options += &format!("-c app.current_tenant={} ", tenant.slug);
        } else {
            config.user(&tenant.slug).password(&tenant.password);
        }
        if keeps {
            options += "-c tenantry.pooling=session";
        }
        let (client, mut connection) = config.options(&options).connect(NoTls).await?;
        let (sender, heard) = unbounded_channel();
        let connection = tokio::spawn(async move {
            while let Some(Ok(message)) = poll_fn(|cx| connection.poll_message(cx)).await {
                if let AsyncMessage::Notification(notification) = message {
                    let _ = sender.send(notification);
                }
            }
        });
        Ok(Self {
            client,
            connection,
            heard,
            keeps,
            mind: Mind::default(),
            has_listened: false,
            has_cancelled: false,
        })
    }

    /// Runs statements by the simple protocol; all values of all rows.
    pub async fn ask(&self, sql: &str) -> Result<Vec<Vec<Option<String>>>, Failure> {
        let answers = self.client.simple_query(sql).await?;
        let row = |message: &SimpleQueryMessage| match message {
            SimpleQueryMessage::Row(row) => {
                Some((0..row.len()).map(|at| row.get(at).map(str::to_owned)).collect())
            }
            _ => None,
        };
        Ok(answers.iter().filter_map(row).collect())
    }

    /// The first value.
    pub async fn value(&self, sql: &str) -> Result<String, Failure> {
        let rows = self.ask(sql).await?;
        Ok(rows.into_iter().flatten().next().flatten().unwrap_or_default())
    }

    /// The first value has to be this one.
    pub async fn expect(&self, sql: &str, expected: &str) -> Outcome {
        let value = self.value(sql).await?;
        if value == expected {
            return Ok(());
        }
        Err(Failure::Violation(format!("{sql} answers {value:?} and not {expected:?}")))
    }

    /// The statement has to fail like this.
    pub async fn refused(&self, sql: &str, code: &str) -> Outcome {
        match self.client.simple_query(sql).await {
            Err(error) if sqlstate(&error) == code => Ok(()),
            Err(error) => Err(error.into()),
            Ok(_) => Err(Failure::Violation(format!("{sql} was not refused with {code}"))),
        }
    }

    /// For messages.
    pub fn name(&self, client: &Client) -> String {
        let pooling = if self.keeps { "session" } else { "transaction" };
        format!("{}, {pooling} pooling", client.name())
    }
}
