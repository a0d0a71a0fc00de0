//! A tenant that is meant to be different: declared, known to drift, kept through migrations, taken back.

use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use tenantry_domain::{ErrorCode, Isolation, JobId, Result};
use tenantry_migrate::drift::{Inspector, Report, Wanted};
use tenantry_migrate::vary::Source;
use tenantry_testkit::stack::ACTOR;
use tenantry_testkit::{AppOptions, TestApp};

use crate::folder::{Lab, in_slug, one};

const FIRST: &str = "CREATE TABLE notes (id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY, body text);
  CREATE VIEW bodies AS SELECT body FROM notes;";
const EXTRA: &str = "ALTER TABLE public.notes ADD COLUMN stars integer DEFAULT 3;
  CREATE INDEX notes_by_stars ON notes (stars);
  CREATE TABLE marks (id integer PRIMARY KEY);
  CREATE VIEW starred AS SELECT id FROM notes WHERE stars > 0;";
const BACK: &str = "DROP VIEW starred; DROP TABLE marks; ALTER TABLE notes DROP COLUMN stars;";
const OWN: [Isolation; 2] = [Isolation::Schema, Isolation::Database];
/// Longest time until a worker reaches its failpoint.
const REACH: Duration = Duration::from_secs(60);

impl Lab {
    async fn queue_vary(&self, slug: &str, name: &str, text: &str) -> Result<JobId> {
        let source = Source { file: "extra.sql", text };
        self.app.variations().declare((slug, &self.app.main()), name, &source, ACTOR).await
    }

    async fn vary(&self, slug: &str, name: &str, text: &str) -> Result<()> {
        let job = self.queue_vary(slug, name, text).await?;
        self.app.drive(job).await.map(|_| ())
    }

    async fn unvary(&self, slug: &str, name: &str, down: Option<&str>) -> Result<()> {
        let source = down.map(|text| Source { file: "back.sql", text });
        let job =
            self.app.variations().remove((slug, &self.app.main()), name, source.as_ref(), ACTOR).await?;
        self.app.drive(job).await.map(|_| ())
    }

    async fn declared(&self, slug: &str) -> Vec<String> {
        let id = self.app.platform.registry.find_tenant(slug).await.unwrap().tenant.id;
        let all = self.app.platform.registry.variations(id).await.unwrap();
        all.iter().map(|v| v.name.clone()).collect()
    }

    async fn compare(&self) -> Report {
        let platform = &self.app.platform;
        let inspector =
            Inspector::new(platform.app.clone(), platform.registry.clone(), platform.clusters.clone());
        inspector.inspect(&Wanted::default(), &|_| {}).await.unwrap()
    }

    async fn said(&self) -> Vec<String> {
        let report = self.compare().await;
        let lines = report.drifted.iter().flat_map(|f| {
            f.differences.iter().map(move |d| format!("{} {:?}: {d}", f.subject.title, f.variations))
        });
        lines.collect()
    }

    /// Whether the tenant has the column that [`EXTRA`] adds.
    async fn is_varied(&self, slug: &str) -> bool {
        let own = self.app.login(slug).await;
        own.query_opt("SELECT stars FROM notes LIMIT 1", &[]).await.is_ok()
    }
}

async fn lab() -> Lab {
    let lab = Lab::new(AppOptions::default()).await;
    lab.apply("0001_first.up.sql", FIRST).await;
    lab.tenants().await;
    lab
}

