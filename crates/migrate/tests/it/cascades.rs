//! Actions of foreign keys that meet triggers of the app: PostgreSQL runs both past row-level security.

use tenantry_domain::Isolation;
use tenantry_migrate::rollout::{Direction, Request};
use tenantry_testkit::AppOptions;
use tokio_postgres::Client;

use crate::folder::{Lab, one};

/// Categories count their crates, and a crate that loses one notes it; kept lines are only marked; a person that goes leaves
/// its notes behind, and one that is renamed takes them along.
const TABLES: &str = "CREATE TABLE categories (id int PRIMARY KEY, crates int NOT NULL DEFAULT 0);
  CREATE TABLE crates (id int PRIMARY KEY, touched int NOT NULL DEFAULT 0);
  CREATE TABLE crates_categories (crate int REFERENCES crates ON DELETE CASCADE, category int REFERENCES categories ON DELETE CASCADE,
    PRIMARY KEY (crate, category));
  CREATE TABLE orders (id int PRIMARY KEY);
  CREATE TABLE lines (id int PRIMARY KEY, \"order\" int REFERENCES orders ON DELETE CASCADE, kept boolean NOT NULL DEFAULT false);
  CREATE TABLE people (name text PRIMARY KEY);
  CREATE TABLE notes (id int PRIMARY KEY, author text DEFAULT 'nobody' REFERENCES people ON DELETE SET DEFAULT ON UPDATE CASCADE, reader text
    REFERENCES people ON DELETE SET NULL ON UPDATE CASCADE);
  CREATE TABLE log (id int, line text);
  CREATE FUNCTION count_crates() RETURNS trigger LANGUAGE plpgsql AS $$
  BEGIN
    IF TG_OP = 'INSERT' THEN
      UPDATE categories SET crates = crates + 1 WHERE id = NEW.category;
      RETURN NEW;
    END IF;
    UPDATE categories SET crates = crates - 1 WHERE id = OLD.category;
    UPDATE crates SET touched = touched + 1 WHERE id = OLD.crate;
    INSERT INTO log SELECT OLD.crate, 'left of ' || count(*) FROM crates_categories;
    RETURN OLD;
  END $$;
  CREATE TRIGGER count_crates BEFORE INSERT OR DELETE ON crates_categories FOR EACH ROW EXECUTE FUNCTION count_crates();
  CREATE FUNCTION keep() RETURNS trigger LANGUAGE plpgsql AS $$
  BEGIN
    UPDATE lines SET kept = true WHERE id = OLD.id;
    RETURN NULL;
  END $$;
  CREATE TRIGGER keep BEFORE DELETE ON lines FOR EACH ROW EXECUTE FUNCTION keep();
  CREATE FUNCTION say() RETURNS trigger LANGUAGE plpgsql AS $$
  BEGIN
    INSERT INTO log SELECT NEW.id, concat_ws(' ', NEW.author, NEW.reader, 'of', count(*)) FROM notes;
    RETURN NEW;
  END $$;
  CREATE TRIGGER say BEFORE UPDATE ON notes FOR EACH ROW EXECUTE FUNCTION say();";

const ROWS: &str = "INSERT INTO categories (id) VALUES (1), (2); INSERT INTO crates (id) VALUES (1), (2);
  INSERT INTO crates_categories VALUES (1, 1), (2, 1), (2, 2);
  INSERT INTO orders VALUES (1), (2); INSERT INTO lines VALUES (1, 1), (2, 1), (3, 2);
  INSERT INTO people VALUES ('nobody'), ('ann'), ('bea');
  INSERT INTO notes VALUES (1, 'ann', 'bea'), (2, 'bea', 'ann'), (3, 'ann', NULL);";

/// Everything that a tenant has.
const ALL: &str = "SELECT concat_ws(E'\\n',
    (SELECT string_agg(format('category %s has %s', id, crates), '; ' ORDER BY id) FROM categories),
    (SELECT string_agg(format('crate %s touched %s', id, touched), '; ' ORDER BY id) FROM crates),
    (SELECT string_agg(format('%s in %s', crate, category), '; ' ORDER BY crate, category) FROM crates_categories),
    (SELECT string_agg(format('line %s of %s kept %s', id, \"order\", kept), '; ' ORDER BY id) FROM lines),
    (SELECT string_agg(format('note %s by %s for %s', id, author, reader), '; ' ORDER BY id) FROM notes),
    (SELECT string_agg(format('log %s %s', id, line), '; ' ORDER BY id, line) FROM log))";

const DELETES: &str = "DELETE FROM categories WHERE id = 1; DELETE FROM orders WHERE id = 1;
  UPDATE people SET name = 'anna' WHERE name = 'ann'; DELETE FROM people WHERE name = 'anna'; DELETE FROM crates WHERE id = 2;";

async fn tenants(lab: &Lab) -> Vec<(Isolation, Client, Client)> {
    let mut all = Vec::new();
    for isolation in Isolation::ALL {
        let mut pair = Vec::new();
        for name in ["a", "b"] {
            let slug = format!("{name}-{isolation}");
            lab.app.tenant(&slug, isolation).await;
            pair.push(lab.app.login(&slug).await);
        }
        let (b, a) = (pair.pop().unwrap(), pair.pop().unwrap());
        all.push((isolation, a, b));
    }
    all
}

async fn state(client: &Client, sql: &str) -> String {
    let e = client.batch_execute(sql).await.expect_err(sql);
    e.code().unwrap().code().to_owned()
}

async fn no_findings(lab: &Lab) {
    let findings = lab.app.findings().await;
    assert!(findings.is_empty(), "{findings:#?}");
}

/// The same in each isolation, nothing of it in another tenant, and nobody waits for anybody.
#[tokio::test]
async fn actions_stay_with_their_tenant() {
    let lab = Lab::new(AppOptions::default()).await;
    lab.apply("0001_tables.up.sql", TABLES).await;
    let mut found: Vec<String> = Vec::new();
    for (isolation, a, b) in tenants(&lab).await {
        a.batch_execute(ROWS).await.unwrap();
        b.batch_execute(ROWS).await.unwrap();
        let before: String = one(&b, ALL).await;
        // The other one has changed the same rows of its own, and has not committed.
        b.batch_execute("BEGIN; SET LOCAL lock_timeout = '5s'").await.unwrap();
        b.batch_execute("UPDATE categories SET crates = crates; UPDATE lines SET kept = kept; UPDATE crates SET touched = 0").await.unwrap();
        a.batch_execute("SET lock_timeout = '5s'").await.unwrap();
        a.batch_execute(DELETES).await.unwrap_or_else(|e| panic!("{isolation}: {e:?}"));
        b.batch_execute("ROLLBACK").await.unwrap();
        assert_eq!(one::<String>(&b, ALL).await, before, "{isolation}: nothing of the other's");
        found.push(one(&a, ALL).await);
    }
    assert_eq!(found[0], found[1]);
    assert_eq!(found[1], found[2]);
    assert!(found[0].starts_with("category 2 has 0\ncrate 1 touched 1\nline 1 of 1 kept t"), "{}", found[0]);
    no_findings(&lab).await;
}

/// A row that the app's trigger kept stays, in snapshots that last too.
#[tokio::test]
async fn what_a_trigger_keeps_in_a_lasting_snapshot() {
    let lab = Lab::new(AppOptions::default()).await;
    lab.apply("0001_tables.up.sql", TABLES).await;
    for (isolation, a, b) in tenants(&lab).await {
        a.batch_execute(ROWS).await.unwrap();
        b.batch_execute(ROWS).await.unwrap();
        a.batch_execute("BEGIN ISOLATION LEVEL SERIALIZABLE; DELETE FROM orders; COMMIT").await.unwrap();
        let kept = |client| one::<Vec<bool>>(client, "SELECT array_agg(kept ORDER BY id) FROM lines");
        assert_eq!(kept(&a).await, [true; 3], "{isolation}");
        assert_eq!(kept(&b).await, [false; 3], "{isolation}");
        // What came after the snapshot can't be seen, so it can't be deleted either.
        let late = lab.app.login(&format!("b-{isolation}")).await;
        b.batch_execute("BEGIN ISOLATION LEVEL REPEATABLE READ; SELECT FROM crates").await.unwrap();
        late.batch_execute("INSERT INTO crates_categories VALUES (1, 2)").await.unwrap();
        assert_eq!(state(&b, "DELETE FROM crates WHERE id = 1").await, "40001", "{isolation}");
        b.batch_execute("ROLLBACK").await.unwrap();
    }
}

/// Tenantry's triggers come and go with what they are for, and work while the app's rest.
#[tokio::test]
async fn guards_follow_the_migrations() {
    let lab = Lab::new(AppOptions::default()).await;
    lab.apply("0001_tables.up.sql", TABLES).await;
    let data = lab.app.data().await;
    let guards = "SELECT coalesce(array_agg(tgname ORDER BY tgname), '{}')::text[] FROM pg_trigger WHERE tgname ~ '^!tenantry_cascade'
      AND tgrelid = ANY ('{shared.orders,shared.lines}'::regclass[])";
    let of_orders = || one::<Vec<String>>(&data, guards);
    assert_eq!(of_orders().await, ["!tenantry_cascade", "!tenantry_cascaded_lines"]);
    lab.write(
        "0002_gone.down.sql",
        "CREATE TRIGGER keep BEFORE DELETE ON lines FOR EACH ROW EXECUTE FUNCTION keep();",
    );
    lab.apply("0002_gone.up.sql", "DROP TRIGGER keep ON lines;").await;
    assert_eq!(of_orders().await, [""; 0]);
    let down = Request { direction: Direction::Down, to: vec![(None, 1)], ..Request::up() };
    lab.app.migrator.run(&down, &|_| {}).await.unwrap();
    assert_eq!(of_orders().await, ["!tenantry_cascade", "!tenantry_cascaded_lines"]);
    lab.up().await.unwrap();
    assert_eq!(of_orders().await, [""; 0]);
    lab.apply(
        "0003_rest.up.sql",
        "ALTER TABLE orders RENAME TO purchases; ALTER TABLE purchases RENAME TO orders;
         ALTER TABLE crates_categories DISABLE TRIGGER ALL; ALTER TABLE crates_categories ENABLE TRIGGER ALL;
         ALTER TABLE people RENAME name TO called; ALTER TABLE people DISABLE TRIGGER USER; ALTER TABLE people ENABLE TRIGGER USER;
         ALTER TABLE categories DISABLE TRIGGER USER;",
    )
    .await;
    for (isolation, a, b) in tenants(&lab).await {
        a.batch_execute(ROWS).await.unwrap();
        b.batch_execute(ROWS).await.unwrap();
        let before: String = one(&b, ALL).await;
        a.batch_execute(
            "DELETE FROM categories WHERE id = 1; UPDATE people SET called = 'x' WHERE called = 'ann'",
        )
        .await
        .unwrap();
        assert_eq!(one::<String>(&b, ALL).await, before, "{isolation}");
    }
    no_findings(&lab).await;
}

/// What a function of the app makes while it runs has no guards: it is refused, and doctor would tell.
#[tokio::test]
async fn functions_hang_nothing_into_actions() {
    let lab = Lab::new(AppOptions::default()).await;
    let functions = "CREATE FUNCTION hang() RETURNS void LANGUAGE plpgsql SECURITY DEFINER AS $$
      BEGIN EXECUTE 'CREATE TRIGGER more BEFORE DELETE ON plain FOR EACH ROW EXECUTE FUNCTION keep()'; END $$;
      CREATE TABLE plain (id int PRIMARY KEY, \"order\" int REFERENCES orders ON DELETE CASCADE);";
    lab.apply("0001_tables.up.sql", TABLES).await;
    lab.apply("0002_functions.up.sql", functions).await;
    lab.app.tenant("ann", Isolation::Shared).await;
    let ann = lab.app.login("ann").await;
    assert_eq!(state(&ann, "SELECT hang()").await, "0A000");
    no_findings(&lab).await;
    let data = lab.app.data().await;
    data.batch_execute("ALTER EVENT TRIGGER tenantry_guard_triggers DISABLE").await.unwrap();
    ann.batch_execute("SELECT hang()").await.unwrap();
    data.batch_execute("ALTER EVENT TRIGGER tenantry_guard_triggers ENABLE ALWAYS").await.unwrap();
    let findings = lab.app.findings().await;
    assert_eq!(findings.iter().map(|f| f.code).collect::<Vec<_>>(), ["cascade_unguarded"]);
    data.batch_execute(&findings[0].mend).await.unwrap();
    no_findings(&lab).await;
}
