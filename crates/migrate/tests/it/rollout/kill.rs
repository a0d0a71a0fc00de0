//! Kill -9 of a process at every step of a rollout of two hundred tenants: each tenant is wholly at the old or the new
//! version, and the next run finishes.

use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use tenantry_domain::{ErrorCode, Isolation};
use tenantry_jobs::{JobStatus, queue};
use tenantry_testkit::{AppOptions, TestApp};

use crate::fleet::{column, fleet, mend, quick, registry_agrees, spoil, versions};
use crate::folder::{Lab, in_slug};

/// Longest time until a process reaches its failpoint.
const REACH: Duration = Duration::from_secs(300);
const COPIES: usize = 195;

/// Where a process is killed, one migration after the other.
const FAILPOINTS: &[&str] = &[
    "rollout/templates:main@local/before",
    "rollout/templates/between",
    "rollout/templates:main@local/performed",
    "rollout/templates:main@local/after",
    "rollout/plan/after",
    "rollout/wave:1/half",
    "rollout/wave:1/performed",
    "rollout/wave:2/before",
    "rollout/wave:2/half",
    "rollout/wave:2/after",
    "rollout/finish/before",
    "rollout/finish/performed",
];

fn options() -> AppOptions {
    AppOptions { isolation: AppOptions::default().isolation, ..quick() }
}

fn spawn(lab: &Lab, failpoint: &str, file: &Path) -> Child {
    Command::new(std::env::current_exe().unwrap())
        .args(["--exact", "rollout::kill::migrating_process", "--ignored", "--nocapture"])
        .env("TENANTRY_TEST_APP", lab.app.platform.app.name.as_str())
        .env("TENANTRY_TEST_FOLDER", lab.folder())
        .env("TENANTRY_FAILPOINT", failpoint)
        .env("TENANTRY_FAILPOINT_FILE", file)
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .spawn()
        .unwrap()
}

#[tokio::test]
#[ignore = "the body of the process that the other tests kill"]
async fn migrating_process() {
    let folder = std::env::var("TENANTRY_TEST_FOLDER").unwrap();
    let name = std::env::var("TENANTRY_TEST_APP").unwrap();
    let app = TestApp::attach_with(&name, Path::new(&folder), options()).await;
    let _ = app.migrator.up(&|_| {}).await;
}

/// Begins what is pending in a process of its own and kills that at the failpoint.
async fn kill_at(lab: &Lab, failpoint: &str) {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("reached");
    let mut child = spawn(lab, failpoint, &file);
    let begun = Instant::now();
    while !file.exists() {
        assert!(begun.elapsed() < REACH, "{failpoint} was not reached");
        assert!(child.try_wait().unwrap().is_none(), "{failpoint}: the process ended before it got there");
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
    child.kill().unwrap();
    child.wait().unwrap();
}

#[tokio::test]
async fn every_step_survives_kill_9() {
    let lab = fleet(options(), COPIES).await;
    lab.tenants().await;
    for (number, failpoint) in FAILPOINTS.iter().enumerate() {
        let version = i64::try_from(number).unwrap() + 2;
        lab.write(&format!("{version:04}_c.up.sql"), &column(number + 2));
        kill_at(&lab, failpoint).await;
        // Each tenant is wholly at one of two versions: `versions` compares the catalog with what is noted.
        let there = versions(&lab).await;
        assert!(there.iter().all(|(v, _)| *v == version - 1 || *v == version), "{failpoint}: {there:?}");
        let job = queue::open_of_kind(&lab.app.platform.registry, "rollout").await.unwrap().unwrap();
        let report = lab.up().await.unwrap_or_else(|e| panic!("{failpoint}: {e:?}"));
        assert_eq!(report.job, Some(job.id), "{failpoint}: the same rollout goes on");
        assert_eq!(versions(&lab).await, [(version, 196)], "{failpoint}");
        registry_agrees(&lab).await;
        for isolation in Isolation::ALL {
            assert_eq!(
                lab.versions(&in_slug(isolation)).await,
                (version, version),
                "{failpoint}: {isolation}"
            );
        }
        assert_eq!(queue::get(&lab.app.platform.registry, job.id).await.unwrap().status, JobStatus::Done);
    }
}

/// All that can go wrong at once: a process killed in the middle, a tenant whose data breaks the migration, one that holds
/// a lock.
#[tokio::test]
async fn a_killed_rollout_with_a_broken_tenant_and_a_held_lock() {
    let lab = fleet(options(), 60).await;
    lab.write(
        "0002_strict.up.sql",
        &format!("{}ALTER TABLE notes ALTER COLUMN body SET NOT NULL;\n", column(2)),
    );
    spoil(&lab, "copy-3").await;
    let schema = crate::fleet::schema_of(&lab, "copy-4").await;
    let holder = lab.app.data().await;
    holder.batch_execute(&format!("BEGIN; LOCK TABLE {schema}.notes IN ACCESS SHARE MODE")).await.unwrap();
    kill_at(&lab, "rollout/wave:2/half").await;
    let there = versions(&lab).await;
    assert!(there.iter().all(|(v, _)| *v == 1 || *v == 2), "{there:?}");
    let e = lab.up().await.unwrap_err();
    assert_eq!(e.code(), ErrorCode::RolloutFailed, "{e:?}");
    for part in [
        "tenant copy-3: [migration_failed] 0002_strict.up.sql:3:1",
        "tenant copy-4: [busy] 0002_strict.up.sql:1:1",
    ] {
        assert!(e.message().contains(part), "{part}: {e:?}");
    }
    assert_eq!(versions(&lab).await, [(1, 2), (2, 58)]);
    let held_back: Vec<_> = lab.app.platform.registry.open_failures().await.unwrap();
    let slugs: Vec<_> = held_back.iter().filter_map(|f| f.slug.as_deref()).collect();
    assert_eq!(slugs, ["copy-3", "copy-4"]);
    mend(&lab, "copy-3").await;
    holder.batch_execute("COMMIT").await.unwrap();
    lab.up().await.unwrap();
    assert_eq!(versions(&lab).await, [(2, 60)]);
    registry_agrees(&lab).await;
}
