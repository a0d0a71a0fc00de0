//! Code that a tenant has planted for a migration to run has the rights of that tenant's owner and no more.

use std::collections::BTreeMap;

use tenantry_domain::Isolation;
use tenantry_testkit::AppOptions;

use crate::collisions::with_ddl;
use crate::folder::{Lab, in_slug, one};

/// The app marks names with a function of text; the tenant adds one that fits the column's type better.
const FIRST: &str = "CREATE TABLE products (id serial PRIMARY KEY, name varchar(40), mark text);
  CREATE FUNCTION mark_of(word text) RETURNS text LANGUAGE sql AS $$ SELECT '*' || word $$;
  INSERT INTO products (name) VALUES ('seed');";
const SECOND: &str = "UPDATE products SET mark = mark_of(name);";

/// Tries all it can and notes what came of it.
const PLANTED: &str = "
  CREATE TABLE loot (what text, outcome text);
  GRANT INSERT ON loot TO PUBLIC;
  CREATE FUNCTION mark_of(word varchar) RETURNS text LANGUAGE plpgsql AS $f$
  DECLARE attempt text;
  BEGIN
    INSERT INTO loot VALUES ('session', session_user), ('superuser', current_setting('is_superuser'));
    FOREACH attempt IN ARRAY ARRAY[
      'RESET ROLE; ALTER ROLE {role} SUPERUSER',
      'RESET SESSION AUTHORIZATION; CREATE ROLE {evil} SUPERUSER LOGIN',
      'SET ROLE {platform}', 'SET ROLE {app_owner}', 'SET SESSION AUTHORIZATION {superuser}',
      'ALTER ROLE {role} BYPASSRLS', 'GRANT {platform} TO {role}',
      'SELECT 1 FROM {victim}.products', 'DELETE FROM tenantry.ledger',
      'UPDATE tenantry.local_tenants SET version = 99', 'CREATE SCHEMA {evil}',
      'COPY (SELECT 1) TO PROGRAM ''true''', 'CREATE FUNCTION tenantry.evil() RETURNS int LANGUAGE sql AS ''SELECT 1''']
    LOOP
      BEGIN
        EXECUTE attempt;
        INSERT INTO loot VALUES (attempt, 'done');
      EXCEPTION WHEN OTHERS THEN
        INSERT INTO loot VALUES (attempt, SQLSTATE);
      END;
    END LOOP;
    RETURN 'planted';
  END $f$;
  GRANT EXECUTE ON FUNCTION mark_of(varchar) TO PUBLIC;";

