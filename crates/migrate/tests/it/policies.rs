//! An app's own row-level security: it chooses among the rows of a tenant, in every isolation alike, and never opens those of
//! another.

use tenantry_domain::Isolation;
use tenantry_migrate::rollout::{Direction, Request};
use tenantry_testkit::AppOptions;
use tokio_postgres::Client;

use crate::folder::{Lab, one};

/// Rows are there before the policies, in the template too: new tenants are cloned with them.
const TABLES: &str = "CREATE TABLE notes (id int PRIMARY KEY, author text NOT NULL, body text, shown boolean NOT NULL DEFAULT false);
  CREATE TABLE members (name text PRIMARY KEY);
  CREATE VIEW titles AS SELECT id, body FROM notes;
  CREATE FUNCTION everything() RETURNS bigint LANGUAGE sql SECURITY DEFINER AS $$ SELECT count(*) FROM public.notes $$;
  INSERT INTO notes VALUES (1, 'ann', 'seed of ann', false), (2, 'bea', 'seed of bea', true);
  INSERT INTO members VALUES ('ann');";

const POLICIES: &str = "ALTER TABLE notes ENABLE ROW LEVEL SECURITY;
  CREATE POLICY own ON public.notes USING (author = current_setting('my.name', true));
  CREATE POLICY shown ON notes FOR SELECT TO PUBLIC USING (shown);
  CREATE POLICY members ON notes AS RESTRICTIVE FOR INSERT WITH CHECK (author IN (SELECT * FROM public.members));";

async fn tenants(lab: &Lab) -> Vec<(Isolation, Client, Client)> {
    let mut all = Vec::new();
    for isolation in Isolation::ALL {
        let mut pair = Vec::new();
        for name in ["a", "b"] {
            let slug = format!("{name}-{isolation}");
            lab.app.tenant(&slug, isolation).await;
            let client = lab.app.login(&slug).await;
            client.batch_execute("SET my.name = 'ann'").await.unwrap();
            pair.push(client);
        }
        let (b, a) = (pair.pop().unwrap(), pair.pop().unwrap());
        all.push((isolation, a, b));
    }
    all
}

async fn down(lab: &Lab, version: i64) {
    let request = Request { direction: Direction::Down, to: vec![(None, version)], ..Request::up() };
    lab.app.migrator.run(&request, &|_| {}).await.unwrap();
}

async fn ids(client: &Client) -> Vec<i32> {
    one(client, "SELECT coalesce(array_agg(id ORDER BY id), '{}') FROM notes").await
}

async fn state(client: &Client, sql: &str) -> String {
    let e = client.batch_execute(sql).await.expect_err(sql);
    e.code().unwrap().code().to_owned()
}

async fn no_findings(lab: &Lab) {
    let findings = lab.app.findings().await;
    assert!(findings.is_empty(), "{findings:#?}");
}

#[tokio::test]
async fn policies_choose_within_the_tenant() {
    let lab = Lab::new(AppOptions::default()).await;
    lab.apply("0001_tables.up.sql", TABLES).await;
    let old = tenants(&lab).await;
    lab.apply("0002_policies.up.sql", POLICIES).await;
    for (isolation, a, b) in &old {
        holds(*isolation, a, b).await;
    }
    no_findings(&lab).await;
}

/// Cloned with the policies, from a template whose rows they would hide.
#[tokio::test]
async fn tenants_that_come_later_have_the_policies() {
    let lab = Lab::new(AppOptions::default()).await;
    lab.apply("0001_tables.up.sql", TABLES).await;
    let forced = format!(
        "{POLICIES} ALTER TABLE notes FORCE ROW LEVEL SECURITY; ALTER TABLE notes NO FORCE ROW LEVEL SECURITY;"
    );
    lab.apply("0002_policies.up.sql", &forced).await;
    for (isolation, a, b) in &tenants(&lab).await {
        holds(*isolation, a, b).await;
    }
    no_findings(&lab).await;
    let lent =
        "SELECT count(*) FROM pg_roles WHERE rolbypassrls AND rolname ~ '_o_[0-9a-f]{32}|^o_[0-9a-f]{32}'";
    assert_eq!(one::<i64>(&lab.app.data().await, lent).await, 0);
}

