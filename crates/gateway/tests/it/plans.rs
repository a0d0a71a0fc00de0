//! Limits of plans, each named by its field; what tenants use is counted.

use std::time::{Duration, Instant};

use tenantry_domain::Isolation;
use tenantry_registry::SecretDoor;

use super::lab::{Lab, plan};

/// Runs until it is cancelled.
const LONG: &str = "SELECT count(*) FROM generate_series(1, 100000000000)";

async fn lab() -> Lab {
    Lab::new(|app| {
        let mut plans = [plan("time"), plan("size"), plan("rate"), plan("free")];
        plans[0].limits.statement_ms_max = Some(400);
        plans[0].limits.transaction_ms_max = Some(2_000);
        plans[0].limits.transaction_idle_ms_max = Some(600);
        plans[1].limits.rows_max = Some(50_000);
        plans[1].limits.bytes_max = Some(5_000_000);
        plans[1].clients_max = Some(2);
        plans[2].limits.queries_per_second_max = Some(20);
        app.plans = plans.into_iter().map(|plan| (plan.name.clone(), plan)).collect();
    })
    .await
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn time_of_statements_and_transactions() {
    let lab = lab().await;
    let id = lab.tenant("acme", Isolation::Schema, Some("time")).await;
    let session = lab.session("acme", id).await;
    let refused = session.refused(LONG).await;
    assert!(refused.starts_with("57014 ") && refused.contains("statement_ms_max"), "{refused}");
    session.client.batch_execute("SELECT 1").await.expect("the session lives on");

    let mut idle = lab.session("acme", id).await;
    idle.client.batch_execute("BEGIN; SELECT 1").await.unwrap();
    let farewell = idle.farewell().await;
    assert!(farewell.contains("25P03") && farewell.contains("transaction_idle_ms_max"), "{farewell}");

    let mut long = lab.session("acme", id).await;
    long.client.batch_execute("BEGIN").await.unwrap();
    // Told to the statement that is under way, or else to the connection.
    let ended = loop {
        match long.client.batch_execute("SELECT 1").await {
            Ok(()) => tokio::time::sleep(Duration::from_millis(50)).await,
            Err(error) => break format!("{error:?}"),
        }
    };
    let farewell = ended + &long.farewell().await;
    assert!(farewell.contains("25P04") && farewell.contains("transaction_ms_max"), "{farewell}");

    // Another plan holds for open sessions at once.
    lab.control("UPDATE tenantry.tenants SET plan = 'free'").await;
    tokio::time::sleep(Duration::from_secs(1)).await;
    let running = session.client.batch_execute(LONG);
    assert!(
        tokio::time::timeout(Duration::from_secs(1), running).await.is_err(),
        "a plan without that limit"
    );
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn rows_bytes_and_clients() {
    let lab = lab().await;
    let id = lab.tenant("acme", Isolation::Schema, Some("size")).await;
    let session = lab.session("acme", id).await;
    session.client.batch_execute("SELECT generate_series(1, 40000)").await.expect("as many are allowed");
    let refused = session.refused("SELECT generate_series(1, 20000000)").await;
    assert!(refused.starts_with("53400 ") && refused.contains("rows_max"), "{refused}");
    let refused = session.refused("SELECT repeat('x', 100000) FROM generate_series(1, 20000)").await;
    assert!(refused.starts_with("53400 ") && refused.contains("bytes_max"), "{refused}");
    session.client.batch_execute("SELECT 1").await.expect("the session lives on");

    let token = lab.token("acme", SecretDoor::Tenant(id)).await;
    let _second = lab.connect("acme", &token, "main").await;
    let third = tokio_postgres::connect(&lab.url("acme", &token, "main"), tokio_postgres::NoTls).await;
    let refused = format!("{:?}", third.err().expect("a third client is one too many"));
    assert!(refused.contains("53300") && refused.contains("clients_max"), "{refused}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn queries_in_a_second_and_what_is_counted() {
    let lab = lab().await;
    let id = lab.tenant("acme", Isolation::Shared, Some("rate")).await;
    let (one, two) = (lab.session("acme", id).await, lab.session("acme", id).await);
    let mut refused = 0;
    for _ in 0..40 {
        for session in [&one, &two] {
            if let Err(error) = session.client.batch_execute("SELECT 1").await {
                let error = error.as_db_error().expect("the gateway's answer").message().to_owned();
                assert!(error.contains("queries_per_second_max") && error.contains("20"), "{error}");
                refused += 1;
            }
        }
    }
    assert!(refused > 0, "80 statements at once are more than 20 a second");
    tokio::time::sleep(Duration::from_secs(1)).await;
    let begun = Instant::now();
    let busy = "SELECT count(*) FROM generate_series(1, 2000000)";
    one.client.batch_execute(busy).await.expect("a second later there is room again");
    let took = u64::try_from(begun.elapsed().as_micros()).unwrap();

    let rows = lab.show("SHOW STATS").await;
    let acme = rows.iter().find(|row| row[0] == "acme").expect("the tenant's figures");
    let figure = |at: usize| acme[at].parse::<u64>().unwrap();
    let served = 81 - refused;
    assert_eq!((figure(1), figure(2)), (served, served), "transactions and statements: {acme:?}");
    assert!(figure(3) > 80 * 14 && figure(4) > served * 20, "bytes: {acme:?}");
    assert!(figure(5) > took / 2, "microseconds: {acme:?}, of which {took} in one");
    assert_eq!((figure(7), figure(8)), (served, refused), "rows and errors: {acme:?}");

    let text = lab.gateway.metrics().render().await;
    for line in [
        format!("tenantry_gateway_queries_total{{tenant=\"acme\"}} {served}"),
        format!("tenantry_gateway_errors_total{{tenant=\"acme\"}} {refused}"),
        format!("tenantry_gateway_refusals_total{{code=\"limit_exceeded\"}} {refused}"),
        "tenantry_gateway_clients{tenant=\"acme\"} 2".to_owned(),
        "tenantry_gateway_directory_tenants 1".to_owned(),
        "tenantry_gateway_clients_waiting 0".to_owned(),
        "# TYPE tenantry_gateway_directory_silent_seconds gauge".to_owned(),
    ] {
        assert!(text.contains(&line), "{line} is not in:\n{text}");
    }
}
