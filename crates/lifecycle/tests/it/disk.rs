//! A cluster whose disk is full while a tenant is created, made with a small file system in memory. Only root may mount
//! one: for anybody else the test says so and ends.

use std::fs;
use std::io::Write;
use std::process::Command;
use std::time::Duration;

use tempfile::TempDir;
use tenantry_domain::{ErrorCode, Isolation, TenantStatus};
use tenantry_jobs::{JobStatus, queue};
use tenantry_lifecycle::inventory::discrepancies;
use tenantry_postgres::connect::connect;
use tenantry_postgres::embedded::{Embedded, EmbeddedOptions, Mode};
use tenantry_registry::NewTenant;
use tenantry_testkit::stack::ACTOR;
use tenantry_testkit::{AppOptions, TestApp};

/// Seed rows of some megabytes, which every tenant gets.
const SEED: &str = "CREATE TABLE filler (id integer PRIMARY KEY, body text);
  INSERT INTO filler SELECT i, repeat(md5(i::text), 50) FROM generate_series(1, 2000) i;";

struct SmallDisk(TempDir);

impl SmallDisk {
    fn mount() -> Option<Self> {
        let temp = tempfile::tempdir().unwrap();
        let mounted = Command::new("mount")
            .args(["-t", "tmpfs", "-o", "size=240m,mode=755", "tmpfs"])
            .arg(temp.path())
            .status()
            .is_ok_and(|status| status.success());
        if !mounted {
            eprintln!("no file system may be mounted here: the disk can't be filled");
        }
        mounted.then(|| Self(temp))
    }

    fn fill(&self) {
        let mut file = fs::File::create(self.0.path().join("ballast")).unwrap();
        let full = std::iter::repeat_with(|| file.write_all(&[1; 4096])).find_map(std::io::Result::err);
        assert_eq!(full.unwrap().kind(), std::io::ErrorKind::StorageFull);
    }

    fn free(&self) {
        fs::remove_file(self.0.path().join("ballast")).unwrap();
    }
}

impl Drop for SmallDisk {
    fn drop(&mut self) {
        let _ = Command::new("umount").arg("-l").arg(self.0.path()).status();
    }
}

#[tokio::test]
async fn a_creation_that_fills_the_disk_is_undone() {
    let Some(disk) = SmallDisk::mount() else { return };
    let bin = Some(tenantry_testkit::server::installation().await.bin);
    let directory = disk.0.path().canonicalize().unwrap().join(".tenantry");
    let cluster = Embedded::open(EmbeddedOptions { directory, bin, mode: Mode::Exclusive }).await.unwrap();
    let folder = tempfile::tempdir().unwrap();
    fs::write(folder.path().join("0001_filler.up.sql"), SEED).unwrap();
    let mut options = AppOptions::default();
    options.limits.job_attempts_max = 1;
    let app = TestApp::on_cluster(folder.path(), options, &cluster.server()).await;
    app.migrator.up(&|_| {}).await.unwrap();
    let superuser = connect(&cluster.server(), "postgres", "test").await.unwrap();
    for isolation in Isolation::ALL {
        let slug = format!("full-{isolation}");
        // A whole segment of the journal is there already: only data meets the end of the disk.
        superuser.batch_execute("CHECKPOINT; SELECT pg_switch_wal(); CHECKPOINT").await.unwrap();
        disk.fill();
        let new = NewTenant { isolation: Some(isolation), ..NewTenant::default() };
        let (_, job) = app.platform.registry.add_tenant(&slug.parse().unwrap(), &new, ACTOR).await.unwrap();
        let freed = async {
            while queue::get(&app.platform.registry, job).await.unwrap().error.is_none() {
                tokio::time::sleep(Duration::from_millis(20)).await;
            }
            disk.free();
        };
        let (ended, ()) = tokio::join!(app.drive(job), freed);
        let e = ended.unwrap_err();
        assert_eq!(e.code(), ErrorCode::DiskFull, "{isolation}: {e:?}");
        assert!(!e.next_step().is_empty());
        assert_eq!(queue::get(&app.platform.registry, job).await.unwrap().status, JobStatus::Failed);
        let row = app.platform.registry.find_tenant(&slug).await.unwrap();
        assert_eq!(row.tenant.status, TenantStatus::Failed);
        assert_eq!(discrepancies(&app.platform).await.unwrap(), [], "{isolation}");
        queue::retry(&app.platform.registry, job).await.unwrap();
        app.drive(job).await.unwrap();
        let own = app.login(&slug).await;
        let rows: i64 = own.query_one("SELECT count(*) FROM filler", &[]).await.unwrap().get(0);
        assert_eq!(rows, 2_000, "{isolation}");
    }
    drop(superuser);
    cluster.close().await.unwrap();
}
