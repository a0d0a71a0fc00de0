//! Points (a) and (f) before anything runs: which statements the product refuses, and whether it says where they stand.

use tenantry_shape::{History, Options, Refusal, ShapeError};

use super::finding::{Finding, Point, Score};
use super::history::File;

/// Refusals of one file that are asked for before the file is given up.
const ROUNDS_MAX: usize = 200;

/// Has every file shaped. What is refused becomes findings, and is left out of the files.
pub fn leave_out_refused(files: &mut [File], options: Options, score: &mut Score) {
    let mut history = History::new(options);
    for file in files {
        for _ in 0..ROUNDS_MAX {
            let places = match history.apply(&file.name, &file.text) {
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
                    break;
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
