//! psql and pgbench through the relay.

use std::process::{Output, Stdio};

use tenantry_gateway::shard::Pooling;
use tokio::process::Command;

use super::front::Front;

async fn run(program: &str, args: &[&str], url: &str) -> Output {
    let output = Command::new(program)
        .args(args)
        .arg(url)
        .env_remove("PGOPTIONS")
        .stdin(Stdio::null())
        .kill_on_drop(true)
        .output()
        .await
        .unwrap_or_else(|error| panic!("{program} is installed: {error}"));
    let errors = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{program} {args:?}: {errors}");
    output
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn psql_works() {
    let front = Front::start(2, Pooling::Transaction).await;
    let script = "CREATE TABLE t (a int); INSERT INTO t SELECT generate_series(1, 3); SELECT sum(a) FROM t;";
    let output =
        run("psql", &["-XAtq", "-v", "ON_ERROR_STOP=1", "-c", script, "-c", "\\d t"], &front.url()).await;
    let printed = String::from_utf8_lossy(&output.stdout);
    assert!(printed.starts_with("6\n") && printed.contains("a|integer"), "{printed}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn pgbench_works_in_every_mode() {
    let front = Front::start(4, Pooling::Transaction).await;
    run("pgbench", &["-i", "-q", "-s", "1"], &front.url()).await;
    for mode in ["simple", "extended", "prepared"] {
        for script in ["select-only", "tpcb-like"] {
            // A thread for each client: pgbench waits for the answer to Parse, and those whom that keeps from going on may
            // have every server in their transactions.
            let args = ["-n", "-c", "16", "-j", "16", "-t", "20", "-M", mode, "-b", script];
            let output = run("pgbench", &args, &front.url()).await;
            let printed = String::from_utf8_lossy(&output.stdout);
            assert!(printed.contains("actually processed: 320/320"), "{mode} {script}: {printed}");
        }
    }
    let stats = front.stats().await;
    assert!(stats.pools[0].servers <= 4);
    assert_eq!(stats.waiting, 0);
    // The sums of TPC-B agree: nothing was lost, nothing was done twice.
    let client = front.connect().await;
    let sums = "SELECT (SELECT sum(abalance) FROM pgbench_accounts) = (SELECT sum(delta) FROM pgbench_history), \
                (SELECT count(*) FROM pgbench_history)";
    let row = client.query_one(sums, &[]).await.unwrap();
    assert_eq!((row.get::<_, bool>(0), row.get::<_, i64>(1)), (true, 3 * 320));
}