/// Both tenants hold the rows 1 (ann's) and 2 (bea's, shown).
async fn holds(isolation: Isolation, a: &Client, b: &Client) {
    assert_eq!(ids(a).await, [1, 2], "{isolation}");
    // Within the tenant the app's policies restrict.
    assert_eq!(
        a.execute("UPDATE notes SET body = 'mine'", &[]).await.unwrap(),
        1,
        "{isolation}: ann's alone"
    );
    assert_eq!(a.execute("DELETE FROM notes WHERE id = 2", &[]).await.unwrap(), 0, "{isolation}");
    assert_eq!(state(a, "INSERT INTO notes VALUES (3, 'bea')").await, "42501", "{isolation}");
    assert_eq!(state(a, "UPDATE notes SET author = 'bea'").await, "42501", "{isolation}");
    a.batch_execute("INSERT INTO notes VALUES (3, 'ann')").await.unwrap();
    a.batch_execute("SET my.name = 'bea'").await.unwrap();
    assert_eq!(ids(a).await, [2], "{isolation}");
    assert_eq!(state(a, "INSERT INTO notes VALUES (4, 'bea')").await, "42501", "{isolation}: no member");
    a.batch_execute("INSERT INTO members VALUES ('bea')").await.unwrap();
    a.batch_execute("INSERT INTO notes VALUES (4, 'bea')").await.unwrap();
    assert_eq!(one::<i64>(a, "SELECT count(*) FROM titles").await, 2, "{isolation}: through a view");
    assert_eq!(one::<i64>(a, "SELECT everything()").await, 4, "{isolation}: its owner passes by");
    // The other tenant has the same keys, and nothing of this.
    assert_eq!(ids(b).await, [1, 2], "{isolation}");
    assert_eq!(one::<String>(b, "SELECT body FROM notes WHERE id = 1").await, "seed of ann", "{isolation}");
    assert_eq!(one::<i64>(b, "SELECT everything()").await, 2, "{isolation}");
    b.batch_execute("SET my.name = 'bea'").await.unwrap();
    assert_eq!(
        state(b, "INSERT INTO notes VALUES (4, 'bea')").await,
        "42501",
        "{isolation}: a member elsewhere"
    );
    b.batch_execute("SET my.name = 'ann'").await.unwrap();
    a.batch_execute("DELETE FROM notes WHERE id = 4; SET my.name = 'ann'; DELETE FROM notes WHERE id = 3")
        .await
        .unwrap();
}

