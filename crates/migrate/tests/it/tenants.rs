//! Migrations reach the tenants that are there, the template, and those that come later; registry and data agree.

use tenantry_domain::{ErrorCode, Isolation, TenantKeyType};
use tenantry_testkit::AppOptions;

use crate::folder::{Lab, in_slug, one};

const FIRST: &str = "CREATE TABLE kinds (id serial PRIMARY KEY, name text NOT NULL UNIQUE);
  INSERT INTO kinds (name) VALUES ('a'), ('b');
  CREATE TABLE notes (id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY, kind integer REFERENCES kinds, body text);";

async fn reaches_everyone(options: AppOptions) {
    let lab = Lab::new(options).await;
    lab.apply("0001_first.up.sql", FIRST).await;
    lab.tenants().await;
    for isolation in Isolation::ALL {
        let own = lab.app.login(&in_slug(isolation)).await;
        own.batch_execute("INSERT INTO kinds (name) VALUES ('own'); INSERT INTO notes (kind) VALUES (3)")
            .await
            .unwrap();
    }
    lab.apply(
        "0002_second.up.sql",
        "ALTER TABLE notes ADD COLUMN stars integer NOT NULL DEFAULT 1;
         INSERT INTO kinds (name) VALUES ('c');
         UPDATE kinds SET name = upper(name);
         CREATE INDEX notes_by_stars ON notes (stars);
         CREATE VIEW starred AS SELECT n.id, k.name FROM notes n JOIN kinds k ON k.id = n.kind WHERE stars > 0;",
    )
    .await;
    assert!(lab.up().await.unwrap().applied.is_empty(), "a second run has nothing to do");
    for isolation in Isolation::ALL {
        let slug = &in_slug(isolation);
        assert_eq!(lab.versions(slug).await, (2, 2), "{slug}");
        let own = lab.app.login(slug).await;
        let kinds: Vec<String> = one(&own, "SELECT array_agg(name ORDER BY id) FROM kinds").await;
        assert_eq!(kinds, ["A", "B", "OWN", "C"], "{slug}: data statements run for each tenant");
        assert_eq!(one::<String>(&own, "SELECT name FROM starred").await, "OWN", "{slug}");
        let late = format!("late-{slug}");
        lab.app.tenant(&late, isolation).await;
        assert_eq!(lab.versions(&late).await, (2, 2), "{late}");
        let own = lab.app.login(&late).await;
        let kinds: Vec<String> = one(&own, "SELECT array_agg(name ORDER BY id) FROM kinds").await;
        assert_eq!(kinds, ["A", "B", "C"], "{late}: and for the template");
        assert_eq!(one::<i32>(&own, "INSERT INTO kinds (name) VALUES ('d') RETURNING id").await, 4, "{late}");
    }
}

#[tokio::test]
async fn a_second_migration_reaches_everyone() {
    reaches_everyone(AppOptions::default()).await;
}

#[tokio::test]
async fn with_an_integer_tenant_key_too() {
    reaches_everyone(AppOptions::default().key("shop_id", TenantKeyType::Integer)).await;
}

#[tokio::test]
async fn an_index_made_concurrently() {
    let lab = Lab::new(AppOptions::default()).await;
    lab.apply("0001_first.up.sql", FIRST).await;
    lab.tenants().await;
    let text = "ALTER TABLE notes ADD COLUMN title text;
                CREATE INDEX CONCURRENTLY notes_by_body ON notes (body);
                INSERT INTO kinds (name) VALUES ('after');";
    lab.apply("0002_concurrently.up.sql", text).await;
    for isolation in Isolation::ALL {
        let slug = &in_slug(isolation);
        assert_eq!(lab.versions(slug).await, (2, 2), "{slug}");
        let own = lab.app.login(slug).await;
        let sql = "SELECT count(*) FROM pg_index i JOIN pg_class c ON c.oid = i.indexrelid
                   WHERE i.indrelid = 'notes'::regclass AND i.indisvalid AND c.relname = 'notes_by_body'";
        assert_eq!(one::<i64>(&own, sql).await, 1, "{slug}");
        assert_eq!(one::<i64>(&own, "SELECT count(*) FROM kinds").await, 3, "{slug}: what follows ran once");
    }
}

