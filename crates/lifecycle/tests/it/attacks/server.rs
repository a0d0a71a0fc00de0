//! The server's files, programs, settings and objects beyond the tenant's own.

use tenantry_testkit::attack::Expect::{Done, NoRows, Refused, Shows, SomeRows};
use tenantry_testkit::attack::{ALL, Attack, ONE_DATABASE, OWN_TABLES, SCHEMA, SHARED, Who, attack};

const DENIED: &[&str] = &["42501"];

pub fn cases() -> Vec<Attack> {
    [files(), settings(), creating(), databases(), text(), own_objects()].concat()
}

fn rolled_back(case: Attack, sql: &'static str) -> Attack {
    case.twin(Who::Super, "BEGIN", Done).twin(Who::Super, sql, Done).twin(Who::Super, "ROLLBACK", Done)
}

fn files() -> Vec<Attack> {
    vec![
        attack("S79", "COPY TO PROGRAM", ALL)
            .refused("COPY (SELECT 1) TO PROGRAM 'id'", DENIED)
            .refused("COPY {own_products} FROM PROGRAM 'id'", DENIED)
            .twin(Who::Super, "COPY (SELECT 1) TO PROGRAM 'cat > /dev/null'", Done),
        attack("S80", "COPY with a file of the server", ALL)
            .refused("COPY {own_products} (name) FROM '/etc/passwd'", DENIED)
            .refused("COPY (SELECT 1) TO '/tmp/evil'", DENIED)
            .twin(Who::Super, "COPY (SELECT 1) TO '/dev/null'", Done),
        attack("S81", "functions for files of the server", ALL)
            .refused("SELECT pg_read_file('/etc/passwd')", DENIED)
            .refused("SELECT pg_read_binary_file('/etc/passwd')", DENIED)
            .refused("SELECT pg_ls_dir('.')", DENIED)
            .refused("SELECT pg_stat_file('PG_VERSION')", DENIED)
            .refused("SELECT lo_import('/etc/passwd')", DENIED)
            .refused("SELECT lo_export(1, '/tmp/evil')", DENIED)
            .twin(Who::Super, "SELECT pg_read_file('PG_VERSION')", SomeRows),
    ]
}

fn settings() -> Vec<Attack> {
    vec![
        attack("S82", "settings of the server and the database", ALL)
            .refused("ALTER SYSTEM SET work_mem = '64MB'", DENIED)
            .refused("ALTER DATABASE {own_database} SET search_path = evil", DENIED)
            .refused("ALTER DATABASE {own_database} CONNECTION LIMIT 1", DENIED)
            .refused("SELECT pg_reload_conf()", DENIED)
            .twin(Who::Super, "SELECT pg_reload_conf()", SomeRows),
        attack("S96", "every connection for one tenant", ALL)
            .tries("SELECT rolname FROM pg_roles WHERE rolname = current_user AND rolsuper", NoRows)
            .meanwhile(
                Who::Super,
                "SELECT rolname FROM pg_roles WHERE rolname IN ('{own_role_name}', '{victim_role_name}') AND rolconnlimit = -1",
                NoRows,
            )
            .twin(Who::A, "SELECT 1", SomeRows),
    ]
}

