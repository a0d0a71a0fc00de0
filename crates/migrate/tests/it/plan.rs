//! The plan against real servers: what is pending where, and that nothing changes by it.

use tenantry_domain::{ErrorCode, Isolation};
use tenantry_migrate::plan::{Ask, Basis, Plan, Sql, plan, standings};
use tenantry_testkit::AppOptions;

use crate::folder::Lab;

const FIRST: &str = "CREATE TABLE kinds (id serial PRIMARY KEY, name text NOT NULL);
  CREATE TABLE notes (id serial PRIMARY KEY, kind integer REFERENCES kinds, body text);";
const SECOND: &str = "CREATE TABLE tags (id serial PRIMARY KEY);
  CREATE INDEX ON tags (id);
  UPDATE notes SET body = upper(body);";

async fn planned(lab: &Lab) -> Plan {
    let platform = &lab.app.platform;
    let standings = standings(&platform.app, &platform.clusters).await.unwrap();
    plan(&platform.app, &Ask { basis: Basis::Servers(&standings), service: None, to: None, registry: None })
        .unwrap()
}

fn rules(plan: &Plan) -> Vec<String> {
    plan.findings().map(|f| format!("{}:{}", f.rule, f.line)).collect()
}

#[tokio::test]
async fn what_is_pending_where() {
    let lab = Lab::new(AppOptions::default()).await;
    lab.write("0001_first.up.sql", FIRST);
    let new = planned(&lab).await;
    assert_eq!(new.services[0].files.len(), 1);
    assert_eq!(rules(&new), [""; 0], "nothing of it is in use");

    lab.apply("0001_first.up.sql", FIRST).await;
    lab.tenants().await;
    lab.app.tenant("another", Isolation::Schema).await;
    assert!(planned(&lab).await.services[0].files.is_empty());

    lab.write("0002_second.up.sql", SECOND);
    let plan = planned(&lab).await;
    assert_eq!(lab.template_version().await, 1);
    let service = &plan.services[0];
    assert_eq!(service.clusters[0].applied.as_deref(), Some("0001"));
    let file = &service.files[0];
    assert_eq!((file.label.as_str(), file.statements.len(), file.in_one_transaction), ("0002", 3, true));
    let target = &file.targets[0];
    assert!(target.templates);
    let count = |isolation| target.tenants.get(&isolation).copied();
    assert_eq!(
        [count(Isolation::Shared), count(Isolation::Schema), count(Isolation::Database)],
        [Some(1), Some(2), Some(1)]
    );
    assert_eq!(rules(&plan), ["changes-all-rows:3"]);
    let update = &file.statements[2];
    assert_eq!(update.locks[0].table, "notes");
    assert!(update.shared[0].per_tenant && !update.schema[0].per_tenant);
    let names_tenant = |runs: &[Sql]| runs.iter().any(|run| run.sql.contains("tenant_id"));
    assert!(names_tenant(&file.statements[0].shared) && !names_tenant(&file.statements[0].schema));
    assert_eq!(lab.versions("another").await, (1, 1));
}

/// A tenant that was left behind has its own pending files; the templates are through.
#[tokio::test]
async fn who_is_behind() {
    let lab = Lab::new(AppOptions::default()).await;
    lab.apply("0001_first.up.sql", FIRST).await;
    lab.tenants().await;
    lab.apply("0002_second.up.sql", SECOND).await;
    let back = "UPDATE tenantry.local_tenants SET version = 1 WHERE isolation = 'schema'";
    lab.app.data().await.execute(back, &[]).await.unwrap();
    let plan = planned(&lab).await;
    let target = &plan.services[0].files[0].targets[0];
    assert!(!target.templates);
    assert_eq!(target.tenants.iter().collect::<Vec<_>>(), [(&Isolation::Schema, &1)]);
}

#[tokio::test]
async fn an_edited_file_is_named() {
    let lab = Lab::new(AppOptions::default()).await;
    lab.apply("0001_first.up.sql", FIRST).await;
    lab.write("0001_first.up.sql", "CREATE TABLE other (id int);");
    let platform = &lab.app.platform;
    let e = standings(&platform.app, &platform.clusters).await.unwrap_err();
    assert_eq!(e.code(), ErrorCode::MigrationChanged);
    assert!(e.message().contains("0001_first.up.sql"), "{e:?}");
}

/// Without a server each file is looked at as if those before it were in use.
#[tokio::test]
async fn offline_each_file_stands_for_itself() {
    let lab = Lab::new(AppOptions::default()).await;
    lab.write("0001_first.up.sql", FIRST);
    lab.write("0002_second.up.sql", "CREATE INDEX ON notes (kind);");
    lab.write("0003_third.up.sql", "ALTER TABLE notes DROP COLUMN kind;");
    let app = &lab.app.platform.app;
    let ask = |from, to| {
        let ask = Ask { basis: Basis::Offline { from }, service: None, to, registry: None };
        plan(app, &ask).map(|p| rules(&p))
    };
    assert_eq!(ask(None, None).unwrap(), ["index-not-concurrent:1", "drops-column:1"]);
    assert_eq!(ask(Some("2"), None).unwrap(), ["drops-column:1"]);
    assert_eq!(ask(None, Some("0002_second")).unwrap(), ["index-not-concurrent:1"]);
    assert_eq!(ask(Some("7"), None).unwrap_err().code(), ErrorCode::VersionUnknown);
    lab.write("0003_third.up.sql", "ALTER TABLE notes DROP COLUMN kind");
    lab.write("0004_bad.up.sql", "SELECT 1;\nSELEC 2;");
    let e = ask(None, None).unwrap_err();
    assert!(e.message().contains("0004_bad.up.sql:2:1"), "{e:?}");
}
