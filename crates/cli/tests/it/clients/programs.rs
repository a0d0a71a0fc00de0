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

/// What went wrong. A program that tells nothing has not run its checks.
fn complaints(name: &str, way: &Way, output: &Output) -> Vec<String> {
    let (out, err) = (String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr));
    let (mut passed, mut complaints) = (0, Vec::new());
    for line in out.lines() {
        match line.split_once(' ') {
            Some(("ok", _)) => passed += 1,
            Some(("FAIL", _)) => complaints.push(format!("{}: {line}", way.name())),
            _ => {}
        }
    }
    println!("{} ({name}): {passed} passed", way.name());
    let has_failed = !output.status.success() && complaints.is_empty();
    if has_failed || passed + complaints.len() == 0 {
        complaints.push(format!("{}: {}\n{out}\n{err}", way.name(), output.status));
    }
    complaints
}