fn creating() -> Vec<Attack> {
    vec![
        attack("S83", "extensions, languages, libraries", ALL)
            .refused("CREATE EXTENSION file_fdw", &["42501", "0A000"])
            .refused("CREATE EXTENSION hstore", &["42501", "0A000", "3F000"])
            .refused("CREATE EXTENSION hstore SCHEMA {own_schema}", &["42501", "0A000"])
            .refused("LOAD 'evil.so'", &["42501", "58P01"])
            .refused("CREATE LANGUAGE evil HANDLER plpgsql_call_handler", DENIED)
            .refused("ALTER EXTENSION plpgsql SET SCHEMA public", DENIED)
            .refused("DROP EXTENSION plpgsql", DENIED)
            .twin(Who::Super, "LOAD 'plpgsql'", Done),
        rolled_back(
            attack("S84", "objects of the whole server", ALL)
                .refused(
                    "CREATE EVENT TRIGGER e ON ddl_command_start EXECUTE FUNCTION suppress_redundant_updates_trigger()",
                    &["42501", "42P17"],
                )
                .refused("CREATE PUBLICATION p FOR ALL TABLES", DENIED)
                .refused("CREATE SUBSCRIPTION s CONNECTION 'dbname=x' PUBLICATION p WITH (connect = false)", DENIED)
                .refused("CREATE DATABASE evil", DENIED)
                .refused("CREATE ROLE evil", DENIED)
                .refused("CREATE TABLESPACE evil LOCATION '/tmp'", DENIED)
                .refused("CREATE ACCESS METHOD evil TYPE INDEX HANDLER bthandler", DENIED),
            "CREATE ROLE evil",
        ),
        attack("S85", "a connection back to the server", ALL)
            .refused("SELECT * FROM dblink('dbname=postgres', 'SELECT 1') t (i integer)", &["42883"])
            .refused("SELECT * FROM extensions.dblink('dbname=postgres', 'SELECT 1') t (i integer)", &["42883"])
            .twin(Who::Super, "SELECT 1 FROM pg_extension WHERE extname = 'dblink'", NoRows),
        rolled_back(
            attack("S86", "a foreign server of one's own", ALL)
                .refused("CREATE SERVER evil FOREIGN DATA WRAPPER postgres_fdw", &["42704"])
                .refused("CREATE FOREIGN DATA WRAPPER evil", DENIED),
            "CREATE FOREIGN DATA WRAPPER evil",
        ),
        rolled_back(
            attack("S87", "objects in schema public (CVE-2018-1058)", ALL)
                .refused("BEGIN; CREATE TABLE public.evil (i integer)", DENIED)
                .tries("ROLLBACK", Done)
                .refused("CREATE FUNCTION public.lower(varchar) RETURNS text LANGUAGE sql AS 'SELECT $1::text'", DENIED)
                .refused("SELECT public.nothing()", DENIED),
            "CREATE TABLE public.evil (i integer)",
        ),
        rolled_back(
            attack("S88", "schemas beside the platform's", ALL)
                .refused("CREATE SCHEMA evil", DENIED)
                .refused("CREATE TABLE tenantry.evil (i integer)", DENIED)
                .refused("CREATE TABLE extensions.evil (i integer)", DENIED)
                .refused("CREATE TABLE global.evil (i integer)", DENIED)
                .refused("CREATE TABLE pg_catalog.evil (i integer)", DENIED),
            "CREATE TABLE global.evil (i integer)",
        ),
        rolled_back(
            attack("X21", "objects where none are allowed", ALL)
                .refused("CREATE TABLE {own_schema}.evil (i integer)", DENIED)
                .refused("CREATE VIEW {own_schema}.evil AS SELECT 1", DENIED)
                .refused("CREATE SEQUENCE {own_schema}.evil", DENIED)
                .refused("CREATE TYPE {own_schema}.evil AS (i integer)", DENIED)
                .refused("CREATE FUNCTION {own_schema}.evil() RETURNS integer LANGUAGE sql AS 'SELECT 1'", DENIED)
                .refused("SELECT * INTO {own_schema}.evil FROM {own_products}", DENIED)
                .without_ddl(),
            "CREATE TABLE {own_schema}.evil (i integer)",
        ),
        rolled_back(
            attack("X21", "objects at the victim's", SCHEMA)
                .refused("CREATE TABLE {victim_schema}.evil (i integer)", DENIED)
                .refused("CREATE TABLE shared.evil (i integer)", DENIED)
                .refused("CREATE TABLE template.evil (i integer)", DENIED),
            "CREATE TABLE {victim_schema}.evil (i integer)",
        ),
    ]
}

fn databases() -> Vec<Attack> {
    vec![
        attack("S90", "a login at the template", &[tenantry_domain::Isolation::Database])
            .meanwhile(Who::AAtTemplate, "SELECT 1", Refused(DENIED))
            .twin(Who::A, "SELECT 1", SomeRows),
        attack("S90", "a login at another database", ALL)
            .meanwhile(Who::AAtPostgres, "SELECT 1", Refused(DENIED))
            .twin(Who::A, "SELECT 1", SomeRows),
        attack("S90", "a login at the victim's database", &[tenantry_domain::Isolation::Database])
            .meanwhile(Who::AAtVictim, "SELECT name FROM app.products", Refused(DENIED))
            .twin(Who::A, "SELECT name FROM app.products", SomeRows),
    ]
}

fn text() -> Vec<Attack> {
    let xml = "SELECT query_to_xml('SELECT 1', true, false, '')";
    let statistics = "SELECT * FROM ts_stat('SELECT to_tsvector(''tenant'')')";
    let rewrite = "SELECT ts_rewrite('a'::tsquery, 'SELECT ''a''::tsquery, ''b''::tsquery')";
    vec![
        attack("S99", "functions that run SQL given as text", SHARED)
            .refused(xml, DENIED)
            .refused("SELECT table_to_xml('shared.products', true, false, '')", DENIED)
            .refused("SELECT schema_to_xml('shared', true, false, '')", DENIED)
            .refused("SELECT database_to_xml(true, false, '')", DENIED)
            .refused(statistics, DENIED)
            .refused(rewrite, DENIED)
            .twin(Who::Super, xml, SomeRows)
            .twin(Who::Super, statistics, SomeRows)
            .twin(Who::Super, rewrite, SomeRows)
            .twin(Who::A, "SELECT ts_rewrite('a'::tsquery, 'a'::tsquery, 'b'::tsquery)", SomeRows),
        attack("S99", "functions that run SQL given as text are bound by the login", OWN_TABLES)
            .refused("SELECT query_to_xml('SELECT * FROM tenantry.ledger', true, false, '')", DENIED)
            .twin(Who::A, xml, SomeRows)
            .twin(Who::A, statistics, SomeRows)
            .twin(Who::A, rewrite, SomeRows),
        attack("S04", "DO", ALL)
            .refused("DO $$ BEGIN NULL; END $$", DENIED)
            .refused("DO LANGUAGE plpgsql 'BEGIN END'", DENIED)
            .without_ddl()
            .twin(Who::Super, "DO $$ BEGIN NULL; END $$", Done),
    ]
}

