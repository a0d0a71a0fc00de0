//! Blanks that are prepared while a rollout changes the templates.

use std::time::Duration;

use tenantry_domain::{ErrorCode, Isolation};
use tenantry_jobs::{JobStatus, queue};
use tenantry_testkit::AppOptions;

use crate::fleet::{FIRST, column};
use crate::folder::{Lab, in_slug, one};

const OWN: [Isolation; 2] = [Isolation::Schema, Isolation::Database];

async fn waiting(lab: &Lab) -> i64 {
    let sql = "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() AND wait_event_type = 'Lock'";
    one(&lab.app.data().await, sql).await
}

async fn until_waiting(lab: &Lab, count: i64) {
    for _ in 0..4000 {
        if waiting(lab).await >= count {
            return;
        }
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
    panic!("{count} never waited");
}

async fn blanks(lab: &Lab, version: i64) -> [i64; 2] {
    let (registry, main) = (&lab.app.platform.registry, lab.app.main());
    let mut counts = [0; 2];
    for (count, isolation) in counts.iter_mut().zip(OWN) {
        *count = registry.count_blanks(&main, "local", isolation, version).await.unwrap();
    }
    counts
}

/// While the templates are being changed, blanks wait; then those of the old version are refused, what was ready before is put
/// away, and tenants come out of new ones.
#[tokio::test]
async fn blanks_wait_for_the_templates_and_come_out_new() {
    let mut options = AppOptions::default();
    options.limits.ddl_lock_ms_max = 60_000;
    options.limits.job_attempts_max = 1;
    options.limits.blank_schemas_ready = 1;
    options.limits.blank_databases_ready = 1;
    let lab = Lab::new(options).await;
    lab.apply("0001_first.up.sql", FIRST).await;
    let (platform, main) = (&lab.app.platform, lab.app.main());
    for isolation in OWN {
        let job = platform.queue_blank(&main, "local", isolation, 1).await.unwrap();
        lab.app.drive(job).await.unwrap();
    }
    assert_eq!(blanks(&lab, 1).await, [1, 1]);
    lab.write("0002_c.up.sql", &column(2));
    let holder = lab.app.data().await;
    holder.batch_execute("BEGIN; LOCK TABLE template.notes IN ACCESS SHARE MODE").await.unwrap();
    let beside = async {
        until_waiting(&lab, 1).await;
        let schema = platform.queue_blank(&main, "local", Isolation::Schema, 1).await.unwrap();
        let database = platform.queue_blank(&main, "local", Isolation::Database, 1).await.unwrap();
        let let_go = async {
            until_waiting(&lab, 3).await;
            for job in [schema, database] {
                let now = queue::get(&platform.registry, job).await.unwrap();
                assert_eq!(now.status, JobStatus::Running, "it waits for the template: {now:?}");
            }
            holder.batch_execute("COMMIT").await.unwrap();
        };
        let (one, two, ()) = tokio::join!(lab.app.drive(schema), lab.app.drive(database), let_go);
        for e in [one.unwrap_err(), two.unwrap_err()] {
            assert_eq!(e.code(), ErrorCode::Busy, "{e:?}");
            assert!(e.message().contains("template has moved on"), "{e:?}");
        }
    };
    let (rolled_out, ()) = tokio::join!(lab.up(), beside);
    rolled_out.unwrap();
    assert_eq!(lab.template_version().await, 2);

    assert_eq!(platform.refill_blanks().await.unwrap(), 4, "two are put away, two are made");
    for job in queue::list(&platform.registry, true, 20).await.unwrap() {
        if !job.status.is_final() {
            lab.app.drive(job.id).await.unwrap();
        }
    }
    assert_eq!((blanks(&lab, 1).await, blanks(&lab, 2).await), ([0, 0], [1, 1]));
    for isolation in OWN {
        let slug = in_slug(isolation);
        lab.app.tenant(&slug, isolation).await;
        assert_eq!(lab.versions(&slug).await, (2, 2), "{slug}");
        let own = lab.app.login(&slug).await;
        own.batch_execute("INSERT INTO notes (id, c2) VALUES (1, 1)").await.unwrap();
    }
    assert_eq!(blanks(&lab, 2).await, [0, 0], "the tenants were made of them");
    assert!(lab.up().await.unwrap().job.is_none(), "nothing is left to do");
}
