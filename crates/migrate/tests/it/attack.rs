//! Code that a tenant has planted for a migration to run has the rights of that tenant's owner and no more.

use std::collections::BTreeMap;

use tenantry_domain::Isolation;

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
