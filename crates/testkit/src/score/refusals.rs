//! Points (a) and (f) before anything is applied: which statements the product refuses, and whether it says where they
//! stand.

use tenantry_shape::Statement;

use super::finding::{Finding, Point, Score};
use super::history::File;
use crate::stack::{AppOptions, TestApp};

/// How often the product is asked again without what it has refused.
const ROUNDS_MAX: usize = 100;

/// Has the product shape the history. What is refused becomes findings, and is left out of the files.
pub async fn leave_out_refused(files: &mut [File], options: AppOptions, score: &mut Score) {
    let folder = tempfile::tempdir().expect("a folder for the history");
    let app = TestApp::without_migrations(folder.path(), options).await;
    for _ in 0..ROUNDS_MAX {
        for file in files.iter() {
            std::fs::write(folder.path().join(&file.name), &file.text).expect("write a migration");
        }
        let e = match app.migrator.shaped().await {
            Ok(statements) => return silent(files, &statements, score),
            Err(e) => e,
        };
        let mut left = 0;
        for (number, line, what) in places(files, e.message()) {
            add(&files[number], line, &what, score);
            left += usize::from(files[number].leave_out(line));
        }
        if left == 0 {
            let what = format!("a refusal doesn't say where the statement stands: {}", e.sentence());
            for point in [Point::A, Point::F] {
                score.add(Finding { point, place: String::new(), shape: String::new(), what: what.clone() });
            }
            return;
        }
    }
}

/// The statements that an error names: number of the file, line, and what is wrong.
pub fn places(files: &[File], message: &str) -> Vec<(usize, usize, String)> {
    let mut found: Vec<(usize, usize, String)> = Vec::new();
    for text in message.lines() {
        let named = files.iter().enumerate().find_map(|(number, file)| {
            let (_, rest) = text.split_once(&format!("{}:", file.name))?;
            let digits = rest.find(|c: char| !c.is_ascii_digit()).unwrap_or(rest.len());
            let line: usize = rest[..digits].parse().ok()?;
            let what = rest[digits..].trim_start_matches([':', ' ', ',']);
            // The column.
            let what = what.trim_start_matches(|c: char| c.is_ascii_digit()).trim_start_matches([':', ' ']);
            let within = (1..=file.text.lines().count()).contains(&line);
            within.then(|| (number, line, what.to_owned()))
        });
        match (named, found.last_mut()) {
            (Some(named), _) => found.push(named),
            // A message of several lines.
            (None, Some((_, _, what))) => what.push_str(&format!("\n{text}")),
            (None, None) => {}
        }
    }
    found
}

/// What neither runs nor is accounted for.
fn silent(files: &[File], statements: &[Statement], score: &mut Score) {
    for statement in statements {
        let runs_shared = !statement.shared.is_empty() || !statement.retired.is_empty();
        let is_silent = !runs_shared || statement.plain.is_empty();
        if is_silent && statement.notes.is_empty() {
            let path = files.iter().find(|f| f.name == statement.file).map_or("", |f| &f.path);
            score.add(Finding {
                point: Point::F,
                place: format!("{path}:{}", statement.line),
                shape: String::new(),
                what: format!("left out without a note: {}", head(&statement.source)),
            });
        }
    }
}

fn add(file: &File, line: usize, what: &str, score: &mut Score) {
    let pieces = file.pieces();
    let piece = pieces.iter().rev().find(|p| p.line <= line);
    let source = piece.map(|p| head(&p.sql)).unwrap_or_default();
    score.add(Finding {
        point: Point::A,
        place: format!("{}:{line}", file.path),
        shape: String::new(),
        what: format!("refused: {what}\n{source}"),
    });
}

/// The beginning of a statement on one line.
pub fn head(sql: &str) -> String {
    let line = sql.split_whitespace().collect::<Vec<_>>().join(" ");
    if line.chars().count() > 160 { line.chars().take(160).chain("...".chars()).collect() } else { line }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn errors_name_statements() {
        let file = |name: &str| File {
            path: String::new(),
            name: name.to_owned(),
            text: "SELECT 1;\nSELECT 2;\nSELECT 3;\n".to_owned(),
        };
        let files = [file("00001_a.up.sql"), file("00002_b.up.sql")];
        let message = "00002_b.up.sql:2:1: it does this;\nwrite that\n00001_a.up.sql:3: extension x";
        assert_eq!(
            places(&files, message),
            [(1, 2, "it does this;\nwrite that".to_owned()), (0, 3, "extension x".to_owned())]
        );
        assert_eq!(places(&files, "the server went away"), []);
        assert_eq!(places(&files, "00001_a.up.sql:9:1: behind its end"), []);
    }
}
