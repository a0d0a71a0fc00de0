//! tokio-postgres through the relay.

use std::time::Duration;

use futures_util::future::{join_all, try_join_all};
use futures_util::{SinkExt, TryStreamExt};
use tenantry_gateway::shard::Pooling;
use tokio_postgres::error::SqlState;

use super::front::Front;

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn simple_prepared_and_pipelined() {
    let front = Front::start(2, Pooling::Transaction).await;
    let clients = join_all((0..4).map(|_| front.connect())).await;
    for (number, client) in clients.iter().enumerate() {
        let number = i32::try_from(number).unwrap();
        client.batch_execute("SELECT 1; SELECT 2").await.unwrap();
        let statement = client.prepare("SELECT $1::int4 + 1").await.unwrap();
        for _ in 0..3 {
            assert_eq!(client.query_one(&statement, &[&number]).await.unwrap().get::<_, i32>(0), number + 1);
        }
        let values: Vec<i32> = (0..50).collect();
        let answers =
            try_join_all(values.iter().map(|value| async { client.query_one(&statement, &[value]).await }))
                .await;
        let answers: Vec<i32> = answers.unwrap().iter().map(|row| row.get(0)).collect();
        assert_eq!(answers, (1..51).collect::<Vec<i32>>());
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn errors_transactions_and_portals() {
    let front = Front::start(2, Pooling::Transaction).await;
    let mut client = front.connect().await;
    let error = client.query("SELECT 1/0", &[]).await.unwrap_err();
    assert_eq!(error.code(), Some(&SqlState::DIVISION_BY_ZERO));
    client.batch_execute("CREATE TABLE t (a int PRIMARY KEY)").await.unwrap();
    let transaction = client.transaction().await.unwrap();
    transaction.execute("INSERT INTO t SELECT generate_series(1, 100)", &[]).await.unwrap();
    let portal = transaction.bind("SELECT a FROM t ORDER BY a", &[]).await.unwrap();
    assert_eq!(transaction.query_portal(&portal, 30).await.unwrap().len(), 30);
    assert_eq!(transaction.query_portal(&portal, 0).await.unwrap().len(), 70);
    transaction.rollback().await.unwrap();
    assert_eq!(client.query_one("SELECT count(*) FROM t", &[]).await.unwrap().get::<_, i64>(0), 0);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn copy_both_ways() {
    let front = Front::start(1, Pooling::Transaction).await;
    let client = front.connect().await;
    client.batch_execute("CREATE TABLE t (a int)").await.unwrap();
    let sink = client.copy_in("COPY t FROM STDIN").await.unwrap();
    let mut sink = Box::pin(sink);
    for _ in 0..1_000 {
        sink.send(data(b"7\n".repeat(1_000))).await.unwrap();
    }
    assert_eq!(sink.as_mut().finish().await.unwrap(), 1_000_000);
    let stream = client.copy_out("COPY t TO STDOUT").await.unwrap();
    let bytes: usize = stream.try_fold(0, |sum, chunk| async move { Ok(sum + chunk.len()) }).await.unwrap();
    assert_eq!(bytes, 2_000_000);
    // A COPY that fails in its midst leaves a client that works.
    let sink = client.copy_in("COPY t FROM STDIN").await.unwrap();
    let mut sink = Box::pin(sink);
    sink.send(data(b"not a number\n".to_vec())).await.unwrap();
    assert!(sink.as_mut().finish().await.is_err());
    assert_eq!(client.query_one("SELECT count(*) FROM t", &[]).await.unwrap().get::<_, i64>(0), 1_000_000);
}

fn data(bytes: Vec<u8>) -> std::io::Cursor<Vec<u8>> {
    std::io::Cursor::new(bytes)
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn large_values_pass() {
    let front = Front::start(1, Pooling::Transaction).await;
    let client = front.connect().await;
    let large = "x".repeat(5_000_000);
    let row = client.query_one("SELECT $1::text, length($1)", &[&large]).await.unwrap();
    assert_eq!((row.get::<_, &str>(0), row.get::<_, i32>(1)), (large.as_str(), 5_000_000));
    let sql = format!("SELECT length('{large}')");
    assert_eq!(client.simple_query(&sql).await.unwrap().len(), 3);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_cancel_request_ends_the_statement() {
    let front = Front::start(1, Pooling::Transaction).await;
    let client = front.connect().await;
    let token = client.cancel_token();
    let sleeping = client.batch_execute("SELECT pg_sleep(60)");
    let cancelling = async {
        while front.stats().await.pools.first().is_none_or(|pool| pool.servers == 0) {
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
        for _ in 0..10 {
            token.cancel_query(tokio_postgres::NoTls).await.unwrap();
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
    };
    let (slept, ()) = tokio::join!(sleeping, cancelling);
    assert_eq!(slept.unwrap_err().code(), Some(&SqlState::QUERY_CANCELED));
    client.batch_execute("SELECT 1").await.unwrap();
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn session_state_stays_with_its_client() {
    let front = Front::start(1, Pooling::Transaction).await;
    let (a, b) = (front.connect().await, front.connect().await);
    a.batch_execute("SET TimeZone = 'Europe/Berlin'").await.unwrap();
    a.batch_execute("SET work_mem = '7MB'; CREATE TEMP TABLE mine (a int)").await.unwrap();
    let show = async |client: &tokio_postgres::Client, what: &str| -> String {
        client.query_one(what, &[]).await.unwrap().get(0)
    };
    assert_ne!(show(&b, "SHOW TimeZone").await, "Europe/Berlin");
    assert_ne!(show(&b, "SHOW work_mem").await, "7MB");
    assert!(b.query("SELECT FROM mine", &[]).await.is_err());
    assert_eq!(show(&a, "SHOW TimeZone").await, "Europe/Berlin");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_session_keeps_all_it_has() {
    let front = Front::start(2, Pooling::Session).await;
    let client = front.connect().await;
    client.batch_execute("CREATE TEMP TABLE mine AS SELECT 1 AS a; SET work_mem = '7MB'").await.unwrap();
    assert_eq!(client.query_one("SELECT a FROM mine", &[]).await.unwrap().get::<_, i32>(0), 1);
    assert_eq!(client.query_one("SHOW work_mem", &[]).await.unwrap().get::<_, &str>(0), "7MB");
    drop(client);
    let next = front.connect().await;
    assert!(next.query("SELECT a FROM mine", &[]).await.is_err());
}
