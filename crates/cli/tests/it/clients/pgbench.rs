//! pgbench's own scripts, unchanged, by each of its protocols: what they change has to add up afterwards.

use std::time::Duration;

use tokio::process::Command;
use tokio::task::JoinSet;
use tokio::time::timeout;

use super::world::{Way, World};

const PATIENCE: Duration = Duration::from_secs(120);
const CLIENTS: usize = 4;
const TRANSACTIONS: usize = 20;
const PROTOCOLS: [&str; 3] = ["simple", "extended", "prepared"];
/// Each of three balances is the sum of all changes, and each of the two doors has made its transactions.
const CHECK: &str = "SELECT count(*) || ' ' ||
    (sum(delta) = (SELECT sum(bbalance) FROM pgbench_branches) AND
     sum(delta) = (SELECT sum(tbalance) FROM pgbench_tellers)) FROM pgbench_history";

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn balances_add_up_by_each_protocol() {
    let world = World::start().await;
    let mut running = JoinSet::new();
    for way in world.ways.clone() {
        running.spawn(async move {
            for protocol in PROTOCOLS {
                for script in ["tpcb-like", "select-only"] {
                    bench(&way, protocol, script).await;
                }
            }
        });
    }
    running.join_all().await;
    let expected = 2 * PROTOCOLS.len() * CLIENTS * TRANSACTIONS;
    for way in &world.ways {
        let found = run(way, "psql", &["-XAtc", CHECK]).await;
        assert_eq!(found.trim(), format!("{expected} true"), "{}", way.name());
    }
}

async fn bench(way: &Way, protocol: &str, script: &str) {
    let (clients, transactions) = (CLIENTS.to_string(), TRANSACTIONS.to_string());
    let arguments = ["-n", "-M", protocol, "-b", script, "-c", &clients, "-t", &transactions];
    let out = run(way, "pgbench", &arguments).await;
    let all = CLIENTS * TRANSACTIONS;
    assert!(
        out.contains(&format!("number of transactions actually processed: {all}/{all}"))
            && out.contains("number of failed transactions: 0 "),
        "{}: {out}",
        way.name()
    );
}

async fn run(way: &Way, program: &str, arguments: &[&str]) -> String {
    let mut command = Command::new(program);
    command.args(arguments).envs(way.environment("pgbench")).kill_on_drop(true);
    let output = timeout(PATIENCE, command.output()).await.expect("it ends").unwrap();
    let err = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{program} {arguments:?}, {}: {err}", way.name());
    String::from_utf8(output.stdout).unwrap()
}
