//! Programs of their own, which tell `ok CHECK` or `FAIL CHECK: why` of each of their checks.

use std::process::{Output, Stdio};
use std::time::Duration;

use tokio::process::Command;
use tokio::task::JoinSet;
use tokio::time::timeout;

use super::world::{Way, World};

/// Longest time of one program, on a machine that is busy with others.
const PATIENCE: Duration = Duration::from_secs(300);

/// A program with its arguments.
#[derive(Clone)]
pub struct Program {
    program: String,
    arguments: Vec<String>,
}

impl Program {
    pub fn new(program: impl Into<String>) -> Self {
        Self { program: program.into(), arguments: Vec::new() }
    }

    pub fn args<T: Into<String>>(mut self, arguments: impl IntoIterator<Item = T>) -> Self {
        self.arguments.extend(arguments.into_iter().map(Into::into));
        self
    }

    /// Runs it on each way at once. Every check of every way has to pass.
    pub async fn run(self, name: &'static str) {
        let world = World::start().await;
        let mut running = JoinSet::new();
        for way in world.ways.clone() {
            let program = self.clone();
            running.spawn(async move {
                let output = program.run_on(&way, name).await;
                complaints(name, &way, &output)
            });
        }
        let complaints: Vec<String> = running.join_all().await.into_iter().flatten().collect();
        assert!(complaints.is_empty(), "{name}:\n{}\n{}", complaints.join("\n"), world.up.log());
    }

    async fn run_on(&self, way: &Way, name: &str) -> Output {
        let mut command = Command::new(&self.program);
        command.args(&self.arguments).envs(way.environment(name)).env("PYTHONDONTWRITEBYTECODE", "1");
        command.stdin(Stdio::null()).kill_on_drop(true);
        let running = timeout(PATIENCE, command.output()).await;
        let output = running.unwrap_or_else(|_| panic!("{name} does not end ({})", way.name()));
        output.unwrap_or_else(|e| panic!("{}: {e}; scripts/clients.sh installs clients", self.program))
    }
}

/// Client (or any), check, and where.
type Awaited = (Option<&'static str>, &'static str, fn(&Way) -> bool);

/// Checks that fail until the gateway judges whole statements (docs/gateway.md): then they pass, this list is in the way, and
/// what stands in it goes out.
const AWAITED: &[Awaited] = &[
    // pg_advisory_unlock_all() in the reset of its pool.
    (Some("asyncpg"), "pools", anywhere),
    // set_config() is closed at the app door too.
    (Some("asyncpg"), "looks_up_types", |way| way.isolation == "shared" && way.door == "app"),
];

fn anywhere(_way: &Way) -> bool {
    true
}

fn is_awaited(name: &str, way: &Way, check: &str) -> bool {
    AWAITED.iter().any(|(client, awaited, is_there)| {
        client.is_none_or(|client| client == name) && *awaited == check && is_there(way)
    })
}

/// What went wrong. A program that tells nothing has not run its checks.
fn complaints(name: &str, way: &Way, output: &Output) -> Vec<String> {
    let (out, err) = (String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr));
    let (mut passed, mut awaited, mut complaints) = (0, 0, Vec::new());
    for line in out.lines() {
        let Some((word @ ("ok" | "FAIL"), rest)) = line.split_once(' ') else { continue };
        let check = rest.split(':').next().unwrap_or_default();
        match (word == "ok", is_awaited(name, way, check)) {
            (true, false) => passed += 1,
            (false, true) => awaited += 1,
            (true, true) => {
                complaints.push(format!("{}: {check} passes, take it out of AWAITED", way.name()))
            }
            (false, false) => complaints.push(format!("{}: {line}", way.name())),
        }
    }
    println!("{}: {passed} passed, {awaited} fail as they are known to", way.name());
    let has_failed = !output.status.success() && awaited == 0;
    if (has_failed && complaints.is_empty()) || passed + complaints.len() == 0 {
        complaints.push(format!("{}: {}\n{out}\n{err}", way.name(), output.status));
    }
    complaints
}
