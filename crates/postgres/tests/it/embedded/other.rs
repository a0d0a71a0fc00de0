//! Another process that opens a directory: this very test program, told by its environment what to do.

use std::io::{BufRead, BufReader, Write};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};

use tenantry_postgres::embedded::{Embedded, EmbeddedOptions, Mode};

const DIRECTORY: &str = "TENANTRY_TEST_OTHER_DIRECTORY";
const MODE: &str = "TENANTRY_TEST_OTHER_MODE";
const BIN: &str = "TENANTRY_TEST_OTHER_BIN";
const MARK: &str = "other-process:";

/// What the other process does; it is no test of its own.
#[tokio::test]
#[ignore = "run by other tests, in a process of its own"]
async fn other_process() {
    let directory = PathBuf::from(std::env::var_os(DIRECTORY).expect("run by other tests"));
    let mode = if std::env::var(MODE).unwrap() == "exclusive" { Mode::Exclusive } else { Mode::Shared };
    let bin = Some(PathBuf::from(std::env::var_os(BIN).unwrap()));
    match Embedded::open(EmbeddedOptions { directory, bin, mode }).await {
        Ok(embedded) => {
            let postmaster = embedded.postmaster().await.unwrap();
            println!("{MARK} open {postmaster}");
            // Until we are told to go on, or nobody is left to tell us.
            let _ = std::io::stdin().lock().read_line(&mut String::new());
            embedded.close().await.unwrap();
            println!("{MARK} closed");
        }
        Err(e) => println!("{MARK} refused {} {}", e.code(), e.message().replace('\n', " ")),
    }
}

/// A process that has a directory open.
pub(super) struct Other {
    child: Child,
    output: BufReader<std::process::ChildStdout>,
    pub(super) pid: i32,
    pub(super) postmaster: i32,
}

impl Other {
    /// Starts one, which must be let in.
    pub(super) async fn open(directory: &Path, mode: Mode) -> Self {
        match Self::try_open(directory, mode, |command| command).await {
            Ok(other) => other,
            Err(refusal) => panic!("{refusal}"),
        }
    }

    /// Starts one; what it was refused with.
    pub(super) async fn try_open(
        directory: &Path,
        mode: Mode,
        prepare: impl FnOnce(&mut Command) -> &mut Command,
    ) -> Result<Self, String> {
        Self::run(&std::env::current_exe().unwrap(), directory, mode, prepare).await
    }

    /// The same with a copy of this program.
    pub(super) async fn run(
        program: &Path,
        directory: &Path,
        mode: Mode,
        prepare: impl FnOnce(&mut Command) -> &mut Command,
    ) -> Result<Self, String> {
        let mut command = Command::new(program);
        command
            .args(["--exact", "embedded::other::other_process", "--ignored", "--nocapture"])
            .env(DIRECTORY, directory)
            .env(MODE, if mode == Mode::Exclusive { "exclusive" } else { "shared" })
            .env(BIN, tenantry_testkit::server::installation().await.bin)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped());
        let mut child = prepare(&mut command).spawn().unwrap();
        let mut output = BufReader::new(child.stdout.take().unwrap());
        let said = hear(&mut output);
        match said.strip_prefix("open ") {
            Some(postmaster) => {
                let (pid, postmaster) = (child.id().cast_signed(), postmaster.parse().unwrap());
                Ok(Self { child, output, pid, postmaster })
            }
            None => {
                child.wait().unwrap();
                Err(said)
            }
        }
    }

    /// Ends it without its having a say.
    pub(super) fn kill(mut self) {
        self.child.kill().unwrap();
        self.child.wait().unwrap();
    }

    /// Lets it close and end.
    pub(super) fn close(mut self) {
        self.child.stdin.take().unwrap().write_all(b"\n").unwrap();
        assert_eq!(hear(&mut self.output), "closed");
        assert!(self.child.wait().unwrap().success());
    }
}

/// The next line of ours among what the test harness prints.
fn hear(output: &mut impl BufRead) -> String {
    loop {
        let mut line = String::new();
        assert_ne!(output.read_line(&mut line).unwrap(), 0, "the other process ended without a word");
        if let Some((_, said)) = line.split_once(MARK) {
            return said.trim().to_owned();
        }
    }
}
