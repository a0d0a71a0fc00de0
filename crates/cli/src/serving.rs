//! The long-running part of `up` and `serve`: worker, upkeep and HTTP listener, started and stopped together.

use std::net::SocketAddr;
use std::process::ExitCode;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicI64, Ordering};
use std::time::Duration;

use tenantry_control::{Figures, Subject};
use tenantry_domain::{Error, Result};
use tenantry_jobs::{JobStatus, Worker, queue};
use tenantry_lifecycle::Platform;
use tenantry_lifecycle::announcements::Announcements;
use tenantry_lifecycle::examine::{Depth, examine};
use tenantry_migrate::rollout::KIND;
use tenantry_postgres::embedded::Mode;
use tenantry_postgres::server::Server;
use tokio::net::TcpListener;
use tokio::sync::{Notify, watch};
use tokio::task::JoinSet;
use tokio::time::{Instant, sleep, timeout};

use crate::Context;
use crate::commands;
use crate::gateway::{GatewayDoor, Running, Sources};
use crate::shutdown::{self, Wish};
use crate::stack::Stack;

/// Who asks for upkeep, as jobs name it.
const UPKEEP_ACTOR: &str = "tenantry";
/// Time from a job to the look whether blanks are missing: several jobs often come together.
const REFILL_PAUSE: Duration = Duration::from_secs(1);
/// Longest time between two such looks.
const REFILL_SECONDS_MAX: u64 = 60;
/// Time between two looks for tenants whose retention is over, and for old jobs.
const PURGE_SECONDS_BETWEEN: u64 = 3600;
/// Time between two looks for credentials that are over.
const CREDENTIALS_PAUSE: Duration = Duration::from_secs(60);
/// Days that ended jobs are kept.
const JOBS_DAYS_KEPT: i32 = 90;
/// Pause before the control database is tried again.
const LISTEN_AGAIN: Duration = Duration::from_secs(2);
/// Time that requests in hand have to end.
const DRAIN_SECONDS_MAX: u64 = 10;

/// Which parts this process runs.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Parts {
    /// The HTTP listener.
    pub http: bool,
    /// Jobs and upkeep.
    pub worker: bool,
    /// The gateway.
    pub gateway: bool,
}

/// Addresses that were opened before anything else.
#[derive(Default)]
pub struct Doors {
    /// Of the HTTP listener.
    pub http: Option<Door>,
    /// Of the gateway.
    pub gateway: Option<GatewayDoor>,
}

/// What runs.
pub struct Serving {
    stop: watch::Sender<bool>,
    is_migrated: Arc<AtomicBool>,
    worker_runs: Arc<AtomicBool>,
    doctor_findings: Arc<AtomicI64>,
    http: JoinSet<()>,
    tasks: JoinSet<()>,
    gateway: Option<Running>,
    figures: Figures,
}

/// An open address, taken before anything else is done: that it is in use already shows at once.
pub struct Door {
    listener: TcpListener,
    address: SocketAddr,
}

impl Door {
    /// Opens it.
    ///
    /// # Errors
    /// `listen_failed`.
    pub async fn open(address: &str) -> Result<Self> {
        let (listener, address) = tenantry_control::bind(address).await?;
        Ok(Self { listener, address })
    }

    /// Its URL.
    pub fn url(&self) -> String {
        format!("http://{}", self.address)
    }
}

/// Runs a server: opens the parts, begins, and serves until a signal comes. A second signal ends it at once.
///
/// # Errors
/// Those of opening, of set-up and of `begin`.
pub async fn run<G>(
    context: &Context,
    doors: Doors,
    parts: Parts,
    begin: impl AsyncFnOnce(&Stack) -> Result<G>,
) -> Result<ExitCode> {
    let mut wishes = shutdown::listen()?;
    let mut forced = wishes.clone();
    let serve = async {
        let stack = Stack::open(context, Mode::Exclusive).await?;
        let mut serving = Serving::new();
        let begun = async {
            if let Some(door) = doors.http {
                serving.start_http(&stack, door, parts.worker);
            }
            stack.set_up(context).await?;
            serving.is_migrated.store(true, Ordering::Relaxed);
            if let Some(door) = doors.gateway {
                serving.start_gateway(&stack, door).await?;
            }
            if parts.worker {
                serving.start_worker(&stack);
            }
            begin(&stack).await
        };
        let begun = tokio::select! {
            begun = begun => begun.map(Some),
            () = shutdown::wished(&mut wishes, Wish::Stop) => Ok(None),
        };
        if matches!(begun, Ok(Some(_))) {
            shutdown::wished(&mut wishes, Wish::Stop).await;
            context.output.note("stopping (again to force)");
        }
        let begun = begun.map(drop);
        serving.stop().await;
        let closed = stack.close().await;
        begun.and(closed)
    };
    tokio::select! {
        served = serve => served.map(|()| ExitCode::SUCCESS),
        () = shutdown::wished(&mut forced, Wish::Force) => Ok(ExitCode::from(shutdown::EXIT_INTERRUPTED)),
    }
}

