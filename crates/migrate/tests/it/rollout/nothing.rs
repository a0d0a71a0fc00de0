//! A run with nothing to do costs the same whatever the number of tenants: one query for each data database.

use crate::fleet::{fleet, quick};
use crate::folder::{Lab, one};

/// Transactions that a run begins in the data database and in the template database.
async fn cost(lab: &Lab) -> (i64, i64) {
    let layout = lab.app.platform.app.layout();
    let (data, template) = (layout.data_database(&lab.app.main()), layout.template_database(&lab.app.main()));
    let counter = tenantry_testkit::server().await.connect("postgres").await;
    let count = async |database: &str| -> i64 {
        let sql =
            format!("SELECT xact_commit + xact_rollback FROM pg_stat_database WHERE datname = '{database}'");
        one(&counter, &sql).await
    };
    // What earlier sessions did is counted once they have ended.
    let settled = async || {
        let sql = format!("SELECT count(*) FROM pg_stat_activity WHERE datname IN ('{data}', '{template}')");
        while one::<i64>(&counter, &sql).await > 0 {
            tokio::time::sleep(std::time::Duration::from_millis(10)).await;
        }
        (count(&data).await, count(&template).await)
    };
    lab.app.platform.clusters.forget("local", &data);
    let before = settled().await;
    assert_eq!(lab.up().await.unwrap().job, None);
    let after = settled().await;
    (after.0 - before.0, after.1 - before.1)
}

#[tokio::test]
async fn one_query_whatever_the_number_of_tenants() {
    let few = cost(&fleet(quick(), 2).await).await;
    let many = cost(&fleet(quick(), 120).await).await;
    assert_eq!(few, many);
    assert_eq!(few.1, 0, "the template database is not asked");
    // The connection's own, and the query's, which is prepared first.
    assert!((1..=3).contains(&few.0), "{few:?}");
}
