//! Row-level security of the app's own: within the tenant's rows, beside a boundary that it can't widen.

use crate::check;

#[test]
fn enabling_makes_the_tenants_policy_restrictive() {
    check(
        r#"CREATE TABLE notes (id int PRIMARY KEY, author text, body text);"#,
        r#"ALTER TABLE notes ENABLE ROW LEVEL SECURITY"#,
        r#"
shared once: DROP POLICY tenantry ON notes
shared once: CREATE POLICY "!tenantry" ON notes AS RESTRICTIVE USING (tenant_id = (SELECT tenantry.current_tenant())) WITH CHECK (tenant_id = (SELECT tenantry.current_tenant()))
shared once: CREATE POLICY tenantry_open ON notes TO CURRENT_ROLE USING (true) WITH CHECK (true)
plain tenant: ALTER TABLE notes ENABLE ROW LEVEL SECURITY
"#,
    );
}

#[test]
fn enabling_twice_changes_nothing() {
    check(
        r#"CREATE TABLE notes (id int PRIMARY KEY, author text, body text);ALTER TABLE notes ENABLE ROW LEVEL SECURITY;"#,
        r#"ALTER TABLE notes ENABLE ROW LEVEL SECURITY"#,
        r#"
plain tenant: ALTER TABLE notes ENABLE ROW LEVEL SECURITY
note: there is nothing to do in shared tables
"#,
    );
}

#[test]
fn disabling_without_policies_goes_back() {
    check(
        r#"CREATE TABLE notes (id int PRIMARY KEY, author text, body text);ALTER TABLE notes ENABLE ROW LEVEL SECURITY;"#,
        r#"ALTER TABLE notes DISABLE ROW LEVEL SECURITY"#,
        r#"
shared once: DROP POLICY tenantry_open ON notes
shared once: DROP POLICY "!tenantry" ON notes
shared once: CREATE POLICY tenantry ON notes USING (tenant_id = (SELECT tenantry.current_tenant())) WITH CHECK (tenant_id = (SELECT tenantry.current_tenant()))
plain tenant: ALTER TABLE notes DISABLE ROW LEVEL SECURITY
"#,
    );
}

#[test]
fn a_policy_is_carried_as_written() {
    check(
        r#"CREATE TABLE notes (id int PRIMARY KEY, author text, body text);ALTER TABLE notes ENABLE ROW LEVEL SECURITY;"#,
        r#"CREATE POLICY own ON public.notes FOR UPDATE USING (author = current_setting('app.user', true)) WITH CHECK (true); CREATE POLICY "Old ones" ON notes AS RESTRICTIVE FOR SELECT TO PUBLIC USING (id > 10)"#,
        r#"
shared once: CREATE POLICY own ON shared.notes FOR UPDATE USING (author = current_setting('app.user', true)) WITH CHECK (true)
plain tenant: CREATE POLICY own ON shared.notes FOR UPDATE USING (author = current_setting('app.user', true)) WITH CHECK (true)
shared once: CREATE POLICY "Old ones" ON notes AS RESTRICTIVE FOR SELECT TO PUBLIC USING (id > 10)
plain tenant: CREATE POLICY "Old ones" ON notes AS RESTRICTIVE FOR SELECT TO PUBLIC USING (id > 10)
"#,
    );
}

#[test]
fn a_policy_before_enabling_rests() {
    check(
        r#"CREATE TABLE notes (id int PRIMARY KEY, author text, body text);"#,
        r#"CREATE POLICY own ON notes AS RESTRICTIVE USING (author = 'me'); ALTER POLICY own ON notes TO PUBLIC USING (author = 'you'); ALTER TABLE notes ENABLE ROW LEVEL SECURITY"#,
        r#"
shared once: DROP POLICY tenantry ON notes
shared once: CREATE POLICY "!tenantry" ON notes AS RESTRICTIVE USING (tenant_id = (SELECT tenantry.current_tenant())) WITH CHECK (tenant_id = (SELECT tenantry.current_tenant()))
shared once: CREATE POLICY tenantry_open ON notes TO PUBLIC USING (true) WITH CHECK (true)
shared once: CREATE POLICY own ON notes AS RESTRICTIVE TO pg_database_owner USING (author = 'me')
plain tenant: CREATE POLICY own ON notes AS RESTRICTIVE USING (author = 'me')
shared once: ALTER POLICY own ON notes TO pg_database_owner USING (author = 'you')
plain tenant: ALTER POLICY own ON notes TO PUBLIC USING (author = 'you')
shared once: ALTER POLICY tenantry_open ON notes TO CURRENT_ROLE
shared once: ALTER POLICY own ON notes TO PUBLIC
plain tenant: ALTER TABLE notes ENABLE ROW LEVEL SECURITY
"#,
    );
}

