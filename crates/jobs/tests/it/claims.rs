//! Who may run a job: leases, fences, workers that die and come back.

use std::sync::Arc;
use std::time::Duration;

use tenantry_domain::ErrorCode;
use tenantry_jobs::{JobStatus, Worker, queue};
use tenantry_registry::NewTenant;
use tokio::sync::watch;
use tokio::task::JoinHandle;

use crate::toy::{Act, Lab};

/// Workers that run whatever comes until the sender says stop.
fn serve(workers: Vec<Worker>) -> (watch::Sender<bool>, Vec<JoinHandle<()>>) {
    let (stop, stopped) = watch::channel(false);
    let serve = |w: Worker| {
        let stopped = stopped.clone();
        tokio::spawn(async move { w.serve(stopped, Arc::default()).await })
    };
    (stop, workers.into_iter().map(serve).collect())
}

async fn stop((stop, workers): (watch::Sender<bool>, Vec<JoinHandle<()>>)) {
    stop.send(true).unwrap();
    for worker in workers {
        worker.await.unwrap();
    }
}

#[tokio::test]
async fn the_heartbeat_keeps_a_step_longer_than_the_lease() {
    let lab = Lab::new("heartbeat").await;
    lab.act("do b", Act::Sleep(Duration::from_secs(4)));
    let job = lab.queue().await;
    let serving = serve(vec![lab.worker(), lab.worker()]);
    lab.ends(job, JobStatus::Done).await;
    stop(serving).await;
    assert_eq!(lab.calls(job).await, ["do a", "do b", "do c"], "nobody took the job away");
}

/// Steps shorter than the pause between two heartbeats keep the lease as well: each one renews it.
#[tokio::test]
async fn short_steps_keep_the_lease() {
    let mut lab = Lab::new("short_steps").await;
    lab.limits.job_heartbeat_seconds = 60;
    for step in ["do a", "do b", "do c"] {
        lab.act(step, Act::Sleep(Duration::from_millis(1_300)));
    }
    let job = lab.queue().await;
    let serving = serve(vec![lab.worker(), lab.worker()]);
    lab.ends(job, JobStatus::Done).await;
    stop(serving).await;
    assert_eq!(lab.calls(job).await, ["do a", "do b", "do c"], "nobody took the job away");
}

#[tokio::test]
async fn many_workers_run_each_job_once() {
    let lab = Lab::new("many").await;
    let mut jobs = Vec::new();
    for _ in 0..20 {
        jobs.push(lab.queue().await);
    }
    let serving = serve((0..4).map(|_| lab.worker()).collect());
    for job in jobs {
        lab.ends(job, JobStatus::Done).await;
        assert_eq!(lab.calls(job).await, ["do a", "do b", "do c"]);
    }
    assert_eq!(queue::workers(&lab.registry).await.unwrap(), 4);
    stop(serving).await;
}

/// A worker that is gone is replaced at once, under a higher fence, and what it might still write is refused.
#[tokio::test]
async fn a_dead_workers_job_is_taken_over_under_a_new_fence() {
    let mut lab = Lab::new("takeover").await;
    lab.limits.job_lease_seconds = 600;
    let gate = lab.hold("do b");
    let job = lab.queue().await;
    let dying = lab.worker();
    let task = tokio::spawn(async move { dying.drive(job, &|_| {}).await });
    lab.reached(job, "do b").await;
    assert_eq!(queue::workers(&lab.registry).await.unwrap(), 1);
    task.abort();
    assert!(task.await.unwrap_err().is_cancelled());
    lab.drive(job).await.unwrap();
    drop(gate);
    assert_eq!(lab.calls(job).await, ["do a", "do b", "do b", "do c"], "from where it stood");
    let mut client = lab.registry.client().await.unwrap();
    let sql = "SELECT array_agg(fence ORDER BY id) FROM toy WHERE job = $1";
    let fences: Vec<i64> = client.query_one(sql, &[&job.0]).await.unwrap().get(0);
    assert_eq!(fences, [1, 1, 2, 2]);
    let tx = client.transaction().await.unwrap();
    let e = queue::hold_fence(&tx, job, 1).await.unwrap_err();
    assert_eq!(e.code(), ErrorCode::JobFenced);
}

/// A worker whose lease ran out while it stood still finds out at its next heartbeat, and writes nothing.
#[tokio::test]
async fn a_worker_that_lost_its_claim_records_nothing() {
    let lab = Lab::new("stale").await;
    let gate = lab.hold("do a");
    let job = lab.queue().await;
    let worker = lab.worker();
    let stolen = async {
        lab.reached(job, "do a").await;
        // Another worker's claim, as claim.sql makes it.
        lab.sql("UPDATE tenantry.jobs SET fence = fence + 1, worker = 1, lease_until = now() + interval '1 second'").await;
        gate.add_permits(1);
    };
    let (done, ()) = tokio::join!(worker.drive(job, &|_| {}), stolen);
    assert_eq!(done.unwrap().status, JobStatus::Done);
    assert_eq!(lab.calls(job).await, ["do a", "do a", "do b", "do c"], "the first result was thrown away");
    assert_eq!(lab.recorded(job).await, ["a", "b", "c"]);
}