#[tokio::test]
async fn a_variation_is_kept_and_known() {
    let lab = lab().await;
    for isolation in OWN {
        let slug = &in_slug(isolation);
        lab.vary(slug, "stars", EXTRA).await.unwrap();
        assert_eq!(lab.declared(slug).await, ["stars"]);
        let own = lab.app.login(slug).await;
        own.batch_execute("INSERT INTO notes (body) VALUES ('x'); INSERT INTO marks VALUES (1)")
            .await
            .unwrap();
        assert_eq!(
            one::<i64>(&own, "SELECT id FROM starred").await,
            1,
            "{slug}: views and tables can be used"
        );
    }
    assert_eq!(lab.said().await, [""; 0], "what was declared is no drift");
    lab.apply(
        "0002_second.up.sql",
        "ALTER TABLE notes ADD COLUMN more text; CREATE TABLE later (id integer)",
    )
    .await;
    assert_eq!(lab.said().await, [""; 0], "it is kept through migrations");
    for isolation in OWN {
        let slug = &in_slug(isolation);
        let layout = lab.app.platform.app.layout();
        let id = lab.app.platform.registry.find_tenant(slug).await.unwrap().tenant.id;
        let place = lab.app.platform.registry.placements(id).await.unwrap().remove(0);
        let server = lab.app.platform.clusters.server("local").unwrap();
        let inside = tenantry_postgres::connect::connect(server, &place.database, "test").await.unwrap();
        let sql =
            format!("SET ROLE {}; DROP INDEX {}.notes_by_stars", layout.tenant_owner_role(id), place.schema);
        inside.batch_execute(&sql).await.unwrap();
        let gone = format!("tenant {slug} [\"stars\"]: index notes_by_stars is missing");
        assert_eq!(lab.said().await, [gone], "what was declared and has gone is drift");
        let script = lab.compare().await.drifted[0].script(2000, false);
        let sql: Vec<&str> = script.lines().filter(|l| !l.starts_with('\\')).collect();
        inside.batch_execute(&format!("RESET ROLE; {}", sql.join("\n"))).await.unwrap();
        assert_eq!(lab.said().await, [""; 0]);
        lab.unvary(slug, "stars", Some(BACK)).await.unwrap();
        assert_eq!(lab.declared(slug).await, [""; 0]);
        assert_eq!(lab.said().await, [""; 0], "the tenant is as the template again");
    }
}

#[tokio::test]
async fn what_cannot_be_declared() {
    let lab = lab().await;
    let cases = [
        (
            "in-shared",
            "x",
            "CREATE INDEX i ON notes (body)",
            ErrorCode::VariationRefused,
            "shares its tables",
        ),
        ("in-schema", "X", "CREATE INDEX i ON notes (body)", ErrorCode::VariationRefused, "no name"),
        ("in-schema", "x", "-- nothing", ErrorCode::VariationRefused, "nothing to run"),
        ("in-schema", "x", "SELECT 1;\nCREATE INDEX i ON (", ErrorCode::MigrationSyntax, "extra.sql:2"),
        (
            "in-schema",
            "x",
            "\nCREATE INDEX CONCURRENTLY i ON notes (body)",
            ErrorCode::VariationRefused,
            "extra.sql:2",
        ),
        ("in-schema", "x", "CREATE EXTENSION pg_trgm", ErrorCode::VariationRefused, "belongs to all tenants"),
        ("nobody", "x", "SELECT 1", ErrorCode::TenantUnknown, "nobody"),
    ];
    for (slug, name, text, code, expect) in cases {
        let e = lab.vary(slug, name, text).await.unwrap_err();
        assert_eq!(e.code(), code, "{text}: {e:?}");
        assert!(e.message().contains(expect), "{text}: {e:?}");
    }
    assert!(
        lab.vary("in-shared", "x", EXTRA).await.unwrap_err().next_step().contains("tenant move in-shared")
    );
    for (text, expect) in [
        (
            "ALTER TABLE notes ADD COLUMN a integer;\nALTER TABLE nothere ADD COLUMN b integer;",
            "extra.sql:2:1",
        ),
        ("INSERT INTO notes (body) VALUES ('x')", "change no object"),
    ] {
        let e = lab.vary("in-schema", "x", text).await.unwrap_err();
        assert!(e.sentence().contains(expect), "{text}: {e:?}");
    }
    assert_eq!(lab.declared("in-schema").await, [""; 0]);
    assert_eq!(lab.said().await, [""; 0], "nothing of it was kept");
    lab.vary("in-schema", "stars", EXTRA).await.unwrap();
    let twice = lab.vary("in-schema", "stars", "CREATE VIEW v AS SELECT 1").await.unwrap_err();
    assert_eq!(twice.code(), ErrorCode::VariationExists);
    let unknown = lab.unvary("in-schema", "other", None).await.unwrap_err();
    assert_eq!(unknown.code(), ErrorCode::VariationUnknown);
}