#[tokio::test]
async fn an_extension_serves_every_isolation() {
    let lab = Lab::new(AppOptions::default()).await;
    lab.apply("0001_first.up.sql", FIRST).await;
    lab.tenants().await;
    let text = "CREATE EXTENSION citext;\nCREATE TABLE mails (address citext PRIMARY KEY);";
    lab.apply("0002_citext.up.sql", text).await;
    lab.apply("0003_trgm.up.sql", "CREATE EXTENSION IF NOT EXISTS pg_trgm;").await;
    for isolation in Isolation::ALL {
        let late = format!("late-{isolation}");
        lab.app.tenant(&late, isolation).await;
        for slug in [&in_slug(isolation), &late] {
            let own = lab.app.login(slug).await;
            own.batch_execute("INSERT INTO mails VALUES ('Ann@example.com')").await.unwrap();
            let found: i64 = one(&own, "SELECT count(*) FROM mails WHERE address = 'ANN@example.com'").await;
            assert_eq!(found, 1, "{slug}");
            let e = own.batch_execute("INSERT INTO mails VALUES ('ANN@EXAMPLE.COM')").await.unwrap_err();
            assert_eq!(e.code().unwrap().code(), "23505", "{slug}");
            assert!(one::<f32>(&own, "SELECT similarity('word', 'words')").await > 0.5, "{slug}");
        }
    }
}

#[tokio::test]
async fn global_tables_are_read_by_all_and_written_by_none() {
    let options = AppOptions { global: vec!["countries".to_owned()], ..AppOptions::default() };
    let lab = Lab::new(options).await;
    let text = "CREATE TABLE countries (code text PRIMARY KEY); INSERT INTO countries VALUES ('DE'), ('FR');
                CREATE TABLE people (id serial PRIMARY KEY, country text REFERENCES countries);";
    lab.apply("0001_countries.up.sql", text).await;
    lab.tenants().await;
    lab.apply("0002_more.up.sql", "INSERT INTO countries VALUES ('IT');").await;
    for isolation in Isolation::ALL {
        let own = lab.app.login(&in_slug(isolation)).await;
        assert_eq!(one::<i64>(&own, "SELECT count(*) FROM countries").await, 3, "{isolation}");
        own.batch_execute("INSERT INTO people (country) VALUES ('IT')").await.unwrap();
        let e = own.batch_execute("INSERT INTO people (country) VALUES ('XX')").await.unwrap_err();
        assert_eq!(e.code().unwrap().code(), "23503", "{isolation}");
        let e = own.batch_execute("INSERT INTO countries VALUES ('XX')").await.unwrap_err();
        assert_eq!(e.code().unwrap().code(), "42501", "{isolation}");
    }
}

/// The registry is told even where the process was killed between the tenant's commit and that.
#[tokio::test]
async fn the_registry_catches_up() {
    let lab = Lab::new(AppOptions::default()).await;
    lab.apply("0001_first.up.sql", FIRST).await;
    lab.tenants().await;
    lab.apply("0002_second.up.sql", "ALTER TABLE notes ADD COLUMN stars integer;").await;
    let client = lab.app.platform.registry.client().await.unwrap();
    client.execute("UPDATE tenantry.placements SET version = 1", &[]).await.unwrap();
    lab.up().await.unwrap();
    for isolation in Isolation::ALL {
        assert_eq!(lab.versions(&in_slug(isolation)).await, (2, 2), "{isolation}");
    }
}