#[tokio::test]
async fn jobs_of_one_tenant_run_one_after_the_other() {
    let lab = Lab::new("one_tenant").await;
    lab.registry.set_setting("default_isolation", &"shared".into()).await.unwrap();
    let slug = "acme".parse().unwrap();
    let (tenant, create) = lab.registry.add_tenant(&slug, &NewTenant::default(), "test").await.unwrap();
    lab.sql(&format!("DELETE FROM tenantry.jobs WHERE id = {create}")).await;
    let mut jobs = Vec::new();
    for _ in 0..4 {
        lab.act("do b", Act::Sleep(Duration::from_millis(100)));
        jobs.push(lab.queue_for(Some(tenant), false).await);
    }
    let e = tokio::time::timeout(Duration::from_millis(200), lab.drive(jobs[1])).await;
    assert!(e.is_err(), "it waits for the one before it");
    assert!(queue::has_open(&lab.registry, tenant).await.unwrap());
    let serving = serve(vec![lab.worker(), lab.worker(), lab.worker()]);
    for job in &jobs {
        lab.ends(*job, JobStatus::Done).await;
    }
    stop(serving).await;
    let client = lab.registry.client().await.unwrap();
    let rows = client.query("SELECT job FROM toy ORDER BY id", &[]).await.unwrap();
    let order: Vec<i64> = rows.iter().map(|r| r.get(0)).collect();
    let expected: Vec<i64> = jobs.iter().flat_map(|j| [j.0; 3]).collect();
    assert_eq!(order, expected);
    assert!(!queue::has_open(&lab.registry, tenant).await.unwrap());
    let listed: Vec<_> =
        queue::of_tenant(&lab.registry, tenant, 10).await.unwrap().iter().map(|j| j.id).collect();
    assert_eq!(listed, jobs.iter().rev().copied().collect::<Vec<_>>());
}

const END_LIFE: &str = "SELECT count(pg_terminate_backend(pid)) FROM pg_locks
  WHERE locktype = 'advisory' AND classid = 84105
    AND database = (SELECT oid FROM pg_database WHERE datname = current_database())";

#[tokio::test]
async fn a_worker_whose_connection_died_announces_itself_again() {
    let lab = Lab::new("life").await;
    let worker = lab.worker();
    worker.drive(lab.queue().await, &|_| {}).await.unwrap();
    assert_eq!(queue::workers(&lab.registry).await.unwrap(), 1);
    let client = lab.database.connect().await;
    let ended: i64 = client.query_one(END_LIFE, &[]).await.unwrap().get(0);
    assert_eq!(ended, 1);
    tokio::time::sleep(Duration::from_millis(300)).await;
    assert_eq!(queue::workers(&lab.registry).await.unwrap(), 0);
    worker.drive(lab.queue().await, &|_| {}).await.unwrap();
    assert_eq!(queue::workers(&lab.registry).await.unwrap(), 1);
    // In the middle of a long step too, with the heartbeat.
    lab.act("do b", Act::Sleep(Duration::from_millis(2_500)));
    let job = lab.queue().await;
    let dies = async {
        lab.reached(job, "do b").await;
        client.query_one(END_LIFE, &[]).await.unwrap();
        tokio::time::sleep(Duration::from_millis(1_800)).await;
        queue::workers(&lab.registry).await.unwrap()
    };
    let (done, workers) = tokio::join!(worker.drive(job, &|_| {}), dies);
    done.unwrap();
    assert_eq!(workers, 1);
}

#[tokio::test]
async fn a_worker_that_is_dropped_is_gone() {
    let lab = Lab::new("dropped").await;
    let worker = lab.worker();
    worker.drive(lab.queue().await, &|_| {}).await.unwrap();
    drop(worker);
    let gone = async {
        while queue::workers(&lab.registry).await.unwrap() > 0 {
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
    };
    tokio::time::timeout(Duration::from_secs(5), gone).await.expect("its lock goes with it");
}

/// The step's record begins behind a heartbeat that is on its way: dropped instead, the heartbeat's connection would go
/// back to the pool with a statement that waits for the record, and the record could be given that connection.
#[tokio::test]
async fn a_heartbeat_on_its_way_is_waited_for() {
    let lab = Lab::new("on_its_way").await;
    let gate = lab.hold("do a");
    let job = lab.queue().await;
    let serving = serve(vec![lab.worker()]);
    while lab.calls(job).await.is_empty() {
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    let mut holder = lab.database.connect().await;
    let held = holder.transaction().await.unwrap();
    held.execute("SELECT FROM tenantry.jobs WHERE id = $1 FOR UPDATE", &[&job.0]).await.unwrap();
    let observer = lab.database.connect().await;
    let waiting = async || {
        let sql = "SELECT count(*) FROM pg_stat_activity
                    WHERE datname = current_database() AND wait_event_type = 'Lock'";
        observer.query_one(sql, &[]).await.unwrap().get::<_, i64>(0)
    };
    while waiting().await == 0 {
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    gate.add_permits(1);
    tokio::time::sleep(Duration::from_millis(500)).await;
    assert_eq!(waiting().await, 1, "the heartbeat alone");
    held.commit().await.unwrap();
    lab.ends(job, JobStatus::Done).await;
    stop(serving).await;
    assert_eq!(lab.calls(job).await, ["do a", "do b", "do c"]);
}