#[tokio::test]
async fn taking_back_takes_everything_back() {
    let lab = lab().await;
    lab.vary("in-schema", "stars", EXTRA).await.unwrap();
    lab.vary("in-schema", "second", "CREATE VIEW more AS SELECT stars FROM notes").await.unwrap();
    assert_eq!(lab.said().await, [""; 0]);
    let half = lab.unvary("in-schema", "stars", Some("DROP TABLE marks")).await.unwrap_err();
    assert!(
        half.sentence().contains("variation stars is not taken back: added column notes.stars"),
        "{half:?}"
    );
    assert!(lab.is_varied("in-schema").await && lab.declared("in-schema").await.len() == 2);
    assert_eq!(lab.said().await, [""; 0], "a failure leaves everything as it was");
    lab.unvary("in-schema", "second", Some("DROP VIEW more")).await.unwrap();
    // The template becomes what the variation was.
    lab.unvary("in-schema", "stars", Some(BACK)).await.unwrap();
    lab.vary("in-schema", "only", "CREATE INDEX by_body ON notes (body)").await.unwrap();
    lab.unvary("in-schema", "only", None).await.unwrap_err();
    assert_eq!(lab.declared("in-schema").await, ["only"]);
}

/// A worker's process that stops for ever at a failpoint, by running this test binary's `worker_process`.
#[tokio::test]
#[ignore = "the body of the process that the other tests kill"]
async fn worker_process() {
    let app = TestApp::attach(&std::env::var("TENANTRY_TEST_APP").unwrap(), AppOptions::default()).await;
    let job = JobId(std::env::var("TENANTRY_TEST_JOB").unwrap().parse().unwrap());
    let _ = app.drive(job).await;
}

