//! A kind of job that notes what it does in a table and misbehaves as it is told.

use std::collections::{HashMap, VecDeque};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use futures_util::future::BoxFuture;
use serde_json::{Value, json};
use tenantry_domain::{Error, ErrorCode, JobId, Limits, Result, TenantId};
use tenantry_jobs::{Job, JobStatus, NewJob, Operation, Outcome, Run, Worker, queue};
use tenantry_registry::Registry;
use tenantry_registry::Transaction;
use tenantry_testkit::{TestDatabase, control_database};
use tokio::sync::Semaphore;

/// What one call does beside noting that it was made.
#[derive(Clone)]
pub enum Act {
    Fail(ErrorCode),
    Sleep(Duration),
    /// Waits until the test lets it pass.
    Wait(Arc<Semaphore>),
}

/// The kind `toy` with the steps a, b and c.
pub struct Toy {
    registry: Registry,
    undoes: bool,
    acts: Mutex<HashMap<&'static str, VecDeque<Act>>>,
}

impl Toy {
    async fn call(&self, what: String, run: &Run) -> Result<Value> {
        let client = self.registry.client().await?;
        client
            .execute(
                "INSERT INTO toy (job, fence, what) VALUES ($1, $2, $3)",
                &[&run.job.0, &run.fence, &what],
            )
            .await
            .unwrap();
        drop(client);
        let act = self.acts.lock().unwrap().get_mut(what.as_str()).and_then(VecDeque::pop_front);
        match act {
            None => {}
            Some(Act::Fail(code)) => return Err(Error::new(code, format!("{what} failed")).help("mend it")),
            Some(Act::Sleep(time)) => tokio::time::sleep(time).await,
            Some(Act::Wait(gate)) => gate.acquire().await.unwrap().forget(),
        }
        Ok(json!({ "by": what }))
    }
}

impl Operation for Toy {
    fn kind(&self) -> &'static str {
        "toy"
    }

    fn steps(&self, _run: &Run) -> Vec<String> {
        ["a", "b", "c"].map(str::to_owned).to_vec()
    }

    fn undoes(&self) -> bool {
        self.undoes
    }

    fn perform<'a>(&'a self, step: &'a str, run: &'a Run) -> BoxFuture<'a, Result<Value>> {
        Box::pin(async move {
            let before = match step {
                "b" => Some("a"),
                "c" => Some("b"),
                _ => None,
            };
            if let Some(before) = before {
                let output = run.output(before).expect("the step before has left its output");
                assert_eq!(output["by"], json!(format!("do {before}")));
            }
            self.call(format!("do {step}"), run).await
        })
    }

    fn record<'a>(
        &'a self,
        step: &'a str,
        run: &'a Run,
        _output: &'a Value,
        tx: &'a Transaction<'_>,
    ) -> BoxFuture<'a, Result<()>> {
        Box::pin(async move {
            let sql = "INSERT INTO recorded (job, step) VALUES ($1, $2)";
            tx.execute(sql, &[&run.job.0, &step]).await.unwrap();
            Ok(())
        })
    }

    fn undo<'a>(&'a self, step: &'a str, run: &'a Run) -> BoxFuture<'a, Result<()>> {
        Box::pin(async move { self.call(format!("undo {step}"), run).await.map(|_| ()) })
    }

    fn record_undo<'a>(
        &'a self,
        step: &'a str,
        run: &'a Run,
        tx: &'a Transaction<'_>,
    ) -> BoxFuture<'a, Result<()>> {
        Box::pin(async move {
            let sql = "DELETE FROM recorded WHERE job = $1 AND step = $2";
            tx.execute(sql, &[&run.job.0, &step]).await.unwrap();
            Ok(())
        })
    }

    fn settle<'a>(
        &'a self,
        run: &'a Run,
        outcome: Outcome,
        tx: &'a Transaction<'_>,
    ) -> BoxFuture<'a, Result<()>> {
        Box::pin(async move {
            let what = format!("settled {outcome:?}");
            let sql = "INSERT INTO toy (job, fence, what) VALUES ($1, $2, $3)";
            tx.execute(sql, &[&run.job.0, &run.fence, &what]).await.unwrap();
            Ok(())
        })
    }
}

