use tenantry_domain::{ErrorCode, Secret};
use tenantry_postgres::connect::{connect, connect_listening};
use tenantry_postgres::error::{db_error, server_message, sqlstate};
use tenantry_postgres::pool::Pool;
use tenantry_postgres::server::{Server, SslMode};
use tenantry_testkit::{ChaosProxy, TestDatabase, server};

#[tokio::test]
async fn the_name_of_the_application_shows() {
    let client = server().await.connect("postgres").await;
    let row = client.query_one("SHOW application_name", &[]).await.unwrap();
    assert_eq!(row.get::<_, String>(0), "test");
}

#[tokio::test]
async fn a_url_leads_to_its_database() {
    let database = TestDatabase::new("url").await;
    let parsed: Server = database.server().url(database.name()).reveal().parse().unwrap();
    assert_eq!(parsed.database.as_deref(), Some(database.name()));
    connect(&parsed, database.name(), "test").await.unwrap();
}

#[tokio::test]
async fn the_servers_words_are_kept_as_the_cause() {
    let client = server().await.connect("postgres").await;
    let e = db_error(client.query("SELECT nothing_here", &[]).await.unwrap_err(), "look");
    assert_eq!((e.code(), e.message()), (ErrorCode::Database, "look"));
    assert_eq!(sqlstate(&e), Some("42703"));
    assert_eq!(server_message(&e).unwrap().position, Some(8));
    assert!(e.sentence().contains("nothing_here") && e.sentence().contains("at character 8"), "{e:?}");
}

#[tokio::test]
async fn refusals_are_told_apart() {
    let server = server().await.server();
    let wrong = server.with_login("tenantry", Secret::new("wrong"));
    let e = connect(&wrong, "postgres", "test").await.unwrap_err();
    assert_eq!((e.code(), sqlstate(&e)), (ErrorCode::ServerUnreachable, Some("28P01")), "{e:?}");
    let e = connect(server, "no such database", "test").await.unwrap_err();
    assert_eq!((e.code(), sqlstate(&e)), (ErrorCode::Database, Some("3D000")), "{e:?}");
    // A port that nobody listens on: bound, and closed again.
    let port = std::net::TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
    let nobody = Server { port, ..server.clone() };
    let e = connect(&nobody, "postgres", "test").await.unwrap_err();
    assert_eq!(e.code(), ErrorCode::ServerUnreachable, "{e:?}");
}

#[tokio::test]
async fn tls_is_asked_for_as_the_mode_says() {
    let plain = server().await.server();
    let prefer = Server { sslmode: SslMode::Prefer, ..plain.clone() };
    connect(&prefer, "postgres", "test").await.unwrap();
    let require = Server { sslmode: SslMode::Require, ..plain.clone() };
    let e = connect(&require, "postgres", "test").await.unwrap_err();
    assert!(e.sentence().contains("TLS"), "the server has none, so the login is not sent: {e:?}");
}

#[tokio::test]
async fn a_pool_keeps_its_size_and_replaces_the_dead() {
    let (proxy, through) = ChaosProxy::before(server().await.server()).await;
    let pool = Pool::new(&through, "postgres", "test-pool", 1).unwrap();
    let pid = |c: tokio_postgres::Row| c.get::<_, i32>(0);
    let first = pool.get().await.unwrap();
    let one = pid(first.query_one("SELECT pg_backend_pid()", &[]).await.unwrap());
    drop(first);
    let again = pool.get().await.unwrap();
    assert_eq!(one, pid(again.query_one("SELECT pg_backend_pid()", &[]).await.unwrap()));
    proxy.cut();
    let lost = again.query_one("SELECT pg_backend_pid()", &[]).await.unwrap_err();
    assert_eq!(db_error(lost, "ask").code(), ErrorCode::ConnectionLost);
    drop(again);
    let other = pool.get().await.unwrap();
    assert_ne!(one, pid(other.query_one("SELECT pg_backend_pid()", &[]).await.unwrap()));
}

#[tokio::test]
async fn notifications_arrive() {
    let database = TestDatabase::new("notify").await;
    let (client, mut heard) = connect_listening(database.server(), database.name(), "test").await.unwrap();
    client.batch_execute("LISTEN door; NOTIFY door, 'knock'").await.unwrap();
    assert_eq!(heard.recv().await.unwrap().payload(), "knock");
    drop(client);
    assert!(heard.recv().await.is_none(), "the channel ends with the connection");
}
