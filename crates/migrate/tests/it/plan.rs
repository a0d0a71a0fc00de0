//! The plan against real servers: what is pending where, and that nothing changes by it.

use tenantry_domain::{ErrorCode, Isolation, TenantId};
use tenantry_migrate::plan::{Ask, Basis, Plan, Sql, plan, standings};
use tenantry_migrate::rollout::Request;
use tenantry_testkit::AppOptions;

use crate::folder::Lab;

const FIRST: &str = "CREATE TABLE kinds (id serial PRIMARY KEY, name text NOT NULL);
  CREATE TABLE notes (id serial PRIMARY KEY, kind integer REFERENCES kinds, body text);";
const SECOND: &str = "CREATE TABLE tags (id serial PRIMARY KEY);
  CREATE INDEX ON tags (id);
  UPDATE notes SET body = upper(body);";

async fn planned(lab: &Lab) -> Plan {
    let platform = &lab.app.platform;
    let standings = standings(&platform.app, &platform.clusters, None).await.unwrap();
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
    let e = standings(&platform.app, &platform.clusters, None).await.unwrap_err();
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

/// What is dropped of a global table waits for the last tenant, and what comes behind it is a rollout of its own. The plan
/// tells so without asking a shadow, and means the tenants that it is asked for.
#[tokio::test]
async fn what_waits_for_the_last_tenant() {
    let options = AppOptions { global: vec!["countries".to_owned()], ..AppOptions::default() };
    let lab = Lab::new(options).await;
    lab.apply(
        "0001_first.up.sql",
        "CREATE TABLE countries (code text PRIMARY KEY);
         CREATE TABLE people (id serial PRIMARY KEY, age int, country text REFERENCES countries);",
    )
    .await;
    lab.write("0002_drops.up.sql", "ALTER TABLE people DROP COLUMN country;\nDROP TABLE countries;");
    lab.write("0003_more.up.sql", "ALTER TABLE people ADD COLUMN name text;");
    let rollout = lab.app.migrator.operation();
    let stages = |request: Request, plan: Plan| {
        let rollout = rollout.clone();
        async move {
            let stages = rollout.preview(&request, &plan.halts()).await.unwrap().stages;
            stages.into_iter().map(|s| (s.until, s.tenants)).collect::<Vec<_>>()
        }
    };
    let plan = planned(&lab).await;
    assert_eq!(stages(Request::up(), plan).await, [(None, 0)], "nobody is waited for");

    lab.tenants().await;
    lab.app.tenant("another", Isolation::Schema).await;
    let plan = planned(&lab).await;
    let files = &plan.services[0].files;
    assert_eq!((files[0].retires, files[1].retires), (true, false));
    let waits: Vec<bool> = files[0].statements[1].shared.iter().map(|s| s.retiring).collect();
    assert_eq!(waits, [true]);
    assert!(files[0].statements[0].shared.iter().all(|s| !s.retiring));
    let first = Some("main 0002".to_owned());
    assert_eq!(stages(Request::up(), plan.clone()).await, [(first.clone(), 3), (None, 3)]);
    let ran = lab.app.migrator.stages(&Request::up()).await.unwrap();
    assert_eq!(ran.len(), 2, "as the rollouts themselves");

    let only = Request { tenants: Some("anoth*".to_owned()), ..Request::up() };
    assert_eq!(stages(only.clone(), plan).await, [(first, 1), (None, 1)]);
    lab.app.migrator.run(&Request { to: vec![(None, 2)], ..only }, &|_| {}).await.unwrap();
    let plan = planned(&lab).await;
    assert_eq!(plan.services[0].clusters[0].retiring, ["0002"], "others are in front of it");
    lab.up().await.unwrap();
    let plan = planned(&lab).await;
    assert_eq!(plan.services[0].clusters[0].retiring, [""; 0]);
}

/// Files run where the tenants asked for lack them.
#[tokio::test]
async fn only_tenants_asked_for_count() {
    let lab = Lab::new(AppOptions::default()).await;
    lab.apply("0001_first.up.sql", FIRST).await;
    lab.tenants().await;
    lab.app.tenant("another", Isolation::Schema).await;
    lab.write("0002_second.up.sql", SECOND);
    let platform = &lab.app.platform;
    let id = platform.registry.find_tenant("another").await.unwrap().tenant.id;
    let targets = async |wanted: &[TenantId]| {
        let standings = standings(&platform.app, &platform.clusters, Some(wanted)).await.unwrap();
        let ask = Ask { basis: Basis::Servers(&standings), service: None, to: None, registry: None };
        let plan = plan(&platform.app, &ask).unwrap();
        let files = plan.services.into_iter().flat_map(|s| s.files).flat_map(|f| f.targets);
        files.map(|t| (t.templates, t.tenants.into_iter().collect::<Vec<_>>())).collect::<Vec<_>>()
    };
    let shared = (Isolation::Shared, 1);
    assert_eq!(targets(&[id]).await, [(true, vec![shared, (Isolation::Schema, 1)])]);
    assert_eq!(targets(&[]).await, [(true, vec![shared])]);
    let only = Request { tenants: Some("another".to_owned()), ..Request::up() };
    lab.app.migrator.run(&only, &|_| {}).await.unwrap();
    assert_eq!(targets(&[id]).await, []);
    let other = platform.registry.find_tenant("in-schema").await.unwrap().tenant.id;
    assert_eq!(targets(&[other]).await, [(false, vec![(Isolation::Schema, 1)])]);
}
