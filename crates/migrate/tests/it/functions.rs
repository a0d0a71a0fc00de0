//! Functions, procedures and triggers of every kind, for tenants that hold the same keys.

use tenantry_testkit::AppOptions;

use crate::dumps::pairs;
use crate::folder::{Lab, one};

const FIRST: &str = "CREATE TABLE users (id serial PRIMARY KEY, email text UNIQUE, name text);
  CREATE TABLE notes (id serial PRIMARY KEY, author integer REFERENCES users, body text);
  CREATE TABLE tallies (author integer PRIMARY KEY, notes bigint NOT NULL DEFAULT 0);
  CREATE TABLE log (at serial, op text, id integer, old jsonb);";

/// The same keys in every tenant; the names tell whose they are.
const ROWS: &str = "INSERT INTO users (email, name) VALUES ('a@b', '{slug} ann'), ('c@d', '{slug} bob');
  INSERT INTO notes (author, body) VALUES (1, 'first'), (1, 'second'), (2, 'third')";

const BODIES: &str = r"
CREATE FUNCTION public.count_notes() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  INSERT INTO public.tallies VALUES (NEW.author, 1) ON CONFLICT (author) DO UPDATE SET notes = tallies.notes + 1;
  IF TG_TABLE_SCHEMA <> current_schema() AND to_regclass('public.tallies') IS NULL THEN RAISE EXCEPTION 'lost'; END IF;
  RETURN NEW;
END $$;
CREATE TRIGGER counted AFTER INSERT ON notes FOR EACH ROW WHEN (NEW.author IS NOT NULL) EXECUTE PROCEDURE public.count_notes();
CREATE OR REPLACE TRIGGER counted AFTER INSERT ON public.notes FOR EACH ROW EXECUTE FUNCTION count_notes();

CREATE FUNCTION log_deleted() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE r notes%ROWTYPE;
BEGIN
  FOR r IN SELECT * FROM gone LOOP
    INSERT INTO log (op, id, old) VALUES ('D', r.id, to_jsonb(r) - 'tenant_id');
  END LOOP;
  RETURN NULL;
END $$;
CREATE TRIGGER logged AFTER DELETE ON notes REFERENCING OLD TABLE AS gone FOR EACH STATEMENT EXECUTE FUNCTION log_deleted();

CREATE FUNCTION has_author() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  IF NOT EXISTS (SELECT FROM users WHERE id = NEW.author) THEN RAISE EXCEPTION 'no author %', NEW.author; END IF;
  RETURN NULL;
END $$;
CREATE CONSTRAINT TRIGGER has_author AFTER INSERT OR UPDATE ON tallies DEFERRABLE INITIALLY DEFERRED
  FOR EACH ROW EXECUTE FUNCTION has_author();

CREATE VIEW busy AS SELECT u.id, u.name, count(*) AS notes FROM users u JOIN notes n ON n.author = u.id GROUP BY u.id;
CREATE FUNCTION rename_busy() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  UPDATE users SET name = NEW.name WHERE id = OLD.id;
  RETURN NEW;
END $$;
CREATE TRIGGER renamed INSTEAD OF UPDATE ON busy FOR EACH ROW EXECUTE FUNCTION rename_busy();

CREATE FUNCTION tell() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN PERFORM pg_notify('users', NEW.id::text); RETURN NEW; END $$;
CREATE TRIGGER told AFTER INSERT OR UPDATE ON users FOR EACH ROW EXECUTE FUNCTION tell();

