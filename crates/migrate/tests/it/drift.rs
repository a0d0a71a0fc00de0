//! What tenants really hold is compared with the template, and mended by the statements given.

use tenantry_domain::Isolation;
use tenantry_migrate::drift::{Finding, Inspector, Report, Wanted};
use tenantry_postgres::catalog::Difference;
use tenantry_testkit::AppOptions;
use tokio_postgres::Client;

use crate::folder::{Lab, in_slug};

const FIRST: &str = "CREATE TYPE mood AS ENUM ('good', 'bad');
  CREATE TABLE kinds (id serial PRIMARY KEY, name text NOT NULL UNIQUE);
  INSERT INTO kinds (name) VALUES ('a');
  CREATE TABLE notes (id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY, kind integer REFERENCES kinds, body text,
    mood mood DEFAULT 'good', CHECK (body <> ''));
  CREATE INDEX notes_by_kind ON notes (kind);
  CREATE VIEW named AS SELECT n.id, k.name FROM notes n JOIN kinds k ON k.id = n.kind;
  CREATE FUNCTION twice(n integer) RETURNS integer LANGUAGE sql AS 'SELECT n * 2';
  CREATE FUNCTION touch() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN RETURN NEW; END';
  CREATE TRIGGER touch BEFORE UPDATE ON notes FOR EACH ROW EXECUTE FUNCTION touch();
  COMMENT ON TABLE notes IS 'what was said';";

/// Each is done to the tables of one tenant, or to those that all share, and named as said.
const BREAKAGES: &[(&str, &str)] = &[
    ("ALTER TABLE notes ADD COLUMN more integer", "column notes.more is not expected"),
    ("ALTER TABLE notes DROP COLUMN body, DROP COLUMN kind CASCADE", "column notes.kind is missing"),
    ("DROP INDEX notes_by_kind", "index notes_by_kind is missing"),
    ("CREATE TABLE more (id integer)", "table more is not expected"),
    ("DROP VIEW named", "view named is missing"),
    ("ALTER TABLE notes DISABLE TRIGGER touch", "trigger notes.touch is"),
    (
        "CREATE OR REPLACE FUNCTION twice(n integer) RETURNS integer LANGUAGE sql AS 'SELECT n'",
        "function twice(n integer) is",
    ),
    ("COMMENT ON TABLE notes IS 'else'", "comment TABLE notes is"),
    ("ALTER TYPE mood ADD VALUE 'so so'", "enum mood is"),
    ("GRANT DELETE, TRUNCATE ON notes TO PUBLIC", "owner and privileges of TABLE notes is"),
];

impl Lab {
    async fn drift(&self, wanted: &Wanted<'_>) -> Report {
        let platform = &self.app.platform;
        let inspector =
            Inspector::new(platform.app.clone(), platform.registry.clone(), platform.clusters.clone());
        inspector.inspect(wanted, &|_| {}).await.unwrap()
    }

    /// A superuser's session where a schema stands.
    async fn inside(&self, database: &str) -> Client {
        let server = self.app.platform.clusters.server("local").unwrap();
        tenantry_postgres::connect::connect(server, database, "test").await.unwrap()
    }

    /// Where a tenant's data is: database, schema, owner.
    async fn place(&self, slug: &str) -> (String, String, String) {
        let id = self.app.platform.registry.find_tenant(slug).await.unwrap().tenant.id;
        let place = self.app.platform.registry.placements(id).await.unwrap().remove(0);
        let layout = self.app.platform.app.layout();
        let owner = if place.isolation == Isolation::Shared {
            layout.owner_role()
        } else {
            layout.tenant_owner_role(id)
        };
        (place.database, place.schema, owner)
    }

    /// Changes a tenant's tables by hand, as their owner.
    async fn break_by_hand(&self, slug: &str, sql: &str) {
        let (database, schema, owner) = self.place(slug).await;
        let text = format!("SET ROLE {owner}; SET search_path = {schema}; {sql}");
        self.inside(&database)
            .await
            .batch_execute(&text)
            .await
            .unwrap_or_else(|e| panic!("{slug}: {sql}: {e:?}"));
    }

