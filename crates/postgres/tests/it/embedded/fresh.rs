use std::fs;
use std::net::TcpListener;
use std::os::unix::fs::PermissionsExt;

use tenantry_domain::ErrorCode;
use tenantry_postgres::embedded::Mode;

use super::folder::{Folder, client, lives, one, until};

#[tokio::test]
async fn starts_from_nothing_and_keeps_data_and_port() {
    let folder = Folder::new();
    let first = folder.up().await;
    let (port, pid) = (first.server().port, first.postmaster().await.unwrap());
    let session = client(&first).await;
    session.batch_execute("CREATE TABLE kept AS SELECT 'yes'::text AS word").await.unwrap();
    drop(session);
    first.close().await.unwrap();
    assert!(!lives(pid), "closing stops the server");
    first.close().await.unwrap();
    assert_eq!(first.postmaster().await, None);

    let second = folder.up().await;
    assert_eq!(second.server().port, port);
    assert_eq!(one(&client(&second).await, "SELECT word FROM kept").await, "yes");
    second.close().await.unwrap();
}

#[tokio::test]
async fn takes_another_port_when_its_own_is_taken() {
    let folder = Folder::new();
    let first = folder.up().await;
    let port = first.server().port;
    first.close().await.unwrap();
    let _other_program = TcpListener::bind(("127.0.0.1", port)).unwrap();
    let second = folder.up().await;
    assert_ne!(second.server().port, port);
    client(&second).await;
    second.close().await.unwrap();
}

#[tokio::test]
async fn the_settings_are_in_force() {
    let folder = Folder::new();
    fs::create_dir_all(folder.path()).unwrap();
    fs::write(folder.path().join("postgres.conf"), "work_mem = '7MB'\n").unwrap();
    let embedded = folder.up().await;
    let client = client(&embedded).await;
    let mut wanted = vec![
        ("listen_addresses", "127.0.0.1"),
        ("unix_socket_directories", ""),
        ("password_encryption", "scram-sha-256"),
        ("wal_level", "logical"),
        ("max_connections", "200"),
        ("max_prepared_transactions", "0"),
        ("max_locks_per_transaction", "256"),
        ("data_checksums", "on"),
        ("server_encoding", "UTF8"),
        ("log_statement", "none"),
        ("log_parameter_max_length", "0"),
        ("log_parameter_max_length_on_error", "0"),
        ("logging_collector", "on"),
        ("work_mem", "7MB"),
    ];
    let has_statistics =
        one(&client, "SELECT count(*)::text FROM pg_available_extensions WHERE name = 'pg_stat_statements'");
    if has_statistics.await == "1" {
        wanted.push(("shared_preload_libraries", "pg_stat_statements"));
        client.batch_execute("CREATE EXTENSION pg_stat_statements; TABLE pg_stat_statements").await.unwrap();
    }
    for (name, value) in wanted {
        assert_eq!(one(&client, &format!("SHOW {name}")).await, value, "{name}");
    }
    let collation =
        one(&client, "SELECT string_agg(w, '' ORDER BY w) FROM unnest('{a,B,ä}'::text[]) w").await;
    assert_eq!(collation, "Baä", "by code point, on every machine alike");
    assert_eq!(one(&client, "SELECT upper('ä')").await, "Ä");
    embedded.close().await.unwrap();
}

#[tokio::test]
async fn what_is_secret_is_closed_to_others() {
    let folder = Folder::new();
    let embedded = folder.up().await;
    let mode = |path: std::path::PathBuf| fs::metadata(path).unwrap().permissions().mode() & 0o777;
    assert_eq!(mode(folder.path().join("postgres.password")), 0o600);
    assert_eq!(mode(folder.data()), 0o700);
    let password = embedded.server().password;
    assert!(!format!("{embedded:?}").contains(password.reveal()));
    assert!(embedded.url("x").reveal().contains(password.reveal()));
    embedded.close().await.unwrap();
    let names: Vec<_> = fs::read_dir(folder.path()).unwrap().map(|e| e.unwrap().file_name()).collect();
    assert!(!names.iter().any(|n| n.to_string_lossy().contains("pwfile")), "{names:?}");
}

#[tokio::test]
async fn a_statement_that_fails_leaves_no_data_in_the_log() {
    let folder = Folder::new();
    let embedded = folder.up().await;
    let client = client(&embedded).await;
    client
        .batch_execute("CREATE TABLE t (a text PRIMARY KEY); INSERT INTO t VALUES ('hunter2')")
        .await
        .unwrap();
    client.batch_execute("INSERT INTO t VALUES ('hunter2')").await.unwrap_err();
    client.query("INSERT INTO t VALUES ($1)", &[&"hunter2"]).await.unwrap_err();
    drop(client);
    embedded.close().await.unwrap();
    let log: String = fs::read_dir(folder.data().join("log"))
        .unwrap()
        .map(|e| fs::read_to_string(e.unwrap().path()).unwrap())
        .collect();
    assert!(log.contains("duplicate key"), "{log}");
    assert!(!log.contains("hunter2"), "{log}");
}

#[tokio::test]
async fn foreign_files_are_not_touched() {
    let folder = Folder::new();
    fs::create_dir_all(folder.data()).unwrap();
    fs::write(folder.data().join("thesis.txt"), "mine").unwrap();
    let e = folder.open(Mode::Exclusive).await.unwrap_err();
    assert_eq!(e.code(), ErrorCode::DirectoryNotEmpty, "{e:?}");
    assert_eq!(fs::read_to_string(folder.data().join("thesis.txt")).unwrap(), "mine");
}

#[tokio::test]
async fn a_half_made_directory_is_made_anew() {
    let folder = Folder::new();
    fs::create_dir_all(folder.path().join("postgres.new/base")).unwrap();
    fs::write(folder.path().join("postgres.new/PG_VERSION"), "15\n").unwrap();
    let embedded = folder.up().await;
    client(&embedded).await;
    embedded.close().await.unwrap();
    assert!(!folder.path().join("postgres.new").exists());
}

#[tokio::test]
async fn a_server_that_refuses_its_settings_shows_its_log() {
    let folder = Folder::new();
    fs::create_dir_all(folder.path()).unwrap();
    fs::write(folder.path().join("postgres.conf"), "shared_buffers = 'plenty'\n").unwrap();
    let e = folder.open(Mode::Exclusive).await.unwrap_err();
    assert_eq!(e.code(), ErrorCode::PostgresStart);
    assert!(e.message().contains("shared_buffers"), "{e:?}");
    fs::remove_file(folder.path().join("postgres.conf")).unwrap();
    folder.up().await.close().await.unwrap();
}

#[tokio::test]
async fn dropped_without_closing_it_stops_all_the_same() {
    let folder = Folder::new();
    let embedded = folder.up().await;
    let pid = embedded.postmaster().await.unwrap();
    drop(embedded);
    until("the server stops", || !lives(pid)).await;
}