#[tokio::test]
async fn planted_code_runs_with_its_owners_rights() {
    let lab = Lab::new(with_ddl()).await;
    lab.apply("0001_first.up.sql", FIRST).await;
    let layout = lab.app.platform.app.layout();
    let key = lab.app.platform.app.isolation.tenant_key;
    let victim = lab.app.tenant("victim", Isolation::Schema).await.tenant;
    let superusers = "SELECT count(*) FROM pg_roles WHERE rolsuper";
    let data = lab.app.data().await;
    let before: i64 = one(&data, superusers).await;
    let me: String = one(&data, "SELECT quote_ident(session_user)").await;
    let evil = format!("{}_evil", layout.owner_role());
    for isolation in [Isolation::Schema, Isolation::Database] {
        let tenant = lab.app.tenant(&in_slug(isolation), isolation).await.tenant;
        let planted = PLANTED
            .replace("{role}", &layout.tenant_role(&tenant, key))
            .replace("{evil}", &evil)
            .replace("{platform}", &layout.platform_role())
            .replace("{app_owner}", &layout.owner_role())
            .replace("{superuser}", &me)
            .replace("{victim}", &layout.tenant_schema(victim.id));
        lab.app.login(&in_slug(isolation)).await.batch_execute(&planted).await.unwrap();
    }
    lab.apply("0002_second.up.sql", SECOND).await;
    for isolation in [Isolation::Schema, Isolation::Database] {
        let tenant = lab.app.platform.registry.find_tenant(&in_slug(isolation)).await.unwrap().tenant;
        let own = lab.app.login(&in_slug(isolation)).await;
        assert_eq!(one::<String>(&own, "SELECT mark FROM products").await, "planted", "{isolation}: it ran");
        let rows = own.query("SELECT what, outcome FROM loot", &[]).await.unwrap();
        let mut loot: BTreeMap<String, String> = rows.iter().map(|r| (r.get(0), r.get(1))).collect();
        assert_eq!(loot.remove("session"), Some(layout.tenant_owner_role(tenant.id)), "{isolation}");
        assert_eq!(loot.remove("superuser").as_deref(), Some("off"), "{isolation}");
        assert_eq!(loot.len(), 13, "{loot:?}");
        for (attempt, outcome) in loot {
            // 42P01: in a database of one's own the victim's schema does not even exist.
            let absent = isolation == Isolation::Database && attempt.contains("products");
            let expected = if absent { "42P01" } else { "42501" };
            assert_eq!(outcome, expected, "{isolation}: {attempt}");
        }
        let role = layout.tenant_role(&tenant, key);
        let sql = format!(
            "SELECT rolsuper OR rolbypassrls OR rolcreaterole OR rolcreatedb FROM pg_roles WHERE rolname = '{role}'"
        );
        assert!(!one::<bool>(&data, &sql).await, "{isolation}");
        let owner = layout.tenant_owner_role(tenant.id);
        let sql = format!("SELECT rolcanlogin FROM pg_roles WHERE rolname = '{owner}'");
        assert!(!one::<bool>(&data, &sql).await, "{isolation}: the owner's door is closed again");
    }
    let own = lab.app.login("victim").await;
    assert_eq!(
        one::<String>(&own, "SELECT mark FROM products").await,
        "*seed",
        "the victim's data is as it should be"
    );
    let sql = format!("SELECT count(*) FROM pg_roles WHERE rolname = '{evil}'");
    assert_eq!((one::<i64>(&data, superusers).await, one::<i64>(&data, &sql).await), (before, 0));
}

/// What a tenant leaves behind while it may create objects: an operator and a function that fit better than those that the
/// app means. They note who runs them, and try to become the platform.
const IN_WAIT: &str = "
  CREATE TABLE loot (session text, superuser text, outcome text);
  GRANT INSERT ON loot TO PUBLIC;
  CREATE FUNCTION same(a varchar, b varchar) RETURNS boolean LANGUAGE plpgsql AS $f$
  DECLARE outcome text := 'done';
  BEGIN
    BEGIN
      EXECUTE 'RESET ROLE; ALTER ROLE {role} SUPERUSER';
    EXCEPTION WHEN OTHERS THEN outcome := SQLSTATE;
    END;
    INSERT INTO loot VALUES (session_user, current_setting('is_superuser'), outcome);
    RETURN true;
  END $f$;
  GRANT EXECUTE ON FUNCTION same(varchar, varchar) TO PUBLIC;
  CREATE OPERATOR = (FUNCTION = same, LEFTARG = varchar, RIGHTARG = varchar);
  CREATE FUNCTION mark_of(word varchar) RETURNS text LANGUAGE plpgsql AS
    $f$ BEGIN PERFORM same(word, word); RETURN 'planted'; END $f$;
  GRANT EXECUTE ON FUNCTION mark_of(varchar) TO PUBLIC;";

/// The migration's own note of who runs it.
const TELLS: &str = "CREATE TABLE ran AS SELECT session_user::text AS by;
  UPDATE products SET mark = mark_of(name) WHERE name = 'seed';";

