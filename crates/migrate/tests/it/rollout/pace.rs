//! Locks, pauses, and tenants that come while a rollout is under way.

use std::time::Duration;

use tenantry_domain::{ErrorCode, Isolation};
use tenantry_jobs::{JobStatus, queue};
use tenantry_migrate::rollout::Request;
use tokio_postgres::Client;

use crate::fleet::{column, fleet, quick, registry_agrees, schema_of, versions};
use crate::folder::{Lab, in_slug, one};

async fn hold(lab: &Lab, slug: &str) -> Client {
    let schema = schema_of(lab, slug).await;
    let holder = lab.app.data().await;
    holder.batch_execute(&format!("BEGIN; LOCK TABLE {schema}.notes IN ACCESS SHARE MODE")).await.unwrap();
    holder
}

async fn until(lab: &Lab, expect: &[(i64, i64)]) {
    for _ in 0..2000 {
        if versions(lab).await == expect {
            return;
        }
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
    panic!("never came to {expect:?}: {:?}", versions(lab).await);
}

/// Whoever holds a lock is waited for without keeping the others waiting.
#[tokio::test]
async fn a_lock_that_is_let_go_in_time_is_no_failure() {
    let mut options = quick();
    options.limits.rollout_tries_max = 1000;
    options.limits.rollout_backoff_ms_max = 20;
    let lab = fleet(options, 30).await;
    lab.write("0002_c.up.sql", &column(2));
    let holder = hold(&lab, "copy-1").await;
    let request = Request { parallel: Some(1), ..Request::up() };
    let (result, ()) = tokio::join!(lab.app.migrator.run(&request, &|_| {}), async {
        // Everybody but the one that is waited for.
        until(&lab, &[(1, 1), (2, 29)]).await;
        holder.batch_execute("COMMIT").await.unwrap();
    });
    assert_eq!(result.unwrap().tenants, 30);
    assert_eq!(versions(&lab).await, [(2, 30)]);
}

/// New tenants can be made while the waves go on, and come out at the new version, from blanks too.
#[tokio::test]
async fn tenants_made_during_a_rollout_come_out_right() {
    let mut options = quick();
    options.limits.rollout_tries_max = 1000;
    options.limits.rollout_backoff_ms_max = 20;
    let lab = fleet(options, 3).await;
    let platform = &lab.app.platform;
    for isolation in [Isolation::Schema, Isolation::Database] {
        let job = platform.queue_blank(&lab.app.main(), "local", isolation, 1).await.unwrap();
        lab.app.drive(job).await.unwrap();
    }
    lab.write("0002_c.up.sql", &column(2));
    let holder = hold(&lab, "copy-1").await;
    let (result, ()) = tokio::join!(lab.up(), async {
        until(&lab, &[(1, 1), (2, 2)]).await;
        for isolation in Isolation::ALL {
            lab.app.tenant(&in_slug(isolation), isolation).await;
            assert_eq!(lab.versions(&in_slug(isolation)).await, (2, 2), "{isolation}");
            lab.app
                .login(&in_slug(isolation))
                .await
                .batch_execute("INSERT INTO notes (id, c2) VALUES (1, 1)")
                .await
                .unwrap();
        }
        holder.batch_execute("COMMIT").await.unwrap();
    });
    assert_eq!(result.unwrap().tenants, 3);
    assert_eq!(versions(&lab).await, [(2, 4)]);
    registry_agrees(&lab).await;
}

/// The tenants in hand are finished, nobody else is begun, and the next run goes on.
#[tokio::test]
async fn a_paused_rollout_goes_on() {
    let mut options = quick();
    options.limits.ddl_lock_ms_max = 3_000;
    options.limits.rollout_tries_max = 1000;
    // One tenant in a message: one in hand.
    options.limits.rollout_message_ms_max = 0;
    let lab = fleet(options, 20).await;
    lab.write("0002_c.up.sql", &column(2));
    let registry = &lab.app.platform.registry;
    let holder = hold(&lab, "copy-5").await;
    let request = Request { parallel: Some(1), ..Request::up() };
    let (result, ()) = tokio::join!(lab.app.migrator.run(&request, &|_| {}), async {
        until(&lab, &[(1, 16), (2, 4)]).await;
        let job = queue::open_of_kind(registry, "rollout").await.unwrap().unwrap();
        queue::pause(registry, job.id).await.unwrap();
        tokio::time::sleep(Duration::from_millis(1500)).await;
        holder.batch_execute("COMMIT").await.unwrap();
    });
    let e = result.unwrap_err();
    assert_eq!(e.code(), ErrorCode::JobPaused, "{e:?}");
    assert_eq!(versions(&lab).await, [(1, 15), (2, 5)], "the one in hand was finished");
    registry_agrees(&lab).await;
    let job = queue::open_of_kind(registry, "rollout").await.unwrap().unwrap();
    assert_eq!(job.status, JobStatus::Paused);
    assert!(lab.app.drive(job.id).await.is_err(), "no worker takes it");
    assert_eq!(lab.up().await.unwrap().job, Some(job.id), "the same rollout goes on");
    assert_eq!(versions(&lab).await, [(2, 20)]);
}

/// A server that stops gives its rollout back for the next one.
#[tokio::test]
async fn a_worker_that_stops_gives_the_rollout_back() {
    let mut options = quick();
    options.limits.rollout_tries_max = 1000;
    options.limits.rollout_backoff_ms_max = 20;
    let lab = fleet(options, 10).await;
    lab.write("0002_c.up.sql", &column(2));
    let holder = hold(&lab, "copy-1").await;
    let registry = &lab.app.platform.registry;
    let begun = lab.app.migrator.begin(&Request::up(), "test").await.unwrap();
    assert!(matches!(begun, tenantry_migrate::Begun::Queued(_)), "{begun:?}");
    let serve = || {
        let (stop, stopped) = tokio::sync::watch::channel(false);
        let worker = tenantry_testkit::TestApp::worker_of(&lab.app.platform);
        (stop, tokio::spawn(async move { worker.serve(stopped, std::sync::Arc::default()).await }))
    };
    let (stop, serving) = serve();
    until(&lab, &[(1, 1), (2, 9)]).await;
    stop.send(true).unwrap();
    serving.await.unwrap();
    let job = queue::open_of_kind(registry, "rollout").await.unwrap().unwrap();
    assert_eq!((job.status, job.attempts), (JobStatus::Running, 0), "{job:?}");
    holder.batch_execute("COMMIT").await.unwrap();
    let (stop, serving) = serve();
    until(&lab, &[(2, 10)]).await;
    while queue::get(registry, job.id).await.unwrap().status != JobStatus::Done {
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
    stop.send(true).unwrap();
    serving.await.unwrap();
    registry_agrees(&lab).await;
}

/// A tenant that is gone when its turn comes is nobody's failure.
#[tokio::test]
async fn a_tenant_that_goes_meanwhile_is_left_out() {
    let mut options = quick();
    options.limits.rollout_tries_max = 1000;
    options.limits.rollout_backoff_ms_max = 20;
    let lab = fleet(options, 4).await;
    lab.write("0002_c.up.sql", &column(2));
    let holder = hold(&lab, "copy-2").await;
    let schema = schema_of(&lab, "copy-2").await;
    let (result, ()) = tokio::join!(lab.up(), async {
        until(&lab, &[(1, 1), (2, 3)]).await;
        let data = lab.app.data().await;
        let forget = format!("DELETE FROM tenantry.local_tenants WHERE schema_name = '{schema}'");
        data.batch_execute(&forget).await.unwrap();
        holder.batch_execute("COMMIT").await.unwrap();
    });
    result.unwrap();
    assert_eq!(versions(&lab).await, [(2, 3)]);
    let left: i64 = one(
        &lab.app.data().await,
        &format!(
            "SELECT count(*) FROM pg_attribute WHERE attrelid = '{schema}.notes'::regclass AND attname = 'c2'"
        ),
    )
    .await;
    assert_eq!(left, 0, "nothing was done to it");
}
