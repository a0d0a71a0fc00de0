//! A score for people: one line with the six points, then what fails.

use super::finding::{Finding, Point, Score};

/// Findings of one point that are shown unless all are wanted.
const SHOWN_MAX: usize = 12;
/// Longest description that is shown.
const CHARACTERS_MAX: usize = 600;

/// The text of the report.
pub fn text(score: &Score, all: bool) -> String {
    let points: Vec<String> = Point::ALL
        .iter()
        .map(|p| format!("{} {}", p.letter(), if score.holds(*p) { "ok" } else { "FAIL" }))
        .collect();
    let mut out = format!(
        "{}: {} (PostgreSQL {}, {} files, {} statements, {} replayed)\n",
        score.history,
        points.join("  "),
        score.postgres,
        score.files,
        score.statements,
        score.replayed
    );
    for note in &score.notes {
        out.push_str(&format!("  note: {note}\n"));
    }
    for point in Point::ALL {
        let findings: Vec<&Finding> = score.findings.iter().filter(|f| f.point == point).collect();
        let shown = if all { findings.len() } else { SHOWN_MAX.min(findings.len()) };
        for finding in &findings[..shown] {
            out.push_str(&line(finding, all));
        }
        if shown < findings.len() {
            out.push_str(&format!("  {}  and {} more (--all)\n", point.letter(), findings.len() - shown));
        }
    }
    out
}

fn line(finding: &Finding, all: bool) -> String {
    let place = if finding.place.is_empty() { String::new() } else { format!("{}: ", finding.place) };
    let shape = if finding.shape.is_empty() { String::new() } else { format!("[{}] ", finding.shape) };
    let what = if all { finding.what.clone() } else { finding.what.chars().take(CHARACTERS_MAX).collect() };
    format!("  {}  {shape}{place}{}\n", finding.point.letter(), what.replace('\n', "\n       "))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn finding(what: &str) -> Finding {
        Finding {
            point: Point::B,
            place: "1.sql:3".to_owned(),
            shape: "shared".to_owned(),
            what: what.to_owned(),
        }
    }

    #[test]
    fn a_report_shows_points_and_findings() {
        let mut score = Score { history: "app".to_owned(), postgres: "15.1".to_owned(), ..Score::default() };
        assert!(text(&score, false).starts_with("app: a ok  b ok  c ok  d ok  e ok  f ok ("));
        for n in 0..20 {
            score.add(finding(&n.to_string()));
            score.add(finding(&n.to_string()));
        }
        score.add(Finding { shape: "schema".to_owned(), ..finding("0") });
        let report = text(&score, false);
        assert!(report.starts_with("app: a ok  b FAIL  c ok"), "{report}");
        assert!(report.contains("  b  [shared schema] 1.sql:3: 0\n"), "{report}");
        assert!(report.contains("and 8 more"), "{report}");
        assert!(text(&score, true).contains("1.sql:3: 19\n"));
    }
}
