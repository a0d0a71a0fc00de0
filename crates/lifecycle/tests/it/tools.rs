//! Ordinary tools go on working for a tenant: psql, pg_dump, what drivers and ORMs ask the catalogs.

use std::process::{Command, Output};

use tenantry_domain::Isolation;

use crate::support::lab::{Lab, connect, lab};
use crate::support::server;

fn tool(program: &str, args: &[&str]) -> Output {
    Command::new(server::bin().join(program)).args(args).env("LC_ALL", "C").output().unwrap()
}

fn text(output: &Output) -> String {
    format!("{}{}", String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr))
}

/// psql's commands, each with something that its answer must hold.
#[tokio::test]
async fn psql_describes() {
    for isolation in Isolation::ALL {
        let lab = lab(isolation).await;
        let table = format!(r"\d {}.products", lab.a.schema);
        let lookup = format!(r"\df {}.*", lab.a.schema);
        let commands = [
            (r"\dt", "products"),
            (r"\d", "orders"),
            (table.as_str(), "barcode"),
            (r"\dv", "product_names"),
            (r"\dn", "extensions"),
            (r"\dn+", "extensions"),
            (r"\l", lab.a.database.as_str()),
            (lookup.as_str(), "lookup"),
            (r"\dx", "plpgsql"),
            (r"\dp", "products"),
            (r"\dT", "List of data types"),
            (r"\di", "products"),
            (r"\conninfo", lab.a.role.as_str()),
            (r"\du", "permission denied"),
            (r"\encoding", "UTF8"),
        ];
        for (command, expected) in commands {
            let out = text(&tool("psql", &["-X", &lab.a.url, "-c", command]));
            assert!(out.contains(expected), "{isolation}: {command}: {out}");
            assert!(
                expected == "permission denied" || !out.contains("ERROR"),
                "{isolation}: {command}: {out}"
            );
        }
    }
}

/// A tenant's own dump of its schema, restored as it stands into an empty database.
#[tokio::test]
async fn pg_dump_dumps_the_tenants_own() {
    for isolation in [Isolation::Schema, Isolation::Database] {
        let lab = lab(isolation).await;
        let dump = tool("pg_dump", &["-n", &lab.a.schema, "--no-owner", "--no-acl", &lab.a.url]);
        let sql = text(&dump);
        assert!(dump.status.success(), "{isolation}: {sql}");
        for part in ["CREATE TABLE", "OWN_A_10", "CREATE VIEW", "CREATE TRIGGER", "FOREIGN KEY"] {
            assert!(sql.contains(part), "{isolation}: no {part}");
        }
        assert_eq!(restored(&lab, &sql).await, 10, "{isolation}");
    }
}

async fn restored(lab: &Lab, sql: &str) -> i64 {
    let name = format!("{}_restored", lab.layout.key());
    connect(&server::superuser("postgres").await)
        .await
        .batch_execute(&format!("CREATE DATABASE {name} TEMPLATE template0"))
        .await
        .unwrap();
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("dump.sql");
    std::fs::write(&file, sql).unwrap();
    let url = server::superuser(&name).await;
    let out = tool("psql", &["-Xqv", "ON_ERROR_STOP=1", &url, "-f", file.to_str().unwrap()]);
    assert!(out.status.success(), "{}", text(&out));
    let count = format!("SELECT count(*) FROM \"{}\".products", lab.a.schema);
    connect(&url).await.query_one(&count, &[]).await.unwrap().get(0)
}

/// In shared tables the dump is refused rather than partial: pg_dump switches row security off.
#[tokio::test]
async fn pg_dump_of_shared_tables_is_refused() {
    let lab = lab(Isolation::Shared).await;
    let dump = tool("pg_dump", &["-n", "shared", &lab.a.url]);
    assert!(!dump.status.success(), "{}", text(&dump));
}

/// The questions that SQLAlchemy, Django, Rails, Prisma and JDBC ask when they look at a schema.
#[tokio::test]
async fn reflection_queries_answer() {
    for isolation in Isolation::ALL {
        let lab = lab(isolation).await;
        let a = connect(&lab.a.url).await;
        for sql in include_str!("tools/reflection.sql").split(';').map(str::trim).filter(|s| !s.is_empty()) {
            let sql = sql.replace("{schema}", &lab.a.schema);
            let rows = a.query(&sql, &[]).await.unwrap_or_else(|e| panic!("{isolation}: {sql}: {e:?}"));
            assert!(!rows.is_empty(), "{isolation}: no row: {sql}");
        }
    }
}

/// Sizes of one's own tables, where the database is one's own.
#[tokio::test]
async fn sizes_answer_in_a_database_of_ones_own() {
    let lab = lab(Isolation::Database).await;
    let out = text(&tool("psql", &["-X", &lab.a.url, "-c", r"\dt+"]));
    assert!(out.contains("products") && !out.contains("ERROR"), "{out}");
}

/// Operators' exporters: a member of `pg_monitor` sees what tenants don't.
#[tokio::test]
async fn monitors_see_statistics() {
    let lab = lab(Isolation::Shared).await;
    let name = format!("{}_exporter", lab.layout.key());
    lab.everywhere(&format!(
        "CREATE ROLE {name} LOGIN PASSWORD 'secret' IN ROLE pg_monitor; GRANT CONNECT ON DATABASE {} TO {name}",
        lab.a.database
    ))
    .await;
    let exporter = connect(&server::url(&name, &lab.a.database).await).await;
    for sql in [
        "SELECT count(*) FROM pg_stat_activity",
        "SELECT count(*) FROM pg_stat_database",
        "SELECT count(*) FROM pg_stat_user_tables WHERE n_live_tup >= 0",
        "SELECT count(*) FROM pg_locks",
        "SELECT pg_database_size(current_database())",
        "SELECT count(*) FROM pg_replication_slots",
    ] {
        exporter.query_one(sql, &[]).await.unwrap_or_else(|e| panic!("{sql}: {e:?}"));
    }
}
