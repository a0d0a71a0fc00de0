//! Bad luck and bad input: the server goes away, a lock is not to be had, commands come at the wrong time. Each gives a
//! code, and nothing is left half done.

use std::collections::BTreeMap;
use std::time::Duration;

use tenantry_domain::{ErrorCode, Isolation, JobId, Slug, TenantStatus};
use tenantry_jobs::{JobStatus, queue};
use tenantry_lifecycle::Platform;
use tenantry_lifecycle::inventory::discrepancies;
use tenantry_postgres::clusters::Clusters;
use tenantry_registry::NewTenant;
use tenantry_testkit::stack::ACTOR;
use tenantry_testkit::{AppOptions, ChaosProxy, TestApp, server};

use crate::kill::{prepare_blank, spawn_worker};

const MIGRATIONS: &[(&str, &str)] = &[(
    "0001_notes.up.sql",
    "CREATE TABLE kinds (id serial PRIMARY KEY, name text UNIQUE);
     INSERT INTO kinds (name) VALUES ('a'), ('b');
     CREATE TABLE notes (id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY, kind integer REFERENCES kinds, body text);",
)];

async fn status(app: &TestApp, slug: &str) -> TenantStatus {
    app.platform.registry.find_tenant(slug).await.unwrap().tenant.status
}

async fn queue_create(app: &TestApp, slug: &str, isolation: Isolation) -> JobId {
    let new = NewTenant { isolation: Some(isolation), ..NewTenant::default() };
    app.platform.registry.add_tenant(&slug.parse().unwrap(), &new, ACTOR).await.unwrap().1
}

async fn nothing_is_left(app: &TestApp, when: &str) {
    assert_eq!(discrepancies(&app.platform).await.unwrap(), [], "{when}");
}

async fn works(app: &TestApp, slug: &str) {
    let client = app.login(slug).await;
    let sql = "INSERT INTO kinds (name) VALUES ('c') RETURNING id";
    assert_eq!(client.query_one(sql, &[]).await.unwrap().get::<_, i32>(0), 3, "{slug}");
}

/// The platform with the cluster behind a proxy; the control database is reached directly.
async fn behind_a_proxy(app: &TestApp) -> (ChaosProxy, Platform) {
    let (proxy, through) = ChaosProxy::before(server().await.server()).await;
    let clusters = Clusters::new(BTreeMap::from([("local".parse().unwrap(), through)]), 8);
    let platform = Platform::new((*app.platform.app).clone(), app.platform.registry.clone(), clusters);
    (proxy, platform)
}

/// However many bytes of the server's answers come through before the connection breaks: the job ends done or undone.
#[tokio::test]
async fn a_server_that_goes_away_in_the_middle_of_creating() {
    for isolation in Isolation::ALL {
        let app = TestApp::new(MIGRATIONS, AppOptions::default()).await;
        let (proxy, platform) = behind_a_proxy(&app).await;
        for (number, bytes) in
            [0, 500, 900, 1_300, 1_700, 2_500, 4_000, 8_000, 20_000].into_iter().enumerate()
        {
            let slug = format!("cut-{number}");
            let job = queue_create(&app, &slug, isolation).await;
            let worker = TestApp::worker_of(&platform);
            proxy.cut();
            proxy.truncate_after(bytes);
            let heal = async {
                tokio::time::sleep(Duration::from_millis(400)).await;
                proxy.heal();
            };
            let (done, ()) = tokio::join!(worker.drive(job, &|_| {}), heal);
            done.unwrap_or_else(|e| panic!("{isolation} {bytes}: {e:?}"));
            works(&app, &slug).await;
            nothing_is_left(&app, &format!("{isolation} {bytes}")).await;
        }
    }
}

/// A server that stands still for longer than a lease: the worker's heartbeat keeps the job, which goes on afterwards.
#[tokio::test]
async fn a_server_that_stands_still() {
    let app = TestApp::new(MIGRATIONS, AppOptions::default()).await;
    let (proxy, platform) = behind_a_proxy(&app).await;
    let job = queue_create(&app, "still", Isolation::Schema).await;
    proxy.stall();
    let (worker, other) = (TestApp::worker_of(&platform), TestApp::worker_of(&app.platform));
    let heal = async {
        tokio::time::sleep(Duration::from_secs(6)).await;
        let running = queue::get(&app.platform.registry, job).await.unwrap();
        assert!(!running.status.is_final(), "the other worker has not taken it: {running:?}");
        proxy.heal();
    };
    let later = async {
        tokio::time::sleep(Duration::from_millis(500)).await;
        other.drive(job, &|_| {}).await
    };
    let (one, two, ()) = tokio::join!(worker.drive(job, &|_| {}), later, heal);
    assert_eq!((one.unwrap().status, two.unwrap().status), (JobStatus::Done, JobStatus::Done));
    works(&app, "still").await;
    nothing_is_left(&app, "a stall").await;
}