    /// Runs a finding's script as psql would, with what loses data.
    async fn mend(&self, finding: &Finding) {
        let script = finding.script(2000, true);
        let (connect, sql): (Vec<&str>, Vec<&str>) =
            script.lines().partition(|l| l.starts_with("\\connect "));
        assert_eq!(connect, [format!("\\connect \"{}\"", finding.subject.database)]);
        let client = self.inside(&finding.subject.database).await;
        client.batch_execute(&sql.join("\n")).await.unwrap_or_else(|e| panic!("{script}\n{e:?}"));
    }
}

fn said(report: &Report) -> Vec<String> {
    let line = |f: &Finding, d: &Difference| format!("{}: {d}", f.subject.title);
    report.drifted.iter().flat_map(|f| f.differences.iter().map(move |d| line(f, d))).collect()
}

#[tokio::test]
async fn every_breakage_is_named_and_mended_in_every_isolation() {
    let lab = Lab::new(AppOptions::default()).await;
    lab.apply("0001_first.up.sql", FIRST).await;
    lab.tenants().await;
    lab.app.tenant("quiet", Isolation::Schema).await;
    let first = lab.drift(&Wanted::default()).await;
    assert_eq!(said(&first), [""; 0], "new tenants do not drift");
    assert_eq!((first.examined, first.lagging.len(), first.unknown.len()), (4, 0, 0));
    for isolation in Isolation::ALL {
        let slug = in_slug(isolation);
        let title = match isolation {
            Isolation::Shared => "shared tables".to_owned(),
            _ => format!("tenant {slug}"),
        };
        for (sql, expect) in BREAKAGES {
            lab.break_by_hand(&slug, sql).await;
            let report = lab.drift(&Wanted::default()).await;
            let said = said(&report);
            let named = |line: &String| line.starts_with(&format!("{title}: {expect}"));
            assert!(said.iter().any(named), "{sql}: {said:#?}");
            assert!(said.iter().all(|line| line.starts_with(&title)), "{sql}: {said:#?}");
            lab.mend(&report.drifted[0]).await;
            let after = lab.drift(&Wanted::default()).await;
            assert_eq!(self::said(&after), [""; 0], "{sql}\n{}", report.drifted[0].script(0, true));
        }
    }
}

/// Done by a superuser to the database of one tenant, and named as said.
const BESIDE: &[(&str, &str)] = &[
    ("DROP EXTENSION citext", "extension citext is missing"),
    ("CREATE EXTENSION hstore SCHEMA extensions", "extension hstore is not expected"),
    ("CREATE SCHEMA aside; ALTER EXTENSION citext SET SCHEMA aside", "extension citext is version"),
    (
        "ALTER DEFAULT PRIVILEGES FOR ROLE :owner GRANT EXECUTE ON FUNCTIONS TO PUBLIC",
        "default privileges FUNCTIONS of",
    ),
    (
        "ALTER DEFAULT PRIVILEGES FOR ROLE :owner IN SCHEMA app REVOKE DELETE ON TABLES FROM :group",
        "default privileges TABLES of",
    ),
    (
        "ALTER DEFAULT PRIVILEGES FOR ROLE :owner IN SCHEMA app REVOKE ALL ON SEQUENCES FROM :group",
        "default privileges SEQUENCES of",
    ),
    (
        "ALTER DEFAULT PRIVILEGES FOR ROLE :owner IN SCHEMA global GRANT SELECT, INSERT ON TABLES TO PUBLIC",
        "default privileges TABLES of",
    ),
    (
        "ALTER DEFAULT PRIVILEGES FOR ROLE :owner GRANT SELECT ON TABLES TO :group WITH GRANT OPTION",
        "default privileges TABLES of",
    ),
    ("ALTER DEFAULT PRIVILEGES GRANT USAGE ON SCHEMAS TO :group", "default privileges SCHEMAS of"),
    (
        "ALTER DEFAULT PRIVILEGES FOR ROLE :owner REVOKE USAGE ON TYPES FROM PUBLIC",
        "default privileges TYPES of",
    ),
];

