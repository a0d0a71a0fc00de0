//! A folder with an app, the commands run on it, and a server that ends with its test.

use std::fs;
use std::os::unix::fs::PermissionsExt as _;
use std::path::{Path, PathBuf};
use std::process::{Output, Stdio};
use std::time::Duration;

use serde_json::Value;
use tempfile::TempDir;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;
use tokio::process::{Child, Command};
use tokio::time::{Instant, sleep, timeout};

/// The executable under test.
pub const TENANTRY: &str = env!("CARGO_BIN_EXE_tenantry");
/// Time that anything may take on a machine that is busy with other tests.
pub const PATIENCE: Duration = Duration::from_secs(120);
const LOOK: Duration = Duration::from_millis(20);

/// What a command did.
#[derive(Debug)]
pub struct Done {
    pub code: i32,
    pub out: String,
    pub err: String,
}

impl Done {
    fn new(output: &Output) -> Self {
        Self {
            code: output.status.code().unwrap_or(-1),
            out: String::from_utf8_lossy(&output.stdout).into_owned(),
            err: String::from_utf8_lossy(&output.stderr).into_owned(),
        }
    }

    /// Asserts that it succeeded.
    #[track_caller]
    pub fn ok(self) -> Self {
        assert_eq!(self.code, 0, "{self:#?}");
        self
    }

    /// Asserts that it failed with this exit code and error code.
    #[track_caller]
    pub fn refused(self, exit: i32, code: &str) -> Self {
        assert_eq!(self.code, exit, "{self:#?}");
        assert!(self.err.contains(&format!("error[{code}]: ")), "{self:#?}");
        assert!(self.err.contains("\nhelp: "), "{self:#?}");
        self
    }

    /// Its standard output as JSON.
    #[track_caller]
    pub fn json(&self) -> Value {
        serde_json::from_str(&self.out).unwrap_or_else(|e| panic!("{e}: {self:#?}"))
    }
}

/// An app in a temporary folder.
pub struct App {
    directory: TempDir,
    pub variables: Vec<(String, String)>,
}

impl App {
    /// The first files of a new app, set up to be quick.
    pub async fn new() -> Self {
        let app = Self::empty();
        app.run(&["init", app.path().to_str().unwrap()]).await.ok();
        app.configure("\n[limits]\nblank_schemas_ready = 1\nblank_databases_ready = 1\n");
        app
    }

    /// A folder that an app can be made in.
    pub fn empty() -> Self {
        let directory = TempDir::new().unwrap();
        // The server's user has to get in when the tests run as root.
        fs::set_permissions(directory.path(), fs::Permissions::from_mode(0o711)).unwrap();
        Self { directory, variables: Vec::new() }
    }

    pub fn path(&self) -> PathBuf {
        self.directory.path().join("app")
    }

    /// A file beside the app's folder.
    pub fn file(&self, name: &str) -> PathBuf {
        self.directory.path().join(name)
    }

    /// Appends to `tenantry.toml`.
    pub fn configure(&self, text: &str) {
        let file = self.path().join("tenantry.toml");
        let before = fs::read_to_string(&file).unwrap();
        fs::write(file, before + text).unwrap();
    }

    /// Replaces a part of `tenantry.toml`.
    pub fn reconfigure(&self, from: &str, to: &str) {
        let file = self.path().join("tenantry.toml");
        let before = fs::read_to_string(&file).unwrap();
        assert!(before.contains(from), "{before}");
        fs::write(file, before.replace(from, to)).unwrap();
    }

    fn command(&self, args: &[&str]) -> Command {
        let mut command = Command::new(TENANTRY);
        for (name, _) in std::env::vars().filter(|(name, _)| name.starts_with("TENANTRY_")) {
            command.env_remove(name);
        }
        command.args(args).envs(self.variables.iter().cloned()).current_dir(self.directory.path());
        command.env("USER", "tester").env_remove("SUDO_USER");
        command.stdin(Stdio::null()).kill_on_drop(true);
        command
    }

    /// Runs a command as it is.
    pub async fn run(&self, args: &[&str]) -> Done {
        let output = timeout(PATIENCE, self.command(args).output()).await.expect("the command ends").unwrap();
        Done::new(&output)
    }

    /// Runs a command on the app's folder.
    pub async fn on(&self, args: &[&str]) -> Done {
        let path = self.path();
        self.run(&[&["--dir", path.to_str().unwrap()], args].concat()).await
    }

    /// Starts `up` and waits until all is ready.
    pub async fn up(&self, args: &[&str]) -> Up {
        let (path, ready) = (self.path(), self.file("ready.json"));
        let (path, ready) = (path.to_str().unwrap(), ready.to_str().unwrap());
        let own =
            ["up", "--dir", path, "--http", "127.0.0.1:0", "--gateway", "127.0.0.1:0", "--ready-file", ready];
        let mut up = self.start(&[&own, args].concat());
        let deadline = Instant::now() + PATIENCE;
        while !up.ready_file.exists() {
            let ended = up.child.try_wait().unwrap();
            assert!(ended.is_none() && Instant::now() < deadline, "{ended:?}: {}", up.log());
            sleep(LOOK).await;
        }
        up.ready = serde_json::from_str(&fs::read_to_string(&up.ready_file).unwrap()).unwrap();
        up
    }

