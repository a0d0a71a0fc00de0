//! The order of a run: read, run plainly, leave out what is refused, run everywhere, compare.

use std::path::Path;

use tenantry_domain::{Result, TenantKeyType};

use super::finding::{Finding, Point, Score};
use super::history::{self, File};
use super::lab::{Halt, Lab};
use super::plain::Plain;
use super::refusals::{leave_out_refused, places};
use super::{Options, When, check};
use crate::stack::AppOptions;

/// Statements that the product fails at, one by one, before the run is given up.
const RUNS_MAX: usize = 12;

/// Scores a folder.
///
/// # Errors
/// When it can't be read.
pub async fn run(folder: &Path, options: &Options) -> Result<Score> {
    let (mut files, mut score) = read(folder, options)?;
    score.postgres = crate::server::server().await.version().to_string();
    plain_run(&mut files, &mut score).await;
    leave_out_refused(&mut files, app_options(options, &score), &mut score).await;
    while !score.holds(Point::A) && leave_out_failing(&mut files, &mut score).await > 0 {
        leave_out_refused(&mut files, app_options(options, &score), &mut score).await;
    }
    let mut rows_from = 0;
    for _ in 0..RUNS_MAX {
        // What rows show is told by the last run alone.
        let mut one = score.clone();
        match attempt(&files, options, rows_from, &mut one).await {
            Ok(()) => return Ok(one),
            // Even without rows.
            Err(Halt::Rows(number)) if number < rows_from => break,
            Err(Halt::Rows(number)) => {
                rows_from = number + 1;
                score
                    .notes
                    .push(format!("no rows before {}: the plain run fails with them", files[number].path));
            }
            Err(Halt::Product(e)) => {
                let left = product_failed(&mut files, &e.sentence(), &mut score);
                if !left {
                    break;
                }
                leave_out_failing(&mut files, &mut score).await;
            }
        }
    }
    not_compared(&mut score, "the product has not come to the end");
    Ok(score)
}

/// What is refused alone.
///
/// # Errors
/// When it can't be read.
pub async fn shaped_only(folder: &Path, options: &Options) -> Result<Score> {
    let (mut files, mut score) = read(folder, options)?;
    leave_out_refused(&mut files, app_options(options, &score), &mut score).await;
    not_compared(&mut score, "nothing was run");
    Ok(score)
}

fn read(folder: &Path, options: &Options) -> Result<(Vec<File>, Score)> {
    let (mut files, unread) = history::read(folder, options)?;
    files.truncate(options.files_max.unwrap_or(usize::MAX));
    let column = options.tenant_column.clone().unwrap_or_else(|| history::tenant_column(&files).to_owned());
    let mut score = Score {
        history: folder.display().to_string(),
        files: files.len(),
        statements: files.iter().map(|f| f.pieces().len()).sum(),
        tenant_column: column,
        ..Score::default()
    };
    if let Some(e) = unread {
        let what = format!("{}; its files are scored in the order of their paths", e.sentence());
        score.add(Finding { point: Point::A, place: String::new(), shape: String::new(), what });
    }
    Ok((files, score))
}

fn not_compared(score: &mut Score, why: &str) {
    for point in [Point::B, Point::C, Point::D, Point::E] {
        let what = format!("was not compared: {why}");
        score.add(Finding { point, place: String::new(), shape: String::new(), what });
    }
}

fn app_options(options: &Options, score: &Score) -> AppOptions {
    AppOptions { global: options.global.clone(), ..AppOptions::default() }
        .key(&score.tenant_column, TenantKeyType::Uuid)
}

/// How far the original text gets: the measure of point (a). Files from there on are not scored.
async fn plain_run(files: &mut Vec<File>, score: &mut Score) {
    let plain = Plain::new("bare").await;
    for number in 0..files.len() {
        if let Err(stop) = plain.apply(&files[number]).await {
            let place = format!("{}:{}", files[number].path, stop.line);
            score.notes.push(format!(
                "the plain run ends at {place}: {} {}; scored up to there",
                stop.refusal.state, stop.refusal.message
            ));
            files.truncate(number);
            break;
        }
    }
    if files.is_empty() {
        let what = "nothing is scored: the plain run ends in the first file".to_owned();
        score.add(Finding { point: Point::A, place: String::new(), shape: String::new(), what });
    }
}

/// What fails in the plain run because something before it was left out is left out too; how much.
async fn leave_out_failing(files: &mut [File], score: &mut Score) -> usize {
    let plain = Plain::new("left").await;
    let mut left = 0;
    for file in files {
        let mut places = Vec::new();
        plain.apply_all(file, |line| places.push(line)).await;
        for line in places {
            score.notes.push(format!("{}:{line} needs what was left out", file.path));
            left += usize::from(file.leave_out(line));
        }
    }
    left
}

/// One run with rows from a file on.
async fn attempt(
    files: &[File],
    options: &Options,
    rows_from: usize,
    score: &mut Score,
) -> std::result::Result<(), Halt> {
    let mut lab = Lab::new(app_options(options, score), rows_from).await;
    tamper(&lab, options, When::Start).await;
    for (number, file) in files.iter().enumerate() {
        lab.step(number, file, score).await?;
    }
    lab.fill(score).await?;
    let empty = lab.empty_tables().await;
    if !empty.is_empty() {
        score.notes.push(format!("no row could be made for {}", empty.join(", ")));
    }
    lab.refresh().await?;
    tamper(&lab, options, When::End).await;
    check::check(&mut lab, files, score).await
}

async fn tamper(lab: &Lab, options: &Options, when: When) {
    if let Some(tamper) = options.tamper.as_ref().filter(|t| t.when == when) {
        lab.app.data().await.batch_execute(&tamper.sql).await.expect("tamper with the data database");
    }
}

/// A statement that the plain run does and the product doesn't: points (a) and, when it doesn't say which, (f). Leaves it
/// out; whether there is one to leave out.
fn product_failed(files: &mut [File], sentence: &str, score: &mut Score) -> bool {
    let Some((number, line, what)) = places(files, sentence).into_iter().next() else {
        for point in [Point::A, Point::F] {
            let what = format!("fails without naming a statement: {sentence}");
            score.add(Finding { point, place: String::new(), shape: String::new(), what });
        }
        return false;
    };
    let file = &mut files[number];
    let place = format!("{}:{line}", file.path);
    score.add(Finding { point: Point::A, place, shape: String::new(), what: format!("fails: {what}") });
    file.leave_out(line)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn file() -> File {
        let text = "CREATE TABLE t (a int);\nLOCK TABLE t;\n".to_owned();
        File { path: "1_a.sql".to_owned(), name: "00001_a.up.sql".to_owned(), text }
    }

    #[test]
    fn failures_that_name_a_statement() {
        let mut score = Score::default();
        let mut files = [file()];
        assert!(product_failed(&mut files, "00001_a.up.sql:2:1: the shared tables: no", &mut score));
        assert!(!files[0].text.contains("LOCK"));
        assert_eq!(score.findings[0].place, "1_a.sql:2");
        assert!(score.holds(Point::F) && !score.holds(Point::A));
    }

    #[test]
    fn failures_that_name_none() {
        let mut score = Score::default();
        assert!(!product_failed(&mut [file()], "the server went away", &mut score));
        assert!(!score.holds(Point::F) && !score.holds(Point::A));
    }
}
