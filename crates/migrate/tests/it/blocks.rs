//! DO blocks and functions that make definitions while they run, and blocks that touch rows.

use tenantry_domain::ErrorCode;
use tenantry_testkit::AppOptions;

use crate::dumps::pairs;
use crate::folder::{Lab, one};

const FIRST: &str = "CREATE TABLE users (id serial PRIMARY KEY, email text UNIQUE, name text);
  CREATE TABLE notes (id serial PRIMARY KEY, author integer REFERENCES users, body text);";

/// The same keys in every tenant.
const ROWS: &str = "INSERT INTO users (email, name) VALUES ('a@b', 'ann'), ('c@d', NULL);
  INSERT INTO notes (author, body) VALUES (1, 'first'), (2, 'second')";

async fn lab() -> (Lab, Vec<String>) {
    let lab = Lab::new(AppOptions::default()).await;
    lab.apply("0001_first.up.sql", FIRST).await;
    let slugs = pairs(&lab).await;
    for slug in &slugs {
        lab.app.login(slug).await.batch_execute(ROWS).await.unwrap();
    }
    (lab, slugs)
}

#[tokio::test]
async fn definitions_made_in_a_loop_reach_everyone() {
    let (lab, slugs) = lab().await;
    let text = "CREATE FUNCTION stamp(t regclass) RETURNS void LANGUAGE plpgsql AS $$
                BEGIN EXECUTE format('ALTER TABLE %s ADD COLUMN changed_by text DEFAULT ''nobody''', t); END $$;
                DO $$ DECLARE t record;
                BEGIN
                  FOR t IN SELECT schemaname, tablename FROM pg_tables WHERE schemaname = 'public' ORDER BY 2 LOOP
                    EXECUTE format('ALTER TABLE %I.%I ADD COLUMN changed integer NOT NULL DEFAULT 1', t.schemaname, t.tablename);
                    EXECUTE format('CREATE INDEX ON %I (changed)', t.tablename);
                    PERFORM stamp(t.tablename::regclass);
                  END LOOP;
                  IF to_regclass('public.users') IS NOT NULL AND NOT EXISTS (SELECT 1 FROM pg_type WHERE typname = 'mood') THEN
                    CREATE TYPE mood AS ENUM ('good', 'bad');
                    ALTER TABLE users ADD COLUMN mood mood;
                    UPDATE users SET mood = 'good' WHERE name IS NOT NULL;
                  END IF;
                  BEGIN
                    CREATE TYPE mood AS ENUM ('other');
                    ALTER TABLE users ADD COLUMN never integer;
                  EXCEPTION WHEN duplicate_object THEN RAISE NOTICE 'there';
                  END;
                END $$;
                SELECT stamp('users_id_seq'::regclass) WHERE false;
                CREATE UNIQUE INDEX users_by_mood ON users (mood, email);";
    lab.apply("0002_loop.up.sql", text).await;
    for slug in &slugs {
        let own = lab.app.login(slug).await;
        let moods: Vec<Option<String>> =
            one(&own, "SELECT array_agg(mood::text ORDER BY id) FROM users").await;
        assert_eq!(moods, [Some("good".to_owned()), None], "{slug}");
        let sql = "SELECT string_agg(table_name || '.' || column_name, ' ' ORDER BY 1) FROM information_schema.columns
                   WHERE column_name IN ('changed', 'changed_by', 'never') AND table_schema = current_schema()";
        let sql = sql.replace("ORDER BY 1", "ORDER BY table_name, column_name");
        let columns: String = one(&own, &sql).await;
        assert_eq!(columns, "notes.changed notes.changed_by users.changed users.changed_by", "{slug}");
        let sql = "SELECT string_agg(indexname, ' ' ORDER BY indexname) FROM pg_indexes
                   WHERE indexname LIKE '%changed%' AND schemaname = current_schema()";
        assert_eq!(one::<String>(&own, sql).await, "notes_changed_idx users_changed_idx", "{slug}");
    }
    shadow_is_gone(&lab).await;
    let sql = "SELECT count(*) FROM tenantry.shadow_answers";
    let asked: i64 =
        lab.app.platform.registry.client().await.unwrap().query_one(sql, &[]).await.unwrap().get(0);
    assert_eq!(asked, 2, "the block and the call");
    lab.apply("0003_more.up.sql", "ALTER TABLE users DROP COLUMN changed;").await;
}

