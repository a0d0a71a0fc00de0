//! Other processes by their number: whether they live, what they run, signals.

use std::fs;
use std::path::Path;
use std::process::Command;

use rustix::io::Errno;
use rustix::process::{Pid, Signal, kill_process, test_kill_process};

/// What is known about the process behind a number.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Life {
    /// There is none, or only an exit status that nobody has fetched.
    Gone,
    /// It runs this command.
    Runs(Vec<String>),
    /// It lives, but the system does not show what it runs.
    Hidden,
}

/// Looks at a process.
pub(crate) fn look(pid: i32) -> Life {
    let Some(number) = pid_of(pid) else { return Life::Gone };
    if test_kill_process(number) == Err(Errno::SRCH) {
        return Life::Gone;
    }
    if Path::new("/proc/self/stat").exists() { look_in_proc(pid) } else { look_with_ps(pid) }
}

fn look_in_proc(pid: i32) -> Life {
    let Ok(stat) = fs::read_to_string(format!("/proc/{pid}/stat")) else { return Life::Hidden };
    // The state follows the command's name in parentheses, which can hold anything itself (proc(5)).
    let state = stat.rsplit(')').next().and_then(|rest| rest.trim_start().chars().next());
    if matches!(state, Some('Z' | 'X')) {
        return Life::Gone;
    }
    match fs::read(format!("/proc/{pid}/cmdline")) {
        Ok(bytes) => Life::Runs(
            bytes
                .split(|b| *b == 0)
                .filter(|arg| !arg.is_empty())
                .map(|arg| String::from_utf8_lossy(arg).into_owned())
                .collect(),
        ),
        Err(_) => Life::Hidden,
    }
}

fn look_with_ps(pid: i32) -> Life {
    let output = Command::new("ps").args(["-ww", "-o", "command=", "-p", &pid.to_string()]).output();
    match output {
        Ok(out) if out.status.success() => {
            let text = String::from_utf8_lossy(&out.stdout);
            Life::Runs(text.split_whitespace().map(str::to_owned).collect())
        }
        Ok(_) => Life::Gone,
        Err(_) => Life::Hidden,
    }
}

/// Signals of PostgreSQL's postmaster (manual, section 19.5).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Shutdown {
    /// Ends sessions, writes a checkpoint.
    Fast,
    /// Ends at once; the next start recovers.
    Immediate,
    /// The last resort: the processes get no say.
    Kill,
}

/// Sends a signal; a process that is gone already is no error.
pub(crate) fn signal(pid: i32, how: Shutdown) -> std::io::Result<()> {
    let Some(number) = pid_of(pid) else { return Ok(()) };
    let signal = match how {
        Shutdown::Fast => Signal::INT,
        Shutdown::Immediate => Signal::QUIT,
        Shutdown::Kill => Signal::KILL,
    };
    match kill_process(number, signal) {
        Ok(()) | Err(Errno::SRCH) => Ok(()),
        Err(e) => Err(e.into()),
    }
}

/// Only numbers of single processes: 0 and below mean groups to `kill(2)`.
fn pid_of(pid: i32) -> Option<Pid> {
    if pid > 0 { Pid::from_raw(pid) } else { None }
}

/// Whether we may act as any user.
pub(crate) fn is_root() -> bool {
    rustix::process::geteuid().is_root()
}

#[cfg(test)]
#[allow(clippy::unwrap_used, clippy::expect_used, reason = "tests stop at the first surprise")]
mod tests {
    use super::*;

    #[test]
    fn sees_itself_and_not_the_dead() {
        let Life::Runs(args) = look(std::process::id().cast_signed()) else { panic!("we run") };
        assert!(!args.is_empty());
        let mut child = Command::new("true").spawn().unwrap();
        let pid = child.id().cast_signed();
        while look(pid) != Life::Gone {
            std::thread::yield_now();
        }
        child.wait().unwrap();
        assert_eq!(look(pid), Life::Gone);
        assert_eq!(look(0), Life::Gone);
        assert_eq!(look(-1), Life::Gone);
    }
}
