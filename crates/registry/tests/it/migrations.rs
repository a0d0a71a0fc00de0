//! The control database's own migrations: up, down, up again; twice at once; a database of another version.

use tenantry_domain::ErrorCode;
use tenantry_registry::migrations::{MIGRATIONS, down, up};
use tenantry_testkit::TestDatabase;
use tenantry_testkit::postgres::catalog::{self, Catalog};
use tokio_postgres::Client;

const NEWEST: i64 = MIGRATIONS[MIGRATIONS.len() - 1].version;

async fn read(client: &mut Client) -> Catalog {
    let tx = client.transaction().await.unwrap();
    catalog::read(&tx, "tenantry").await.unwrap()
}

async fn applied(client: &Client) -> Vec<i64> {
    let rows = client.query("SELECT version FROM tenantry.schema_migrations ORDER BY 1", &[]).await.unwrap();
    rows.iter().map(|r| r.get(0)).collect()
}

#[tokio::test]
async fn up_down_and_up_again() {
    let database = TestDatabase::new("control_up_down").await;
    let mut client = database.connect().await;
    up(&mut client).await.unwrap();
    let first = read(&mut client).await;
    assert!(first.objects.len() > 100, "the catalog is not empty");
    for to in (0..NEWEST).rev() {
        down(&mut client, to).await.unwrap();
        assert_eq!(applied(&client).await, (1..=to).collect::<Vec<_>>());
    }
    let left = read(&mut client).await;
    assert!(
        left.objects.iter().all(|o| o.name.contains("schema_migrations")),
        "only the ledger is left: {left:#?}"
    );
    up(&mut client).await.unwrap();
    assert_eq!(first.difference(&read(&mut client).await), []);
    // Tenants with jobs and all that hangs on them go too.
    client
        .batch_execute("INSERT INTO tenantry.tenants (slug, isolation) VALUES ('acme', 'shared')")
        .await
        .unwrap();
    down(&mut client, 0).await.unwrap();
    assert_eq!(applied(&client).await, [0_i64; 0]);
}

#[tokio::test]
async fn a_second_run_does_nothing() {
    let database = TestDatabase::new("control_twice").await;
    let mut client = database.connect().await;
    up(&mut client).await.unwrap();
    let xmins = "SELECT array_agg(m.xmin::text ORDER BY version) FROM tenantry.schema_migrations m";
    let before: Vec<String> = client.query_one(xmins, &[]).await.unwrap().get(0);
    let catalog = read(&mut client).await;
    up(&mut client).await.unwrap();
    assert_eq!(client.query_one(xmins, &[]).await.unwrap().get::<_, Vec<String>>(0), before);
    assert_eq!(catalog.difference(&read(&mut client).await), []);
    down(&mut client, NEWEST).await.unwrap();
    assert_eq!(applied(&client).await.last(), Some(&NEWEST), "there is nothing above the newest");
}

#[tokio::test]
async fn several_processes_at_once() {
    let database = TestDatabase::new("control_at_once").await;
    let mut clients = Vec::new();
    for _ in 0..4 {
        clients.push(database.connect().await);
    }
    let runs: Vec<_> =
        clients.into_iter().map(|mut client| tokio::spawn(async move { up(&mut client).await })).collect();
    for run in runs {
        run.await.unwrap().unwrap();
    }
    assert_eq!(applied(&database.connect().await).await, (1..=NEWEST).collect::<Vec<_>>());
}

/// Neither an executable that is older than the database nor one of another build touches it, in either direction.
#[tokio::test]
async fn a_database_of_another_version_is_refused() {
    let cases = [
        ("edited", "UPDATE tenantry.schema_migrations SET checksum = 'x' WHERE version = 1", 1),
        (
            "newer",
            "INSERT INTO tenantry.schema_migrations (version, name, checksum) VALUES (9999, 'later', 'x')",
            9999,
        ),
    ];
    for (name, change, version) in cases {
        let database = TestDatabase::new(&format!("control_{name}")).await;
        let mut client = database.connect().await;
        up(&mut client).await.unwrap();
        client.batch_execute(change).await.unwrap();
        let catalog = read(&mut client).await;
        let ledger = applied(&client).await;
        for e in [up(&mut client).await.unwrap_err(), down(&mut client, 0).await.unwrap_err()] {
            assert_eq!(e.code(), ErrorCode::MigrationChanged, "{name}: {e:?}");
            assert!(e.message().contains(&format!("migration {version} ")), "{e:?}");
        }
        assert_eq!(applied(&client).await, ledger);
        assert_eq!(catalog.difference(&read(&mut client).await), []);
    }
}

#[tokio::test]
async fn a_migration_that_fails_leaves_nothing() {
    let database = TestDatabase::new("control_fails").await;
    let mut client = database.connect().await;
    // In the way of the last table of the first migration.
    client.batch_execute("CREATE SCHEMA tenantry; CREATE TABLE tenantry.audit (mine text)").await.unwrap();
    let before = read(&mut client).await;
    let e = up(&mut client).await.unwrap_err();
    assert!(e.message().contains("apply migration 1 of the control database"), "{e:?}");
    assert!(e.message().contains("audit") && e.message().contains("42P07"), "{e:?}");
    assert_eq!(before.difference(&read(&mut client).await), []);
    client.batch_execute("DROP TABLE tenantry.audit").await.unwrap();
    up(&mut client).await.unwrap();
}
