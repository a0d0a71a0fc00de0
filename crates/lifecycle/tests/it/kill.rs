//! Kill -9 of a worker's process at every step of create, delete, restore and purge: the next worker finishes or undoes
//! it, and nothing is left that belongs to nobody.

use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use serde_json::json;
use tenantry_domain::{Isolation, JobId, Result, TenantStatus};
use tenantry_jobs::{Job, JobStatus, NewJob, queue};
use tenantry_lifecycle::inventory::discrepancies;
use tenantry_registry::NewTenant;
use tenantry_testkit::stack::ACTOR;
use tenantry_testkit::{AppOptions, TestApp};

const MIGRATIONS: &[(&str, &str)] = &[(
    "0001_notes.up.sql",
    "CREATE TABLE kinds (id serial PRIMARY KEY, name text UNIQUE);
     INSERT INTO kinds (name) VALUES ('a'), ('b');
     CREATE TABLE notes (id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY, kind integer REFERENCES kinds, body text);",
)];
/// Where a worker can be killed within a step.
const MOMENTS: &[&str] = &["before", "performed", "after"];
/// Longest time until a worker reaches its failpoint.
const REACH: Duration = Duration::from_secs(60);

/// A worker's process that stops for ever at a failpoint, by running this test binary's `worker_process`.
pub(crate) fn spawn_worker(app: &TestApp, job: JobId, failpoint: &str, file: &Path) -> Child {
    Command::new(std::env::current_exe().unwrap())
        .args(["--exact", "kill::worker_process", "--ignored", "--nocapture"])
        .env("TENANTRY_TEST_APP", app.platform.app.name.as_str())
        .env("TENANTRY_TEST_JOB", job.to_string())
        .env("TENANTRY_FAILPOINT", failpoint)
        .env("TENANTRY_FAILPOINT_FILE", file)
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .spawn()
        .unwrap()
}

#[tokio::test]
#[ignore = "the body of the process that the other tests kill"]
async fn worker_process() {
    let app = TestApp::attach(&std::env::var("TENANTRY_TEST_APP").unwrap(), AppOptions::default()).await;
    let job = JobId(std::env::var("TENANTRY_TEST_JOB").unwrap().parse().unwrap());
    let _ = app.drive(job).await;
}