/// Tenants who could create objects once, and perhaps still can, are never migrated by the platform's own session; who
/// never could is.
#[tokio::test]
async fn what_lies_in_wait_after_tenant_ddl_never_runs_as_the_platform() {
    let lab = Lab::new(with_ddl()).await;
    lab.apply("0001_first.up.sql", FIRST).await;
    let layout = lab.app.platform.app.layout();
    let key = lab.app.platform.app.isolation.tenant_key;
    let own = [Isolation::Schema, Isolation::Database];
    for isolation in own {
        let tenant = lab.app.tenant(&in_slug(isolation), isolation).await.tenant;
        let planted = IN_WAIT.replace("{role}", &layout.tenant_role(&tenant, key));
        lab.app.login(&in_slug(isolation)).await.batch_execute(&planted).await.unwrap();
        lab.app.tenant(&format!("idle-{isolation}"), isolation).await;
    }
    // From now on tenants may create nothing.
    let name = lab.app.platform.app.name.to_string();
    let app = tenantry_testkit::TestApp::attach_with(&name, lab.folder(), AppOptions::default()).await;
    app.migrator.prepare().await.unwrap();
    for isolation in own {
        app.tenant(&format!("later-{isolation}"), isolation).await;
    }
    lab.write("0002_tells.up.sql", TELLS);
    app.migrator.up(&|_| {}).await.unwrap();
    let data = lab.app.data().await;
    let platform: String = one(&data, "SELECT session_user::text").await;
    for isolation in own {
        for slug in [in_slug(isolation), format!("idle-{isolation}"), format!("later-{isolation}")] {
            let tenant = app.platform.registry.find_tenant(&slug).await.unwrap().tenant;
            let session = app.login(&slug).await;
            let by: String = one(&session, "SELECT by FROM ran").await;
            let expected = if slug.starts_with("later") {
                platform.clone()
            } else {
                layout.tenant_owner_role(tenant.id)
            };
            // A database that was cloned while tenants could create objects keeps the right until it is taken back.
            if slug.starts_with("later") && by != platform {
                assert_eq!(
                    (isolation, by),
                    (Isolation::Database, layout.tenant_owner_role(tenant.id)),
                    "{slug}"
                );
            } else {
                assert_eq!(by, expected, "{slug}");
            }
            if slug == in_slug(isolation) {
                let row = session
                    .query_one("SELECT array_agg(DISTINCT session || superuser || outcome) FROM loot", &[])
                    .await;
                let loot: Vec<String> = row.unwrap().get(0);
                assert_eq!(
                    loot,
                    [format!("{}off42501", layout.tenant_owner_role(tenant.id))],
                    "{slug}: it ran"
                );
            }
            let role = layout.tenant_role(&tenant, key);
            let sql = format!("SELECT rolsuper FROM pg_roles WHERE rolname = '{role}'");
            assert!(!one::<bool>(&data, &sql).await, "{slug}");
        }
    }
}

/// An app whose own functions run texts could be made to run a tenant's: its tenants are migrated by their owners.
#[tokio::test]
async fn an_app_that_runs_texts_is_never_migrated_by_the_platform() {
    let lab = Lab::new(AppOptions::default()).await;
    let first = format!(
        "{FIRST}
        CREATE FUNCTION follow() RETURNS trigger LANGUAGE plpgsql AS
          $f$ BEGIN EXECUTE format('SELECT %s', NEW.mark); RETURN NEW; END $f$;
        CREATE TABLE rules (mark text);
        CREATE TRIGGER follow BEFORE UPDATE ON rules FOR EACH ROW EXECUTE FUNCTION follow();"
    );
    lab.apply("0001_first.up.sql", &first).await;
    let own = [Isolation::Schema, Isolation::Database];
    for isolation in own {
        let tenant = lab.app.tenant(&in_slug(isolation), isolation).await.tenant;
        let role =
            lab.app.platform.app.layout().tenant_role(&tenant, lab.app.platform.app.isolation.tenant_key);
        let rule = format!("INSERT INTO rules VALUES ('1; RESET ROLE; ALTER ROLE {role} SUPERUSER')");
        lab.app.login(&in_slug(isolation)).await.batch_execute(&rule).await.unwrap();
    }
    lab.write("0002_rules.up.sql", "UPDATE rules SET mark = mark;");
    let e = lab.up().await.unwrap_err();
    for isolation in own {
        assert!(e.message().contains(&format!("tenant {}: [migration_failed]", in_slug(isolation))), "{e:?}");
        assert_eq!(lab.versions(&in_slug(isolation)).await, (1, 1), "{isolation}");
    }
    assert!(e.message().contains("42501"), "{e:?}");
    let supers = "SELECT count(*) FROM pg_roles WHERE rolsuper AND rolname IN
        (SELECT 't_' || replace(id::text, '-', '') FROM tenantry.local_tenants)";
    assert_eq!(one::<i64>(&lab.app.data().await, supers).await, 0);
}

