//! What is compared when everything is applied.

use tenantry_domain::Isolation;

use super::compare::{Difference, Shape, compare};
use super::dump::{self, Volatile};
use super::finding::{Finding, Point, Score};
use super::history::File;
use super::lab::{Halt, Lab, refresh};
use super::plain::Plain;
use super::snapshot::Snapshot;
use super::tenants::{Tenant, Tenants};
use super::{behaviour, cross, rules, snapshot};

/// Points (b) to (e) at the end of a run.
///
/// # Errors
/// When materialized views can't be refreshed.
pub async fn check(lab: &mut Lab, files: &[File], score: &mut Score) -> Result<(), Halt> {
    objects(lab, files, score).await;
    keys(lab, files, score).await;
    let volatile = rows(lab, files, score).await;
    newcomers(lab, files, &volatile, score).await;
    behaviour::check(lab, score).await;
    cross::check(lab, &volatile, score).await
}

/// Point (b).
async fn objects(lab: &Lab, files: &[File], score: &mut Score) {
    let plain = snapshot::read_all(lab.plain.client()).await;
    for (isolation, pair) in lab.pairs() {
        for tenant in pair {
            for difference in differences(lab, &plain, tenant).await {
                score.add(Finding {
                    point: Point::B,
                    place: place(files, &difference.name),
                    shape: isolation.to_string(),
                    what: difference.sentence(),
                });
            }
        }
    }
}

async fn differences(lab: &Lab, plain: &Snapshot, tenant: &Tenant) -> Vec<Difference> {
    let ours = tenant.snapshot(lab.tenant_column()).await;
    let is_shared = tenant.isolation == Isolation::Shared;
    let tenant_column = is_shared.then(|| lab.tenant_column().to_owned());
    let schemas = snapshot::other_schemas(lab.plain.client()).await;
    compare(plain, &ours, &Shape { schema: tenant.home.1.clone(), plain: schemas, tenant_column })
}

/// Points (b) and (e) of tenants that come when everything is applied: they are what the plain run is without an
/// application's rows.
async fn newcomers(lab: &Lab, files: &[File], volatile: &Volatile, score: &mut Score) {
    // Two runs show what differs from one to the other: identifiers that migrations draw, times.
    let (bare, again) = (Plain::new("bare").await, Plain::new("again").await);
    let relations = lab.relations().await;
    for plain in [&bare, &again] {
        for file in files {
            if plain.apply(file).await.is_err() {
                score.notes.push(format!("new tenants were not compared: {} needs rows", file.path));
                return;
            }
        }
        // A new tenant's materialized views are filled when it comes.
        plain.apply_all(&refresh(&relations, String::new()), |_| {}).await;
        // The second run has other times, even where they are kept by the second.
        plain.client().batch_execute("SELECT pg_catalog.pg_sleep(1)").await.expect("let a second pass");
    }
    let objects = snapshot::read_all(bare.client()).await;
    let rows = dump::read(bare.application().await, &relations).await;
    let mut masked = dump::volatile(&rows, &dump::read(again.application().await, &relations).await);
    for (name, columns) in volatile {
        masked.entry(name.clone()).or_default().extend(columns);
    }
    for isolation in Isolation::ALL {
        let mut add = |point, name: &str, what: String| {
            let (place, shape) = (place(files, name), format!("new-{isolation}"));
            score.add(Finding { point, place, shape, what });
        };
        let tenant = match Tenants::tenant(&lab.app, format!("late-{isolation}"), isolation).await {
            Ok(tenant) => tenant,
            Err(e) => {
                add(Point::B, "", format!("a new tenant can't be made: {}", e.sentence()));
                continue;
            }
        };
        for difference in differences(lab, &objects, &tenant).await {
            add(Point::B, &difference.name, difference.sentence());
        }
        let ours = dump::read(&tenant.client, &relations).await;
        for (name, what) in dump::differences(&rows, &ours, &masked) {
            add(Point::E, &name, format!("{name}: {what}"));
        }
    }
}

/// Point (c).
async fn keys(lab: &Lab, files: &[File], score: &mut Score) {
    for (object, rule) in rules::broken(&lab.app.data().await, lab.tenant_column()).await {
        let name = object.rsplit(' ').next().unwrap_or_default();
        score.add(Finding {
            point: Point::C,
            place: place(files, name),
            shape: Isolation::Shared.to_string(),
            what: format!("{object} {rule}"),
        });
    }
}

/// Point (e), and the counts of point (d).
async fn rows(lab: &Lab, files: &[File], score: &mut Score) -> Volatile {
    let relations = lab.relations().await;
    let plain = dump::read(lab.plain.application().await, &relations).await;
    let twin = dump::read(lab.twin.application().await, &relations).await;
    let volatile = dump::volatile(&plain, &twin);
    for (isolation, pair) in lab.pairs() {
        for tenant in pair {
            let ours = dump::read(&tenant.client, &relations).await;
            for (name, what) in dump::differences(&plain, &ours, &volatile) {
                let counts = matches!((plain.get(&name), ours.get(&name)), (Some(Ok(a)), Some(Ok(b))) if a.len() == b.len());
                for point in [Point::E, Point::D].into_iter().take(if counts { 1 } else { 2 }) {
                    score.add(Finding {
                        point,
                        place: place(files, &name),
                        shape: isolation.to_string(),
                        what: format!("{name}: {what}"),
                    });
                }
            }
        }
    }
    volatile
}

/// Where the history last speaks of an object.
fn place(files: &[File], name: &str) -> String {
    let parts: Vec<&str> = name.split(['.', ' ', '(']).filter(|p| !p.is_empty()).collect();
    let all = |sql: &str| parts.iter().all(|part| has_word(sql, part));
    let last = |sql: &str| parts.last().is_some_and(|part| has_word(sql, part));
    let first = |sql: &str| parts.first().is_some_and(|part| has_word(sql, part));
    let wanted: [&dyn Fn(&str) -> bool; 3] = [&all, &last, &first];
    for wants in wanted {
        for file in files.iter().rev() {
            if let Some(piece) = file.pieces().iter().rev().find(|p| wants(&p.sql)) {
                return format!("{}:{}", file.path, piece.line);
            }
        }
    }
    String::new()
}

fn has_word(text: &str, word: &str) -> bool {
    let is_part = |c: char| c.is_alphanumeric() || c == '_';
    text.match_indices(word)
        .any(|(at, _)| !text[..at].ends_with(is_part) && !text[at + word.len()..].starts_with(is_part))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_last_statement_that_names_an_object() {
        let text = "CREATE TABLE t (a int);\nALTER TABLE t ADD b int;\nCREATE TABLE tb (x int);\n";
        let file = File { path: "1.sql".to_owned(), name: String::new(), text: text.to_owned() };
        let files = [file];
        assert_eq!(place(&files, "t.b"), "1.sql:2");
        assert_eq!(place(&files, "t"), "1.sql:2");
        assert_eq!(place(&files, "t_a_key"), "");
    }
}