#[test]
fn disabling_puts_policies_to_rest() {
    check(
        r#"CREATE TABLE notes (id int PRIMARY KEY, author text, body text);ALTER TABLE notes ENABLE ROW LEVEL SECURITY;CREATE POLICY own ON notes USING (author = 'me');"#,
        r#"ALTER TABLE notes DISABLE ROW LEVEL SECURITY; ALTER TABLE notes ENABLE ROW LEVEL SECURITY"#,
        r#"
shared once: ALTER POLICY tenantry_open ON notes TO PUBLIC
shared once: ALTER POLICY own ON notes TO pg_database_owner
plain tenant: ALTER TABLE notes DISABLE ROW LEVEL SECURITY
shared once: ALTER POLICY tenantry_open ON notes TO CURRENT_ROLE
shared once: ALTER POLICY own ON notes TO PUBLIC
plain tenant: ALTER TABLE notes ENABLE ROW LEVEL SECURITY
"#,
    );
}

#[test]
fn the_last_policy_at_rest_goes() {
    check(
        r#"CREATE TABLE notes (id int PRIMARY KEY, author text, body text);CREATE POLICY own ON notes USING (author = 'me');"#,
        r#"DROP POLICY own ON notes; DROP POLICY IF EXISTS own ON notes; DROP POLICY IF EXISTS own ON nowhere"#,
        r#"
shared once: DROP POLICY own ON notes
shared once: DROP POLICY tenantry_open ON notes
shared once: DROP POLICY "!tenantry" ON notes
shared once: CREATE POLICY tenantry ON notes USING (tenant_id = (SELECT tenantry.current_tenant())) WITH CHECK (tenant_id = (SELECT tenantry.current_tenant()))
plain tenant: DROP POLICY own ON notes
shared once: DROP POLICY IF EXISTS own ON notes
plain tenant: DROP POLICY IF EXISTS own ON notes
shared once: DROP POLICY IF EXISTS own ON nowhere
plain tenant: DROP POLICY IF EXISTS own ON nowhere
"#,
    );
}

#[test]
fn forcing_binds_the_owner() {
    check(
        r#"CREATE TABLE notes (id int PRIMARY KEY, author text, body text);ALTER TABLE notes ENABLE ROW LEVEL SECURITY;CREATE POLICY own ON notes USING (author = 'me');"#,
        r#"ALTER TABLE notes FORCE ROW LEVEL SECURITY; ALTER TABLE notes NO FORCE ROW LEVEL SECURITY"#,
        r#"
shared once: DROP POLICY tenantry_open ON notes
plain tenant: ALTER TABLE notes FORCE ROW LEVEL SECURITY
shared once: CREATE POLICY tenantry_open ON notes TO CURRENT_ROLE USING (true) WITH CHECK (true)
plain tenant: ALTER TABLE notes NO FORCE ROW LEVEL SECURITY
"#,
    );
}

#[test]
fn forcing_before_enabling() {
    check(
        r#"CREATE TABLE notes (id int PRIMARY KEY, author text, body text);"#,
        r#"ALTER TABLE notes FORCE ROW LEVEL SECURITY; ALTER TABLE notes ENABLE ROW LEVEL SECURITY"#,
        r#"
plain tenant: ALTER TABLE notes FORCE ROW LEVEL SECURITY
note: there is nothing to do in shared tables
shared once: DROP POLICY tenantry ON notes
shared once: CREATE POLICY "!tenantry" ON notes AS RESTRICTIVE USING (tenant_id = (SELECT tenantry.current_tenant())) WITH CHECK (tenant_id = (SELECT tenantry.current_tenant()))
plain tenant: ALTER TABLE notes ENABLE ROW LEVEL SECURITY
"#,
    );
}

