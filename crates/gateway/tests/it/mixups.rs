//! No client ever gets another's answer.

use futures_util::future::{join_all, try_join_all};
use tenantry_gateway::shard::Pooling;

use super::front::Front;

const CLIENTS: usize = 24;
const ROUNDS: usize = 30;

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn every_answer_is_its_askers() {
    let front = Front::start(4, Pooling::Transaction).await;
    let clients = join_all((0..CLIENTS).map(|_| front.connect())).await;
    join_all(clients.into_iter().enumerate().map(|(number, mut client)| async move {
        let me = format!("client {number}");
        let zone = ["UTC", "Europe/Berlin", "Asia/Tokyo"][number % 3];
        client.batch_execute(&format!("SET TimeZone = '{zone}'")).await.unwrap();
        // The same text as others prepare, and one of its own.
        let shared = client.prepare("SELECT $1::text || ' ' || current_setting('TimeZone')").await.unwrap();
        let own = client.prepare(&format!("SELECT '{me} ' || $1::int4")).await.unwrap();
        for round in 0..ROUNDS {
            let round = i32::try_from(round).unwrap();
            let expect = format!("{me} {zone}");
            assert_eq!(client.query_one(&shared, &[&me]).await.unwrap().get::<_, &str>(0), expect);
            let values = [round, round + 1, round + 2];
            let rows =
                try_join_all(values.iter().map(|value| async { client.query_one(&own, &[value]).await }))
                    .await;
            for (row, value) in rows.unwrap().iter().zip(values) {
                assert_eq!(row.get::<_, &str>(0), format!("{me} {value}"));
            }
            assert!(client.query("SELECT 1/0", &[]).await.is_err());
            let transaction = client.transaction().await.unwrap();
            transaction.batch_execute(&format!("SET LOCAL application_name = '{me}'")).await.unwrap();
            let row = transaction.query_one("SELECT current_setting('application_name')", &[]).await.unwrap();
            assert_eq!(row.get::<_, &str>(0), me);
            if round % 2 == 0 {
                transaction.commit().await.unwrap()
            } else {
                transaction.rollback().await.unwrap()
            }
            let row = client.query_one("SELECT current_setting('application_name')", &[]).await.unwrap();
            assert_eq!(row.get::<_, &str>(0), "");
        }
    }))
    .await;
    let stats = front.stats().await;
    assert!(stats.pools[0].servers <= 4);
}
