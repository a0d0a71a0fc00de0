//! `doctor` from end to end: nothing to find on what Tenantry sets up, and what is broken is found.

use tenantry_domain::Isolation;
use tenantry_lifecycle::doctor::Finding;
use tenantry_lifecycle::examine::{Depth, examine};
use tenantry_testkit::{AppOptions, TestApp};

const MIGRATIONS: &[(&str, &str)] = &[(
    "0001_shop.up.sql",
    "CREATE TABLE users (id serial PRIMARY KEY, email text NOT NULL UNIQUE, name text);
     CREATE TABLE orders (id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY, user_id integer NOT NULL REFERENCES users,
       total numeric NOT NULL DEFAULT 0, note text);
     INSERT INTO users (email, name) VALUES ('root@example.com', 'root');
     CREATE VIEW spenders AS SELECT u.email, sum(o.total) AS total FROM users u JOIN orders o ON o.user_id = u.id GROUP BY u.email;",
)];

/// What `doctor` finds of this app: databases of other tests on the server don't count.
async fn findings(app: &TestApp) -> Vec<Finding> {
    let mut found = examine(&app.platform, &app.worker, Depth::Attacks, &|_| {}).await.unwrap();
    let own = format!("database {}_", app.platform.app.layout().key());
    found.retain(|f| f.code != "server" || !f.object.starts_with("database ") || f.object.starts_with(&own));
    found
}

async fn clean(options: AppOptions) -> TestApp {
    let app = TestApp::new(MIGRATIONS, options).await;
    for isolation in Isolation::ALL {
        app.tenant(&format!("t-{isolation}"), isolation).await;
    }
    assert_eq!(findings(&app).await, []);
    let left = app.platform.registry.tenants().await.unwrap();
    assert_eq!(left.len(), 3, "the throw-away tenants are gone");
    app
}

#[tokio::test]
async fn what_tenantry_sets_up_is_clean_and_what_is_broken_is_found() {
    let app = clean(AppOptions::default()).await;
    let data = app.data().await;
    data.batch_execute(
        "ALTER TABLE shared.users NO FORCE ROW LEVEL SECURITY;
         CREATE POLICY open ON shared.orders USING (true);
         CREATE SCHEMA tenant_00000000000000000000000000000001;",
    )
    .await
    .unwrap();
    let found = findings(&app).await;
    let codes: Vec<&str> = found.iter().map(|f| f.code).collect();
    assert!(codes.contains(&"orphan"), "{found:?}");
    assert!(found.iter().any(|f| f.object.contains("users")), "{found:?}");
    assert!(found.iter().any(|f| f.object.contains("orders")), "{found:?}");
    assert!(found.iter().any(|f| f.code == "attack"), "an open policy lets an attack through: {found:?}");
}

#[tokio::test]
async fn it_is_clean_where_tenants_may_make_objects_too() {
    let mut options = AppOptions::default();
    options.isolation.tenant_ddl = true;
    clean(options).await;
}
