//! One open rollout at a time; workers with other files leave it alone.

use tenantry_domain::ErrorCode;
use tenantry_jobs::{JobStatus, queue};
use tenantry_migrate::Begun;
use tenantry_migrate::rollout::Request;

use crate::fleet::{column, fleet, quick, versions};

#[tokio::test]
async fn another_rollout_has_to_end_first() {
    let lab = fleet(quick(), 2).await;
    let registry = &lab.app.platform.registry;
    lab.write("0002_c.up.sql", &column(2));
    let Begun::Queued(job) = lab.app.migrator.begin(&Request::up(), "test").await.unwrap() else { panic!() };
    queue::pause(registry, job).await.unwrap();
    lab.write("0003_c.up.sql", &column(3));
    let e = lab.up().await.unwrap_err();
    assert_eq!(e.code(), ErrorCode::RolloutOpen, "{e:?}");
    assert!(e.message().contains(&format!("rollout {job} (up to main 2 (0002_c.up.sql))")), "{e:?}");
    assert!(e.message().ends_with("it is paused"), "{e:?}");
    lab.remove("0003_c.up.sql");
    assert_eq!(lab.up().await.unwrap().job, Some(job), "the same end: the same rollout");
    lab.write("0003_c.up.sql", &column(3));
    lab.up().await.unwrap();
    assert_eq!(versions(&lab).await, [(3, 2)]);
}

#[tokio::test]
async fn a_worker_with_other_files_refuses() {
    let lab = fleet(quick(), 2).await;
    let registry = &lab.app.platform.registry;
    lab.write("0002_c.up.sql", &column(2));
    let Begun::Queued(job) = lab.app.migrator.begin(&Request::up(), "test").await.unwrap() else { panic!() };
    lab.write("0002_c.up.sql", "ALTER TABLE notes ADD COLUMN other integer;");
    let e = lab.app.drive(job).await.unwrap_err();
    assert_eq!(e.code(), ErrorCode::RolloutFiles, "{e:?}");
    assert!(e.message().contains("0002_c.up.sql of service main differs"), "{e:?}");
    assert_eq!(queue::get(registry, job).await.unwrap().status, JobStatus::Paused);
    assert_eq!((versions(&lab).await, lab.template_version().await), (vec![(1, 2)], 1), "nothing was done");
    lab.write("0002_c.up.sql", &column(2));
    queue::resume(registry, job).await.unwrap();
    lab.app.drive(job).await.unwrap();
    assert_eq!(versions(&lab).await, [(2, 2)]);
}

/// Cancelled, it stays where it is: nothing is undone.
#[tokio::test]
async fn a_cancelled_rollout_makes_room() {
    let lab = fleet(quick(), 2).await;
    let registry = &lab.app.platform.registry;
    lab.write("0002_c.up.sql", &column(2));
    let Begun::Queued(job) = lab.app.migrator.begin(&Request::up(), "test").await.unwrap() else { panic!() };
    queue::pause(registry, job).await.unwrap();
    queue::cancel(registry, job).await.unwrap();
    assert_eq!(lab.app.drive(job).await.unwrap_err().code(), ErrorCode::JobFailed);
    assert_eq!(queue::get(registry, job).await.unwrap().status, JobStatus::Cancelled);
    lab.up().await.unwrap();
    assert_eq!(versions(&lab).await, [(2, 2)]);
}