/// Answers are kept: no shadow is made for what was asked before.
#[tokio::test]
async fn a_block_is_tried_once() {
    let (lab, slugs) = lab().await;
    let text = "DO $$ BEGIN EXECUTE 'CREATE TABLE ' || chr(120) || ' (id int PRIMARY KEY)'; END $$;";
    lab.apply("0002_block.up.sql", text).await;
    let control = lab.app.platform.registry.client().await.unwrap();
    control.execute("UPDATE tenantry.shadow_answers SET texts = '{SELECT 1}'", &[]).await.unwrap();
    lab.write("0003_more.up.sql", "ALTER TABLE x ADD COLUMN a int;");
    let e = lab.up().await.unwrap_err();
    assert_eq!(e.code(), ErrorCode::ShapeRefused, "the answer changed by hand was used: {e:?}");
    control.execute("DELETE FROM tenantry.shadow_answers", &[]).await.unwrap();
    lab.up().await.unwrap();
    for slug in &slugs {
        lab.app.login(slug).await.batch_execute("INSERT INTO x (id, a) VALUES (1, 2)").await.unwrap();
    }
    shadow_is_gone(&lab).await;
}

#[tokio::test]
async fn a_block_over_rows_runs_for_each_tenant() {
    let (lab, slugs) = lab().await;
    let text = "DO $$ DECLARE r record; total integer;
                BEGIN
                  FOR r IN SELECT * FROM users LOOP
                    INSERT INTO notes (author, body) VALUES (r.id, coalesce(r.name, 'anonymous'));
                    INSERT INTO users (email, name) VALUES (r.email, 'twice') ON CONFLICT (email) DO UPDATE SET name = excluded.name;
                  END LOOP;
                  SELECT count(*) INTO total FROM (SELECT u.email FROM users u JOIN notes n ON n.author = u.id GROUP BY u.id) x;
                  INSERT INTO notes (body) VALUES ('total ' || total);
                  EXECUTE 'UPDATE public.notes SET body = upper(body) WHERE author = $1' USING 1;
                END $$;";
    lab.apply("0002_rows.up.sql", text).await;
    for slug in &slugs {
        let own = lab.app.login(slug).await;
        let bodies: Vec<String> = one(&own, "SELECT array_agg(body ORDER BY id) FROM notes").await;
        assert_eq!(bodies, ["FIRST", "second", "ANN", "anonymous", "total 2"], "{slug}");
        let names: Vec<String> = one(&own, "SELECT array_agg(name ORDER BY id) FROM users").await;
        assert_eq!(names, ["twice", "twice"], "{slug}");
    }
}

/// What goes wrong on the shadow is told with its place, and nothing is applied.
#[tokio::test]
async fn a_block_that_fails_is_named() {
    let (lab, _) = lab().await;
    let fails = [
        (
            "DO $$ BEGIN EXECUTE 'ALTER TABLE nowhere ADD a int'; END $$;",
            "relation \"nowhere\" does not exist",
        ),
        (
            "DO $$ BEGIN IF 1 = 1 THEN RAISE EXCEPTION 'stop here'; END IF; EXECUTE 'CREATE TABLE y ()'; END $$;",
            "stop here",
        ),
    ];
    for (block, words) in fails {
        lab.write("0002_fails.up.sql", &format!("SELECT 1;\n\n{block}"));
        let e = lab.up().await.unwrap_err();
        assert_eq!(e.code(), ErrorCode::MigrationFailed, "{e:?}");
        assert!(e.message().contains("0002_fails.up.sql:3") && e.message().contains(words), "{e:?}");
    }
    let sql = "CREATE FUNCTION hidden() RETURNS void LANGUAGE sql AS 'CREATE TABLE found (a int)';
               DO $$ BEGIN EXECUTE 'COMMENT ON TABLE users IS ''x'''; PERFORM hidden(); END $$;";
    lab.write("0002_fails.up.sql", sql);
    let e = lab.up().await.unwrap_err();
    assert_eq!(e.code(), ErrorCode::ShapeRefused, "{e:?}");
    assert!(
        e.message().contains("0002_fails.up.sql:2") && e.message().contains("way of a function"),
        "{e:?}"
    );
    assert_eq!(lab.template_version().await, 1);
    shadow_is_gone(&lab).await;
}

async fn shadow_is_gone(lab: &Lab) {
    let layout = lab.app.platform.app.layout();
    let name = layout.shadow_database(&lab.app.main());
    let sql = format!("SELECT count(*) FROM pg_database WHERE datname = '{name}'");
    assert_eq!(one::<i64>(&lab.app.data().await, &sql).await, 0, "{name}");
}

