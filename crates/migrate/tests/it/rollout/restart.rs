//! The server itself goes down in the middle of a rollout and recovers: no tenant is torn, and the next run finishes.

use std::process::Command;
use std::time::Duration;

use tenantry_domain::ErrorCode;
use tenantry_postgres::bootstrap::seal_own_server;
use tenantry_postgres::connect::connect;
use tenantry_postgres::embedded::{Embedded, EmbeddedOptions, Mode};

use crate::fleet::{FIRST, column, copy, quick, registry_agrees, schema_of, versions};
use crate::folder::{Lab, one};

const COPIES: usize = 60;

#[tokio::test]
async fn the_server_restarts_in_the_middle() {
    let home = tempfile::tempdir().unwrap();
    let options = EmbeddedOptions {
        directory: home.path().join(".tenantry"),
        bin: std::env::var_os("TENANTRY_TEST_PG_BIN").map(Into::into),
        mode: Mode::Exclusive,
    };
    let embedded = Embedded::open(options).await.unwrap();
    let server = embedded.server();
    seal_own_server(&connect(&server, "postgres", "test").await.unwrap()).await.unwrap();
    let mut options = quick();
    options.limits.rollout_tries_max = 1_000;
    let lab = Lab::on(&server, options).await;
    lab.apply("0001_first.up.sql", FIRST).await;
    copy(&lab, COPIES).await;
    lab.write("0002_c.up.sql", &column(2));

    // Somebody's lock keeps the rollout from coming to an end before the server does.
    let holder = lab.app.data().await;
    let schema = schema_of(&lab, "copy-30").await;
    holder.batch_execute(&format!("BEGIN; LOCK TABLE {schema}.notes IN ACCESS SHARE MODE")).await.unwrap();
    let watcher = lab.app.data().await;
    let pid: i32 = one(&watcher, "SELECT pg_backend_pid()").await;
    let restart = async {
        loop {
            let done: i64 = one(
                &watcher,
                "SELECT count(*) FROM tenantry.local_tenants WHERE isolation = 'schema' AND version = 2",
            )
            .await;
            if done > 10 {
                break;
            }
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
        // A backend killed hard makes the server end every session and recover from its log.
        assert!(Command::new("kill").args(["-KILL", &pid.to_string()]).status().unwrap().success());
    };
    let (ended, ()) = tokio::join!(lab.up(), restart);
    assert!(ended.is_err(), "the rollout went on without a server: {ended:?}");

    // Whoever comes too early is told that the server is not there yet, and nothing else.
    loop {
        match lab.up().await {
            Ok(_) => break,
            Err(e) => assert!(
                matches!(e.code(), ErrorCode::ConnectionLost | ErrorCode::ServerUnreachable),
                "while the server recovers: {e:?}"
            ),
        }
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
    assert_eq!(versions(&lab).await, [(2, 60)]);
    registry_agrees(&lab).await;
    embedded.close().await.unwrap();
}