/// Where tenants may create objects of their own.
fn own_objects() -> Vec<Attack> {
    let gift = "CREATE TABLE {own_schema}.gift (i integer)";
    let function = "CREATE FUNCTION {own_schema}.deputy() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN RAISE NOTICE 'runs as %', current_user; RETURN NEW; END $$";
    vec![
        attack("T08", "objects given away", OWN_TABLES)
            .tries(gift, Done)
            .refused("ALTER TABLE {own_schema}.gift OWNER TO {victim_role}", DENIED)
            .refused("ALTER TABLE {own_schema}.gift OWNER TO {own_owner}", DENIED)
            .refused("ALTER DEFAULT PRIVILEGES FOR ROLE {victim_role} GRANT ALL ON TABLES TO PUBLIC", DENIED)
            .twin(Who::A, "ALTER TABLE {own_schema}.gift OWNER TO {own_role}", Done)
            .twin(Who::A, "DROP TABLE {own_schema}.gift", Done)
            .with_ddl(),
        attack("T09", "own tables opened to everyone stay behind the schema", SCHEMA)
            .tries(gift, Done)
            .tries("GRANT ALL ON {own_schema}.gift TO PUBLIC", Done)
            .tries("GRANT USAGE ON SCHEMA {own_schema} TO PUBLIC", Done)
            .meanwhile(Who::B, "SELECT * FROM {own_schema}.gift", Refused(DENIED))
            .meanwhile(Who::B, "SELECT * FROM {own_products}", Refused(DENIED))
            .twin(Who::A, "SELECT * FROM {own_schema}.gift", NoRows)
            .twin(Who::A, "DROP TABLE {own_schema}.gift", Done)
            .with_ddl(),
        attack("T10", "the platform lured into running a tenant's code", OWN_TABLES)
            .tries(function, Done)
            .refused(
                "CREATE TRIGGER deputy BEFORE UPDATE ON {own_products} FOR EACH ROW EXECUTE FUNCTION {own_schema}.deputy()",
                DENIED,
            )
            .refused("ALTER TABLE {own_products} ALTER price SET DEFAULT 1", DENIED)
            .tries(gift, Done)
            .twin(
                Who::A,
                "CREATE TRIGGER deputy BEFORE INSERT ON {own_schema}.gift FOR EACH ROW EXECUTE FUNCTION {own_schema}.deputy()",
                Done,
            )
            .twin(Who::A, "INSERT INTO {own_schema}.gift VALUES (1)", Shows("runs as t_"))
            .twin(Who::A, "DROP TABLE {own_schema}.gift", Done)
            .twin(Who::A, "DROP FUNCTION {own_schema}.deputy()", Done)
            .with_ddl(),
        attack("T11", "an index's function run by the superuser's ANALYZE", OWN_TABLES)
            .tries(gift, Done)
            .tries("INSERT INTO {own_schema}.gift VALUES (1), (2)", Done)
            .tries(
                "CREATE FUNCTION {own_schema}.ix(i integer) RETURNS integer LANGUAGE plpgsql IMMUTABLE AS $$ BEGIN RAISE WARNING 'index function as %', current_user; RETURN i; END $$",
                Done,
            )
            .tries("CREATE INDEX gift_ix ON {own_schema}.gift ({own_schema}.ix(i))", Done)
            .meanwhile(Who::Super, "ANALYZE {own_schema}.gift", Shows("index function as t_"))
            .twin(Who::A, "DROP TABLE {own_schema}.gift", Done)
            .twin(Who::A, "DROP FUNCTION {own_schema}.ix(integer)", Done)
            .with_ddl(),
        attack("T12", "roles with CREATEROLE are as good as superusers: none of ours", ONE_DATABASE)
            .meanwhile(
                Who::Super,
                "SELECT rolname FROM pg_roles WHERE rolname IN ('{own_role_name}', '{victim_role_name}', '{group_name}', '{victim_owner_name}') AND (rolcreaterole OR rolcreatedb OR rolbypassrls OR rolreplication OR rolsuper)",
                NoRows,
            )
            .twin(Who::Super, "SELECT rolname FROM pg_roles WHERE rolsuper", SomeRows),
    ]
}
