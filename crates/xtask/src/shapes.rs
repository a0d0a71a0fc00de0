//! `cargo xtask shapes DIR...`: scores histories of migrations. The work is done by `testkit`, which runs servers; it is
//! built when it is asked for, so that the other tasks stay quick.

use std::path::Path;
use std::process::{Command, ExitCode};

use anyhow::{Context, Result};

/// Names the server's binaries, for `testkit`.
const BIN_VARIABLE: &str = "TENANTRY_TEST_PG_BIN";

pub fn run(root: &Path, arguments: &[&str]) -> Result<ExitCode> {
    let (bin, rest) = split(arguments);
    let cargo = std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into());
    let mut command = Command::new(cargo);
    command
        .args(["run", "--quiet", "--package", "tenantry-testkit", "--bin", "shapes", "--manifest-path"])
        .arg(root.join("Cargo.toml"))
        .arg("--")
        .args(rest);
    if let Some(bin) = bin {
        command.env(BIN_VARIABLE, bin);
    }
    let status = command.status().context("run cargo")?;
    let code = status.code().and_then(|code| u8::try_from(code).ok());
    Ok(code.map_or(ExitCode::FAILURE, ExitCode::from))
}

/// The value of `--pg-bin`, and everything else.
fn split<'a>(arguments: &[&'a str]) -> (Option<&'a str>, Vec<&'a str>) {
    let mut bin = None;
    let mut rest = Vec::new();
    let mut words = arguments.iter();
    while let Some(word) = words.next() {
        match word.strip_prefix("--pg-bin") {
            Some("") => bin = words.next().copied(),
            Some(value) if value.starts_with('=') => bin = Some(&value[1..]),
            _ => rest.push(*word),
        }
    }
    (bin, rest)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_binaries_are_taken_out() {
        let all = ["--all", "--pg-bin", "/opt/18/bin", "crm"];
        assert_eq!(split(&all), (Some("/opt/18/bin"), vec!["--all", "crm"]));
        assert_eq!(split(&["--pg-bin=/opt/18/bin", "crm"]), (Some("/opt/18/bin"), vec!["crm"]));
        assert_eq!(split(&["crm"]), (None, vec!["crm"]));
    }
}