CREATE FUNCTION everyone() RETURNS SETOF users LANGUAGE sql STABLE AS 'SELECT * FROM public.users ORDER BY id';
CREATE FUNCTION names() RETURNS TABLE (id integer, email text, name text) LANGUAGE sql STABLE AS 'SELECT * FROM users';
CREATE FUNCTION total() RETURNS bigint LANGUAGE sql STABLE BEGIN ATOMIC SELECT count(*) FROM notes; END;
CREATE FUNCTION seen() RETURNS bigint LANGUAGE sql STABLE SECURITY DEFINER AS $$ SELECT count(*) FROM users $$;
CREATE FUNCTION rows_of(t text) RETURNS bigint LANGUAGE plpgsql AS $$
DECLARE n bigint;
BEGIN EXECUTE format('SELECT count(*) FROM public.%I', t) INTO n; RETURN n; END $$;
CREATE FUNCTION next_note() RETURNS bigint LANGUAGE plpgsql AS $$ BEGIN RETURN nextval('public.notes_id_seq'::regclass); END $$;
CREATE FUNCTION first_user() RETURNS text LANGUAGE plpgsql AS $$
DECLARE u public.users; v public.users.name%TYPE;
BEGIN SELECT * INTO STRICT u FROM users ORDER BY id LIMIT 1; v := u.name; RETURN v; END $$;
CREATE PROCEDURE drop_notes(who integer) LANGUAGE plpgsql AS $$
BEGIN
  DELETE FROM notes n USING users u WHERE u.id = n.author AND u.id = who;
END $$;
CREATE FUNCTION append(a text, b text) RETURNS text LANGUAGE sql IMMUTABLE AS $$ SELECT coalesce(a || ',', '') || b $$;
CREATE AGGREGATE joined(text) (SFUNC = append, STYPE = text);
COMMENT ON FUNCTION append(text, text) IS 'one behind the other';
COMMENT ON AGGREGATE joined(text) IS 'all of them';
COMMENT ON TRIGGER counted ON notes IS 'keeps the tallies';
ALTER FUNCTION public.append(text, text) OWNER TO postgres;
DROP FUNCTION IF EXISTS append(integer, integer);

WITH moved AS (DELETE FROM notes WHERE author = 2 RETURNING id, body), kept AS (
  INSERT INTO notes (author, body) SELECT 1, m.body || ' moved' FROM moved m RETURNING id)
  INSERT INTO log (op, id) SELECT 'M', id FROM kept;
UPDATE users u SET name = u.name || ' ' || t.notes FROM tallies t WHERE t.author = u.id;
MERGE INTO tallies t USING users u ON t.author = u.id
  WHEN MATCHED THEN UPDATE SET notes = t.notes + 100
  WHEN NOT MATCHED THEN INSERT VALUES (u.id, 7);
PREPARE more (text) AS INSERT INTO notes (author, body) SELECT id, $1 FROM users WHERE id = 2;
EXECUTE more ('prepared');
DEALLOCATE more;
";

#[tokio::test]
async fn bodies_do_for_each_tenant_what_they_do_for_one() {
    let lab = Lab::new(AppOptions::default()).await;
    lab.apply("0001_first.up.sql", FIRST).await;
    let slugs = pairs(&lab).await;
    for slug in &slugs {
        lab.app.login(slug).await.batch_execute(&ROWS.replace("{slug}", slug)).await.unwrap();
    }
    lab.apply("0002_bodies.up.sql", BODIES).await;
    for slug in &slugs {
        let own = lab.app.login(slug).await;
        let check = async |sql: &str, expect: &str| {
            assert_eq!(one::<Option<String>>(&own, sql).await.as_deref(), Some(expect), "{slug}: {sql}");
        };
        check("SELECT joined(name ORDER BY id) FROM users", &format!("{slug} ann 1,{slug} bob")).await;
        check("SELECT joined(author || ':' || notes ORDER BY author) FROM tallies", "1:101,2:8").await;
        check("SELECT joined(op || id ORDER BY op) FROM log", "D3,M4").await;
        check("SELECT old ->> 'body' FROM log WHERE op = 'D'", "third").await;
        check("SELECT joined(e.name ORDER BY id) FROM everyone() e", &format!("{slug} ann 1,{slug} bob"))
            .await;
        check("SELECT joined(n.email ORDER BY id) FROM names() n", "a@b,c@d").await;
        check("SELECT total() || ' ' || seen() || ' ' || rows_of('notes')", "4 2 4").await;
        check("SELECT first_user()", &format!("{slug} ann 1")).await;
        check("SELECT next_note()::text", "6").await;
        own.batch_execute("UPDATE busy SET name = 'renamed' WHERE id = 1").await.unwrap();
        check("SELECT joined(name || notes ORDER BY id) FROM busy", &format!("renamed3,{slug} bob1")).await;
        own.batch_execute("CALL drop_notes(2)").await.unwrap();
        check("SELECT count(*)::text FROM log WHERE op = 'D'", "2").await;
        let e = own.batch_execute("INSERT INTO tallies (author) VALUES (99)").await.unwrap_err();
        assert_eq!(e.code().unwrap().code(), "P0001", "{slug}: a constraint trigger fires at the end");
    }
}