#[test]
fn among_other_commands() {
    check(
        r#"CREATE TABLE notes (id int PRIMARY KEY, author text, body text);"#,
        r#"ALTER TABLE notes ADD COLUMN at date, ENABLE ROW LEVEL SECURITY, FORCE ROW LEVEL SECURITY"#,
        r#"
shared once: ALTER TABLE notes ADD COLUMN at date
shared once: DROP POLICY tenantry ON notes
shared once: CREATE POLICY "!tenantry" ON notes AS RESTRICTIVE USING (tenant_id = (SELECT tenantry.current_tenant())) WITH CHECK (tenant_id = (SELECT tenantry.current_tenant()))
plain tenant: ALTER TABLE notes ADD COLUMN at date, ENABLE ROW LEVEL SECURITY, FORCE ROW LEVEL SECURITY
"#,
    );
}

#[test]
fn what_stands_in_for_truncate_passes_by_forced_policies() {
    check(
        r#"CREATE TABLE notes (id int PRIMARY KEY, author text, body text);ALTER TABLE notes ENABLE ROW LEVEL SECURITY;CREATE POLICY own ON notes USING (author = 'me');ALTER TABLE notes FORCE ROW LEVEL SECURITY;"#,
        r#"TRUNCATE notes; ALTER TABLE notes ADD COLUMN n serial"#,
        r#"
shared once: CREATE POLICY tenantry_open ON notes TO CURRENT_ROLE USING (true) WITH CHECK (true)
shared tenant: DELETE FROM notes
shared once: DROP POLICY tenantry_open ON notes
plain tenant: TRUNCATE notes
shared once: CREATE SEQUENCE notes_n_seq AS integer
shared once: ALTER TABLE notes ADD COLUMN n int
shared once: CREATE POLICY tenantry_open ON notes TO CURRENT_ROLE USING (true) WITH CHECK (true)
shared tenant: UPDATE notes SET n = tenantry.next_value('shared.notes_n_seq'::regclass)
shared once: DROP POLICY tenantry_open ON notes
shared once: ALTER TABLE notes ALTER COLUMN n SET NOT NULL, ALTER COLUMN n SET DEFAULT tenantry.next_value('shared.notes_n_seq'::regclass)
shared once: ALTER SEQUENCE notes_n_seq OWNED BY notes.n
plain tenant: ALTER TABLE notes ADD COLUMN n serial
"#,
    );
}

#[test]
fn altering() {
    check(
        r#"CREATE TABLE notes (id int PRIMARY KEY, author text, body text);ALTER TABLE notes ENABLE ROW LEVEL SECURITY;CREATE POLICY own ON notes USING (author = 'me');"#,
        r#"ALTER POLICY own ON notes USING (id IN (SELECT * FROM (SELECT id FROM notes) n)); ALTER POLICY own ON notes RENAME TO mine; ALTER POLICY mine ON notes TO PUBLIC; COMMENT ON POLICY mine ON notes IS 'mine'"#,
        r#"
shared once: ALTER POLICY own ON notes USING (id IN (SELECT n.id FROM (SELECT id FROM notes) n))
plain tenant: ALTER POLICY own ON notes USING (id IN (SELECT * FROM (SELECT id FROM notes) n))
shared once: ALTER POLICY own ON notes RENAME TO mine
plain tenant: ALTER POLICY own ON notes RENAME TO mine
shared once: ALTER POLICY mine ON notes TO PUBLIC
plain tenant: ALTER POLICY mine ON notes TO PUBLIC
shared once: COMMENT ON POLICY mine ON notes IS 'mine'
plain tenant: COMMENT ON POLICY mine ON notes IS 'mine'
"#,
    );
}

