//! Every script for one tenant renders with the values that it gets, and the server understands it: each is run in a
//! transaction that is rolled back, on a tenant that is there already.

use std::collections::BTreeMap;

use tenantry_domain::{Isolation, Tenant, TenantId};
use tenantry_postgres::tenant::{ALL, Scripts, home};
use tenantry_testkit::{AppOptions, TestApp, server};

/// Scripts that can't run to their end there, and what the server says of them: never that it does not understand them.
const STOPPED: &[(&str, &str)] = &[
    ("CREATE_DATABASE", "outside transactions only: 25001"),
    ("CREATE_LOGIN", "the tenant has one: 42710"),
    ("CREATE_OWNER", "the tenant has one: 42710"),
    ("CREATE_SCHEMA", "the tenant has one: 42P06"),
    ("DROP_DATABASE", "outside transactions only: 25001"),
    ("DROP_LOGIN", "its grants have not been taken from it: 2BP01"),
    ("RENAME_DATABASE", "there is no such blank: 3D000"),
    ("RENAME_SCHEMA", "there is no such blank: 42704"),
];

fn scripts(app: &TestApp, tenant: &Tenant) -> Scripts {
    Scripts::new(&app.platform.app, &app.main(), tenant)
        .with_blank(&app.platform.app.layout(), &app.main(), TenantId::random())
        .number("limit", 5)
        .number("version", 1)
        .number("job", 1)
        .number("fence", 1)
        .text("verifier", "SCRAM-SHA-256$4096:AAAA$AAAA:AAAA")
        .text("until", "2099-01-01")
        .raw("clone", "CREATE TABLE cloned (a integer);")
        .raw("rename", "SELECT 1;")
}

#[tokio::test]
async fn every_script_is_understood() {
    let files = [("0001_notes.up.sql", "CREATE TABLE notes (id serial PRIMARY KEY, body text);")];
    let app = TestApp::new(&files, AppOptions::default()).await;
    let in_schema = app.tenant("in-schema", Isolation::Schema).await.tenant;
    let in_database = app.tenant("in-database", Isolation::Database).await.tenant;
    let layout = app.platform.app.layout();
    let (own, _) = home(&layout, &app.main(), in_database.id, Isolation::Database);
    let (data, own) = (app.data().await, server().await.connect(&own).await);
    let mut stopped = BTreeMap::new();
    for (name, script) in ALL {
        // What gives a database's objects to its tenant runs inside of that.
        let inside = name.starts_with("ADOPT_");
        let (client, tenant) = if inside { (&own, &in_database) } else { (&data, &in_schema) };
        let sql = scripts(&app, tenant).render(*script).unwrap_or_else(|e| panic!("{name}: {e:?}"));
        client.batch_execute("BEGIN").await.unwrap();
        if let Err(e) = client.batch_execute(&sql).await {
            stopped.insert(*name, e.code().unwrap().code().to_owned());
        }
        client.batch_execute("ROLLBACK").await.unwrap();
    }
    let expected: BTreeMap<&str, String> =
        STOPPED.iter().map(|(name, why)| (*name, why.rsplit(": ").next().unwrap().to_owned())).collect();
    assert_eq!(stopped, expected);
    assert!(ALL.len() > 25);
}
