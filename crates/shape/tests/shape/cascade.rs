//! Actions of foreign keys that meet triggers.

use crate::check;
use crate::support::after;

const SETUP: &str = "CREATE TABLE p (id int PRIMARY KEY);
  CREATE TABLE c (id int PRIMARY KEY, p int REFERENCES p ON DELETE CASCADE);
  CREATE FUNCTION f() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN RETURN NULL; END $$;";

#[test]
fn a_trigger_inside_of_an_action_is_guarded() {
    check(
        SETUP,
        "CREATE TRIGGER t BEFORE DELETE ON c FOR EACH ROW EXECUTE FUNCTION f(); ALTER TABLE c DISABLE TRIGGER ALL; DROP TRIGGER t ON c",
        r#"
shared once: CREATE TRIGGER t BEFORE DELETE ON c FOR EACH ROW EXECUTE FUNCTION f()
shared once: CREATE TRIGGER "!tenantry_cascaded_c" BEFORE DELETE OR UPDATE ON c FOR EACH ROW WHEN (NOT pg_catalog.row_security_active('shared.c'::regclass)) EXECUTE FUNCTION tenantry.cascaded()
shared once: CREATE TRIGGER "!tenantry_cascade" AFTER DELETE ON p FOR EACH ROW EXECUTE FUNCTION tenantry.cascade()
plain tenant: CREATE TRIGGER t BEFORE DELETE ON c FOR EACH ROW EXECUTE FUNCTION f()
shared once: ALTER TABLE c DISABLE TRIGGER USER
shared once: ALTER TABLE c ENABLE TRIGGER "!tenantry_cascaded_c"
plain tenant: ALTER TABLE c DISABLE TRIGGER USER
shared once: DROP TRIGGER t ON c
shared once: DROP TRIGGER IF EXISTS "!tenantry_cascaded_c" ON c
shared once: DROP TRIGGER IF EXISTS "!tenantry_cascade" ON p
plain tenant: DROP TRIGGER t ON c
"#,
    );
}

#[test]
fn a_foreign_key_behind_the_trigger() {
    check(
        SETUP,
        r#"CREATE TRIGGER t BEFORE UPDATE ON c FOR EACH ROW EXECUTE FUNCTION f();
           ALTER TABLE c ADD COLUMN o int CONSTRAINT other REFERENCES p ON UPDATE CASCADE;
           ALTER TABLE p RENAME id TO no; ALTER TABLE c RENAME TO d;
           ALTER TABLE p ALTER no TYPE bigint; ALTER TABLE d DROP CONSTRAINT other"#,
        r#"
shared once: CREATE TRIGGER t BEFORE UPDATE ON c FOR EACH ROW EXECUTE FUNCTION f()
plain tenant: CREATE TRIGGER t BEFORE UPDATE ON c FOR EACH ROW EXECUTE FUNCTION f()
shared once: ALTER TABLE c NO FORCE ROW LEVEL SECURITY
shared once: ALTER TABLE p NO FORCE ROW LEVEL SECURITY
shared once: ALTER TABLE c ADD COLUMN o int, ADD CONSTRAINT other FOREIGN KEY (tenant_id, o) REFERENCES p (tenant_id, id) ON UPDATE CASCADE
shared once: ALTER TABLE c FORCE ROW LEVEL SECURITY
shared once: ALTER TABLE p FORCE ROW LEVEL SECURITY
shared once: CREATE TRIGGER "!tenantry_cascaded_c" BEFORE DELETE OR UPDATE ON c FOR EACH ROW WHEN (NOT pg_catalog.row_security_active('shared.c'::regclass)) EXECUTE FUNCTION tenantry.cascaded()
shared once: CREATE TRIGGER "!tenantry_cascade_other" AFTER UPDATE ON p FOR EACH ROW WHEN ((old.tenant_id, old.id) IS DISTINCT FROM (new.tenant_id, new.id)) EXECUTE FUNCTION tenantry.cascade()
plain tenant: ALTER TABLE c ADD COLUMN o int CONSTRAINT other REFERENCES p ON UPDATE CASCADE
shared once: ALTER TABLE p RENAME id TO no
shared once: DROP TRIGGER IF EXISTS "!tenantry_cascade_other" ON p
shared once: CREATE TRIGGER "!tenantry_cascade_other" AFTER UPDATE ON p FOR EACH ROW WHEN ((old.tenant_id, old.no) IS DISTINCT FROM (new.tenant_id, new.no)) EXECUTE FUNCTION tenantry.cascade()
plain tenant: ALTER TABLE p RENAME id TO no
shared once: ALTER TABLE c RENAME TO d
shared once: DROP TRIGGER IF EXISTS "!tenantry_cascaded_c" ON d
shared once: CREATE TRIGGER "!tenantry_cascaded_d" BEFORE DELETE OR UPDATE ON d FOR EACH ROW WHEN (NOT pg_catalog.row_security_active('shared.d'::regclass)) EXECUTE FUNCTION tenantry.cascaded()
plain tenant: ALTER TABLE c RENAME TO d
shared once: DROP TRIGGER "!tenantry_cascade_other" ON p
shared once: ALTER TABLE p ALTER COLUMN no TYPE bigint
shared once: CREATE TRIGGER "!tenantry_cascade_other" AFTER UPDATE ON p FOR EACH ROW WHEN ((old.tenant_id, old.no) IS DISTINCT FROM (new.tenant_id, new.no)) EXECUTE FUNCTION tenantry.cascade()
plain tenant: ALTER TABLE p ALTER no TYPE bigint
shared once: ALTER TABLE d DROP CONSTRAINT other
shared once: DROP TRIGGER IF EXISTS "!tenantry_cascaded_d" ON d
shared once: DROP TRIGGER IF EXISTS "!tenantry_cascade_other" ON p
plain tenant: ALTER TABLE d DROP CONSTRAINT other
"#,
    );
}