/// A server that stays away: the attempts end, and the creation is undone once it is back.
#[tokio::test]
async fn a_server_that_stays_away_undoes_the_creation() {
    let mut options = AppOptions::default();
    options.limits.job_attempts_max = 2;
    let app = TestApp::new(MIGRATIONS, options).await;
    let (proxy, platform) = behind_a_proxy(&app).await;
    for isolation in Isolation::ALL {
        let slug = format!("away-{isolation}");
        let job = queue_create(&app, &slug, isolation).await;
        let worker = TestApp::worker_of(&platform);
        proxy.cut();
        proxy.refuse();
        let heal = async {
            tokio::time::sleep(Duration::from_millis(1_500)).await;
            proxy.heal();
        };
        let (ended, ()) = tokio::join!(worker.drive(job, &|_| {}), heal);
        let e = ended.unwrap_err();
        assert!(matches!(e.code(), ErrorCode::ServerUnreachable | ErrorCode::ConnectionLost), "{e:?}");
        assert_eq!(queue::get(&app.platform.registry, job).await.unwrap().status, JobStatus::Failed);
        assert_eq!(status(&app, &slug).await, TenantStatus::Failed);
        nothing_is_left(&app, &slug).await;
        queue::retry(&app.platform.registry, job).await.unwrap();
        app.drive(job).await.unwrap();
        works(&app, &slug).await;
    }
}

/// Who changes the template holds it: creating waits, tries again, and succeeds when it is free.
#[tokio::test]
async fn a_lock_that_is_not_had_in_time_is_tried_again() {
    let mut options = AppOptions::default();
    options.limits.ddl_lock_ms_max = 50;
    let app = TestApp::new(MIGRATIONS, options).await;
    for isolation in Isolation::ALL {
        let slug = format!("locked-{isolation}");
        let holder = app.data().await;
        holder.batch_execute("SELECT pg_advisory_lock(84107)").await.unwrap();
        let job = queue_create(&app, &slug, isolation).await;
        let free = async {
            tokio::time::sleep(Duration::from_millis(300)).await;
            let waiting = queue::get(&app.platform.registry, job).await.unwrap();
            drop(holder);
            waiting
        };
        let (done, waiting) = tokio::join!(app.drive(job), free);
        done.unwrap();
        assert_eq!(waiting.error.expect("it was tried in vain")["code"], "busy", "{isolation}");
        works(&app, &slug).await;
    }
    nothing_is_left(&app, "locks").await;
}