/// Runs a job in a process of its own and kills that at the failpoint.
async fn kill_at(lab: &Lab, job: JobId, failpoint: &str) {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("reached");
    let mut child = Command::new(std::env::current_exe().unwrap())
        .args(["--exact", "vary::worker_process", "--ignored", "--nocapture"])
        .env("TENANTRY_TEST_APP", lab.app.platform.app.name.as_str())
        .env("TENANTRY_TEST_JOB", job.to_string())
        .env("TENANTRY_FAILPOINT", failpoint)
        .env("TENANTRY_FAILPOINT_FILE", &file)
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .spawn()
        .unwrap();
    let begun = Instant::now();
    while !file.exists() {
        assert!(begun.elapsed() < REACH, "{failpoint} was not reached");
        assert!(child.try_wait().unwrap().is_none(), "{failpoint}: the worker ended before it got there");
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
    child.kill().unwrap();
    child.wait().unwrap();
}

#[tokio::test]
async fn killed_at_any_point_it_is_there_or_not() {
    let lab = lab().await;
    for isolation in OWN {
        let slug = &in_slug(isolation);
        for moment in ["before", "performed"] {
            let job = lab.queue_vary(slug, "stars", EXTRA).await.unwrap();
            kill_at(&lab, job, &format!("vary/change/{moment}")).await;
            assert_eq!(lab.is_varied(slug).await, moment == "performed", "{slug} {moment}");
            assert_eq!(
                lab.said().await,
                [""; 0],
                "{slug} {moment}: note and catalog agree while nobody is at it"
            );
            lab.app.drive(job).await.unwrap();
            assert_eq!(
                (lab.is_varied(slug).await, lab.declared(slug).await.len()),
                (true, 1),
                "{slug} {moment}"
            );
            assert_eq!(lab.said().await, [""; 0], "{slug} {moment}");

            let source = Source { file: "back.sql", text: BACK };
            let variations = lab.app.variations();
            let main = lab.app.main();
            let job = variations.remove((slug, &main), "stars", Some(&source), ACTOR).await.unwrap();
            kill_at(&lab, job, &format!("unvary/change/{moment}")).await;
            assert_eq!(
                lab.said().await,
                [""; 0],
                "{slug} {moment}: note and catalog agree while nobody is at it"
            );
            lab.app.drive(job).await.unwrap();
            assert_eq!(
                (lab.is_varied(slug).await, lab.declared(slug).await.len()),
                (false, 0),
                "{slug} {moment}"
            );
        }
        // Cancelled after it was done, and before that was recorded: it is taken back.
        let job = lab.queue_vary(slug, "stars", EXTRA).await.unwrap();
        kill_at(&lab, job, "vary/change/performed").await;
        tenantry_jobs::queue::cancel(&lab.app.platform.registry, job).await.unwrap();
        let _ = lab.app.drive(job).await;
        assert_eq!(
            (lab.is_varied(slug).await, lab.declared(slug).await.len()),
            (false, 0),
            "{slug} cancelled"
        );
        assert_eq!(lab.said().await, [""; 0], "{slug} cancelled");
    }
}

#[tokio::test]
async fn a_migration_that_trips_over_a_variation_names_it() {
    let lab = lab().await;
    for isolation in OWN {
        lab.vary(&in_slug(isolation), "stars", EXTRA).await.unwrap();
    }
    lab.app.tenant("other", Isolation::Schema).await;
    lab.write("0002_stars.up.sql", "ALTER TABLE notes ADD COLUMN stars integer DEFAULT 3;");
    let e = lab.up().await.unwrap_err();
    let said = e.sentence();
    assert!(said.contains("the tenant's variation stars (added column notes.stars)"), "{said}");
    for isolation in OWN {
        assert!(said.contains(&format!("tenant {}", in_slug(isolation))), "{said}");
    }
    assert_eq!(lab.versions("other").await, (2, 2), "nobody else waits for them");
    assert_eq!(lab.versions("in-schema").await, (1, 1));
    assert_eq!(lab.said().await, [""; 0], "they are as their version and variation say");
    for isolation in OWN {
        let slug = &in_slug(isolation);
        lab.unvary(slug, "stars", Some(BACK)).await.unwrap();
    }
    lab.up().await.unwrap();
    assert_eq!(lab.versions("in-schema").await, (2, 2));
    assert_eq!(lab.said().await, [""; 0]);
}

#[tokio::test]
async fn what_the_template_has_become_needs_no_declaration() {
    let lab = lab().await;
    lab.vary("in-schema", "by_body", "CREATE INDEX by_body ON notes (body)").await.unwrap();
    lab.apply("0002_index.up.sql", "CREATE INDEX IF NOT EXISTS by_body ON notes (body);").await;
    assert_eq!(lab.said().await, [""; 0]);
    lab.unvary("in-schema", "by_body", None).await.unwrap();
    assert_eq!(lab.declared("in-schema").await, [""; 0]);
    assert_eq!(lab.said().await, [""; 0]);
    // What was taken back and comes again otherwise is not compared with what it was.
    lab.vary("in-schema", "other", "CREATE INDEX other ON notes (body)").await.unwrap();
    let e = lab.unvary("in-schema", "other", None).await.unwrap_err();
    assert!(e.next_step().contains("DROP INDEX other;") || e.sentence().contains("not taken back"), "{e:?}");
}

/// Blocks whose definitions show only when they run are tried on the shadow: those of the migrations before it, which a
/// variation refers to, and its own.
#[tokio::test]
async fn behind_blocks_and_with_one() {
    let lab = Lab::new(AppOptions::default()).await;
    let block = "DO $$ DECLARE t text; BEGIN FOREACH t IN ARRAY ARRAY['red', 'blue'] LOOP
        EXECUTE format('CREATE TABLE %I (id int PRIMARY KEY)', t || 's'); END LOOP; END $$;";
    lab.apply("0001_blocks.up.sql", block).await;
    lab.tenants().await;
    let extra = "CREATE TABLE marks (red int REFERENCES reds);
        DO $$ DECLARE t text; BEGIN FOREACH t IN ARRAY ARRAY['a', 'b'] LOOP
        EXECUTE format('ALTER TABLE blues ADD COLUMN %I int', t); END LOOP; END $$;";
    for isolation in OWN {
        let slug = in_slug(isolation);
        lab.vary(&slug, "more", extra).await.unwrap();
        lab.app.login(&slug).await.query("SELECT a, b, red FROM blues, marks", &[]).await.unwrap();
    }
    assert_eq!(lab.said().await, [""; 0], "what was declared is no drift");
}
