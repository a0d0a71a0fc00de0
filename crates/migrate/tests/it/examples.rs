//! Up, down and up again for every migration of both examples gives the same catalogs, in every isolation.

use std::path::{Path, PathBuf};

use tenantry_domain::{Isolation, TenantKeyType, layout};
use tenantry_migrate::drift::{Inspector, Wanted};
use tenantry_migrate::rollout::{Direction, Request};
use tenantry_migrate::source::read_folder;
use tenantry_testkit::postgres::catalog::{self, Catalog, Difference};
use tenantry_testkit::{AppOptions, TestApp};

use crate::folder::in_slug;

fn migrations(example: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../../examples").join(example).join("migrations/main")
}

async fn go(app: &TestApp, direction: Direction, version: i64) {
    let request = Request { direction, to: vec![(None, version)], ..Request::up() };
    let report = app.migrator.run(&request, &|_| {}).await;
    let report = report.unwrap_or_else(|e| panic!("{direction:?} to {version}: {e:?}"));
    assert!(report.job.is_some(), "{direction:?} to {version}: there was something to do");
}

/// Where tables of the app stand: database and schema.
async fn places(app: &TestApp) -> Vec<(String, String)> {
    let (layout, main) = (app.platform.app.layout(), app.main());
    let data = layout.data_database(&main);
    let mut places = vec![
        (data.clone(), layout::SHARED_SCHEMA.to_owned()),
        (data.clone(), layout::GLOBAL_SCHEMA.to_owned()),
        (data.clone(), layout::TEMPLATE_SCHEMA.to_owned()),
        (layout.template_database(&main), layout::DATABASE_SCHEMA.to_owned()),
    ];
    for isolation in [Isolation::Schema, Isolation::Database] {
        let row = app.platform.registry.find_tenant(&in_slug(isolation)).await.unwrap();
        let placements = app.platform.registry.placements(row.tenant.id).await.unwrap();
        places.push((placements[0].database.clone(), placements[0].schema.clone()));
    }
    places
}

async fn catalogs(places: &[(String, String)]) -> Vec<Catalog> {
    let mut catalogs = Vec::new();
    for (database, schema) in places {
        let mut client = tenantry_testkit::server().await.connect(database).await;
        let tx = client.transaction().await.unwrap();
        catalogs.push(catalog::read(&tx, schema).await.unwrap());
    }
    catalogs
}

/// Fails where something differs that does not pass.
async fn same(
    places: &[(String, String)],
    expected: &[Catalog],
    passes: fn(&Difference) -> bool,
    when: &str,
) {
    for ((place, expected), found) in places.iter().zip(expected).zip(catalogs(places).await) {
        let mut differences = expected.difference(&found);
        differences.retain(|d| !passes(d));
        assert_eq!(differences, [], "{when}: {place:?}");
    }
}

/// A column that a down file makes again stands behind all others: PostgreSQL has no other place for it.
fn is_order(difference: &Difference) -> bool {
    matches!(difference, Difference::Reordered { .. })
}

fn nothing_passes(_: &Difference) -> bool {
    false
}

async fn every_migration(example: &str, options: AppOptions) {
    let folder = migrations(example);
    let versions: Vec<i64> = read_folder(&folder).unwrap().iter().map(|m| m.version).collect();
    assert!(versions.len() >= 9);
    let app = TestApp::without_migrations(&folder, options).await;
    for isolation in Isolation::ALL {
        app.tenant(&in_slug(isolation), isolation).await;
    }
    let places = places(&app).await;
    let nothing = catalogs(&places).await;
    let (mut before, mut last) = (nothing.clone(), 0);
    for version in versions {
        go(&app, Direction::Up, version).await;
        let there = catalogs(&places).await;
        assert_ne!(there, before, "{version} changes something");
        go(&app, Direction::Down, last).await;
        same(&places, &before, is_order, &format!("{example}: down from {version}")).await;
        go(&app, Direction::Up, version).await;
        same(&places, &there, nothing_passes, &format!("{example}: up to {version} again")).await;
        (before, last) = (there, version);
    }
    go(&app, Direction::Down, 0).await;
    same(&places, &nothing, nothing_passes, &format!("{example}: down to nothing")).await;
    go(&app, Direction::Up, last).await;
    same(&places, &before, nothing_passes, &format!("{example}: up to the end")).await;
    no_drift(&app).await;
}

/// Neither tenants that were migrated drift nor those that come late: a clone is made from what the server prints, and
/// that is kept in another form than what was written at first.
async fn no_drift(app: &TestApp) {
    for isolation in Isolation::ALL {
        app.tenant(&format!("late-{isolation}"), isolation).await;
    }
    let platform = &app.platform;
    let inspector =
        Inspector::new(platform.app.clone(), platform.registry.clone(), platform.clusters.clone());
    let report = inspector.inspect(&Wanted::default(), &|_| {}).await.unwrap();
    assert_eq!(report.examined, 6);
    let found: Vec<_> = report.drifted.iter().map(|f| (&f.subject.title, &f.differences)).collect();
    assert!(found.is_empty(), "{found:#?}");
}

#[tokio::test]
async fn up_down_and_up_again_digital() {
    let global = vec!["currencies".to_owned()];
    every_migration("digital-erp", AppOptions { global, ..AppOptions::default() }).await;
}

#[tokio::test]
async fn up_down_and_up_again_textile() {
    // Its tenants may create objects, so that their owners migrate them; with a number as the tenant's key, too.
    let mut options = AppOptions::default().key("shop_id", TenantKeyType::Integer);
    options.isolation.tenant_ddl = true;
    every_migration("textile-erp", options).await;
}
