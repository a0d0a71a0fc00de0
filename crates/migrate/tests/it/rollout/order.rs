//! Whom a rollout is for and how far it goes; and back again.

use tenantry_domain::{ErrorCode, Isolation};
use tenantry_migrate::rollout::{Direction, Request};

use crate::fleet::{column, fleet, quick, registry_agrees, versions};
use crate::folder::{Lab, in_slug, one};

fn down_of(n: usize) -> String {
    format!("DROP INDEX notes_c{n};\nALTER TABLE notes DROP COLUMN c{n};\n")
}

fn to(direction: Direction, version: i64) -> Request {
    Request { direction, to: vec![(None, version)], ..Request::up() }
}

async fn three_more(lab: &Lab) {
    for n in 2..=4 {
        lab.write(&format!("000{n}_c.up.sql"), &column(n));
        lab.write(&format!("000{n}_c.down.sql"), &down_of(n));
    }
}

async fn run(lab: &Lab, request: Request) -> tenantry_migrate::Report {
    lab.app.migrator.run(&request, &|_| {}).await.unwrap()
}

#[tokio::test]
async fn some_tenants_and_some_versions_only() {
    let lab = fleet(quick(), 12).await;
    three_more(&lab).await;
    let request = Request { tenants: Some("copy-1?".to_owned()), ..to(Direction::Up, 2) };
    assert_eq!(run(&lab, request).await.tenants, 3);
    assert_eq!(versions(&lab).await, [(1, 9), (2, 3)]);
    assert_eq!(run(&lab, to(Direction::Up, 3)).await.tenants, 12);
    assert_eq!(versions(&lab).await, [(3, 12)]);
    assert_eq!(run(&lab, to(Direction::Up, 2)).await.job, None, "up never goes down");
    assert_eq!(run(&lab, Request::up()).await.tenants, 12);
    assert_eq!(versions(&lab).await, [(4, 12)]);
    let e = lab.app.migrator.run(&to(Direction::Up, 9), &|_| {}).await.unwrap_err();
    assert_eq!(e.code(), ErrorCode::VersionUnknown, "{e:?}");
    let service = Some("crm".parse().unwrap());
    let e = lab.app.migrator.run(&Request { service, ..Request::up() }, &|_| {}).await.unwrap_err();
    assert_eq!(e.code(), ErrorCode::ServiceUnknown, "{e:?}");
}

#[tokio::test]
async fn down_and_up_again_in_every_isolation() {
    let lab = fleet(quick(), 5).await;
    lab.tenants().await;
    three_more(&lab).await;
    lab.up().await.unwrap();
    let report = run(&lab, to(Direction::Down, 2)).await;
    let took: Vec<i64> = report.applied.iter().map(|a| a.version).collect();
    assert_eq!((took, report.tenants), (vec![4, 3], 7));
    assert_eq!(versions(&lab).await, [(2, 6)]);
    registry_agrees(&lab).await;
    assert_eq!(lab.template_version().await, 2);
    for isolation in Isolation::ALL {
        assert_eq!(lab.versions(&in_slug(isolation)).await, (2, 2), "{isolation}");
        let own = lab.app.login(&in_slug(isolation)).await;
        own.batch_execute("INSERT INTO notes (id, c2) VALUES (1, 1)").await.unwrap();
        let e = own.batch_execute("SELECT c3 FROM notes").await.unwrap_err();
        assert_eq!(e.code().unwrap().code(), "42703", "{isolation}");
        let late = format!("late-{isolation}");
        lab.app.tenant(&late, isolation).await;
        assert_eq!(lab.versions(&late).await, (2, 2), "{isolation}");
    }
    lab.up().await.unwrap();
    assert_eq!(versions(&lab).await, [(4, 7)]);
    for isolation in Isolation::ALL {
        let own = lab.app.login(&in_slug(isolation)).await;
        assert_eq!(one::<Option<i32>>(&own, "SELECT c2 + coalesce(c3, c4, 0) FROM notes").await, Some(1));
    }
}

#[tokio::test]
async fn without_a_down_file_nothing_goes_down() {
    let lab = fleet(quick(), 2).await;
    three_more(&lab).await;
    lab.up().await.unwrap();
    lab.remove("0003_c.down.sql");
    let e = lab.app.migrator.run(&to(Direction::Down, 1), &|_| {}).await.unwrap_err();
    assert_eq!(e.code(), ErrorCode::MigrationDownMissing, "{e:?}");
    assert!(e.message().contains("0003_c.up.sql"), "{e:?}");
    assert_eq!((versions(&lab).await, lab.template_version().await), (vec![(4, 2)], 4));
    run(&lab, to(Direction::Down, 3)).await;
    assert_eq!(versions(&lab).await, [(3, 2)], "as far as there are files");
}