/// A control database with the toy's tables.
pub struct Lab {
    pub database: TestDatabase,
    pub registry: Registry,
    pub limits: Limits,
    toy: Arc<Toy>,
}

impl Lab {
    pub async fn new(name_suffix: &str) -> Self {
        Self::with(name_suffix, true).await
    }

    /// With a kind of job that is never undone.
    pub async fn forward_only(name_suffix: &str) -> Self {
        Self::with(name_suffix, false).await
    }

    async fn with(name_suffix: &str, undoes: bool) -> Self {
        let (database, registry) = control_database(name_suffix).await;
        let tables = "CREATE TABLE toy (id bigserial PRIMARY KEY, at timestamptz DEFAULT clock_timestamp(),
                        job bigint, fence bigint, what text);
                      CREATE TABLE recorded (job bigint, step text, PRIMARY KEY (job, step))";
        database.connect().await.batch_execute(tables).await.unwrap();
        let toy = Arc::new(Toy { registry: registry.clone(), undoes, acts: Mutex::default() });
        let limits = Limits {
            job_lease_seconds: 2,
            job_heartbeat_seconds: 1,
            job_attempts_max: 3,
            ..Limits::default()
        };
        Self { database, registry, limits, toy }
    }

    /// What the next call of this name (`do b`, `undo a`) does; more than once: one after the other.
    pub fn act(&self, what: &'static str, act: Act) {
        self.toy.acts.lock().unwrap().entry(what).or_default().push_back(act);
    }

    pub fn fail(&self, what: &'static str, code: ErrorCode) {
        self.act(what, Act::Fail(code));
    }

    /// Holds the next call of this name until a permit is added.
    pub fn hold(&self, what: &'static str) -> Arc<Semaphore> {
        let gate = Arc::new(Semaphore::new(0));
        self.act(what, Act::Wait(gate.clone()));
        gate
    }

    pub fn worker(&self) -> Worker {
        Worker::new(self.registry.clone(), vec![self.toy.clone()], self.limits.clone())
    }

    pub async fn queue(&self) -> JobId {
        self.queue_for(None, false).await
    }

    pub async fn queue_for(&self, tenant: Option<TenantId>, background: bool) -> JobId {
        let job = NewJob { kind: "toy", tenant, slug: None, actor: "test", input: json!({}), background };
        let client = self.registry.client().await.unwrap();
        queue::enqueue(&client, &job).await.unwrap()
    }

    pub async fn drive(&self, job: JobId) -> Result<Job> {
        self.worker().drive(job, &|_| {}).await
    }

    pub async fn job(&self, job: JobId) -> Job {
        queue::get(&self.registry, job).await.unwrap()
    }

    /// What was called for this job, in order.
    pub async fn calls(&self, job: JobId) -> Vec<String> {
        let client = self.registry.client().await.unwrap();
        let rows = client.query("SELECT what FROM toy WHERE job = $1 ORDER BY id", &[&job.0]).await.unwrap();
        rows.iter().map(|r| r.get(0)).collect()
    }

    /// Waits until this call was made.
    pub async fn reached(&self, job: JobId, what: &str) {
        let waiting = async {
            while !self.calls(job).await.iter().any(|c| c == what) {
                tokio::time::sleep(Duration::from_millis(5)).await;
            }
        };
        tokio::time::timeout(Duration::from_secs(20), waiting).await.expect(what);
    }

    /// Steps whose effect in the control database holds.
    pub async fn recorded(&self, job: JobId) -> Vec<String> {
        let client = self.registry.client().await.unwrap();
        let sql = "SELECT step FROM recorded WHERE job = $1 ORDER BY step";
        client.query(sql, &[&job.0]).await.unwrap().iter().map(|r| r.get(0)).collect()
    }

    pub async fn ends(&self, job: JobId, status: JobStatus) {
        let waiting = async {
            while !self.job(job).await.status.is_final() {
                tokio::time::sleep(Duration::from_millis(10)).await;
            }
        };
        tokio::time::timeout(Duration::from_secs(30), waiting).await.expect("the job ends");
        assert_eq!(self.job(job).await.status, status);
    }

    pub async fn sql(&self, sql: &str) -> u64 {
        self.registry.client().await.unwrap().execute(sql, &[]).await.unwrap()
    }
}