#[test]
fn stars_and_groups_in_a_policy() {
    check(
        r#"CREATE TABLE notes (id int PRIMARY KEY, author text, body text);ALTER TABLE notes ENABLE ROW LEVEL SECURITY;CREATE TABLE members (name text);"#,
        r#"CREATE POLICY p ON notes USING (author IN (SELECT * FROM members)); CREATE POLICY q ON notes USING (EXISTS (SELECT * FROM public.members m WHERE m.name = author) AND (SELECT count(*) FROM members) > 0)"#,
        r#"
shared once: CREATE POLICY p ON notes USING (author IN (SELECT members.name FROM members))
plain tenant: CREATE POLICY p ON notes USING (author IN (SELECT * FROM members))
shared once: CREATE POLICY q ON notes USING (EXISTS (SELECT * FROM shared.members m WHERE m.name = author) AND (SELECT count(*) FROM members) > 0)
plain tenant: CREATE POLICY q ON notes USING (EXISTS (SELECT * FROM shared.members m WHERE m.name = author) AND (SELECT count(*) FROM members) > 0)
"#,
    );
}

#[test]
fn one_role_stands_for_the_login() {
    check(
        r#"CREATE TABLE notes (id int PRIMARY KEY, author text, body text);ALTER TABLE notes ENABLE ROW LEVEL SECURITY;"#,
        r#"CREATE POLICY r ON notes FOR SELECT TO authenticated, anon USING (true); CREATE POLICY w ON notes FOR INSERT TO authenticated WITH CHECK (author = 'me'); ALTER POLICY w ON notes TO authenticated, admin"#,
        r#"
shared once: CREATE POLICY r ON notes FOR SELECT TO public USING (true)
plain tenant: CREATE POLICY r ON notes FOR SELECT TO public USING (true)
note: the policy is for everyone: the tenants' login stands for anon, authenticated
shared once: CREATE POLICY w ON notes FOR INSERT TO public WITH CHECK (author = 'me')
plain tenant: CREATE POLICY w ON notes FOR INSERT TO public WITH CHECK (author = 'me')
note: the policy is for everyone: the tenants' login stands for authenticated
shared once: ALTER POLICY w ON notes TO public
plain tenant: ALTER POLICY w ON notes TO public
note: the policy is for everyone: the tenants' login stands for authenticated
"#,
    );
}

#[test]
fn two_roles_are_refused() {
    check(
        r#"CREATE TABLE notes (id int PRIMARY KEY, author text, body text);ALTER TABLE notes ENABLE ROW LEVEL SECURITY;"#,
        r#"CREATE POLICY r ON notes FOR SELECT TO anon USING (body IS NULL); CREATE POLICY w ON notes TO service USING (true)"#,
        r#"
m.sql:1:67: the policy is for service, the policies before it are for anon: a tenant has one login, which can stand for one role; write TO PUBLIC, and ask in the expression who it is; or leave the policies of the other roles out
"#,
    );
}

#[test]
fn the_migrating_role_is_refused() {
    check(
        r#"CREATE TABLE notes (id int PRIMARY KEY, author text, body text);ALTER TABLE notes ENABLE ROW LEVEL SECURITY;"#,
        r#"CREATE POLICY r ON notes TO CURRENT_USER USING (true)"#,
        r#"
m.sql:1:1: the policy is for the role that runs the migrations, which is Tenantry's; write TO PUBLIC, or name the role that the application logs in as
"#,
    );
}

#[test]
fn tenantrys_own_policies_are_left_alone() {
    check(
        r#"CREATE TABLE notes (id int PRIMARY KEY, author text, body text);ALTER TABLE notes ENABLE ROW LEVEL SECURITY;CREATE POLICY own ON notes USING (author = 'me');"#,
        r#"DROP POLICY tenantry ON notes; DROP POLICY IF EXISTS tenantry_open ON notes; ALTER POLICY tenantry ON notes USING (true); ALTER POLICY own ON notes RENAME TO tenantry; CREATE POLICY tenantry ON notes USING (true); ALTER POLICY tenantry_open ON notes RENAME TO x; CREATE POLICY " a" ON notes USING (true); DROP POLICY "!tenantry" ON notes"#,
        r#"
m.sql:1:1: the policy tenantry is Tenantry's: it keeps the tenants apart; give yours another name, and leave that one alone
m.sql:1:32: the policy tenantry_open is Tenantry's: it keeps the tenants apart; give yours another name, and leave that one alone
m.sql:1:78: the policy tenantry is Tenantry's: it keeps the tenants apart; give yours another name, and leave that one alone
m.sql:1:123: the policy tenantry is Tenantry's: it keeps the tenants apart; give yours another name, and leave that one alone
m.sql:1:169: the policy tenantry is Tenantry's: it keeps the tenants apart; give yours another name, and leave that one alone
m.sql:1:215: the policy tenantry_open is Tenantry's: it keeps the tenants apart; give yours another name, and leave that one alone
m.sql:1:264: the policy " a" would be asked before the tenants' own, in the order of names; give it a name that begins with a letter
m.sql:1:306: the policy !tenantry is Tenantry's: it keeps the tenants apart; give yours another name, and leave that one alone
"#,
    );
}

