//! Migrations that can't be applied: the place is named, and nothing of them is kept.

use tenantry_domain::{Error, ErrorCode};
use tenantry_testkit::AppOptions;

use crate::folder::Lab;

const FIRST: (&str, &str) = ("0001_notes.up.sql", "CREATE TABLE notes (id serial PRIMARY KEY, body text);");

async fn with_first() -> Lab {
    let lab = Lab::new(AppOptions::default()).await;
    lab.apply(FIRST.0, FIRST.1).await;
    lab.tenants().await;
    lab
}

async fn refused(lab: &Lab) -> Error {
    let (relations, version) = (lab.relations().await, lab.template_version().await);
    let e = lab.up().await.unwrap_err();
    assert_eq!((lab.relations().await, lab.template_version().await), (relations, version), "{e:?}");
    e
}

#[tokio::test]
async fn a_syntax_error_names_its_place_and_nothing_is_applied() {
    let lab = Lab::new(AppOptions::default()).await;
    lab.write(FIRST.0, FIRST.1);
    lab.write("0002_bad.up.sql", "CREATE TABLE fine (a int);\n\nCREATE TABLE\n  bad (a int,, b int);");
    let e = refused(&lab).await;
    assert_eq!(e.code(), ErrorCode::MigrationSyntax);
    assert!(e.message().contains("0002_bad.up.sql:4:14"), "{e:?}");
    assert!(e.message().contains("syntax error at or near \",\""), "{e:?}");
    assert_eq!(lab.relations().await, [""; 0], "not even the file before it");
}

#[tokio::test]
async fn what_the_server_refuses_leaves_nothing() {
    let lab = with_first().await;
    let text = "CREATE TABLE more (id int PRIMARY KEY);\nINSERT INTO notes (body) VALUES ('seed');\n\
                ALTER TABLE notes ADD CHECK (length(body) > 100);";
    lab.write("0002_fails.up.sql", text);
    let e = refused(&lab).await;
    assert_eq!(e.code(), ErrorCode::MigrationFailed);
    for part in ["0002_fails.up.sql:3:1", "23514", "is violated by some row"] {
        assert!(e.message().contains(part), "{part}: {e:?}");
    }
    for slug in ["in-shared", "in-schema", "in-database"] {
        let rows: i64 = crate::folder::one(&lab.app.login(slug).await, "SELECT count(*) FROM notes").await;
        assert_eq!((rows, lab.versions(slug).await), (0, (1, 1)), "{slug}");
    }
    lab.write("0002_fails.up.sql", "CREATE TABLE more (id int PRIMARY KEY);");
    lab.up().await.unwrap();
    assert_eq!(lab.versions("in-schema").await, (2, 2), "the file corrected applies");
}

#[tokio::test]
async fn every_refusal_is_listed() {
    let lab = Lab::new(AppOptions::default()).await;
    lab.write("0001_a.up.sql", "CREATE TABLE a (x int);\nALTER SYSTEM RESET ALL;\nCREATE DATABASE other;");
    let e = refused(&lab).await;
    assert_eq!(e.code(), ErrorCode::ShapeRefused);
    for place in ["0001_a.up.sql:2", "0001_a.up.sql:3"] {
        assert!(e.message().contains(place), "{place}: {e:?}");
    }
}

#[tokio::test]
async fn dangerous_extensions_are_refused() {
    for name in ["dblink", "postgres_fdw", "file_fdw", "plpython3u", "pg_cron"] {
        let lab = Lab::new(AppOptions::default()).await;
        lab.write("0001_x.up.sql", &format!("CREATE TABLE a (x int);\nCREATE EXTENSION {name};"));
        let e = refused(&lab).await;
        assert_eq!(e.code(), ErrorCode::ShapeRefused, "{name}");
        assert!(e.message().contains("0001_x.up.sql:2") && e.message().contains(name), "{e:?}");
    }
}

#[tokio::test]
async fn applied_files_stay_as_they_are() {
    let lab = with_first().await;
    lab.write("0005_later.up.sql", "CREATE TABLE later (a int);");
    lab.up().await.unwrap();
    let changed = |e: Error, words: &str| {
        assert_eq!(e.code(), ErrorCode::MigrationChanged, "{e:?}");
        assert!(e.message().contains(words), "{e:?}");
    };
    lab.write(FIRST.0, "CREATE TABLE notes (id serial PRIMARY KEY, body text, more text);");
    changed(refused(&lab).await, "0001_notes.up.sql is applied, and was edited since");
    lab.remove(FIRST.0);
    changed(refused(&lab).await, "migration 1_notes is applied, but its file is gone");
    lab.write(FIRST.0, FIRST.1);
    lab.write("0003_between.up.sql", "CREATE TABLE between_them (a int);");
    changed(refused(&lab).await, "0003_between.up.sql stands before 0005_later.up.sql");
    lab.remove("0003_between.up.sql");
    assert!(lab.up().await.unwrap().applied.is_empty(), "put back, all is as it was");
}

/// Numbers that repeat are Prisma's habit: each file has a version of its own all the same, which stays what it is when files
/// come later, and a file that comes too early is refused by name.
#[tokio::test]
async fn files_of_one_number_keep_their_places() {
    let lab = Lab::new(AppOptions::default()).await;
    lab.migration("5_b/migration.sql", "CREATE TABLE b (a int);");
    lab.migration("5_c/migration.sql", "CREATE TABLE c (a int);");
    assert_eq!(lab.up().await.unwrap().applied.len(), 2);
    lab.tenants().await;
    lab.migration("5_d/migration.sql", "ALTER TABLE c ADD COLUMN d int;");
    lab.migration("7_e/migration.sql", "CREATE TABLE e (a int);");
    lab.up().await.unwrap();
    for slug in ["in-shared", "in-schema", "in-database"] {
        assert_eq!(lab.versions(slug).await, (8, 8), "{slug}");
        lab.app.login(slug).await.execute("SELECT d FROM c, b, e", &[]).await.unwrap();
    }
    for (early, next) in [("5_a", "5_b"), ("5_cc", "5_d"), ("6_x", "7_e")] {
        lab.migration(&format!("{early}/migration.sql"), "CREATE TABLE early (a int);");
        let e = refused(&lab).await;
        assert_eq!(e.code(), ErrorCode::MigrationChanged);
        let words = format!("{early}/migration.sql stands before {next}/migration.sql, which is applied");
        assert!(e.message().contains(&words), "{e:?}");
        std::fs::remove_dir_all(lab.folder().join(early)).unwrap();
    }
    assert!(lab.up().await.unwrap().applied.is_empty(), "put back, all is as it was");
}