/// Runs a job in a process of its own, kills that at the failpoint, and lets another worker take over.
async fn killed(app: &TestApp, job: JobId, failpoint: &str) -> Result<Job> {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("reached");
    let mut child = spawn_worker(app, job, failpoint, &file);
    let begun = Instant::now();
    while !file.exists() {
        assert!(begun.elapsed() < REACH, "{failpoint} was not reached");
        assert!(child.try_wait().unwrap().is_none(), "{failpoint}: the worker ended before it got there");
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
    child.kill().unwrap();
    child.wait().unwrap();
    app.drive(job).await
}

async fn nothing_is_left(app: &TestApp, when: &str) {
    assert_eq!(discrepancies(&app.platform).await.unwrap(), [], "{when}");
}

async fn queue_create(app: &TestApp, slug: &str, isolation: Isolation) -> JobId {
    let new = NewTenant { isolation: Some(isolation), ..NewTenant::default() };
    app.platform.registry.add_tenant(&slug.parse().unwrap(), &new, ACTOR).await.unwrap().1
}

async fn works(app: &TestApp, slug: &str) {
    let client = app.login(slug).await;
    let id: i32 =
        client.query_one("INSERT INTO kinds (name) VALUES ('c') RETURNING id", &[]).await.unwrap().get(0);
    assert_eq!(id, 3, "{slug}");
}

async fn create_survives(isolation: Isolation, blanks: bool) {
    let app = TestApp::new(MIGRATIONS, AppOptions::default()).await;
    for (number, step) in ["place", "login", "data:main", "activate"].iter().enumerate() {
        for moment in MOMENTS.iter().filter(|m| (*step, **m) != ("activate", "after")) {
            let slug = format!("t{number}-{moment}");
            if blanks {
                prepare_blank(&app, isolation).await;
            }
            let job = queue_create(&app, &slug, isolation).await;
            let failpoint = format!("create/{step}/{moment}");
            killed(&app, job, &failpoint).await.unwrap_or_else(|e| panic!("{failpoint}: {e:?}"));
            works(&app, &slug).await;
            nothing_is_left(&app, &failpoint).await;
        }
    }
}

pub(crate) async fn prepare_blank(app: &TestApp, isolation: Isolation) {
    let job = app.platform.queue_blank(&app.main(), "local", isolation, 1).await.unwrap();
    app.drive(job).await.unwrap();
}

#[tokio::test]
async fn create_shared() {
    create_survives(Isolation::Shared, false).await;
}

#[tokio::test]
async fn create_schema_from_the_template() {
    create_survives(Isolation::Schema, false).await;
}

#[tokio::test]
async fn create_schema_from_a_blank() {
    create_survives(Isolation::Schema, true).await;
}

#[tokio::test]
async fn create_database_from_the_template() {
    create_survives(Isolation::Database, false).await;
}

#[tokio::test]
async fn create_database_from_a_blank() {
    create_survives(Isolation::Database, true).await;
}

/// A creation that is cancelled in the middle is undone, and the undoing survives being killed too.
#[tokio::test]
async fn an_undone_creation_leaves_nothing() {
    for isolation in Isolation::ALL {
        let app = TestApp::new(MIGRATIONS, AppOptions::default()).await;
        for (number, step) in ["login", "data:main"].iter().enumerate() {
            for moment in ["performed", "after"] {
                if isolation != Isolation::Shared {
                    prepare_blank(&app, isolation).await;
                }
                let slug = format!("u{number}-{moment}");
                let job = queue_create(&app, &slug, isolation).await;
                let failpoint = format!("create/{step}/{moment}");
                let cancelled = async {
                    let folder = tempfile::tempdir().unwrap();
                    let file = folder.path().join("reached");
                    let mut child = spawn_worker(&app, job, &failpoint, &file);
                    while !file.exists() {
                        assert!(child.try_wait().unwrap().is_none(), "{failpoint}");
                        tokio::time::sleep(Duration::from_millis(5)).await;
                    }
                    queue::cancel(&app.platform.registry, job).await.unwrap();
                    child.kill().unwrap();
                    child.wait().unwrap();
                    killed(&app, job, &format!("create/{step}/undo")).await
                };
                cancelled.await.unwrap_err();
                let now = queue::get(&app.platform.registry, job).await.unwrap();
                assert_eq!(now.status, JobStatus::Cancelled, "{isolation} {failpoint}");
                let row = app.platform.registry.find_tenant(&slug).await.unwrap();
                assert_eq!(row.tenant.status, TenantStatus::Failed);
                nothing_is_left(&app, &format!("{isolation} {failpoint}")).await;
            }
        }
        // The slug is free again.
        app.tenant("u0-after", isolation).await;
        works(&app, "u0-after").await;
    }
}

#[tokio::test]
async fn delete_restore_and_purge() {
    for isolation in Isolation::ALL {
        let app = TestApp::new(MIGRATIONS, AppOptions::default()).await;
        let cases = [("delete", &["mark", "close", "keep"][..]), ("restore", &["open", "activate"][..])];
        for (kind, steps) in cases {
            for (number, step) in steps.iter().enumerate() {
                let last = number + 1 == steps.len();
                for moment in MOMENTS.iter().filter(|m| !(last && **m == "after")) {
                    let slug = format!("{kind}-{number}-{moment}");
                    app.tenant(&slug, isolation).await;
                    works(&app, &slug).await;
                    let failpoint = format!("{kind}/{step}/{moment}");
                    let deleted = app.platform.delete(&slug, ACTOR).await.unwrap();
                    if kind == "restore" {
                        app.drive(deleted).await.unwrap();
                        let job = app.platform.restore(&slug, ACTOR).await.unwrap();
                        killed(&app, job, &failpoint).await.unwrap();
                        let client = app.login(&slug).await;
                        let kept: i64 =
                            client.query_one("SELECT count(*) FROM kinds", &[]).await.unwrap().get(0);
                        assert_eq!(kept, 3, "{failpoint}");
                    } else {
                        killed(&app, deleted, &failpoint).await.unwrap();
                        let row = app.platform.registry.find_tenant(&slug).await.unwrap();
                        assert_eq!(row.tenant.status, TenantStatus::Deleted, "{failpoint}");
                        assert!(row.purge_after.is_some());
                    }
                    nothing_is_left(&app, &failpoint).await;
                }
            }
        }
        purge_survives(&app, isolation).await;
    }
}

async fn purge_survives(app: &TestApp, isolation: Isolation) {
    for (number, step) in ["mark", "data:main", "login", "forget"].iter().enumerate() {
        for moment in MOMENTS.iter().filter(|m| (*step, **m) != ("forget", "after")) {
            let slug = format!("purge-{number}-{moment}");
            app.tenant(&slug, isolation).await;
            works(app, &slug).await;
            let deleted = app.platform.delete(&slug, ACTOR).await.unwrap();
            app.drive(deleted).await.unwrap();
            let job = app.platform.purge(&slug, ACTOR).await.unwrap();
            let failpoint = format!("purge/{step}/{moment}");
            killed(app, job, &failpoint).await.unwrap();
            assert!(app.platform.registry.find_tenant(&slug).await.is_err(), "{failpoint}");
            nothing_is_left(app, &failpoint).await;
        }
    }
}

/// A worker that was thought dead (its lease ran out while its process was stopped) can finish nobody's step.
#[tokio::test]
async fn a_worker_that_wakes_up_again_writes_nothing() {
    let app = TestApp::new(MIGRATIONS, AppOptions::default()).await;
    let job = queue_create(&app, "sleeper", Isolation::Schema).await;
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("reached");
    let mut child = spawn_worker(&app, job, "create/data:main/before", &file);
    while !file.exists() {
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
    let signal = |name: &str| {
        assert!(Command::new("kill").args([name, &child.id().to_string()]).status().unwrap().success());
    };
    signal("-STOP");
    // Its connections live on, so only the lease tells: the next worker waits for that.
    let done = app.drive(job).await.unwrap();
    assert_eq!(done.status, JobStatus::Done);
    signal("-CONT");
    works(&app, "sleeper").await;
    child.kill().unwrap();
    child.wait().unwrap();
    nothing_is_left(&app, "a sleeping worker").await;
}

/// A step that runs under an old claim fails in the data database, whatever the worker believes.
#[tokio::test]
async fn an_old_fence_is_refused_by_the_data_database() {
    let app = TestApp::new(MIGRATIONS, AppOptions::default()).await;
    let data = app.data().await;
    data.execute("SELECT tenantry.check_fence(7, 3)", &[]).await.unwrap();
    data.execute("SELECT tenantry.check_fence(7, 3)", &[]).await.unwrap();
    let refused = data.execute("SELECT tenantry.check_fence(7, 2)", &[]).await.unwrap_err();
    assert_eq!(refused.code().unwrap().code(), "40001");
}

/// Any number of workers at once: each tenant is made once.
#[tokio::test]
async fn many_workers_share_the_work() {
    let app = TestApp::new(MIGRATIONS, AppOptions::default()).await;
    let mut jobs = Vec::new();
    for number in 0..12 {
        jobs.push(queue_create(&app, &format!("many-{number}"), Isolation::ALL[number % 3]).await);
    }
    let workers: Vec<_> = (0..3).map(|_| TestApp::worker_of(&app.platform)).collect();
    let (stop, stopped) = tokio::sync::watch::channel(false);
    let serving: Vec<_> = workers
        .into_iter()
        .map(|w| {
            tokio::spawn({
                let stopped = stopped.clone();
                async move { w.serve(stopped, std::sync::Arc::default()).await }
            })
        })
        .collect();
    for job in jobs {
        while !queue::get(&app.platform.registry, job).await.unwrap().status.is_final() {
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
        assert_eq!(queue::get(&app.platform.registry, job).await.unwrap().status, JobStatus::Done);
    }
    stop.send(true).unwrap();
    for worker in serving {
        worker.await.unwrap();
    }
    for number in 0..12 {
        works(&app, &format!("many-{number}")).await;
    }
    nothing_is_left(&app, "three workers").await;
}

/// `INSERT INTO tenantry.tenants` by hand provisions as the command does, and is checked as strictly.
#[tokio::test]
async fn a_plain_insert_provisions() {
    let app = TestApp::new(MIGRATIONS, AppOptions::default()).await;
    let control = app.platform.registry.client().await.unwrap();
    control
        .execute("INSERT INTO tenantry.tenants (slug, name) VALUES ('by-hand', 'By Hand')", &[])
        .await
        .unwrap();
    for (slug, constraint) in
        [("By-Hand", "slug_invalid"), ("api", "slug_reserved"), ("by-hand", "tenants_slug_key")]
    {
        let refused =
            control.execute("INSERT INTO tenantry.tenants (slug) VALUES ($1)", &[&slug]).await.unwrap_err();
        assert_eq!(refused.as_db_error().unwrap().constraint(), Some(constraint), "{slug}");
    }
    let job = queue::list(&app.platform.registry, false, 10).await.unwrap()[0].id;
    app.drive(job).await.unwrap();
    works(&app, "by-hand").await;
    assert_eq!(
        app.platform.registry.find_tenant("by-hand").await.unwrap().tenant.isolation,
        Isolation::Shared
    );
}

/// Jobs that no longer have a tenant, or whose kind nobody knows, stay harmless.
#[tokio::test]
async fn a_job_of_an_unknown_kind_is_left_alone() {
    let app = TestApp::new(MIGRATIONS, AppOptions::default()).await;
    let client = app.platform.registry.client().await.unwrap();
    let job =
        NewJob { kind: "dance", tenant: None, slug: None, actor: ACTOR, input: json!({}), background: false };
    let id = queue::enqueue(&client, &job).await.unwrap();
    let waiting = tokio::time::timeout(Duration::from_millis(300), app.drive(id)).await;
    assert!(waiting.is_err(), "nobody takes it");
    queue::cancel(&app.platform.registry, id).await.unwrap();
    assert_eq!(queue::get(&app.platform.registry, id).await.unwrap().status, JobStatus::Queued);
}
