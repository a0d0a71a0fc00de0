//! Rows of tables in bodies, where the tenant column stands in the middle of them.

use tenantry_domain::Isolation;
use tenantry_testkit::AppOptions;

use crate::dumps::pairs;
use crate::folder::{Lab, in_slug, one};

/// The column added later stands behind the tenant column.
const HISTORY: &str = "CREATE TABLE users (id int PRIMARY KEY, name text);
  ALTER TABLE users ADD COLUMN mail text;
  CREATE TABLE kept (id int, name text, mail text);
  ALTER TABLE kept ADD COLUMN at date DEFAULT '2026-01-01';
  CREATE FUNCTION keep(who int) RETURNS text LANGUAGE plpgsql AS $$
  DECLARE r users%ROWTYPE; a int; b text; c text;
  BEGIN
    SELECT * INTO STRICT r FROM users WHERE id = who;
    INSERT INTO kept SELECT (r).*;
    INSERT INTO kept VALUES (r.*);
    INSERT INTO kept (id, name, mail) SELECT r.*;
    SELECT * INTO a, b, c FROM users WHERE id = who;
    r.mail := 'changed';
    SELECT id + 1, upper(name) INTO r.id, r.name FROM users WHERE id = who;
    INSERT INTO users VALUES (r.*);
    RETURN a || b || c;
  END $$;
  CREATE FUNCTION everyone() RETURNS SETOF users LANGUAGE plpgsql AS $$
  DECLARE r users;
  BEGIN
    FOR r IN SELECT u.* FROM users u ORDER BY id LOOP RETURN NEXT r; END LOOP;
    RETURN QUERY UPDATE users SET mail = 'again' RETURNING *;
  END $$;
  CREATE FUNCTION found(who int) RETURNS users LANGUAGE sql AS 'SELECT u FROM users u WHERE u.id = who';";

#[tokio::test]
async fn rows_mean_the_same_in_every_isolation() {
    let lab = Lab::new(AppOptions::default()).await;
    lab.apply("0001_rows.up.sql", HISTORY).await;
    let slugs = pairs(&lab).await;
    for slug in &slugs {
        let own = lab.app.login(slug).await;
        own.batch_execute(&format!("INSERT INTO users (id, name, mail) VALUES (1, '{slug}', 'm')"))
            .await
            .unwrap();
        assert_eq!(one::<String>(&own, "SELECT keep(1)").await, format!("1{slug}m"), "{slug}");
        let kept = "SELECT string_agg(concat_ws(',', id, name, mail, at), ' ') FROM kept";
        let row = format!("1,{slug},m,2026-01-01");
        assert_eq!(one::<String>(&own, kept).await, [row.as_str(); 3].join(" "), "{slug}");
        let all =
            "SELECT string_agg(concat_ws(',', id, name, mail), ' ' ORDER BY mail DESC, id) FROM everyone()";
        let (small, great) = (format!("1,{slug}"), format!("2,{}", slug.to_uppercase()));
        assert_eq!(
            one::<String>(&own, all).await,
            format!("{small},m {great},changed {small},again {great},again"),
            "{slug}"
        );
        assert_eq!(one::<String>(&own, "SELECT (found(2)).name").await, slug.to_uppercase());
    }
}

const BY_POSITION: &str = r#"
CREATE TABLE users (id int PRIMARY KEY, name text);
CREATE TABLE kinds (x int PRIMARY KEY, note text DEFAULT 'n');
CREATE TABLE more (y serial, CONSTRAINT y_is_fine CHECK (y > 0));
CREATE TABLE twice (LIKE kinds INCLUDING ALL, LIKE more INCLUDING ALL, z int);
ALTER TABLE users ADD COLUMN age int;
CREATE FUNCTION filled(n int) RETURNS text LANGUAGE plpgsql AS $$
DECLARE r users; q users%ROWTYPE; rows int;
BEGIN
  SELECT id, name INTO r FROM users WHERE id = n;
  GET DIAGNOSTICS rows = ROW_COUNT;
  EXECUTE 'SELECT id, upper(name), age, 9 FROM users WHERE id = $1' INTO q USING n;
  RETURN concat_ws('|', found, rows, r.id, r.name, r.age, r IS NULL, r IS NOT NULL, q.id, q.name, q.age, q IS NULL, q IS NOT NULL);
END $$;
CREATE FUNCTION strictly(n int) RETURNS text LANGUAGE plpgsql AS $$
DECLARE r users;
BEGIN
  SELECT id, name INTO STRICT r FROM users WHERE id = n;
  RETURN r.name;
END $$;
CREATE FUNCTION renamed(n int, word text) RETURNS SETOF users LANGUAGE plpgsql AS $$
BEGIN
  RETURN QUERY SELECT id, 'q ' || name, age FROM users WHERE id >= n ORDER BY id DESC;
  IF NOT found THEN RETURN QUERY EXECUTE 'SELECT $1, $2, NULL::int' USING n, 'none'::text; END IF;
  RETURN QUERY UPDATE users SET name = word WHERE id = n RETURNING id, name, age;
  RETURN QUERY WITH x AS (SELECT id FROM users) SELECT max(id), count(*)::text, NULL::int FROM x;
END $$;
"#;

/// Rows filled by position, and a table like two others: the same in every isolation.
#[tokio::test]
async fn rows_by_position_are_filled_the_same() {
    let lab = Lab::new(AppOptions::default()).await;
    lab.apply("0001_rows.up.sql", BY_POSITION).await;
    lab.tenants().await;
    for isolation in Isolation::ALL {
        let own = lab.app.login(&in_slug(isolation)).await;
        own.batch_execute("INSERT INTO users (id, name, age) VALUES (1, 'a', 7), (2, 'b', NULL)")
            .await
            .unwrap();
        for (sql, expect) in [
            ("SELECT filled(1)", "t|1|1|a|f|f|1|A|7|f|t"),
            ("SELECT filled(2)", "t|1|2|b|f|f|2|B|f|f"),
            ("SELECT filled(3)", "f|0|t|f|t|f"),
            ("SELECT strictly(1)", "a"),
            (
                "SELECT string_agg(concat_ws(',', id, name, age), ' ') FROM renamed(1, 'w')",
                "2,q b 1,q a,7 1,w,7 2,2",
            ),
            ("SELECT string_agg(concat_ws(',', id, name, age), ' ') FROM renamed(5, 'w')", "5,none 2,2"),
            ("INSERT INTO twice (x, z) VALUES (1, 2) RETURNING concat_ws(',', x, note, y, z)", "1,n,1,2"),
        ] {
            let found: String = one(&own, sql).await;
            assert_eq!(found, expect, "{isolation}: {sql}");
        }
        let e = own.query("SELECT strictly(9)", &[]).await.unwrap_err();
        assert_eq!(e.code().unwrap().code(), "P0002", "{isolation}");
        for (sql, state) in [
            ("INSERT INTO twice (x, z) VALUES (1, 2)", "23505"),
            ("INSERT INTO twice (x, y) VALUES (2, 0)", "23514"),
        ] {
            let e = own.execute(sql, &[]).await.unwrap_err();
            assert_eq!(e.code().unwrap().code(), state, "{isolation}: {sql}");
        }
    }
}