/// A block that makes roles and grants among its tables: the shadow has no such roles, and nobody may make any there.
#[tokio::test]
async fn blocks_that_make_roles_and_schemas() {
    let (lab, slugs) = lab().await;
    let text =
        "DO $$ DECLARE reader text := coalesce(current_setting('app.reader', true), 'tenantry_no_such_role');
                BEGIN
                  IF NOT EXISTS (SELECT 1 FROM information_schema.schemata WHERE schema_name = 'store') THEN
                    CREATE SCHEMA store;
                  END IF;
                  IF NOT EXISTS (SELECT 1 FROM pg_roles WHERE rolname = reader) THEN
                    EXECUTE 'CREATE ROLE ' || reader || ' NOLOGIN';
                  END IF;
                  CREATE TABLE store.boxes (id int PRIMARY KEY);
                  EXECUTE 'GRANT USAGE ON SCHEMA store TO ' || reader;
                  EXECUTE 'ALTER TABLE store.boxes OWNER TO ' || reader;
                  EXECUTE 'alter default privileges in schema store grant all on tables to ' || reader;
                END $$;
                INSERT INTO store.boxes VALUES (1);";
    lab.apply("0002_block.up.sql", text).await;
    for slug in &slugs {
        assert_eq!(one::<i64>(&lab.app.login(slug).await, "SELECT count(*) FROM boxes").await, 1, "{slug}");
    }
    let sql = "SELECT count(*) FROM pg_roles WHERE rolname = 'tenantry_no_such_role'";
    assert_eq!(one::<i64>(&lab.app.data().await, sql).await, 0);
}

/// Temporary tables of a block are each tenant's own, and none is left, however the block ends.
#[tokio::test]
async fn temporary_tables_of_a_block() {
    let (lab, slugs) = lab().await;
    for (slug, n) in slugs.iter().zip(1..) {
        let more = format!(
            "INSERT INTO notes (author, body) SELECT 1, '{slug} ' || g FROM generate_series(1, {n} * 3) g"
        );
        lab.app.login(slug).await.batch_execute(&more).await.unwrap();
    }
    let block = |early: &str| {
        format!(
            "DO $$ DECLARE last integer := 0; batch integer := 2;
             BEGIN
               CREATE TEMP TABLE todo AS SELECT * FROM notes WHERE author = 1;
               CREATE UNIQUE INDEX ON todo (id);
               LOOP
                 WITH few AS (SELECT id FROM todo WHERE id > last ORDER BY id LIMIT batch),
                   done AS (UPDATE notes n SET body = body || '!' FROM few WHERE n.id = few.id)
                 SELECT max(id) INTO last FROM few;
                 EXIT WHEN last IS NULL;
               END LOOP;
               {early}
               CREATE TEMP TABLE never ON COMMIT DROP AS SELECT 1 AS a;
             END $$;"
        )
    };
    lab.apply("0002_mark.up.sql", &block("")).await;
    lab.apply("0003_early.up.sql", &(block("RETURN;") + &block("") + "CREATE INDEX ON notes (body);")).await;
    lab.app.tenant("later", tenantry_domain::Isolation::Schema).await;
    for (slug, n) in slugs.iter().zip(1_i64..) {
        let own = lab.app.login(slug).await;
        let sql = "SELECT count(*) FILTER (WHERE body LIKE '%!!!' AND author = 1) * 100
            + count(*) FILTER (WHERE body LIKE '%!') FROM notes";
        let marked = n * 3 + 1;
        assert_eq!(one::<i64>(&own, sql).await, marked * 100 + marked, "{slug}");
        let left: i64 = one(&own, "SELECT count(*) FROM pg_class WHERE relname IN ('todo', 'never')").await;
        assert_eq!(left, 0, "{slug}");
    }
}

/// A body that defines and locks: what migrations have of it reaches everyone, and no tenant stops the others.
#[tokio::test]
async fn locks_in_a_body_that_defines() {
    let (lab, slugs) = lab().await;
    let text = "CREATE FUNCTION swap(name text) RETURNS text LANGUAGE plpgsql AS $$
        BEGIN
          EXECUTE format('LOCK TABLE %I IN ACCESS EXCLUSIVE MODE', name);
          LOCK TABLE users;
          EXECUTE format('ALTER TABLE %I ADD COLUMN swapped integer DEFAULT 7', name);
          RETURN name;
        END $$;
        SELECT swap('notes');";
    lab.apply("0002_swap.up.sql", text).await;
    for slug in &slugs {
        let own = lab.app.login(slug).await;
        assert_eq!(one::<i64>(&own, "SELECT sum(swapped) FROM notes").await, 14, "{slug}");
        own.batch_execute("BEGIN").await.unwrap();
        let e = own.batch_execute("SELECT swap('notes')").await.unwrap_err();
        assert_eq!(e.code().unwrap().code(), "42501", "{slug}");
        own.batch_execute("ROLLBACK").await.unwrap();
    }
    // It does not even wait for the lock: that would stop those behind it.
    let shared: Vec<_> = slugs.iter().filter(|s| s.contains("shared")).collect();
    let (first, second) = (lab.app.login(shared[0]).await, lab.app.login(shared[1]).await);
    first.batch_execute("BEGIN; SELECT * FROM notes").await.unwrap();
    second.batch_execute("SET lock_timeout = '20s'").await.unwrap();
    let call =
        tokio::time::timeout(std::time::Duration::from_secs(5), second.batch_execute("SELECT swap('notes')"));
    assert_eq!(call.await.unwrap().unwrap_err().code().unwrap().code(), "42501");
}