#[tokio::test]
async fn extensions_and_default_privileges_of_a_database() {
    let lab = Lab::new(AppOptions::default()).await;
    lab.apply("0001_first.up.sql", "CREATE EXTENSION citext; CREATE TABLE t (id int);").await;
    lab.tenants().await;
    let (database, _, owner) = lab.place("in-database").await;
    let group = lab.app.platform.app.layout().group_role(Isolation::Database);
    // What a tenant says of its own later objects is its own business.
    let login = lab.app.login("in-database").await;
    login.batch_execute("ALTER DEFAULT PRIVILEGES GRANT SELECT ON TABLES TO PUBLIC").await.unwrap();
    assert_eq!(said(&lab.drift(&Wanted::default()).await), [""; 0], "new tenants do not drift");
    for (sql, expect) in BESIDE {
        let text = sql.replace(":owner", &owner).replace(":group", &group);
        lab.inside(&database).await.batch_execute(&text).await.unwrap_or_else(|e| panic!("{sql}: {e:?}"));
        let report = lab.drift(&Wanted::default()).await;
        let said = said(&report);
        let named = format!("tenant in-database, its database: {expect}");
        assert!(said.len() == 1 && said[0].starts_with(&named), "{sql}: {said:#?}");
        let script = report.drifted[0].script(0, false);
        assert_eq!(script.contains("-- DROP EXTENSION"), sql.starts_with("CREATE EXTENSION"), "{script}");
        lab.mend(&report.drifted[0]).await;
        let after = lab.drift(&Wanted::default()).await;
        assert_eq!(self::said(&after), [""; 0], "{sql}\n{}", report.drifted[0].script(0, true));
    }
}

#[tokio::test]
async fn who_lags_is_compared_with_its_own_version() {
    let lab = Lab::new(AppOptions::default()).await;
    lab.apply("0001_first.up.sql", FIRST).await;
    lab.tenants().await;
    for isolation in [Isolation::Schema, Isolation::Database] {
        // The tenant's rows keep the migration from it.
        let own = lab.app.login(&in_slug(isolation)).await;
        own.batch_execute("INSERT INTO notes (body) VALUES ('x'), ('x')").await.unwrap();
    }
    lab.write("0002_second.up.sql", "CREATE UNIQUE INDEX once ON notes (body);");
    lab.up().await.unwrap_err();
    let report = lab.drift(&Wanted::default()).await;
    let lagging: Vec<_> =
        report.lagging.iter().map(|l| (l.subject.title.as_str(), l.version, l.newest, l.compared)).collect();
    assert_eq!(lagging, [("tenant in-database", 1, 2, true), ("tenant in-schema", 1, 2, true)]);
    assert_eq!(said(&report), [""; 0], "they are as the template was");
    lab.break_by_hand("in-schema", "ALTER TABLE notes ADD COLUMN more integer").await;
    let report = lab.drift(&Wanted::default()).await;
    assert_eq!(said(&report), ["tenant in-schema: column notes.more is not expected"]);
    let chosen =
        lab.drift(&Wanted { tenants: Some(&|slug| slug == "in-database"), ..Wanted::default() }).await;
    assert_eq!((chosen.examined, chosen.drifted.len()), (1, 0));
}

#[tokio::test]
async fn templates_that_were_changed_by_hand() {
    let lab = Lab::new(AppOptions::default()).await;
    lab.apply("0001_first.up.sql", FIRST).await;
    lab.app.data().await.batch_execute("ALTER TABLE template.notes ADD COLUMN more integer").await.unwrap();
    let database = lab.app.platform.app.layout().template_database(&lab.app.main());
    lab.inside(&database).await.batch_execute("DROP VIEW app.named").await.unwrap();
    let report = lab.drift(&Wanted::default()).await;
    assert_eq!(
        said(&report),
        [
            "template of databases: view named is missing",
            "template of schemas: column notes.more is not expected",
        ]
    );
    for finding in &report.drifted {
        lab.mend(finding).await;
    }
    assert_eq!(said(&lab.drift(&Wanted::default()).await), [""; 0]);
}