/// What somebody else owns where every tenant's search path looks may lie in wait for any of them.
#[tokio::test]
async fn strangers_objects_in_common_schemas_keep_the_platform_out() {
    let lab = Lab::new(AppOptions::default()).await;
    lab.apply("0001_first.up.sql", FIRST).await;
    let layout = lab.app.platform.app.layout();
    let tenant = lab.app.tenant("one", Isolation::Schema).await.tenant;
    let (owner, data) = (layout.tenant_owner_role(tenant.id), lab.app.data().await);
    let platform: String = one(&data, "SELECT session_user::text").await;
    let stranger = format!("{}_stranger", lab.app.platform.app.name);
    data.batch_execute(&format!("CREATE ROLE {stranger} NOLOGIN")).await.unwrap();
    // The statement that puts something there, the one that takes it away, and who migrates between them.
    let make_type = "CREATE TYPE extensions.odd AS ENUM (); ALTER TYPE extensions.odd OWNER TO";
    let cases = [
        ("SELECT '{}'", "SELECT 1", &platform),
        (
            "CREATE FUNCTION global.odd() RETURNS int LANGUAGE sql RETURN 1; ALTER FUNCTION global.odd() OWNER TO {}",
            "DROP FUNCTION global.odd()",
            &owner,
        ),
        (&format!("{make_type} {{}}"), "DROP TYPE extensions.odd", &owner),
        (
            "CREATE TABLE global.odd (a int); ALTER TABLE global.odd OWNER TO {}",
            "DROP TABLE global.odd",
            &owner,
        ),
        (
            "CREATE OPERATOR extensions.### (FUNCTION = int4pl, LEFTARG = int, RIGHTARG = int);
          ALTER OPERATOR extensions.### (int, int) OWNER TO {}",
            "DROP OPERATOR extensions.### (int, int)",
            &owner,
        ),
        ("CREATE SCHEMA odd AUTHORIZATION {}", "DROP SCHEMA odd", &owner),
        ("GRANT CREATE ON SCHEMA extensions TO {}", "REVOKE CREATE ON SCHEMA extensions FROM {}", &owner),
        (
            "GRANT CREATE ON SCHEMA extensions TO PUBLIC",
            "REVOKE CREATE ON SCHEMA extensions FROM PUBLIC",
            &owner,
        ),
        ("SELECT '{}'", "SELECT 1", &platform),
    ];
    for (number, (put, take, by)) in (2..).zip(cases) {
        data.batch_execute(&put.replace("{}", &stranger)).await.unwrap();
        let tells = format!("CREATE TABLE ran_{number} AS SELECT session_user::text AS by;");
        lab.write(&format!("{number:04}_tells.up.sql"), &tells);
        lab.up().await.unwrap();
        let session = lab.app.login("one").await;
        assert_eq!(&one::<String>(&session, &format!("SELECT by FROM ran_{number}")).await, by, "{put}");
        data.batch_execute(&take.replace("{}", &stranger)).await.unwrap();
    }
}