/// Policies as wide as they can be: within the tenant everything is open, and nothing of another's.
#[tokio::test]
async fn the_widest_policies_open_no_other_tenant() {
    let lab = Lab::new(AppOptions::default()).await;
    lab.apply("0001_tables.up.sql", TABLES).await;
    let others = tenants(&lab).await;
    lab.apply(
        "0002_open.up.sql",
        "CREATE POLICY before ON notes USING (true) WITH CHECK (true);
         ALTER TABLE notes ENABLE ROW LEVEL SECURITY, FORCE ROW LEVEL SECURITY;
         CREATE POLICY everything ON notes USING (true) WITH CHECK (true);
         CREATE POLICY readers ON notes FOR SELECT TO public USING (true);
         CREATE POLICY writers ON notes FOR INSERT WITH CHECK (true);
         CREATE POLICY changers ON notes FOR UPDATE USING (true) WITH CHECK (true);
         CREATE POLICY droppers ON notes FOR DELETE USING (true);
         CREATE POLICY members ON members USING (true);
         ALTER TABLE members FORCE ROW LEVEL SECURITY;",
    )
    .await;
    let data = lab.app.data().await;
    let mut victims = Vec::new();
    for (isolation, a, b) in &others {
        assert_eq!(
            (ids(a).await, ids(b).await),
            (vec![1, 2], vec![1, 2]),
            "{isolation}: the tenant's own are open"
        );
        if *isolation == Isolation::Shared {
            victims.push((a, b));
        }
    }
    let (a, b) = victims.pop().unwrap();
    let victim: String = one(b, "SELECT tenantry.current_tenant()::text").await;
    for table in ["notes", "members"] {
        for read in ["count(*)", "count(tenant_id)"] {
            let sql = format!("SELECT {read} FROM {table} WHERE tenant_id = '{victim}'");
            assert_eq!(one::<i64>(a, &sql).await, 0, "{sql}");
        }
        for write in [
            format!("DELETE FROM {table} WHERE tenant_id = '{victim}'"),
            format!("UPDATE {table} SET tenant_id = tenantry.current_tenant() WHERE tenant_id = '{victim}'"),
        ] {
            assert_eq!(a.execute(&write, &[]).await.unwrap(), 0, "{write}");
        }
        let planted = format!("UPDATE {table} SET tenant_id = '{victim}'");
        assert_eq!(state(a, &planted).await, "42501", "{planted}");
        let locked = format!("SELECT 1 FROM {table} WHERE tenant_id = '{victim}' FOR UPDATE");
        assert!(a.query(&locked, &[]).await.unwrap().is_empty(), "{locked}");
    }
    for planted in [
        format!("INSERT INTO notes (id, author, tenant_id) VALUES (9, 'x', '{victim}')"),
        format!("INSERT INTO members (name, tenant_id) VALUES ('x', '{victim}')"),
        format!(
            "INSERT INTO notes (id, author, tenant_id) VALUES (1, 'x', '{victim}') ON CONFLICT (tenant_id, id) DO UPDATE SET body = 'taken'"
        ),
    ] {
        assert_eq!(state(a, &planted).await, "42501", "{planted}");
    }
    assert_eq!(one::<i64>(a, "SELECT everything()").await, 2, "nor as the owner");
    assert_eq!(a.execute("UPDATE notes SET body = 'own'", &[]).await.unwrap(), 2);
    assert_eq!(a.execute("DELETE FROM notes", &[]).await.unwrap(), 2);
    assert_eq!(ids(b).await, [1, 2]);
    assert_eq!(one::<i64>(b, "SELECT count(*) FROM notes WHERE body LIKE 'seed%'").await, 2);
    no_findings(&lab).await;
    // The boundary alone keeps them apart: permissive, it does not.
    data.batch_execute(
        "BEGIN; DROP POLICY \"!tenantry\" ON shared.notes; CREATE POLICY tenantry ON shared.notes
           USING (tenant_id = (SELECT tenantry.current_tenant())); COMMIT",
    )
    .await
    .unwrap();
    assert!(!ids(a).await.is_empty(), "rows of others");
    assert!(lab.app.findings().await.iter().any(|f| f.code == "policy_extra"));
}

/// A function of the app's in a restrictive policy is asked after the tenants' policy, whatever it is called and costs: it
/// meets no row of another tenant, not even to fail at.
#[tokio::test]
async fn policies_meet_rows_of_their_tenant_alone() {
    let lab = Lab::new(AppOptions::default()).await;
    lab.apply("0001_tables.up.sql", TABLES).await;
    for slug in ["ann", "bob"] {
        lab.app.tenant(slug, Isolation::Shared).await;
    }
    let (ann, bob) = (lab.app.login("ann").await, lab.app.login("bob").await);
    bob.batch_execute("INSERT INTO notes VALUES (666, 'bob')").await.unwrap();
    lab.apply(
        "0002_policies.up.sql",
        "CREATE FUNCTION is_good(id int) RETURNS boolean LANGUAGE plpgsql STABLE COST 0.0001 AS $$
         BEGIN IF id = 666 THEN RAISE 'saw %', id; END IF; RETURN true; END $$;
         ALTER TABLE notes ENABLE ROW LEVEL SECURITY;
         CREATE POLICY everything ON notes USING (is_good(id));
         CREATE POLICY a_check ON notes AS RESTRICTIVE USING (is_good(id));",
    )
    .await;
    for own in [&ann, &bob] {
        own.batch_execute("SET enable_indexscan = off; SET enable_bitmapscan = off").await.unwrap();
    }
    for sql in ["SELECT count(*) FROM notes", "UPDATE notes SET body = 'x'", "SELECT count(*) FROM titles"] {
        ann.batch_execute(sql).await.unwrap_or_else(|e| panic!("{sql}: {e:?}"));
        assert_eq!(state(&bob, sql).await, "P0001", "{sql}: the function is asked");
    }
}