impl Serving {
    fn new() -> Self {
        Self {
            stop: watch::Sender::new(false),
            is_migrated: Arc::default(),
            worker_runs: Arc::default(),
            doctor_findings: Arc::new(AtomicI64::new(-1)),
            http: JoinSet::new(),
            tasks: JoinSet::new(),
            gateway: None,
            figures: Figures::default(),
        }
    }

    fn start_http(&mut self, stack: &Stack, door: Door, with_worker: bool) {
        let subject = Subject {
            registry: stack.registry().clone(),
            clusters: stack.platform.clusters.clone(),
            version: env!("CARGO_PKG_VERSION"),
            is_migrated: self.is_migrated.clone(),
            doctor_findings: self.doctor_findings.clone(),
            worker_runs: with_worker.then(|| self.worker_runs.clone()),
            figures: self.figures.clone(),
        };
        let stopped = until(self.stop.subscribe());
        self.http.spawn(async move {
            if let Err(e) = tenantry_control::serve(door.listener, subject, stopped).await {
                tracing::error!(error = ?e, "the HTTP listener has stopped");
            }
        });
    }

    async fn start_gateway(&mut self, stack: &Stack, door: GatewayDoor) -> Result<()> {
        let sources = Sources {
            app: stack.platform.app.clone(),
            control: stack.platform.gateway_server(&stack.control).await?,
            clusters: stack.platform.clusters.clone(),
        };
        let running = Running::start(sources, &stack.config.state(), door).await?;
        let metrics = running.metrics();
        self.figures.add(move || {
            let metrics = metrics.clone();
            async move { metrics.render().await }
        });
        self.gateway = Some(running);
        Ok(())
    }

    fn start_worker(&mut self, stack: &Stack) {
        let (jobs, blanks) = (Arc::new(Notify::new()), Arc::new(Notify::new()));
        let (worker, stopped, wake) = (stack.worker.clone(), self.stop.subscribe(), jobs.clone());
        let running = Raised::new(&self.worker_runs);
        self.tasks.spawn(async move {
            worker.serve(stopped, wake).await;
            drop(running);
        });
        let control = stack.control.clone();
        let database = stack.platform.app.layout().control_database();
        self.spawn_until_stop(hear(control, database, jobs, blanks.clone()));
        self.spawn_until_stop(refill(stack.platform.clone(), blanks));
        self.spawn_until_stop(purge(stack.platform.clone()));
        self.spawn_until_stop(credentials(stack.platform.clone()));
        self.spawn_until_stop(doctor(
            stack.platform.clone(),
            stack.worker.clone(),
            self.doctor_findings.clone(),
        ));
    }

    /// Runs a task that may be dropped at any point.
    fn spawn_until_stop(&mut self, task: impl Future<Output = ()> + Send + 'static) {
        let stopped = until(self.stop.subscribe());
        self.tasks.spawn(async move {
            tokio::select! {
                () = task => {}
                () = stopped => {}
            }
        });
    }

    /// Stops: jobs in hand finish, requests in hand get some time.
    async fn stop(mut self) {
        if let Some(gateway) = self.gateway.take() {
            gateway.stop().await;
        }
        self.stop.send_replace(true);
        while self.tasks.join_next().await.is_some() {}
        let drained = async { while self.http.join_next().await.is_some() {} };
        if timeout(Duration::from_secs(DRAIN_SECONDS_MAX), drained).await.is_err() {
            tracing::warn!("requests were cut off that took more than {DRAIN_SECONDS_MAX} seconds to end");
        }
    }
}

