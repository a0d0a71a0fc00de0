//! Folders that can't be applied, through the command: exit code, file and line, and nothing has changed.

use std::fs;

use tenantry_postgres::connect::connect;
use tenantry_postgres::server::Server;

use crate::support::{App, Up};

/// Everything that a migration could have left, in the data database and in that of a tenant's own.
const CATALOG: &str = "SELECT coalesce(string_agg(line, E'\\n' ORDER BY line), '') FROM (
    SELECT format('%s.%s.%s %s', n.nspname, c.relname, a.attname, a.atttypid::regtype) AS line
      FROM pg_attribute a JOIN pg_class c ON c.oid = a.attrelid JOIN pg_namespace n ON n.oid = c.relnamespace
     WHERE n.nspname NOT LIKE 'pg\\_%' AND n.nspname NOT LIKE 'blank\\_%' AND n.nspname <> 'information_schema'
    UNION ALL SELECT format('%s %s', target, version) FROM tenantry.ledger
    UNION ALL SELECT format('%s %s', conrelid::regclass, conname) FROM pg_constraint
     WHERE connamespace::regnamespace::text NOT LIKE 'blank\\_%'
    UNION ALL SELECT proname::text FROM pg_proc WHERE pronamespace::regnamespace::text NOT LIKE 'pg\\_%') all_of_it";

struct Bench {
    app: App,
    up: Up,
    own: String,
}

impl Bench {
    async fn new() -> Self {
        let app = App::new().await;
        app.on(&["migrate", "up"]).await.ok();
        let up = app.up(&[]).await;
        for (slug, isolation) in [("a", "schema"), ("b", "shared"), ("c", "database")] {
            app.on(&["tenant", "create", slug, "--isolation", isolation]).await.ok();
        }
        let own = app.on(&["tenant", "show", "c", "--json"]).await.ok().json()["placements"][0]["database"]
            .as_str()
            .unwrap()
            .to_owned();
        Self { app, up, own }
    }

    async fn catalogs(&self) -> Vec<String> {
        let server: Server = self.up.ready["postgres"].as_str().unwrap().parse().unwrap();
        let mut all = Vec::new();
        for database in ["app_main", &self.own] {
            let client = connect(&server, database, "test").await.unwrap();
            all.push(client.query_one(CATALOG, &[]).await.unwrap().get(0));
        }
        assert!(all.iter().all(|c: &String| c.contains("notes")), "the query sees the app's tables");
        all
    }

    /// With these files in the folder, the command fails like this and nothing changes.
    async fn refused(&self, files: &[(&str, &[u8])], command: &[&str], (code, words): (&str, &[&str])) {
        let folder = self.app.path().join("migrations/main");
        for (file, text) in files {
            fs::create_dir_all(folder.join(file).parent().unwrap()).unwrap();
            fs::write(folder.join(file), text).unwrap();
        }
        let before = self.catalogs().await;
        let done = self.app.on(command).await.refused(1, code);
        for part in words {
            assert!(done.err.contains(part), "{part}: {done:#?}");
        }
        assert_eq!(self.catalogs().await, before, "{done:#?}");
        for (file, _) in files {
            fs::remove_file(folder.join(file)).unwrap();
        }
    }
}

const UP: &[&str] = &["migrate", "up"];
const FINE: (&str, &[u8]) = ("0002_fine.up.sql", b"CREATE TABLE fine (id int);");

#[tokio::test]
async fn nothing_of_a_bad_folder_is_applied() {
    let bench = Bench::new().await;
    bench
        .refused(
            &[FINE, ("0002_twice.up.sql", b"CREATE TABLE twice (id int);")],
            UP,
            ("migration_layout", &["0002_fine.up.sql and ", "0002_twice.up.sql have the same number"]),
        )
        .await;
    bench
        .refused(
            &[FINE, ("0003_latin.up.sql", b"CREATE TABLE more (id int);\n-- caf\xe9\n")],
            UP,
            ("migration_layout", &["0003_latin.up.sql:2: the file is not UTF-8"]),
        )
        .await;
    bench
        .refused(
            &[FINE, ("2020/0001_deep.sql", b"CREATE TABLE deep (id int);")],
            UP,
            ("migration_layout", &["2020/0001_deep.sql lies in a folder of its own"]),
        )
        .await;
    bench
        .refused(
            &[FINE, ("0003_bad.up.sql", b"CREATE TABLE more (id int);\n\nCREATE TABLE bad (a int,, b int);")],
            UP,
            ("migration_syntax", &["0003_bad.up.sql:3:", "syntax error"]),
        )
        .await;
    let none: &[u8] =
        b"CREATE TABLE more (id int);\nCREATE EVENT TRIGGER t ON ddl_command_end EXECUTE FUNCTION f();\n";
    bench
        .refused(&[FINE, ("0003_none.up.sql", none)], UP, ("shape_refused", &["0003_none.up.sql:2:1"]))
        .await;

    fs::write(bench.app.path().join("migrations/main").join(FINE.0), FINE.1).unwrap();
    bench.app.on(UP).await.ok();
    let down = ["migrate", "down", "--to", "1", "--yes"];
    bench
        .refused(
            &[],
            &down,
            ("migration_down_missing", &["0002_fine.up.sql can't be taken back: there is no down file"]),
        )
        .await;
}

/// What no layout has is told before anything is set up.
#[tokio::test]
async fn an_unknown_layout() {
    let app = App::new().await;
    let folder = app.path().join("migrations/main");
    fs::remove_dir_all(&folder).unwrap();
    fs::create_dir_all(&folder).unwrap();
    for (file, text) in [("20200101000000_users.rb", "create_table :users"), ("notes.md", "none")] {
        fs::write(folder.join(file), text).unwrap();
    }
    let done = app.on(UP).await.refused(1, "migration_layout");
    assert!(done.err.contains("20200101000000_users.rb is in no layout that is understood"), "{done:#?}");
    let status = app.on(&["migrate", "status", "--json"]).await.ok().json();
    assert_eq!(
        (&status["trouble"]["code"], &status["versions"]),
        (&"migration_layout".into(), &serde_json::json!([]))
    );
}
