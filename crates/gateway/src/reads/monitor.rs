//! Asks a cluster's servers how far they are, for as long as the gateway runs.

use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use tenantry_domain::{Error, ErrorCode, Limits, Result};
use tenantry_postgres::replication::{Asked, ReplicaAt};
use tenantry_postgres::server::Server;
use tokio::task::JoinSet;
use tokio::time::{sleep, timeout};

use super::ledger::{Ledger, Standing, State};
use super::replicas::Replicas;
use crate::hub::{Hub, lock};

/// What these connections call themselves.
const APPLICATION_NAME: &str = "tenantry gateway replicas";

/// One cluster and what is known of it.
struct Watch {
    cluster: String,
    replicas: Arc<Replicas>,
    ledger: Mutex<Ledger>,
    started: Instant,
    between: Duration,
    answer: Duration,
    lag_max: Duration,
}

/// Follows every cluster that has replicas, until it is dropped.
pub(crate) async fn serve(hub: Arc<Hub>) {
    let mut tasks = JoinSet::new();
    for (cluster, replicas) in &hub.replicas {
        let watch = Arc::new(Watch::new(cluster, replicas.clone(), &hub.setup.app.limits));
        let clusters = hub.setup.clusters.clone();
        let Ok(primary) = clusters.server(cluster).cloned() else { continue };
        tasks.spawn(follow_primary(watch.clone(), primary));
        for (at, server) in clusters.replicas(cluster).iter().enumerate() {
            tasks.spawn(follow_replica(watch.clone(), at, server.clone()));
        }
    }
    while tasks.join_next().await.is_some() {}
}

impl Watch {
    fn new(cluster: &str, replicas: Arc<Replicas>, limits: &Limits) -> Self {
        Self {
            cluster: cluster.to_owned(),
            replicas,
            ledger: Mutex::default(),
            started: Instant::now(),
            between: Duration::from_millis(limits.gateway_replica_ms_between),
            answer: Duration::from_millis(limits.gateway_replica_answer_ms_max),
            lag_max: Duration::from_millis(limits.gateway_replica_lag_ms_max),
        }
    }

    async fn in_time<T>(&self, answer: impl Future<Output = Result<T>>) -> Result<T> {
        let late = |_| Error::new(ErrorCode::ServerUnreachable, "the server does not answer in time");
        timeout(self.answer, answer).await.map_err(late)?
    }

    /// Asks a primary until it answers no more.
    async fn ask_primary(&self, server: &Server) -> Result<()> {
        let asked = self.in_time(Asked::connect(server, APPLICATION_NAME)).await?;
        loop {
            let sent_at = self.started.elapsed();
            // Published first: see the module above.
            let number = self.replicas.begin();
            match self.in_time(asked.primary()).await? {
                Some(at) => {
                    lock(&self.ledger).note(number, sent_at, at);
                    self.replicas.answered(at.timeline);
                }
                None => {
                    let what = "the cluster's URL leads to a replica";
                    return Err(Error::new(ErrorCode::ServerUnsuitable, what));
                }
            }
            sleep(self.between).await;
        }
    }

    /// Asks a replica until it answers no more.
    async fn ask_replica(&self, at: usize, server: &Server, was: &mut State) -> Result<()> {
        let mut asked = self.in_time(Asked::connect(server, APPLICATION_NAME)).await?;
        loop {
            let said = self.in_time(asked.replica()).await?;
            let now = self.started.elapsed();
            let standing = lock(&self.ledger).standing(said, now, self.lag_max);
            self.replicas.learn(at, said.started, standing);
            self.tell(at, standing, said, was);
            tokio::select! {
                () = sleep(self.between) => {}
                () = asked.closed() => return Err(Error::new(ErrorCode::ConnectionLost, "the replica has gone")),
            }
        }
    }

    fn tell(&self, at: usize, standing: Standing, said: ReplicaAt, was: &mut State) {
        if standing.state == *was {
            return;
        }
        *was = standing.state;
        let name = self.replicas.each().get(at).map_or("", |replica| replica.name());
        let (cluster, state) = (&*self.cluster, standing.state.as_str());
        match standing.state {
            State::Up => tracing::info!(cluster, replica = name, "a replica answers reads"),
            State::Astray if said.timeline.is_none() => tracing::warn!(
                cluster,
                replica = name,
                "a replica is not asked: it receives nothing, or its URL's login may not read pg_stat_wal_receiver \
                 (GRANT pg_read_all_stats)"
            ),
            _ => {
                tracing::warn!(cluster, replica = name, state, lag = ?standing.lag, "a replica is not asked")
            }
        }
    }
}

async fn follow_primary(watch: Arc<Watch>, server: Server) {
    let mut is_told = false;
    loop {
        let begun = Instant::now();
        if let Err(error) = watch.ask_primary(&server).await {
            is_told &= begun.elapsed() < watch.answer * 2;
            if !std::mem::replace(&mut is_told, true) {
                tracing::warn!(error = ?error, cluster = watch.cluster, "a primary does not tell how far it is");
            }
        }
        sleep(watch.between).await;
    }
}

async fn follow_replica(watch: Arc<Watch>, at: usize, server: Server) {
    // What was last said in the log.
    let mut was = State::Down;
    loop {
        if let Err(error) = watch.ask_replica(at, &server, &mut was).await {
            watch.replicas.learn(at, 0, Standing::is(State::Down));
            if was != State::Down {
                was = State::Down;
                let name = watch.replicas.each().get(at).map_or("", |replica| replica.name());
                tracing::warn!(error = ?error, cluster = watch.cluster, replica = name, "a replica is down");
            }
        }
        sleep(watch.between).await;
    }
}
