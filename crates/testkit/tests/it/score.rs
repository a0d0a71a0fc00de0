//! A score can't be green by accident: a history that is carried, and for each point one that is made to fail.

use tenantry_testkit::score::{Finding, Options, Point, Score, Tamper, When, score, text};

const FIRST: &str = "\
CREATE TYPE mood AS ENUM ('fine', 'low');
CREATE TABLE kinds (id serial PRIMARY KEY, name text NOT NULL UNIQUE, mood mood);
INSERT INTO kinds (name) VALUES ('a'), ('b');
CREATE TABLE notes (
  id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
  kind integer NOT NULL REFERENCES kinds ON DELETE CASCADE,
  body text,
  state text NOT NULL DEFAULT 'open' CHECK (state IN ('open', 'done')),
  at timestamptz NOT NULL DEFAULT now()
);
";
const SECOND: &str = "\
UPDATE kinds SET name = upper(name);
CREATE VIEW open_notes AS SELECT * FROM notes WHERE state = 'open';
DELETE FROM notes WHERE id = 2;
ALTER TABLE notes ADD COLUMN rank integer NOT NULL;
";

async fn scored(files: &[(&str, &str)], options: Options) -> Score {
    let folder = tempfile::tempdir().unwrap();
    for (name, text) in files {
        std::fs::write(folder.path().join(name), text).unwrap();
    }
    score(folder.path(), &options).await.unwrap()
}

async fn tampered(when: When, sql: &str) -> Score {
    let tamper = Some(Tamper { when, sql: sql.to_owned() });
    scored(&[("1_first.sql", FIRST), ("2_second.sql", SECOND)], Options { tamper, ..Options::default() })
        .await
}

fn failing(score: &Score) -> String {
    Point::ALL.into_iter().filter(|p| !score.holds(*p)).map(Point::letter).collect()
}

fn of(score: &Score, point: Point) -> &Finding {
    score.findings.iter().find(|f| f.point == point).unwrap_or_else(|| panic!("{}", text(score, true)))
}

#[tokio::test]
async fn a_history_that_is_carried() {
    let score = scored(&[("1_first.sql", FIRST), ("2_second.sql", SECOND)], Options::default()).await;
    assert_eq!(failing(&score), "", "{}", text(&score, true));
    assert!(score.replayed > 20, "{}", text(&score, true));
    assert!(score.notes.is_empty(), "{}", text(&score, true));
}

#[tokio::test]
async fn a_what_is_refused() {
    let third = "CREATE TABLE more (id int PRIMARY KEY);\n\nUPDATE pg_catalog.pg_class SET reltuples = 0 WHERE false;\n";
    let score = scored(&[("1_first.sql", FIRST), ("2_third.sql", third)], Options::default()).await;
    assert_eq!(failing(&score), "a", "{}", text(&score, true));
    assert_eq!(of(&score, Point::A).place, "2_third.sql:3");
}

#[tokio::test]
async fn a_what_fails_when_it_runs() {
    let score = tampered(When::Start, "CREATE VIEW shared.open_notes AS SELECT 1").await;
    assert!(!score.holds(Point::A), "{}", text(&score, true));
    assert!(score.holds(Point::F), "{}", text(&score, true));
    assert_eq!(of(&score, Point::A).place, "2_second.sql:2");
}

#[tokio::test]
async fn b_other_objects() {
    let score = tampered(When::End, "ALTER TABLE shared.notes ADD COLUMN extra integer").await;
    assert_eq!(failing(&score), "b", "{}", text(&score, true));
    let finding = of(&score, Point::B);
    assert!(finding.what.contains("column notes.extra is too many"), "{finding:?}");
    assert_eq!(finding.shape, "shared new-shared");
}

#[tokio::test]
async fn c_keys_without_the_tenant_column() {
    let score =
        tampered(When::End, "CREATE UNIQUE INDEX notes_bodies ON shared.notes (body) WHERE false").await;
    let finding = of(&score, Point::C);
    assert_eq!(finding.what, "key notes_bodies of notes does not hold the tenant column");
}

#[tokio::test]
async fn d_rows_of_others() {
    let score = tampered(When::End, "CREATE POLICY open ON shared.notes USING (true)").await;
    // The policy itself is an object too many, and one that does not ask for the tenant.
    assert_eq!(failing(&score), "bcde", "{}", text(&score, true));
    let words = text(&score, true);
    for what in ["shows rows of the other tenant", "changed when the other tenant deleted", "notes: "] {
        assert!(words.contains(what), "{what}: {words}");
    }
}

#[tokio::test]
async fn d_privileges_beside_ones_own() {
    let score = tampered(
        When::End,
        "DO $$ DECLARE role text; BEGIN FOR role IN SELECT rolname FROM pg_roles WHERE rolname ~ '^t_'
           AND has_schema_privilege(rolname, 'shared', 'USAGE') LOOP
           EXECUTE format('GRANT USAGE ON SCHEMA template TO %I; GRANT SELECT ON template.notes TO %I', role, role);
         END LOOP; END $$",
    )
    .await;
    assert_eq!(failing(&score), "d", "{}", text(&score, true));
    assert_eq!(of(&score, Point::D).what, "a tenant can reach template.notes");
}

#[tokio::test]
async fn e_other_rows() {
    let score = tampered(When::End, "UPDATE shared.kinds SET name = 'other' WHERE name = 'A'").await;
    assert!(!score.holds(Point::E), "{}", text(&score, true));
    assert!(score.holds(Point::B) && score.holds(Point::C), "{}", text(&score, true));
    assert!(of(&score, Point::E).what.starts_with("kinds: "), "{}", text(&score, true));
}

#[tokio::test]
async fn f_failures_without_a_place() {
    let score = tampered(When::Start, "ALTER TABLE tenantry.ledger RENAME TO gone").await;
    assert!(!score.holds(Point::F) && !score.holds(Point::A), "{}", text(&score, true));
    assert!(!score.holds(Point::B), "what was not compared is not fine: {}", text(&score, true));
}
