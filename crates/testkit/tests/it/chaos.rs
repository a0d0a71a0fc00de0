use std::time::Duration;

use tenantry_domain::ErrorCode;
use tenantry_postgres::connect::connect;
use tenantry_postgres::error::db_error;
use tenantry_testkit::{ChaosProxy, server};

#[tokio::test]
async fn cuts_refuses_and_heals() {
    let (proxy, through) = ChaosProxy::before(server().await.server()).await;
    let client = connect(&through, "postgres", "test").await.unwrap();
    client.batch_execute("SELECT 1").await.unwrap();
    proxy.cut();
    let e = db_error(client.batch_execute("SELECT 1").await.unwrap_err(), "select");
    assert_eq!(e.code(), ErrorCode::ConnectionLost, "{e:?}");
    proxy.refuse();
    let e = connect(&through, "postgres", "test").await.unwrap_err();
    assert!(matches!(e.code(), ErrorCode::ConnectionLost | ErrorCode::ServerUnreachable), "{e:?}");
    proxy.heal();
    connect(&through, "postgres", "test").await.unwrap();
}

#[tokio::test]
async fn truncates_in_the_middle() {
    let (proxy, through) = ChaosProxy::before(server().await.server()).await;
    let client = connect(&through, "postgres", "test").await.unwrap();
    proxy.truncate_after(100);
    let answer = client.query("SELECT repeat('x', 1000)", &[]).await;
    let e = db_error(answer.unwrap_err(), "select");
    assert_eq!(e.code(), ErrorCode::ConnectionLost, "{e:?}");
}

#[tokio::test]
async fn stalls_without_telling() {
    let (proxy, through) = ChaosProxy::before(server().await.server()).await;
    let client = connect(&through, "postgres", "test").await.unwrap();
    proxy.stall();
    let query = client.query_one("SELECT 7", &[]);
    tokio::pin!(query);
    assert!(tokio::time::timeout(Duration::from_millis(200), &mut query).await.is_err());
    proxy.heal();
    assert_eq!(query.await.unwrap().get::<_, i32>(0), 7);
}
