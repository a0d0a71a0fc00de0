//! Real programs through the gateway: each goes through its script at both doors, in the three isolations, the six of them
//! at the same time, and looks at the tenant of every row that it gets.
//!
//! What Debian's client package and cargo bring runs always. The others want what `scripts/clients.sh` installs under
//! `target/clients`, so they are left to that script, which `make clients` and `make test` run: there a client that is
//! missing fails, unless `TENANTRY_CLIENTS_WITHOUT` names it.

mod pgbench;
mod programs;
mod tokio_client;
mod world;

use programs::Program;
use world::{installed, is_left_out, source};

/// Why a test is left to the script.
macro_rules! client {
    ($test:ident, $name:literal, $program:expr) => {
        #[tokio::test(flavor = "multi_thread", worker_threads = 2)]
        #[ignore = "scripts/clients.sh installs what it wants, and runs it"]
        async fn $test() {
            if !is_left_out($name) {
                $program.run($name).await;
            }
        }
    };
}

client!(psycopg_3, "psycopg", python("psycopg3.py"));
client!(asyncpg, "asyncpg", python("asyncpg_.py"));
client!(sqlalchemy, "sqlalchemy", python("sqlalchemy_.py"));
client!(django, "django", python("django_.py"));
client!(node_postgres, "node-postgres", node("node_postgres.js"));
client!(sequelize, "sequelize", node("sequelize.js"));
client!(pgjdbc, "pgjdbc", java());
client!(sqlx, "sqlx", Program::new(installed("sqlx/debug/tenantry-clients-sqlx")));

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn psql() {
    let script = source("psql/script.sql");
    Program::new("psql").args(["-X", "-f", &script]).run("psql").await;
}

fn python(script: &str) -> Program {
    Program::new(installed("python/bin/python")).args(["-B", &source(&format!("python/{script}"))])
}

/// Node looks for modules beside the script, so the scripts stand beside what was installed.
fn node(script: &str) -> Program {
    Program::new("node").args([installed(&format!("node/{script}"))])
}

/// The driver is where Debian's package puts it.
fn java() -> Program {
    let classes = format!("{}:/usr/share/java/postgresql.jar", installed("java"));
    Program::new("java").args(["-cp", &classes, "Script"])
}