/// A migration between placing a tenant and making its data: the tenant is made from the template as it is now, and the
/// registry says so.
#[tokio::test]
async fn a_migration_in_the_middle_of_creating() {
    for (isolation, blank) in Isolation::ALL
        .into_iter()
        .zip([false; 3])
        .chain([(Isolation::Schema, true), (Isolation::Database, true)])
    {
        let folder = tempfile::tempdir().unwrap();
        std::fs::write(folder.path().join(MIGRATIONS[0].0), MIGRATIONS[0].1).unwrap();
        let app = TestApp::without_migrations(folder.path(), AppOptions::default()).await;
        app.migrator.up(&|_| {}).await.unwrap();
        if blank {
            prepare_blank(&app, isolation).await;
        }
        let job = queue_create(&app, "between", isolation).await;
        let reached = folder.path().join("reached");
        let mut worker = spawn_worker(&app, job, "create/place/after", &reached);
        while !reached.exists() {
            assert!(worker.try_wait().unwrap().is_none(), "the worker ended before it got there");
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
        worker.kill().unwrap();
        worker.wait().unwrap();
        let second = "ALTER TABLE notes ADD COLUMN stars integer; INSERT INTO notes (stars) VALUES (5);";
        std::fs::write(folder.path().join("0002_second.up.sql"), second).unwrap();
        app.migrator.up(&|_| {}).await.unwrap();
        app.drive(job).await.unwrap();
        let when = format!("{isolation}, blank: {blank}");
        let id = app.platform.registry.find_tenant("between").await.unwrap().tenant.id;
        assert_eq!(app.platform.registry.placements(id).await.unwrap()[0].version, 2, "{when}");
        assert_eq!(app.migrator.up(&|_| {}).await.unwrap().applied, [], "{when}");
        let own = app.login("between").await;
        let stars: Vec<i32> = own.query_one("SELECT array_agg(stars) FROM notes", &[]).await.unwrap().get(0);
        assert_eq!(stars, [5], "{when}");
        works(&app, "between").await;
        nothing_is_left(&app, &when).await;
    }
}

#[tokio::test]
async fn bad_slugs_leave_nothing() {
    let app = TestApp::new(MIGRATIONS, AppOptions::default()).await;
    let long = "a".repeat(41);
    let invalid = [
        "",
        " ",
        "-",
        "--",
        "-a",
        "a-",
        "1",
        "1a",
        "9-lives",
        "A",
        "Acme",
        "aCME",
        "a_b",
        "a.b",
        "a b",
        " a",
        "a ",
        "a\n",
        "\ta",
        "a/b",
        "a\\b",
        "a'b",
        "a\"b",
        "a;b",
        "a--",
        "ä",
        "café",
        "日本",
        "a\u{200b}",
        "ＡＣＭＥ",
        "ſ",
        "a@b",
        "a%00",
        "../a",
        "%",
        "*",
        long.as_str(),
    ];
    let reserved = ["admin", "api", "public", "postgres", "template", "www"];
    assert!(invalid.len() + reserved.len() >= 40);
    let control = app.platform.registry.client().await.unwrap();
    let cases = invalid.map(|s| (s, ErrorCode::SlugInvalid)).into_iter();
    for (slug, code) in cases.chain(reserved.map(|s| (s, ErrorCode::SlugReserved))) {
        let e = slug.parse::<Slug>().unwrap_err();
        assert_eq!(e.code(), code, "{slug:?}");
        let sql = "INSERT INTO tenantry.tenants (slug) VALUES ($1)";
        let e = control.execute(sql, &[&slug]).await.unwrap_err();
        assert_eq!(e.as_db_error().unwrap().constraint(), Some(code.as_str()), "{slug:?}");
    }
    app.tenant("taken", Isolation::Shared).await;
    let e = app.platform.registry.add_tenant(&"taken".parse().unwrap(), &NewTenant::default(), ACTOR).await;
    assert_eq!(e.unwrap_err().code(), ErrorCode::SlugTaken);
    assert_eq!(app.platform.registry.tenants().await.unwrap().len(), 1);
    let jobs = queue::list(&app.platform.registry, true, 100).await.unwrap();
    assert_eq!(jobs.iter().filter(|j| j.tenant.is_some()).count(), 1);
    nothing_is_left(&app, "slugs").await;
}

/// A purge that fails when a part of the data is gone: the tenant can't be restored any more, and the purge goes on.
#[tokio::test]
async fn a_purge_that_fails_half_way() {
    let app = TestApp::new(MIGRATIONS, AppOptions::default()).await;
    let platform = &app.platform;
    for isolation in Isolation::ALL {
        let slug = format!("half-{isolation}");
        app.tenant(&slug, isolation).await;
        app.drive(platform.delete(&slug, ACTOR).await.unwrap()).await.unwrap();
        // The login can't be dropped while it holds something in another database.
        let tenant = platform.registry.find_tenant(&slug).await.unwrap().tenant;
        let role = platform.app.layout().tenant_role(&tenant, platform.app.isolation.tenant_key);
        let elsewhere = platform.registry.client().await.unwrap();
        let held = format!("CREATE TABLE held (id int); GRANT SELECT ON held TO {role}");
        elsewhere.batch_execute(&held).await.unwrap();
        let job = platform.purge(&slug, ACTOR).await.unwrap();
        app.drive(job).await.unwrap_err();

        let row = platform.registry.find_tenant(&slug).await.unwrap();
        assert_eq!(row.tenant.status, TenantStatus::Deleting, "{isolation}");
        assert!(row.is_being_purged(), "{row:?}");
        let e = platform.restore(&slug, ACTOR).await.unwrap_err();
        assert_eq!(e.code(), ErrorCode::TenantStatus, "{e:?}");
        assert!(e.next_step().contains("--purge"), "{e:?}");
        for result in [
            platform.delete(&slug, ACTOR).await,
            platform.resume(&slug, ACTOR).await,
            platform.suspend(&slug, ACTOR).await,
        ] {
            assert_eq!(result.unwrap_err().code(), ErrorCode::TenantStatus, "{isolation}");
        }

        elsewhere.batch_execute("DROP TABLE held").await.unwrap();
        // By hand, either way, and with the server's upkeep.
        match isolation {
            Isolation::Shared => queue::retry(&platform.registry, job).await.unwrap(),
            Isolation::Schema => {
                app.drive(platform.purge(&slug, ACTOR).await.unwrap()).await.unwrap();
            }
            Isolation::Database => {
                assert_eq!(platform.purge_expired(ACTOR).await.unwrap(), 1);
                let again = queue::list(&platform.registry, true, 1).await.unwrap()[0].id;
                app.drive(again).await.unwrap();
            }
        }
        if isolation == Isolation::Shared {
            app.drive(job).await.unwrap();
        }
        assert!(platform.registry.find_tenant(&slug).await.is_err(), "{isolation}");
        nothing_is_left(&app, "a purge that failed half-way").await;
    }
}

#[tokio::test]
async fn commands_at_the_wrong_time() {
    let app = TestApp::new(MIGRATIONS, AppOptions::default()).await;
    let platform = &app.platform;
    app.tenant("acme", Isolation::Schema).await;
    app.tenant("other", Isolation::Shared).await;
    let taken: Slug = "other".parse().unwrap();
    let code = |result: tenantry_domain::Result<JobId>| result.unwrap_err().code();
    assert_eq!(code(platform.resume("acme", ACTOR).await), ErrorCode::TenantStatus);
    assert_eq!(code(platform.restore("acme", ACTOR).await), ErrorCode::TenantStatus);
    assert_eq!(code(platform.purge("acme", ACTOR).await), ErrorCode::TenantStatus);
    assert_eq!(code(platform.rename("acme", &taken, None, ACTOR).await), ErrorCode::SlugTaken);
    assert_eq!(code(platform.suspend("nobody", ACTOR).await), ErrorCode::TenantUnknown);
    app.drive(platform.delete("acme", ACTOR).await.unwrap()).await.unwrap();
    for result in [
        platform.delete("acme", ACTOR).await,
        platform.resume("acme", ACTOR).await,
        platform.rename("acme", &"new".parse().unwrap(), None, ACTOR).await,
    ] {
        assert_eq!(code(result), ErrorCode::TenantStatus);
    }
    assert_eq!(code(platform.suspend("acme", ACTOR).await), ErrorCode::TenantStatus, "a deleted tenant");
    app.drive(platform.purge("acme", ACTOR).await.unwrap()).await.unwrap();
    assert_eq!(code(platform.restore("acme", ACTOR).await), ErrorCode::TenantUnknown);
    nothing_is_left(&app, "wrong times").await;
}

/// Commands that were queued while the tenant still was as they ask, and whose turn comes when it is not any more.
#[tokio::test]
async fn commands_that_overtake_each_other() {
    let app = TestApp::new(MIGRATIONS, AppOptions::default()).await;
    let platform = &app.platform;
    for slug in ["twice", "suspended", "restored"] {
        app.tenant(slug, Isolation::Schema).await;
    }
    // Deleted twice: the second finds it deleted, and leaves it so.
    let (one, two) =
        (platform.delete("twice", ACTOR).await.unwrap(), platform.delete("twice", ACTOR).await.unwrap());
    app.drive(one).await.unwrap();
    assert_eq!(app.drive(two).await.unwrap_err().code(), ErrorCode::TenantStatus);
    assert_eq!(status(&app, "twice").await, TenantStatus::Deleted);
    // Deleted, then suspended: a deleted tenant stays deleted, with its time of purge.
    let (one, two) = (
        platform.delete("suspended", ACTOR).await.unwrap(),
        platform.suspend("suspended", ACTOR).await.unwrap(),
    );
    app.drive(one).await.unwrap();
    assert_eq!(app.drive(two).await.unwrap_err().code(), ErrorCode::TenantStatus);
    let row = platform.registry.find_tenant("suspended").await.unwrap();
    assert!(row.tenant.status == TenantStatus::Deleted && row.purge_after.is_some());
    // Restored, then purged: the data of a tenant in use is not touched.
    app.drive(platform.delete("restored", ACTOR).await.unwrap()).await.unwrap();
    let (one, two) = (
        platform.restore("restored", ACTOR).await.unwrap(),
        platform.purge("restored", ACTOR).await.unwrap(),
    );
    app.drive(one).await.unwrap();
    assert_eq!(app.drive(two).await.unwrap_err().code(), ErrorCode::TenantStatus);
    assert_eq!(status(&app, "restored").await, TenantStatus::Active);
    works(&app, "restored").await;
    // Nobody was let in on the way.
    for slug in ["twice", "suspended"] {
        let tenant = platform.registry.find_tenant(slug).await.unwrap().tenant;
        let role = platform.app.layout().tenant_role(&tenant, platform.app.isolation.tenant_key);
        let sql = "SELECT rolcanlogin FROM pg_roles WHERE rolname = $1";
        assert!(!app.data().await.query_one(sql, &[&role]).await.unwrap().get::<_, bool>(0), "{slug}");
    }
    nothing_is_left(&app, "overtaking").await;
}
