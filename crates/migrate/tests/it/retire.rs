//! What is taken from a global table goes when the last tenant has passed, and not before.

use tenantry_domain::{ErrorCode, Isolation};
use tenantry_migrate::rollout::{Direction, Request};
use tenantry_testkit::AppOptions;

use crate::folder::{Lab, in_slug, one};

const FIRST: &str = "CREATE TABLE countries (code text PRIMARY KEY);
    INSERT INTO countries VALUES ('DE'), ('FR');
    CREATE TABLE people (id serial PRIMARY KEY, age int, country text REFERENCES countries);";
const DROPS: &str = "ALTER TABLE people DROP COLUMN country;\nDROP TABLE countries;";

async fn lab() -> Lab {
    let options = AppOptions { global: vec!["countries".to_owned()], ..AppOptions::default() };
    let lab = Lab::new(options).await;
    lab.write("0001_first.up.sql", FIRST);
    lab.write("0001_first.down.sql", "DROP TABLE people; DROP TABLE countries;");
    lab.up().await.unwrap();
    lab.tenants().await;
    lab
}

async fn is_there(lab: &Lab) -> bool {
    one(&lab.app.data().await, "SELECT to_regclass('global.countries') IS NOT NULL").await
}

async fn reads_countries(lab: &Lab, slug: &str) -> bool {
    lab.app.login(slug).await.query("SELECT * FROM countries", &[]).await.is_ok()
}

fn down_to(version: i64) -> Request {
    Request { direction: Direction::Down, to: vec![(None, version)], ..Request::up() }
}

#[tokio::test]
async fn a_global_table_is_dropped_with_what_refers_to_it() {
    for text in [DROPS, "DROP TABLE countries CASCADE;"] {
        let lab = lab().await;
        lab.apply("0002_drops.up.sql", text).await;
        assert!(!is_there(&lab).await, "{text}");
        for isolation in Isolation::ALL {
            let slug = in_slug(isolation);
            assert!(!reads_countries(&lab, &slug).await, "{text} {slug}");
            assert_eq!(lab.versions(&slug).await, (2, 2), "{slug}");
            lab.app.login(&slug).await.execute("INSERT INTO people (age) VALUES (1)", &[]).await.unwrap();
        }
        assert!(lab.up().await.unwrap().job.is_none(), "nothing is left to do");
        lab.app.tenant("late", Isolation::Schema).await;
        lab.app.login("late").await.execute("INSERT INTO people (age) VALUES (1)", &[]).await.unwrap();
    }
}

/// The tenant that can't pass still has the table and its key to it; so has nobody else, and the table goes with it.
#[tokio::test]
async fn it_lives_until_the_last_tenant_has_passed() {
    let lab = lab().await;
    lab.app.tenant("stuck", Isolation::Schema).await;
    lab.app.login("stuck").await.execute("INSERT INTO people (age) VALUES (-1)", &[]).await.unwrap();
    lab.write("0002_drops.up.sql", &format!("{DROPS}\nALTER TABLE people ADD CHECK (age > 0);"));
    lab.write("0002_drops.down.sql", "CREATE TABLE countries (code text PRIMARY KEY);");
    let e = lab.up().await.unwrap_err();
    assert!(e.sentence().contains("tenant stuck"), "{e:?}");
    assert!(is_there(&lab).await && reads_countries(&lab, "stuck").await);
    let stuck = lab.app.login("stuck").await;
    let e = stuck.execute("INSERT INTO people (country) VALUES ('XX')", &[]).await.unwrap_err();
    assert_eq!(e.code().unwrap().code(), "23503");
    assert_eq!(lab.versions(&in_slug(Isolation::Schema)).await, (2, 2));
    assert!(!reads_countries(&lab, &in_slug(Isolation::Database)).await, "a database of its own is done");

    let e = lab.app.migrator.run(&down_to(1), &|_| {}).await.unwrap_err();
    assert_eq!(e.code(), ErrorCode::RolloutOpen, "{e:?}");
    lab.up().await.unwrap_err();
    assert!(is_there(&lab).await);
    stuck.execute("UPDATE people SET age = 1", &[]).await.unwrap();
    lab.up().await.unwrap();
    assert!(!is_there(&lab).await);
    assert_eq!(lab.versions("stuck").await, (2, 2));
    assert!(lab.up().await.unwrap().job.is_none(), "nothing is left to do");
}

/// A file behind it may make a table of the same name: it waits for the last tenant too.
#[tokio::test]
async fn files_behind_it_wait() {
    let lab = lab().await;
    lab.write("0002_drops.up.sql", DROPS);
    lab.write(
        "0003_anew.up.sql",
        "CREATE TABLE countries (id int PRIMARY KEY); INSERT INTO countries VALUES (1);",
    );
    lab.write(
        "0004_refers.up.sql",
        "ALTER TABLE people ADD COLUMN country int REFERENCES countries DEFAULT 1;",
    );
    lab.up().await.unwrap();
    for isolation in Isolation::ALL {
        let slug = in_slug(isolation);
        assert_eq!(lab.versions(&slug).await, (4, 4), "{slug}");
        lab.app.login(&slug).await.execute("INSERT INTO people (country) VALUES (1)", &[]).await.unwrap();
    }
}

#[tokio::test]
async fn from_empty_in_one_go() {
    let options = AppOptions { global: vec!["countries".to_owned()], ..AppOptions::default() };
    let lab = Lab::new(options).await;
    lab.write("0001_first.up.sql", FIRST);
    lab.write("0002_drops.up.sql", DROPS);
    lab.write("0003_anew.up.sql", "CREATE TABLE countries (id int PRIMARY KEY);");
    assert_eq!(lab.up().await.unwrap().applied.len(), 3);
    assert!(is_there(&lab).await);
}

/// One file has made both; its way back drops both.
#[tokio::test]
async fn the_way_back_drops_it_too() {
    let lab = lab().await;
    lab.app.migrator.run(&down_to(0), &|_| {}).await.unwrap();
    assert!(!is_there(&lab).await);
    for isolation in Isolation::ALL {
        assert_eq!(lab.versions(&in_slug(isolation)).await, (0, 0), "{isolation}");
    }
    lab.up().await.unwrap();
    for isolation in Isolation::ALL {
        assert!(reads_countries(&lab, &in_slug(isolation)).await, "{isolation}");
    }
}
