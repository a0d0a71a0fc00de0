//! Objects of a tenant's own beside the app's: migrations leave them alone and name what collides.

use tenantry_domain::{ErrorCode, Isolation};
use tenantry_testkit::AppOptions;

use crate::folder::{Lab, in_slug, one};

const FIRST: &str = "CREATE TABLE notes (id serial PRIMARY KEY, body text);";

pub fn with_ddl() -> AppOptions {
    let mut options = AppOptions::default();
    options.isolation.tenant_ddl = true;
    options
}

#[tokio::test]
async fn a_table_of_a_tenants_own_survives() {
    let lab = Lab::new(with_ddl()).await;
    lab.apply("0001_first.up.sql", FIRST).await;
    for isolation in [Isolation::Schema, Isolation::Database] {
        lab.app.tenant(&in_slug(isolation), isolation).await;
        let own = lab.app.login(&in_slug(isolation)).await;
        own.batch_execute("CREATE TABLE mine AS SELECT 7 AS a").await.unwrap();
    }
    lab.apply(
        "0002_second.up.sql",
        "ALTER TABLE notes ADD COLUMN stars integer; CREATE VIEW v AS SELECT 1 AS a;",
    )
    .await;
    for isolation in [Isolation::Schema, Isolation::Database] {
        let own = lab.app.login(&in_slug(isolation)).await;
        assert_eq!(one::<i32>(&own, "SELECT a FROM mine").await, 7, "{isolation}");
        own.batch_execute("UPDATE mine SET a = 8; DROP TABLE mine").await.unwrap();
        assert_eq!(lab.versions(&in_slug(isolation)).await, (2, 2), "{isolation}");
    }
}

#[tokio::test]
async fn a_collision_names_tenant_and_object_and_stops_nobody_else() {
    let lab = Lab::new(with_ddl()).await;
    lab.apply("0001_first.up.sql", FIRST).await;
    let own = [Isolation::Schema, Isolation::Database];
    for isolation in own {
        // The one that collides is the first of its kind: the others come after it.
        for name in ["clash", "fine"] {
            lab.app.tenant(&format!("{name}-{isolation}"), isolation).await;
        }
        let clash = lab.app.login(&format!("clash-{isolation}")).await;
        clash.batch_execute("CREATE TABLE invoices AS SELECT 'mine' AS whose").await.unwrap();
    }
    lab.app.tenant("fine-shared", Isolation::Shared).await;
    lab.write("0002_invoices.up.sql", "CREATE TABLE\n invoices (id serial PRIMARY KEY);");
    lab.write("0003_more.up.sql", "CREATE TABLE more (id serial PRIMARY KEY);");
    let e = lab.up().await.unwrap_err();
    assert_eq!(e.code(), ErrorCode::RolloutFailed, "{e:?}");
    for isolation in own {
        let id =
            lab.app.platform.registry.find_tenant(&format!("clash-{isolation}")).await.unwrap().tenant.id;
        assert!(e.message().contains(&format!("tenant clash-{isolation}: [name_collision]")), "{e:?}");
        assert!(e.message().contains(&id.to_string()), "{e:?}");
    }
    assert!(e.message().contains("invoices") && e.message().contains("0002_invoices.up.sql:1"), "{e:?}");
    assert!(!e.message().contains("fine-"), "{e:?}");
    for slug in ["fine-shared", "fine-schema", "fine-database"] {
        assert_eq!(lab.versions(slug).await, (3, 3), "{slug}");
    }
    for isolation in own {
        let slug = format!("clash-{isolation}");
        assert_eq!(lab.versions(&slug).await, (1, 1), "{slug}");
        let clash = lab.app.login(&slug).await;
        assert_eq!(one::<String>(&clash, "SELECT whose FROM invoices").await, "mine", "{slug}");
        clash.batch_execute("ALTER TABLE invoices RENAME TO my_invoices").await.unwrap();
    }
    lab.up().await.unwrap();
    for isolation in own {
        assert_eq!(lab.versions(&format!("clash-{isolation}")).await, (3, 3), "{isolation}");
    }
}