/// Each file runs as if in a session of its own: a function that has run doesn't insist on the types that it met.
#[tokio::test]
async fn a_function_that_ran_meets_columns_of_another_type() {
    let lab = Lab::new(AppOptions::default()).await;
    lab.apply("0001_first.up.sql", "CREATE TABLE users (id serial PRIMARY KEY, name text);").await;
    let slugs = pairs(&lab).await;
    lab.write(
        "0002_fires.up.sql",
        "CREATE TABLE seen (what text);
         CREATE FUNCTION see() RETURNS trigger LANGUAGE plpgsql AS $$
         DECLARE r record;
         BEGIN r := row((SELECT e FROM (SELECT NEW.name) AS e)); INSERT INTO seen VALUES (r::text); RETURN NEW; END $$;
         CREATE TRIGGER seen AFTER INSERT ON users FOR EACH ROW EXECUTE FUNCTION see();
         INSERT INTO users (name) VALUES ('one');",
    );
    lab.write(
        "0003_retypes.up.sql",
        "ALTER TABLE users ALTER COLUMN name TYPE varchar(100); INSERT INTO users (name) VALUES ('two');",
    );
    lab.up().await.unwrap();
    for slug in &slugs {
        assert_eq!(one::<i64>(&lab.app.login(slug).await, "SELECT count(*) FROM seen").await, 2, "{slug}");
    }
}

/// A body in PL/pgSQL finds the columns that its tables have when it runs, as it does in one customer's database.
#[tokio::test]
async fn bodies_find_the_columns_of_the_day() {
    let first = "CREATE TABLE posts (id int PRIMARY KEY, title text, at timestamptz NOT NULL DEFAULT now());
      CREATE VIEW shown AS SELECT id, title, at FROM posts;
      CREATE TABLE fast AS SELECT * FROM shown;
      CREATE FUNCTION keep() RETURNS trigger LANGUAGE plpgsql AS $$
        BEGIN DELETE FROM fast WHERE id = NEW.id; INSERT INTO fast SELECT * FROM shown WHERE id = NEW.id; RETURN NULL; END $$;
      CREATE TRIGGER keep AFTER INSERT OR UPDATE ON posts FOR EACH ROW EXECUTE FUNCTION keep();
      INSERT INTO posts (id, title) VALUES (1, 'seed');";
    let second = "DROP TABLE fast; DROP VIEW shown;
      CREATE VIEW shown AS SELECT id, title = 'seed' AS is_seed, title, at FROM posts;
      CREATE TABLE fast AS SELECT * FROM shown;
      UPDATE posts SET title = title || '!';
      ALTER TABLE fast ADD COLUMN note text DEFAULT 'none';";
    let lab = crate::relations::history(AppOptions::default(), &[first, second]).await;
    crate::relations::each_reads_its_own(
        &lab,
        "INSERT INTO posts (id, title) VALUES (2, 'NAME')",
        &[("SELECT id, is_seed, title, note FROM fast ORDER BY id", "(1,f,seed!,none) (2,f,NAME,none)")],
    )
    .await;
}
