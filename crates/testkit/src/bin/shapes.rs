//! `cargo xtask shapes DIR...`: scores histories of migrations. A program of its own, so that the checks on the tree
//! need no server's client.
#![allow(clippy::unwrap_used, clippy::expect_used)]

use std::path::PathBuf;
use std::process::ExitCode;

use tenantry_testkit::score::{Options, Score, refusals, score, text};

const USAGE: &str = "usage: cargo xtask shapes [--pg-bin DIR] [--tenant-column NAME] [--global TABLE,...] \
    [--layout NAME] [--ignore PATTERN,...] [--files COUNT] [--refusals] [--all] [--json] DIR...";

#[derive(Default)]
struct Arguments {
    options: Options,
    all: bool,
    refusals: bool,
    json: bool,
    folders: Vec<PathBuf>,
}

fn arguments() -> Option<Arguments> {
    let mut arguments = Arguments::default();
    let mut words = std::env::args().skip(1);
    while let Some(word) = words.next() {
        match word.as_str() {
            "--all" => arguments.all = true,
            "--refusals" => arguments.refusals = true,
            "--json" => arguments.json = true,
            "--tenant-column" => arguments.options.tenant_column = Some(words.next()?),
            "--global" => arguments.options.global = list(&words.next()?),
            "--layout" => arguments.options.layout = Some(words.next()?.parse().ok()?),
            "--ignore" => arguments.options.ignore = list(&words.next()?),
            "--files" => arguments.options.files_max = Some(words.next()?.parse().ok()?),
            word if word.starts_with('-') => return None,
            _ => arguments.folders.push(PathBuf::from(word)),
        }
    }
    (!arguments.folders.is_empty()).then_some(arguments)
}

fn list(word: &str) -> Vec<String> {
    word.split(',').map(str::to_owned).collect()
}

#[tokio::main]
async fn main() -> ExitCode {
    let Some(arguments) = arguments() else {
        eprintln!("{USAGE}");
        return ExitCode::from(2);
    };
    let mut scores: Vec<Score> = Vec::new();
    let mut failed = false;
    for folder in &arguments.folders {
        let result = if arguments.refusals {
            refusals(folder, &arguments.options).await
        } else {
            score(folder, &arguments.options).await
        };
        match result {
            Ok(score) => {
                if !arguments.json {
                    print!("{}", text(&score, arguments.all));
                }
                failed |= !score.findings.is_empty();
                scores.push(score);
            }
            Err(e) => {
                eprintln!("{}: {}", folder.display(), e.sentence());
                failed = true;
            }
        }
    }
    if arguments.json {
        println!("{}", serde_json::to_string_pretty(&scores).expect("a score is JSON"));
    }
    if failed { ExitCode::FAILURE } else { ExitCode::SUCCESS }
}