/// A table that somebody holds gives a code that says so, and nothing is kept.
#[tokio::test]
async fn a_lock_that_is_not_had_in_time() {
    let mut options = AppOptions::default();
    options.limits.ddl_lock_ms_max = 100;
    options.limits.rollout_tries_max = 3;
    options.limits.rollout_backoff_ms = 10;
    let lab = Lab::new(options).await;
    lab.apply("0001_first.up.sql", FIRST).await;
    lab.tenants().await;
    let holder = lab.app.login("in-schema").await;
    holder.batch_execute("BEGIN; INSERT INTO notes (body) VALUES ('held')").await.unwrap();
    lab.write("0002_second.up.sql", "ALTER TABLE notes ADD COLUMN stars integer;");
    let e = lab.up().await.unwrap_err();
    assert_eq!(e.code(), ErrorCode::RolloutFailed, "{e:?}");
    assert!(e.message().contains("tenant in-schema: [busy] 0002_second.up.sql:1:1: "), "{e:?}");
    assert_eq!((lab.versions("in-schema").await, lab.versions("in-database").await), ((1, 1), (2, 2)));
    holder.batch_execute("COMMIT").await.unwrap();
    lab.up().await.unwrap();
    assert_eq!(lab.versions("in-schema").await, (2, 2));
}

/// The template database and databases of tenants commit by themselves, before the data database notes it: a process that
/// ended between the two is caught up with.
#[tokio::test]
async fn a_run_that_was_ended_between_two_databases_goes_on() {
    let lab = Lab::new(AppOptions::default()).await;
    lab.apply("0001_first.up.sql", FIRST).await;
    lab.tenants().await;
    let data = lab.app.data().await;
    let (second, third) =
        ("ALTER TABLE notes ADD COLUMN stars integer;", "ALTER TABLE notes ADD COLUMN more integer;");
    lab.apply("0002_second.up.sql", second).await;
    let back = "UPDATE tenantry.local_tenants SET version = 1 WHERE isolation = 'database'";
    assert_eq!(data.execute(back, &[]).await.unwrap(), 1);
    lab.up().await.unwrap();
    assert_eq!(lab.versions("in-database").await, (2, 2), "a tenant's database that was ahead");

    lab.write("0003_third.up.sql", third);
    let layout = lab.app.platform.app.layout();
    let name = layout.template_database(&lab.app.main());
    let template = tenantry_testkit::server().await.connect(&name).await;
    let file = tenantry_migrate::source::read_folder(lab.folder()).unwrap().remove(2);
    let note = "INSERT INTO tenantry.ledger (target, version, name, checksum) VALUES ('template', 3, $1, $2)";
    template.batch_execute("ALTER TABLE app.notes ADD COLUMN more integer").await.unwrap();
    template.execute(note, &[&file.name, &file.checksum()]).await.unwrap();
    drop(template);
    lab.up().await.unwrap();
    assert_eq!(lab.template_version().await, 3, "a template database that was ahead");
    for isolation in Isolation::ALL {
        assert_eq!(lab.versions(&in_slug(isolation)).await, (3, 3), "{isolation}");
        let own = lab.app.login(&in_slug(isolation)).await;
        own.batch_execute("INSERT INTO notes (stars, more) VALUES (1, 2)").await.unwrap();
    }
}

/// A migration's transaction gives every tenant values of its own counter, from its first on and without gaps.
#[tokio::test]
async fn counters_of_tenants_stay_apart_in_one_migration() {
    let lab = Lab::new(AppOptions::default()).await;
    lab.apply("0001_first.up.sql", "CREATE TABLE before (a integer);").await;
    for slug in ["one", "two"] {
        lab.app.tenant(slug, Isolation::Shared).await;
    }
    let text = "CREATE TABLE kinds (id serial PRIMARY KEY, name text);
                CREATE TABLE notes (id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY, body text);
                INSERT INTO kinds (name) VALUES ('a'), ('b'), ('c'), ('d'), ('e');
                INSERT INTO notes (body) VALUES ('a'), ('b'), ('c'), ('d'), ('e');";
    lab.apply("0002_kinds.up.sql", text).await;
    for slug in ["one", "two"] {
        let own = lab.app.login(slug).await;
        for table in ["kinds", "notes"] {
            let ids: Vec<i64> =
                one(&own, &format!("SELECT array_agg(id::bigint ORDER BY id) FROM {table}")).await;
            assert_eq!(ids, [1, 2, 3, 4, 5], "{slug}: {table}");
            let next = format!("INSERT INTO {table} DEFAULT VALUES RETURNING id::bigint");
            assert_eq!(one::<i64>(&own, &next).await, 6, "{slug}: {table}");
        }
    }
}
