//! Points (a) and (f) before anything runs: which statements the product refuses, and whether it says where they stand.

use std::sync::Arc;

use tenantry_migrate::shadow::{Shadow, Shaping};
use tenantry_shape::{History, Options, Refusal, ShadowAnswer, ShadowQuestion, ShapeError, Statement};

use super::finding::{Finding, Point, Score};
use super::history::File;
use crate::stack::TestApp;

/// Refusals of one file that are asked for before the file is given up.
const ROUNDS_MAX: usize = 200;

/// Has every file shaped, as the product does for this app. What is refused becomes findings, and is left out of the files.
pub async fn leave_out_refused(
    files: &mut Vec<File>,
    options: Options,
    score: &mut Score,
    app: &Arc<TestApp>,
) {
    let (mut taken, mut counted, app) = (std::mem::take(files), std::mem::take(score), app.clone());
    let work = tokio::task::spawn_blocking(move || {
        let platform = &app.platform;
        let service = platform.app.services.values().next().expect("the app has a service");
        let shaping = Shaping {
            app: &platform.app,
            service,
            registry: &platform.registry,
            clusters: &platform.clusters,
        };
        let mut shadow = Shadow::new(shaping).expect("a runtime");
        leave_out(&mut taken, options, &mut counted, Some(&mut shadow));
        shadow.close().expect("drop the shadow database");
        (taken, counted)
    });
    (*files, *score) = work.await.expect("shape the files");
}

/// The same without a server where there is no shadow: what blocks define is left open then.
pub fn leave_out(
    files: &mut [File],
    options: Options,
    score: &mut Score,
    mut shadow: Option<&mut Shadow<'_>>,
) {
    let mut history = History::new(options);
    let mut earlier: Vec<Statement> = Vec::new();
    for file in files {
        for _ in 0..ROUNDS_MAX {
            let mut ask = |question: ShadowQuestion<'_>| {
                let Some(shadow) = shadow.as_deref_mut() else {
                    return Ok(ShadowAnswer { unknown: true, ..ShadowAnswer::default() });
                };
                // Each try may stand behind other statements than the one before.
                shadow.restart()?;
                shadow.ask(&earlier.iter().collect::<Vec<_>>(), question)
            };
            let places = match history.apply_with(&file.name, &file.text, &mut ask) {
                Ok(statements) => {
                    for statement in &statements {
                        let silent = statement.shared.is_empty() || statement.plain.is_empty();
                        if silent && statement.notes.is_empty() {
                            score.add(Finding {
                                point: Point::F,
                                place: format!("{}:{}", file.path, statement.line),
                                shape: String::new(),
                                what: format!("left out without a note: {}", head(&statement.source)),
                            });
                        }
                    }
                    earlier.extend(statements);
                    break;
                }
                Err(ShapeError::Shadow { line, message, .. }) => {
                    add(file, line, &message, score);
                    vec![line]
                }
                Err(ShapeError::Refused(refusals)) => refused(file, &refusals, score),
                Err(ShapeError::Syntax { line, message, .. }) => {
                    add(file, line, &format!("syntax: {message}"), score);
                    vec![line]
                }
                Err(other) => {
                    add(file, 1, &other.to_string(), score);
                    Vec::new()
                }
            };
            let left = places.iter().filter(|line| file.leave_out(**line)).count();
            if left == 0 {
                break;
            }
        }
    }
}

fn refused(file: &File, refusals: &[Refusal], score: &mut Score) -> Vec<usize> {
    for refusal in refusals {
        let shape = refusal.shape.map_or("every shape", |s| s.as_str());
        add(
            file,
            refusal.line,
            &format!("refused in {shape}: {}; {}", refusal.reason, refusal.remedy),
            score,
        );
    }
    refusals.iter().map(|r| r.line).collect()
}

fn add(file: &File, line: usize, what: &str, score: &mut Score) {
    let pieces = file.pieces();
    let piece = pieces.iter().find(|p| p.line == line);
    let source = piece.map(|p| head(&p.sql)).unwrap_or_default();
    let place = format!("{}:{line}", file.path);
    score.add(Finding {
        point: Point::A,
        place: place.clone(),
        shape: String::new(),
        what: format!("{what}\n{source}"),
    });
    let lines = file.text.lines().count();
    if file.name.is_empty() || line == 0 || line > lines {
        let what = format!("a refusal doesn't say where the statement stands: {what}");
        score.add(Finding { point: Point::F, place, shape: String::new(), what });
    }
}

/// The beginning of a statement on one line.
pub fn head(sql: &str) -> String {
    let line = sql.split_whitespace().collect::<Vec<_>>().join(" ");
    if line.chars().count() > 160 { line.chars().take(160).chain("...".chars()).collect() } else { line }
}