/// A flag that is up as long as its task lives, however that ends.
struct Raised(Arc<AtomicBool>);

impl Raised {
    fn new(flag: &Arc<AtomicBool>) -> Self {
        flag.store(true, Ordering::Relaxed);
        Self(flag.clone())
    }
}

impl Drop for Raised {
    fn drop(&mut self) {
        self.0.store(false, Ordering::Relaxed);
    }
}

/// Examines the installation on a schedule; each finding goes to the log and into the metrics.
async fn doctor(platform: Platform, worker: Worker, findings: Arc<AtomicI64>) {
    let pause = Duration::from_secs(platform.app.limits.doctor_hours_between.max(1) * 3600);
    loop {
        sleep(pause).await;
        let found = async {
            let mut found = examine(&platform, &worker, Depth::Attacks, &|_| {}).await?;
            found.extend(commands::doctor::drift(&platform).await?);
            Ok::<_, Error>(found)
        };
        match found.await {
            Ok(found) => {
                findings.store(i64::try_from(found.len()).unwrap_or(i64::MAX), Ordering::Relaxed);
                for f in found {
                    tracing::error!(code = f.code, object = %f.object, database = %f.database, danger = %f.danger,
                        "doctor has a finding; `tenantry doctor` prints the SQL that mends it");
                }
            }
            Err(e) => tracing::error!(error = ?e, "doctor could not examine everything"),
        }
    }
}

async fn until(mut stopped: watch::Receiver<bool>) {
    // An error means that whoever would stop us is gone: that is a stop, too.
    let _ = stopped.wait_for(|stopped| *stopped).await;
}

/// Wakes the others when a job is queued; without a connection they look by themselves, less often.
async fn hear(control: Server, database: String, jobs: Arc<Notify>, blanks: Arc<Notify>) {
    loop {
        match Announcements::listen(&control, &database).await {
            Ok(mut announcements) => {
                jobs.notify_one();
                while announcements.next().await {
                    jobs.notify_one();
                    blanks.notify_one();
                }
            }
            Err(e) => tracing::warn!(error = ?e, "queued jobs can't be heard of"),
        }
        sleep(LISTEN_AGAIN).await;
    }
}

/// Keeps blanks ready; not while a rollout is under way, which needs the server more, and whose next file may make them
/// stale again.
async fn refill(platform: Platform, wake: Arc<Notify>) {
    let refilled = async || {
        let rollout = queue::open_of_kind(&platform.registry, KIND).await?;
        if rollout.is_some_and(|job| matches!(job.status, JobStatus::Queued | JobStatus::Running)) {
            return Ok(0);
        }
        platform.refill_blanks().await
    };
    loop {
        if let Err(e) = refilled().await {
            tracing::warn!(error = ?e, "blanks can't be refilled");
        }
        let _ = timeout(Duration::from_secs(REFILL_SECONDS_MAX), wake.notified()).await;
        sleep(REFILL_PAUSE).await;
    }
}

/// Ends credentials that were handed out when their time comes, and forgets tokens that are over.
async fn credentials(platform: Platform) {
    loop {
        if let Err(e) = platform.replace_credentials().await {
            tracing::warn!(error = ?e, "credentials that are over can't be replaced");
        }
        if let Err(e) = platform.registry.sweep_door_secrets().await {
            tracing::warn!(error = ?e, "tokens that are over can't be forgotten");
        }
        sleep(CREDENTIALS_PAUSE).await;
    }
}

/// Purges tenants whose retention time is over, and forgets old jobs.
async fn purge(platform: Platform) {
    let mut next = Instant::now();
    loop {
        if let Err(e) = platform.purge_expired(UPKEEP_ACTOR).await {
            tracing::warn!(error = ?e, "expired tenants can't be purged");
        }
        if let Err(e) = queue::sweep(&platform.registry, JOBS_DAYS_KEPT).await {
            tracing::warn!(error = ?e, "old jobs can't be forgotten");
        }
        next += Duration::from_secs(PURGE_SECONDS_BETWEEN);
        tokio::time::sleep_until(next).await;
    }
}
