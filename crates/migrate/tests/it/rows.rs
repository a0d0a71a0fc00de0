//! Rows of tables in bodies, where the tenant column stands in the middle of them.

use tenantry_testkit::AppOptions;

use crate::dumps::pairs;
use crate::folder::{Lab, one};

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