#[test]
fn unknown_and_taken_names_are_refused() {
    check(
        r#"CREATE TABLE notes (id int PRIMARY KEY, author text, body text);ALTER TABLE notes ENABLE ROW LEVEL SECURITY;CREATE POLICY own ON notes USING (author = 'me');"#,
        r#"CREATE POLICY own ON notes USING (true); ALTER POLICY other ON notes USING (true); DROP POLICY other ON notes; CREATE POLICY p ON nowhere USING (true)"#,
        r#"
m.sql:1:1: a policy own of table notes exists already; give the policy another name
m.sql:1:112: table nowhere is not made by the migrations so far; create it in an earlier statement, or correct the name
"#,
    );
}

#[test]
fn global_tables_and_materialized_views_are_refused() {
    check(
        r#"CREATE TABLE countries (code text PRIMARY KEY);CREATE TABLE notes (id int PRIMARY KEY, author text, body text);CREATE MATERIALIZED VIEW m AS SELECT id FROM notes;"#,
        r#"ALTER TABLE countries ENABLE ROW LEVEL SECURITY; CREATE POLICY p ON countries USING (true); CREATE POLICY p ON m USING (true)"#,
        r#"
m.sql:1:1: the global table countries is read by the tenants of every isolation, and none of them writes it; leave its row-level security out, or take the table out of [tables] global
m.sql:1:50: the global table countries is read by the tenants of every isolation, and none of them writes it; leave its row-level security out, or take the table out of [tables] global
m.sql:1:93: m is a materialized view, which knows no row-level security; put the policy on the tables that it reads
"#,
    );
}

#[test]
fn policies_follow_renames_and_go_with_what_they_read() {
    check(
        r#"CREATE TABLE notes (id int PRIMARY KEY, author text, body text);CREATE TABLE members (name text); CREATE FUNCTION f() RETURNS boolean LANGUAGE sql AS 'SELECT true'; CREATE POLICY a ON notes USING (author = 'me'); CREATE POLICY b ON notes USING (EXISTS (SELECT 1 FROM members WHERE name = 'me')); CREATE POLICY c ON notes USING (f()); CREATE POLICY d ON notes USING (id > 0); ALTER TABLE notes RENAME TO papers; ALTER TABLE papers RENAME author TO writer; ALTER TABLE members RENAME TO people;"#,
        r#"DROP TABLE people CASCADE; DROP FUNCTION f() CASCADE; ALTER TABLE papers DROP COLUMN writer CASCADE; ALTER TABLE papers ENABLE ROW LEVEL SECURITY"#,
        r#"
shared once: DROP TABLE people CASCADE
plain tenant: DROP TABLE people CASCADE
shared once: DROP FUNCTION f() CASCADE
plain tenant: DROP FUNCTION f() CASCADE
shared once: ALTER TABLE papers DROP writer CASCADE
plain tenant: ALTER TABLE papers DROP COLUMN writer CASCADE
shared once: ALTER POLICY tenantry_open ON papers TO CURRENT_ROLE
shared once: ALTER POLICY d ON papers TO PUBLIC
plain tenant: ALTER TABLE papers ENABLE ROW LEVEL SECURITY
"#,
    );
}

#[test]
fn a_view_over_policies_is_noted() {
    check(
        r#"CREATE TABLE notes (id int PRIMARY KEY, author text, body text);ALTER TABLE notes ENABLE ROW LEVEL SECURITY;"#,
        r#"CREATE VIEW v AS SELECT id FROM notes"#,
        r#"
shared once: CREATE VIEW v WITH (security_invoker=true) AS SELECT id FROM notes
plain tenant: CREATE VIEW v AS SELECT id FROM notes
note: the policies of notes hold through v too: views read with the rights of whoever asks
"#,
    );
}