/// The tenant's column leads the index as before.
#[tokio::test]
async fn a_point_query_has_the_same_plan() {
    let lab = Lab::new(AppOptions::default()).await;
    lab.apply("0001_tables.up.sql", TABLES).await;
    lab.app.tenant("ann", Isolation::Shared).await;
    let own = lab.app.login("ann").await;
    let plan = |open: &'static str| {
        let own = &own;
        async move {
            own.batch_execute("SET enable_seqscan = off; SET enable_bitmapscan = off").await.unwrap();
            let rows = own.query(&format!("EXPLAIN (COSTS OFF) {open}"), &[]).await.unwrap();
            rows.iter().map(|r| r.get::<_, String>(0)).collect::<Vec<_>>()
        }
    };
    let query = "SELECT body FROM notes WHERE id = 1";
    let before = plan(query).await;
    assert!(before.iter().any(|l| l.contains("Index Cond") && l.contains("tenant_id")), "{before:#?}");
    lab.apply("0002_rests.up.sql", "CREATE POLICY p ON notes USING (author = 'x');").await;
    assert_eq!(plan(query).await, before, "a policy that rests");
    lab.apply("0003_open.up.sql", "DROP POLICY p ON notes; CREATE POLICY p ON notes USING (true); ALTER TABLE notes ENABLE ROW LEVEL SECURITY;").await;
    assert_eq!(plan(query).await, before, "a policy that lets everything through");
    lab.apply("0004_own.up.sql", "ALTER POLICY p ON notes USING (author = 'ann');").await;
    let filtered: Vec<String> =
        plan(query).await.into_iter().filter(|l| !l.contains("Filter: (author = 'ann'")).collect();
    assert_eq!(filtered, before, "a policy of its own is a filter");
}

/// Through renames and drops, down and up again, with the catalogs as they were.
#[tokio::test]
async fn there_and_back() {
    let lab = Lab::new(AppOptions::default()).await;
    lab.write(
        "0001_tables.down.sql",
        "DROP FUNCTION everything(); DROP VIEW titles; DROP TABLE members; DROP TABLE notes;",
    );
    lab.apply("0001_tables.up.sql", TABLES).await;
    let all = tenants(&lab).await;
    lab.write("0002_policies.down.sql", "DROP POLICY members ON notes; DROP POLICY shown ON notes; DROP POLICY own ON notes; ALTER TABLE notes DISABLE ROW LEVEL SECURITY;");
    let before = policies(&lab).await;
    lab.apply("0002_policies.up.sql", POLICIES).await;
    lab.write("0003_changes.down.sql", "ALTER TABLE papers RENAME writer TO author; ALTER TABLE papers RENAME TO notes; ALTER POLICY mine ON notes RENAME TO own; CREATE POLICY shown ON notes FOR SELECT USING (shown); ALTER TABLE notes ENABLE ROW LEVEL SECURITY, NO FORCE ROW LEVEL SECURITY;");
    let second = policies(&lab).await;
    assert_ne!(before, second);
    lab.apply(
        "0003_changes.up.sql",
        "ALTER POLICY own ON notes RENAME TO mine; ALTER TABLE notes FORCE ROW LEVEL SECURITY; TRUNCATE notes;
         ALTER TABLE notes DISABLE ROW LEVEL SECURITY; ALTER TABLE notes RENAME TO papers; ALTER TABLE papers RENAME author TO writer;
         DROP POLICY shown ON papers;",
    )
    .await;
    for (isolation, a, _) in &all {
        assert_eq!(one::<i64>(a, "SELECT count(*) FROM papers").await, 0, "{isolation}");
        a.batch_execute("INSERT INTO papers VALUES (1, 'nobody'); DELETE FROM papers").await.unwrap();
    }
    no_findings(&lab).await;
    down(&lab, 2).await;
    assert_eq!(policies(&lab).await, second);
    down(&lab, 1).await;
    assert_eq!(policies(&lab).await, before);
    for (isolation, a, _) in &all {
        a.batch_execute("INSERT INTO notes VALUES (7, 'nobody')").await.unwrap();
        assert_eq!(ids(a).await, [7], "{isolation}: nothing is hidden");
    }
    lab.up().await.unwrap();
    no_findings(&lab).await;
}