#[test]
fn what_meets_no_action_stays_as_it_is() {
    for trigger in [
        "CREATE TRIGGER t BEFORE INSERT OR UPDATE ON c FOR EACH ROW EXECUTE FUNCTION f()",
        "CREATE TRIGGER t AFTER DELETE ON c FOR EACH ROW EXECUTE FUNCTION f()",
        "CREATE TRIGGER t BEFORE DELETE ON p FOR EACH ROW EXECUTE FUNCTION f()",
    ] {
        let got = after(SETUP, trigger);
        assert!(!got.contains("tenantry"), "{got}");
    }
}

/// The trigger of a partition runs inside of the action on the whole table.
#[test]
fn partitions_count_with_their_table() {
    let setup = "CREATE TABLE p (id int PRIMARY KEY); CREATE TABLE c (id int, p int REFERENCES p ON DELETE SET NULL) PARTITION BY LIST (id);
      CREATE TABLE c1 PARTITION OF c FOR VALUES IN (1);
      CREATE FUNCTION f() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN RETURN NEW; END $$;";
    let got = after(setup, "CREATE TRIGGER t BEFORE UPDATE ON c1 FOR EACH ROW EXECUTE FUNCTION f()");
    assert!(
        got.contains("CREATE TRIGGER \"!tenantry_cascaded_c\" BEFORE DELETE OR UPDATE ON c FOR"),
        "{got}"
    );
}

#[test]
fn what_cannot_be_guarded_is_refused() {
    for (setup, sql, wants) in [
        (SETUP, "CREATE TRIGGER t BEFORE DELETE ON c EXECUTE FUNCTION f()", "t of c would run inside of the action of the foreign key c_p_fkey"),
        (SETUP, "CREATE RULE r AS ON DELETE TO c DO ALSO DELETE FROM p", "r of c would run inside of"),
        (
            "CREATE TABLE countries (code int PRIMARY KEY); CREATE TABLE c (code int REFERENCES countries ON DELETE CASCADE);
             CREATE FUNCTION f() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN RETURN OLD; END $$;",
            "CREATE TRIGGER t BEFORE DELETE ON c FOR EACH ROW EXECUTE FUNCTION f()",
            "comes from the global table countries",
        ),
        (
            SETUP,
            "CREATE TRIGGER t BEFORE DELETE ON c FOR EACH ROW EXECUTE FUNCTION f(); ALTER TABLE c ENABLE ROW LEVEL SECURITY; ALTER TABLE c FORCE ROW LEVEL SECURITY",
            "the forced policies of c would hold it back",
        ),
    ] {
        let got = after(setup, sql);
        assert!(got.contains(wants), "{got}");
    }
}
