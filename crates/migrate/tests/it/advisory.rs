//! Advisory locks and notifications in bodies: each tenant's own, in every isolation, and none is left when a migration ends.

use std::time::Duration;

use tenantry_testkit::AppOptions;

use crate::dumps::pairs;
use crate::folder::{Lab, one};

const HISTORY: &str = "CREATE TABLE jobs (id integer PRIMARY KEY, done boolean NOT NULL DEFAULT false);
  CREATE FUNCTION one_at_a_time() RETURNS trigger LANGUAGE plpgsql AS $$
  BEGIN
    PERFORM pg_advisory_xact_lock('public.jobs'::regclass::integer, NEW.id);
    NOTIFY jobs, 'one more';
    RETURN NEW;
  END $$;
  CREATE TRIGGER one_at_a_time BEFORE INSERT ON jobs FOR EACH ROW EXECUTE FUNCTION one_at_a_time();
  CREATE FUNCTION claim(job integer) RETURNS boolean LANGUAGE sql AS 'SELECT pg_try_advisory_lock(job)';
  CREATE FUNCTION release(job integer) RETURNS boolean LANGUAGE sql AS 'SELECT pg_advisory_unlock(job)';
  CREATE FUNCTION lead() RETURNS text LANGUAGE plpgsql AS $$
  BEGIN
    EXECUTE 'SELECT pg_advisory_lock(99)';
    RETURN 'led';
  END $$;";

const ROWS: &str = "DO $$ BEGIN
    PERFORM pg_advisory_lock(1);
    INSERT INTO jobs (id) SELECT g FROM generate_series(1, 3) g WHERE claim(g);
  END $$;
  UPDATE jobs SET done = true WHERE pg_try_advisory_xact_lock(id) AND id = 2;
  SELECT lead();";

#[tokio::test]
async fn locks_are_the_tenants_own_in_every_isolation() {
    let lab = Lab::new(AppOptions::default()).await;
    lab.apply("0001_jobs.up.sql", HISTORY).await;
    let slugs = pairs(&lab).await;
    lab.apply("0002_rows.up.sql", ROWS).await;
    let mut sessions = Vec::new();
    for slug in &slugs {
        let (own, other) = (lab.app.login(slug).await, lab.app.login(slug).await);
        let done: String = one(&own, "SELECT string_agg(id || ':' || done, ' ' ORDER BY id) FROM jobs").await;
        assert_eq!(done, "1:false 2:true 3:false", "{slug}");
        for client in [&own, &other] {
            client.batch_execute("SET statement_timeout = '5s'").await.unwrap();
        }
        // What the migration took is free; every tenant takes the same, and keeps it.
        assert!(one::<bool>(&own, "SELECT claim(1)").await, "{slug}");
        assert_eq!(one::<String>(&own, "SELECT lead()").await, "led", "{slug}");
        assert!(!one::<bool>(&other, "SELECT claim(1)").await, "{slug}: another session of the tenant");
        own.batch_execute("BEGIN; INSERT INTO jobs (id) VALUES (7)").await.unwrap();
        sessions.push((own, other));
    }
    for ((own, other), slug) in sessions.iter().zip(&slugs) {
        other.batch_execute("BEGIN; SET LOCAL lock_timeout = '50ms'").await.unwrap();
        let e = other.batch_execute("INSERT INTO jobs (id) VALUES (7)").await.unwrap_err();
        assert_eq!(
            e.code().unwrap().code(),
            "55P03",
            "{slug}: the trigger's lock is held by the tenant itself"
        );
        other.batch_execute("ROLLBACK").await.unwrap();
        own.batch_execute("COMMIT").await.unwrap();
        assert!(one::<bool>(own, "SELECT release(1)").await, "{slug}");
        assert!(one::<bool>(other, "SELECT claim(1)").await, "{slug}");
    }
    let findings = lab.app.findings().await;
    assert!(findings.is_empty(), "{findings:#?}");
}

/// A migration that fails gives back what it took: the tenant's application may wait for it.
#[tokio::test]
async fn a_failed_migration_keeps_no_lock() {
    let lab = Lab::new(AppOptions::default()).await;
    lab.apply("0001_jobs.up.sql", HISTORY).await;
    let slugs = pairs(&lab).await;
    for slug in &slugs {
        lab.app.login(slug).await.batch_execute("INSERT INTO jobs (id) VALUES (1)").await.unwrap();
    }
    lab.write("0002_fails.up.sql", "SELECT lead(), claim(5); SELECT 1 / (count(*) - 1) FROM jobs;");
    lab.up().await.unwrap_err();
    for slug in &slugs {
        let own = lab.app.login(slug).await;
        let free = async { one::<bool>(&own, "SELECT claim(5)").await };
        let free = tokio::time::timeout(Duration::from_secs(5), free).await.unwrap();
        assert!(free, "{slug}");
    }
}