/// Every policy of the data database's schemas, and which tables have row-level security.
async fn policies(lab: &Lab) -> Vec<String> {
    let sql = "SELECT array_agg(line ORDER BY line) FROM (
      SELECT concat_ws(' ', schemaname, tablename, policyname, permissive, roles::text, cmd, qual, 'check', with_check) AS line FROM pg_policies
      UNION ALL SELECT concat_ws(' ', oid::regclass, relrowsecurity, relforcerowsecurity) FROM pg_class
       WHERE relkind IN ('r', 'p') AND relnamespace::regnamespace::text ~ 'shared|template|tenant_') l";
    one(&lab.app.data().await, sql).await
}

/// What a function of the app does while it runs changes nothing about who sees what.
#[tokio::test]
async fn functions_cant_change_policies_of_shared_tables() {
    let lab = Lab::new(AppOptions::default()).await;
    lab.apply("0001_tables.up.sql", TABLES).await;
    lab.apply(
        "0002_functions.up.sql",
        "CREATE FUNCTION run(sql text) RETURNS void LANGUAGE plpgsql SECURITY DEFINER AS $$ BEGIN EXECUTE sql; END $$;",
    )
    .await;
    for slug in ["ann", "bob"] {
        lab.app.tenant(slug, Isolation::Shared).await;
    }
    let ann = lab.app.login("ann").await;
    let data = lab.app.data().await;
    let tries = [
        "CREATE POLICY evil ON notes USING (true)",
        "ALTER POLICY tenantry ON notes USING (true)",
        "ALTER POLICY tenantry ON notes RENAME TO other",
        "ALTER POLICY tenantry ON notes TO CURRENT_USER",
        "DROP POLICY tenantry ON notes",
        "CREATE POLICY tenantry ON titles USING (true)",
        "DROP POLICY tenantry ON notes; CREATE POLICY tenantry ON notes USING (true)",
    ];
    for sql in tries {
        let found = state(&ann, &format!("SELECT run({})", quoted(sql))).await;
        assert!(found == "0A000" || found == "42809", "{sql}: {found}");
    }
    assert_eq!(ids(&ann).await, [1, 2]);
    no_findings(&lab).await;
    // Without the guards they would.
    data.batch_execute("ALTER EVENT TRIGGER tenantry_guard_policies DISABLE").await.unwrap();
    ann.batch_execute(&format!("SELECT run({})", quoted(tries[0]))).await.unwrap();
    assert!(ids(&ann).await.len() > 2, "all tenants' rows");
}

fn quoted(sql: &str) -> String {
    format!("'{}'", sql.replace('\'', "''"))
}

/// A policy for a role: the login stands for the one that all are for.
#[tokio::test]
async fn a_role_that_stands_for_the_login() {
    let lab = Lab::new(AppOptions::default()).await;
    lab.apply(
        "0001_notes.up.sql",
        "CREATE ROLE authenticated; CREATE TABLE notes (id int PRIMARY KEY, author text);
         GRANT SELECT ON notes TO authenticated;
         ALTER TABLE notes ENABLE ROW LEVEL SECURITY; CREATE POLICY own ON notes TO authenticated USING (author = 'ann');",
    )
    .await;
    for (isolation, a, _) in &tenants(&lab).await {
        a.batch_execute("INSERT INTO notes VALUES (1, 'ann')").await.unwrap();
        assert_eq!(state(a, "INSERT INTO notes VALUES (2, 'bea')").await, "42501", "{isolation}");
        assert_eq!(ids(a).await, [1], "{isolation}");
    }
    lab.write("0002_other.up.sql", "\n\nCREATE POLICY all_of_it ON notes TO service USING (true);");
    let e = lab.up().await.unwrap_err();
    assert!(e.message().contains("0002_other.up.sql:3:1: the policy is for service"), "{e:?}");
    no_findings(&lab).await;
}