#[tokio::test]
async fn what_a_tenant_has_made_for_itself_is_its_own() {
    let mut options = AppOptions::default();
    options.isolation.tenant_ddl = true;
    let lab = Lab::new(options).await;
    lab.apply("0001_first.up.sql", FIRST).await;
    lab.tenants().await;
    for isolation in [Isolation::Schema, Isolation::Database] {
        let own = lab.app.login(&in_slug(isolation)).await;
        own.batch_execute(
            "CREATE TABLE mine (id serial PRIMARY KEY, n integer CHECK (n > 0)); CREATE VIEW seen AS SELECT * FROM mine;
             CREATE FUNCTION f() RETURNS integer LANGUAGE sql AS 'SELECT 1'; CREATE INDEX ON mine (n);
             COMMENT ON TABLE mine IS 'mine'; CREATE TYPE size AS ENUM ('s')",
        )
        .await
        .unwrap();
    }
    let report = lab.drift(&Wanted { own: true, ..Wanted::default() }).await;
    assert_eq!(said(&report), [""; 0]);
    let own: Vec<(String, Vec<String>)> = report
        .own
        .iter()
        .map(|o| (o.subject.title.clone(), o.objects.iter().map(ToString::to_string).collect()))
        .collect();
    let names =
        ["enum size", "function f()", "sequence mine_id_seq", "table mine", "view seen"].map(String::from);
    assert_eq!(
        own,
        [("tenant in-database".to_owned(), names.to_vec()), ("tenant in-schema".to_owned(), names.to_vec())]
    );
    assert!(lab.drift(&Wanted::default()).await.own.is_empty(), "only where it is asked for");
}

#[tokio::test]
async fn with_an_integer_tenant_key_and_several_versions_of_one_breakage() {
    let options = AppOptions::default().key("shop_id", tenantry_domain::TenantKeyType::Integer);
    let lab = Lab::new(options).await;
    lab.apply("0001_first.up.sql", FIRST).await;
    for slug in ["one", "two", "three"] {
        lab.app.tenant(slug, Isolation::Schema).await;
    }
    assert_eq!(said(&lab.drift(&Wanted::default()).await), [""; 0]);
    for slug in ["one", "three"] {
        lab.break_by_hand(slug, "DROP INDEX notes_by_kind").await;
    }
    let report = lab.drift(&Wanted::default()).await;
    assert_eq!(
        said(&report),
        ["tenant one: index notes_by_kind is missing", "tenant three: index notes_by_kind is missing"]
    );
    for finding in &report.drifted {
        lab.mend(finding).await;
    }
    assert_eq!(said(&lab.drift(&Wanted::default()).await), [""; 0]);
}

/// A database of a tenant's own has global tables of its own.
#[tokio::test]
async fn global_tables_in_a_database_of_ones_own() {
    let options = AppOptions { global: vec!["countries".to_owned()], ..AppOptions::default() };
    let lab = Lab::new(options).await;
    lab.apply("0001_a.up.sql", "CREATE TABLE countries (code text PRIMARY KEY, name text);").await;
    lab.tenants().await;
    lab.apply("0002_b.up.sql", "ALTER TABLE countries ADD COLUMN area int;").await;
    let fine = lab.drift(&Wanted::default()).await;
    assert!(fine.drifted.is_empty(), "{:?}", fine.drifted);
    let id = lab.app.platform.registry.find_tenant("in-database").await.unwrap().tenant.id;
    let database = lab.app.platform.registry.placements(id).await.unwrap().remove(0).database;
    let server = lab.app.platform.clusters.server("local").unwrap();
    let own = tenantry_postgres::connect::connect(server, &database, "test").await.unwrap();
    own.batch_execute("ALTER TABLE global.countries DROP COLUMN name").await.unwrap();
    let drifted = lab.drift(&Wanted::default()).await.drifted;
    let said: Vec<_> = drifted.iter().map(|f| (f.subject.title.as_str(), f.differences.len())).collect();
    assert_eq!(said, [("tenant in-database, its global tables", 1)]);
}

/// What a file drops of the global tables goes behind its tenants, and is not missed.
#[tokio::test]
async fn what_went_last_is_no_drift() {
    let options = AppOptions { global: vec!["countries".to_owned()], ..AppOptions::default() };
    let lab = Lab::new(options).await;
    let first =
        "CREATE TABLE countries (code text PRIMARY KEY); CREATE TABLE a (c text REFERENCES countries);";
    lab.apply("0001_a.up.sql", first).await;
    lab.tenants().await;
    lab.apply("0002_b.up.sql", "ALTER TABLE a DROP COLUMN c; DROP TABLE countries;").await;
    let report = lab.drift(&Wanted::default()).await;
    assert!(report.drifted.is_empty() && report.unknown.is_empty(), "{report:?}");
}