    /// Starts `serve` and waits until it serves; `ready` then has its URL.
    pub async fn serve(&self, role: &str) -> Up {
        let path = self.path();
        let path = path.to_str().unwrap();
        let addresses = ["--http", "127.0.0.1:0", "--gateway", "127.0.0.1:0"];
        let mut up = self.start(&[&["serve", "--dir", path, "--role", role], &addresses[..]].concat());
        let deadline = Instant::now() + PATIENCE;
        while !up.log().contains("Ctrl-C stops") {
            let ended = up.child.try_wait().unwrap();
            assert!(ended.is_none() && Instant::now() < deadline, "{ended:?}: {}", up.log());
            sleep(LOOK).await;
        }
        let log = up.log();
        let url = log.split_once("HTTP on ").map(|(_, rest)| rest.split_once([';', ',']).unwrap().0);
        up.ready = serde_json::json!({ "http": url });
        up
    }

    /// Starts a command on the app's folder.
    pub fn begin(&self, args: &[&str]) -> Up {
        let path = self.path();
        self.start(&[&["--dir", path.to_str().unwrap()], args].concat())
    }

    /// Starts a command beside others that this app runs.
    pub fn begin_other(&self, name: &str, args: &[&str]) -> Up {
        self.start_into(args, (self.file(&format!("{name}.out")), self.file(&format!("{name}.err"))))
    }

    fn start(&self, args: &[&str]) -> Up {
        self.start_into(args, (self.file("up.out"), self.file("up.err")))
    }

    fn start_into(&self, args: &[&str], (out, err): (PathBuf, PathBuf)) -> Up {
        let child = self
            .command(args)
            .stdout(fs::File::create(&out).unwrap())
            .stderr(fs::File::create(&err).unwrap())
            .spawn()
            .unwrap();
        Up { child, ready: Value::Null, ready_file: self.file("ready.json"), out, err }
    }

    /// The embedded server's process, if its file is there.
    pub fn postmaster(&self) -> Option<i32> {
        let text = fs::read_to_string(self.path().join(".tenantry/postgres/postmaster.pid")).ok()?;
        text.lines().next()?.trim().parse().ok()
    }
}

impl Drop for App {
    /// A test that failed in the middle leaves no server behind.
    fn drop(&mut self) {
        if let Some(pid) = self.postmaster().filter(|pid| is_postgres(*pid)) {
            let _ = std::process::Command::new("kill").args(["-QUIT", &pid.to_string()]).status();
        }
    }
}

/// KiB of memory that a process has.
pub fn resident_kib(pid: u32) -> u64 {
    let status = fs::read_to_string(format!("/proc/{pid}/status")).unwrap_or_default();
    let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:"));
    line.and_then(|line| line.trim().split(' ').next()?.parse().ok()).unwrap_or_default()
}

/// Whether this process is a living PostgreSQL.
pub fn is_postgres(pid: i32) -> bool {
    let status = fs::read_to_string(format!("/proc/{pid}/status")).unwrap_or_default();
    status.contains("Name:\tpostgres") && !status.contains("State:\tZ")
}

/// A running `up`; killed when dropped.
pub struct Up {
    child: Child,
    pub ready: Value,
    pub ready_file: PathBuf,
    out: PathBuf,
    err: PathBuf,
}

impl Up {
    pub fn pid(&self) -> u32 {
        self.child.id().expect("it runs")
    }

    /// Whether it has not ended.
    pub fn lives(&self) -> bool {
        fs::read_to_string(format!("/proc/{}/status", self.pid())).is_ok_and(|s| !s.contains("State:\tZ"))
    }

    /// What it printed so far.
    pub fn printed(&self) -> String {
        fs::read_to_string(&self.out).unwrap()
    }

    /// What it printed on standard error so far.
    pub fn log(&self) -> String {
        fs::read_to_string(&self.err).unwrap()
    }

    /// Sends a signal and waits for the end; returns the exit code.
    pub async fn end(mut self, signal: &str) -> Option<i32> {
        send(signal, self.pid());
        let status = timeout(PATIENCE, self.child.wait()).await.expect("it ends").unwrap();
        status.code()
    }

    /// Gets a path of the HTTP listener: status line and headers, then the body.
    pub async fn get(&self, request: &str) -> (String, String) {
        let address = self.ready["http"].as_str().unwrap().strip_prefix("http://").unwrap();
        let mut stream = TcpStream::connect(address).await.unwrap();
        let text = format!("{request} HTTP/1.1\r\nHost: test\r\nConnection: close\r\n\r\n");
        stream.write_all(text.as_bytes()).await.unwrap();
        let mut answer = String::new();
        stream.read_to_string(&mut answer).await.unwrap();
        let (head, body) = answer.split_once("\r\n\r\n").unwrap();
        (head.to_owned(), body.to_owned())
    }
}

/// Sends a signal to a process.
pub fn send(signal: &str, pid: u32) {
    let status = std::process::Command::new("kill").args([signal, &pid.to_string()]).status().unwrap();
    assert!(status.success());
}

/// Waits for something that happens by itself.
pub async fn wait_for(what: &str, mut happened: impl AsyncFnMut() -> bool) {
    let deadline = Instant::now() + PATIENCE;
    while !happened().await {
        assert!(Instant::now() < deadline, "{what} did not happen");
        sleep(LOOK).await;
    }
}

/// Whether a folder holds this file.
pub fn holds(folder: &Path, file: &str) -> bool {
    folder.join(file).is_file()
}
