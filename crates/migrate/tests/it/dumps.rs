//! Files as pg_dump and psql's users write them, for tenants that hold the same keys already.

use tenantry_domain::Isolation;
use tenantry_testkit::AppOptions;

use crate::folder::{Lab, one};

const FIRST: &str =
    "CREATE TABLE kinds (id serial PRIMARY KEY, name text NOT NULL UNIQUE, parent integer REFERENCES kinds);";

/// Two tenants of each isolation, so that keys of one could be in the way of the other's.
pub async fn pairs(lab: &Lab) -> Vec<String> {
    let mut slugs = Vec::new();
    for isolation in Isolation::ALL {
        for name in ["one", "two"] {
            let slug = format!("{name}-{isolation}");
            lab.app.tenant(&slug, isolation).await;
            slugs.push(slug);
        }
    }
    slugs
}

const DUMP: &str = r"--
-- PostgreSQL database dump
--
\restrict GvTHxN
SET statement_timeout = 0;
SET client_encoding = 'UTF8';
SET standard_conforming_strings = on;
SELECT pg_catalog.set_config('search_path', '', false);
SET check_function_bodies = false;
SET row_security = off;

CREATE SCHEMA public;
ALTER SCHEMA public OWNER TO pg_database_owner;
COMMENT ON SCHEMA public IS 'standard public schema';

CREATE FUNCTION public.later() RETURNS bigint LANGUAGE sql AS $$ SELECT count(*) FROM public.pets $$;
ALTER FUNCTION public.later() OWNER TO postgres;

SET default_tablespace = '';
SET default_table_access_method = heap;

CREATE TABLE public.pets (id integer NOT NULL, kind integer, name text, notes text[], born date);
ALTER TABLE public.pets OWNER TO postgres;
CREATE SEQUENCE public.pets_id_seq AS integer START WITH 1 INCREMENT BY 1 NO MINVALUE NO MAXVALUE CACHE 1;
ALTER SEQUENCE public.pets_id_seq OWNER TO postgres;
ALTER SEQUENCE public.pets_id_seq OWNED BY public.pets.id;
ALTER TABLE ONLY public.pets ALTER COLUMN id SET DEFAULT nextval('public.pets_id_seq'::regclass);

COPY public.kinds (id, name, parent) FROM stdin;
11<TAB>cats<TAB>\N
12<TAB>a\tb\\c 'quoted' ä<TAB>11
\.

COPY public.pets FROM stdin;
1<TAB>11<TAB>Tom<TAB>{a,b}<TAB>2020-02-29
2<TAB>12<TAB>\N<TAB>\N<TAB>\N
\.

SELECT pg_catalog.setval('public.pets_id_seq', 2, true);
ALTER TABLE ONLY public.pets ADD CONSTRAINT pets_pkey PRIMARY KEY (id);
ALTER TABLE ONLY public.pets ADD CONSTRAINT pets_kind_fkey FOREIGN KEY (kind) REFERENCES public.kinds(id);
\unrestrict GvTHxN
";

#[tokio::test]
async fn a_dump_with_data_loads_for_everyone() {
    let lab = Lab::new(AppOptions::default()).await;
    lab.apply("0001_first.up.sql", FIRST).await;
    let slugs = pairs(&lab).await;
    for slug in &slugs {
        let own = lab.app.login(slug).await;
        own.batch_execute("INSERT INTO kinds (name) VALUES ('own')").await.unwrap();
    }
    lab.apply("0002_dump.up.sql", &DUMP.replace("<TAB>", "\t")).await;
    for slug in &slugs {
        let own = lab.app.login(slug).await;
        let kinds: Vec<String> = one(&own, "SELECT array_agg(name ORDER BY id) FROM kinds").await;
        assert_eq!(kinds, ["own", "cats", "a\tb\\c 'quoted' ä"], "{slug}");
        assert_eq!(one::<i64>(&own, "SELECT later()").await, 2, "{slug}");
        assert_eq!(
            one::<i64>(&own, "SELECT count(*) FROM pets WHERE name IS NULL AND notes IS NULL").await,
            1
        );
        let id: i32 = one(&own, "INSERT INTO pets (kind) VALUES (12) RETURNING id").await;
        assert_eq!(id, 3, "{slug}: setval is each tenant's");
    }
}

/// What stands above a COMMIT stays when something below fails, and is not run again.
#[tokio::test]
async fn a_file_that_commits_half_way_goes_on_there() {
    let lab = Lab::new(AppOptions::default()).await;
    lab.apply("0001_first.up.sql", FIRST).await;
    let slugs = pairs(&lab).await;
    let text = "BEGIN; INSERT INTO kinds (name) VALUES ('above'); COMMIT;
                SET work_mem = '8MB';
                CREATE UNIQUE INDEX CONCURRENTLY kinds_by_length ON kinds (length(name));
                INSERT INTO kinds (name) VALUES (current_setting('work_mem') || ' below');";
    let broken = lab.app.login(&slugs[0]).await;
    broken.batch_execute("INSERT INTO kinds (name) VALUES ('12345')").await.unwrap();
    lab.write("0002_half.up.sql", text);
    let e = lab.up().await.unwrap_err();
    assert!(e.message().contains("0002_half.up.sql:3"), "{e:?}");
    broken.batch_execute("DELETE FROM kinds WHERE name = '12345'").await.unwrap();
    lab.up().await.unwrap();
    for slug in &slugs {
        let own = lab.app.login(slug).await;
        let kinds: Vec<String> = one(&own, "SELECT array_agg(name ORDER BY id) FROM kinds").await;
        assert_eq!(kinds, ["above", "8MB below"], "{slug}");
    }
}