#[test]
fn a_table_with_views_is_noted() {
    check(
        r#"CREATE TABLE notes (id int PRIMARY KEY, author text, body text);CREATE VIEW v AS SELECT id FROM notes;"#,
        r#"ALTER TABLE notes ENABLE ROW LEVEL SECURITY"#,
        r#"
shared once: DROP POLICY tenantry ON notes
shared once: CREATE POLICY "!tenantry" ON notes AS RESTRICTIVE USING (tenant_id = (SELECT tenantry.current_tenant())) WITH CHECK (tenant_id = (SELECT tenantry.current_tenant()))
shared once: CREATE POLICY tenantry_open ON notes TO CURRENT_ROLE USING (true) WITH CHECK (true)
plain tenant: ALTER TABLE notes ENABLE ROW LEVEL SECURITY
note: the policies of notes hold through v too: views read with the rights of whoever asks
"#,
    );
}

#[test]
fn truncating_functions_and_forced_policies_are_refused() {
    check(
        r#"CREATE TABLE notes (id int PRIMARY KEY, author text, body text);CREATE FUNCTION f() RETURNS void LANGUAGE sql AS 'TRUNCATE notes';"#,
        r#"ALTER TABLE notes FORCE ROW LEVEL SECURITY"#,
        r#"
m.sql:1:1: the function f runs TRUNCATE, which passes by the forced policies of notes; shared tables are emptied by DELETE, which does not; leave FORCE out: it binds the owner alone, or use DELETE in the function
"#,
    );
}

#[test]
fn a_forced_table_and_a_truncating_function_are_refused() {
    check(
        r#"CREATE TABLE notes (id int PRIMARY KEY, author text, body text);ALTER TABLE notes FORCE ROW LEVEL SECURITY;"#,
        r#"CREATE FUNCTION f() RETURNS void LANGUAGE sql AS 'TRUNCATE notes'"#,
        r#"
m.sql:1:1: the function f runs TRUNCATE, which passes by the forced policies of notes; shared tables are emptied by DELETE, which does not; leave FORCE out: it binds the owner alone, or use DELETE in the function
"#,
    );
}

#[test]
fn an_update_action_past_policies_is_refused() {
    check(
        r#"CREATE TABLE notes (id int PRIMARY KEY, author text, body text);CREATE TABLE lines (id int PRIMARY KEY, note int REFERENCES notes ON UPDATE SET NULL);"#,
        r#"ALTER TABLE lines ENABLE ROW LEVEL SECURITY"#,
        r#"
m.sql:1:1: the foreign key lines_note_fkey sets columns ON UPDATE in lines, past the policies of that table; make it ON UPDATE NO ACTION and let the application set the columns, or leave row-level security out
"#,
    );
}

#[test]
fn an_update_action_into_policies_is_refused() {
    check(
        r#"CREATE TABLE notes (id int PRIMARY KEY, author text, body text);CREATE TABLE lines (id int PRIMARY KEY, note int); ALTER TABLE lines ENABLE ROW LEVEL SECURITY;"#,
        r#"ALTER TABLE lines ADD FOREIGN KEY (note) REFERENCES notes ON UPDATE SET NULL"#,
        r#"
m.sql:1:1: the foreign key lines_note_fkey sets columns ON UPDATE in lines, past the policies of that table; make it ON UPDATE NO ACTION and let the application set the columns, or leave row-level security out
"#,
    );
}

#[test]
fn a_block_that_guards_a_policy() {
    check(
        r#"CREATE TABLE notes (id int PRIMARY KEY, author text, body text);ALTER TABLE notes ENABLE ROW LEVEL SECURITY;"#,
        r#"DO $$ BEGIN CREATE POLICY p ON public.notes USING (true); EXCEPTION WHEN duplicate_object THEN NULL; END $$; DO $$ BEGIN CREATE POLICY p ON public.notes USING (true); EXCEPTION WHEN duplicate_object THEN NULL; END $$"#,
        r#"
shared once: CREATE POLICY p ON shared.notes USING (true)
plain tenant: CREATE POLICY p ON shared.notes USING (true)
note: the block has nothing to do: a policy p of table notes exists already
"#,
    );
}
