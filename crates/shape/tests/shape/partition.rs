//! Partitions: indexes under the names of a plain run, row-level security of their own.

use crate::check;

#[test]
fn a_partitioned_table() {
    check(
        r#""#,
        r#"CREATE TABLE events (id bigint, at timestamptz, PRIMARY KEY (id, at)) PARTITION BY RANGE (at)"#,
        r#"
shared once: CREATE TABLE events (id bigint, at timestamptz, tenant_id uuid NOT NULL DEFAULT tenantry.current_tenant(), PRIMARY KEY (tenant_id, id, at)) PARTITION BY RANGE (at)
shared once: ALTER TABLE events ENABLE ROW LEVEL SECURITY
shared once: ALTER TABLE events FORCE ROW LEVEL SECURITY
shared once: CREATE POLICY tenantry ON events USING (tenant_id = (SELECT tenantry.current_tenant())) WITH CHECK (tenant_id = (SELECT tenantry.current_tenant()))
plain tenant: CREATE TABLE events (id bigint, at timestamptz, PRIMARY KEY (id, at)) PARTITION BY RANGE (at)
"#,
    );
}

#[test]
fn a_partition_has_the_names_of_a_plain_run() {
    check(
        r#"CREATE TABLE users (id int PRIMARY KEY); CREATE TABLE events (id bigint, at timestamptz NOT NULL, kind text, by int REFERENCES users, PRIMARY KEY (id, at), CHECK (id > 0)) PARTITION BY RANGE (at); CREATE INDEX ON events (kind) WHERE kind IS NOT NULL; "#,
        r#"CREATE TABLE events_2024 PARTITION OF events FOR VALUES FROM ('2024-01-01') TO ('2025-01-01')"#,
        r#"
shared once: CREATE TABLE events_2024 (LIKE events INCLUDING COMPRESSION INCLUDING CONSTRAINTS INCLUDING DEFAULTS INCLUDING GENERATED INCLUDING STORAGE)
shared once: ALTER TABLE events_2024 ADD CONSTRAINT events_2024_pkey PRIMARY KEY (tenant_id, id, at)
shared once: CREATE INDEX events_2024_kind_idx ON events_2024 USING btree (tenant_id, kind) WHERE kind IS NOT NULL
shared once: ALTER TABLE users NO FORCE ROW LEVEL SECURITY
shared once: ALTER TABLE events ATTACH PARTITION events_2024 FOR VALUES FROM ('2024-01-01') TO ('2025-01-01')
shared once: ALTER TABLE users FORCE ROW LEVEL SECURITY
shared once: ALTER TABLE events_2024 ENABLE ROW LEVEL SECURITY
shared once: ALTER TABLE events_2024 FORCE ROW LEVEL SECURITY
shared once: CREATE POLICY tenantry ON events_2024 USING (tenant_id = (SELECT tenantry.current_tenant())) WITH CHECK (tenant_id = (SELECT tenantry.current_tenant()))
plain tenant: CREATE TABLE events_2024 PARTITION OF events FOR VALUES FROM ('2024-01-01') TO ('2025-01-01')
"#,
    );
}

#[test]
fn without_a_key_the_index_on_the_tenant_column() {
    check(
        r#"CREATE TABLE log (at date, line text) PARTITION BY LIST (at)"#,
        r#"CREATE TABLE log_rest PARTITION OF log DEFAULT"#,
        r#"
shared once: CREATE TABLE log_rest (LIKE log INCLUDING COMPRESSION INCLUDING CONSTRAINTS INCLUDING DEFAULTS INCLUDING GENERATED INCLUDING STORAGE)
shared once: CREATE INDEX IF NOT EXISTS log_rest_tenantry_idx ON log_rest (tenant_id)
shared once: ALTER TABLE log ATTACH PARTITION log_rest DEFAULT
shared once: ALTER TABLE log_rest ENABLE ROW LEVEL SECURITY
shared once: ALTER TABLE log_rest FORCE ROW LEVEL SECURITY
shared once: CREATE POLICY tenantry ON log_rest USING (tenant_id = (SELECT tenantry.current_tenant())) WITH CHECK (tenant_id = (SELECT tenantry.current_tenant()))
plain tenant: CREATE TABLE log_rest PARTITION OF log DEFAULT
"#,
    );
}

#[test]
fn with_options_of_columns() {
    check(
        r#"CREATE TABLE log (at date, line text) PARTITION BY HASH (at)"#,
        r#"CREATE UNLOGGED TABLE log_0 PARTITION OF log (line NOT NULL DEFAULT 'none', CHECK (line <> ''), UNIQUE (at, line)) FOR VALUES WITH (MODULUS 2, REMAINDER 0)"#,
        r#"
shared once: CREATE UNLOGGED TABLE log_0 (LIKE log INCLUDING COMPRESSION INCLUDING CONSTRAINTS INCLUDING DEFAULTS INCLUDING GENERATED INCLUDING STORAGE, CONSTRAINT log_0_line_check CHECK (line <> ''), CONSTRAINT log_0_at_line_key UNIQUE (tenant_id, at, line))
shared once: ALTER TABLE log_0 ALTER COLUMN line SET NOT NULL
shared once: ALTER TABLE log_0 ALTER COLUMN line SET DEFAULT 'none'
shared once: CREATE INDEX IF NOT EXISTS log_0_tenantry_idx ON log_0 (tenant_id)
shared once: ALTER TABLE log ATTACH PARTITION log_0 FOR VALUES WITH (MODULUS 2, REMAINDER 0)
shared once: ALTER TABLE log_0 ENABLE ROW LEVEL SECURITY
shared once: ALTER TABLE log_0 FORCE ROW LEVEL SECURITY
shared once: CREATE POLICY tenantry ON log_0 USING (tenant_id = (SELECT tenantry.current_tenant())) WITH CHECK (tenant_id = (SELECT tenantry.current_tenant()))
plain tenant: CREATE UNLOGGED TABLE log_0 PARTITION OF log (line NOT NULL DEFAULT 'none', CHECK (line <> ''), UNIQUE (at, line)) FOR VALUES WITH (MODULUS 2, REMAINDER 0)
"#,
    );
}

#[test]
fn of_partitions() {
    check(
        r#"CREATE TABLE users (id int PRIMARY KEY); CREATE TABLE events (id bigint, at timestamptz NOT NULL, kind text, by int REFERENCES users, PRIMARY KEY (id, at), CHECK (id > 0)) PARTITION BY RANGE (at); CREATE INDEX ON events (kind) WHERE kind IS NOT NULL; "#,
        r#"CREATE TABLE e24 PARTITION OF events FOR VALUES FROM ('2024-01-01') TO ('2025-01-01') PARTITION BY LIST (kind); CREATE TABLE e24_a PARTITION OF e24 FOR VALUES IN ('a', NULL)"#,
        r#"
shared once: CREATE TABLE e24 (LIKE events INCLUDING COMPRESSION INCLUDING CONSTRAINTS INCLUDING DEFAULTS INCLUDING GENERATED INCLUDING STORAGE) PARTITION BY LIST (kind)
shared once: ALTER TABLE e24 ADD CONSTRAINT e24_pkey PRIMARY KEY (tenant_id, id, at)
shared once: CREATE INDEX e24_kind_idx ON e24 USING btree (tenant_id, kind) WHERE kind IS NOT NULL
shared once: ALTER TABLE users NO FORCE ROW LEVEL SECURITY
shared once: ALTER TABLE events ATTACH PARTITION e24 FOR VALUES FROM ('2024-01-01') TO ('2025-01-01')
shared once: ALTER TABLE users FORCE ROW LEVEL SECURITY
shared once: ALTER TABLE e24 ENABLE ROW LEVEL SECURITY
shared once: ALTER TABLE e24 FORCE ROW LEVEL SECURITY
shared once: CREATE POLICY tenantry ON e24 USING (tenant_id = (SELECT tenantry.current_tenant())) WITH CHECK (tenant_id = (SELECT tenantry.current_tenant()))
plain tenant: CREATE TABLE e24 PARTITION OF events FOR VALUES FROM ('2024-01-01') TO ('2025-01-01') PARTITION BY LIST (kind)
shared once: CREATE TABLE e24_a (LIKE e24 INCLUDING COMPRESSION INCLUDING CONSTRAINTS INCLUDING DEFAULTS INCLUDING GENERATED INCLUDING STORAGE)
shared once: ALTER TABLE e24_a ADD CONSTRAINT e24_a_pkey PRIMARY KEY (tenant_id, id, at)
shared once: CREATE INDEX e24_a_kind_idx ON e24_a USING btree (tenant_id, kind) WHERE kind IS NOT NULL
shared once: ALTER TABLE users NO FORCE ROW LEVEL SECURITY
shared once: ALTER TABLE e24 ATTACH PARTITION e24_a FOR VALUES IN ('a', NULL)
shared once: ALTER TABLE users FORCE ROW LEVEL SECURITY
shared once: ALTER TABLE e24_a ENABLE ROW LEVEL SECURITY
shared once: ALTER TABLE e24_a FORCE ROW LEVEL SECURITY
shared once: CREATE POLICY tenantry ON e24_a USING (tenant_id = (SELECT tenantry.current_tenant())) WITH CHECK (tenant_id = (SELECT tenantry.current_tenant()))
plain tenant: CREATE TABLE e24_a PARTITION OF e24 FOR VALUES IN ('a', NULL)
"#,
    );
}

#[test]
fn an_index_reaches_every_level() {
    check(
        r#"CREATE TABLE users (id int PRIMARY KEY); CREATE TABLE events (id bigint, at timestamptz NOT NULL, kind text, by int REFERENCES users, PRIMARY KEY (id, at), CHECK (id > 0)) PARTITION BY RANGE (at); CREATE INDEX ON events (kind) WHERE kind IS NOT NULL; CREATE TABLE e24 PARTITION OF events FOR VALUES FROM ('2024-01-01') TO ('2025-01-01') PARTITION BY LIST (kind); CREATE TABLE e24_a PARTITION OF e24 DEFAULT;"#,
        r#"CREATE INDEX events_by ON events (by) INCLUDE (kind); CREATE INDEX only_here ON ONLY events (at)"#,
        r#"
shared once: CREATE INDEX e24_a_by_kind_idx ON e24_a USING btree (tenant_id, by) INCLUDE (kind)
shared once: CREATE INDEX e24_by_kind_idx ON e24 USING btree (tenant_id, by) INCLUDE (kind)
shared once: CREATE INDEX events_by ON events USING btree (tenant_id, by) INCLUDE (kind)
plain tenant: CREATE INDEX events_by ON events (by) INCLUDE (kind)
shared once: CREATE INDEX only_here ON ONLY events USING btree (tenant_id, at)
plain tenant: CREATE INDEX only_here ON ONLY events (at)
"#,
    );
}

#[test]
fn a_key_reaches_every_level() {
    check(
        r#"CREATE TABLE t (a int, b int) PARTITION BY LIST (a); CREATE TABLE t1 PARTITION OF t DEFAULT PARTITION BY LIST (a); CREATE TABLE t2 PARTITION OF t1 DEFAULT;"#,
        r#"ALTER TABLE t ADD COLUMN c int, ADD UNIQUE (a, c)"#,
        r#"
shared once: ALTER TABLE t ADD COLUMN c int
shared once: ALTER TABLE t2 ADD CONSTRAINT t2_a_c_key UNIQUE (tenant_id, a, c)
shared once: ALTER TABLE t1 ADD CONSTRAINT t1_a_c_key UNIQUE (tenant_id, a, c)
shared once: ALTER TABLE t ADD CONSTRAINT t_a_c_key UNIQUE (tenant_id, a, c)
plain tenant: ALTER TABLE t ADD COLUMN c int, ADD UNIQUE (a, c)
"#,
    );
}

#[test]
fn attached() {
    check(
        r#"CREATE TABLE users (id int PRIMARY KEY); CREATE TABLE events (id bigint, at timestamptz NOT NULL, kind text, by int REFERENCES users, PRIMARY KEY (id, at), CHECK (id > 0)) PARTITION BY RANGE (at); CREATE INDEX ON events (kind) WHERE kind IS NOT NULL; CREATE TABLE e24 (LIKE events INCLUDING ALL);"#,
        r#"ALTER TABLE events ATTACH PARTITION e24 FOR VALUES FROM ('2024-01-01') TO ('2025-01-01')"#,
        r#"
shared once: ALTER TABLE users NO FORCE ROW LEVEL SECURITY
shared once: ALTER TABLE e24 NO FORCE ROW LEVEL SECURITY
shared once: ALTER TABLE events ATTACH PARTITION e24 FOR VALUES FROM ('2024-01-01') TO ('2025-01-01')
shared once: ALTER TABLE users FORCE ROW LEVEL SECURITY
shared once: ALTER TABLE e24 FORCE ROW LEVEL SECURITY
plain tenant: ALTER TABLE events ATTACH PARTITION e24 FOR VALUES FROM ('2024-01-01') TO ('2025-01-01')
"#,
    );
}

#[test]
fn attached_with_less() {
    check(
        r#"CREATE TABLE t (a int, b int, UNIQUE (a, b)) PARTITION BY LIST (a); CREATE TABLE t1 (a int, b int)"#,
        r#"ALTER TABLE t ATTACH PARTITION t1 DEFAULT"#,
        r#"
shared once: ALTER TABLE t1 ADD CONSTRAINT t1_a_b_key UNIQUE (tenant_id, a, b)
shared once: ALTER TABLE t ATTACH PARTITION t1 DEFAULT
plain tenant: ALTER TABLE t ATTACH PARTITION t1 DEFAULT
"#,
    );
}

#[test]
fn detached() {
    check(
        r#"CREATE TABLE users (id int PRIMARY KEY); CREATE TABLE events (id bigint, at timestamptz NOT NULL, kind text, by int REFERENCES users, PRIMARY KEY (id, at), CHECK (id > 0)) PARTITION BY RANGE (at); CREATE INDEX ON events (kind) WHERE kind IS NOT NULL; CREATE TABLE e24 PARTITION OF events DEFAULT;"#,
        r#"ALTER TABLE events DETACH PARTITION e24; ALTER TABLE e24 DROP CONSTRAINT e24_pkey; DROP TABLE events"#,
        r#"
shared once: ALTER TABLE events DETACH PARTITION e24
plain tenant: ALTER TABLE events DETACH PARTITION e24
shared once: ALTER TABLE e24 DROP CONSTRAINT e24_pkey
shared once: CREATE INDEX IF NOT EXISTS e24_tenantry_idx ON e24 (tenant_id)
plain tenant: ALTER TABLE e24 DROP CONSTRAINT e24_pkey
shared once: DROP TABLE events
plain tenant: DROP TABLE events
"#,
    );
}

#[test]
fn detached_concurrently() {
    check(
        r#"CREATE TABLE users (id int PRIMARY KEY); CREATE TABLE events (id bigint, at timestamptz NOT NULL, kind text, by int REFERENCES users, PRIMARY KEY (id, at), CHECK (id > 0)) PARTITION BY RANGE (at); CREATE INDEX ON events (kind) WHERE kind IS NOT NULL; CREATE TABLE e24 PARTITION OF events DEFAULT;"#,
        r#"ALTER TABLE events DETACH PARTITION e24 CONCURRENTLY"#,
        r#"
shared once alone: ALTER TABLE events DETACH PARTITION e24 CONCURRENTLY
plain tenant alone: ALTER TABLE events DETACH PARTITION e24 CONCURRENTLY
"#,
    );
}

#[test]
fn columns_and_keys_follow() {
    check(
        r#"CREATE TABLE users (id int PRIMARY KEY); CREATE TABLE events (id bigint, at timestamptz NOT NULL, kind text, by int REFERENCES users, PRIMARY KEY (id, at), CHECK (id > 0)) PARTITION BY RANGE (at); CREATE INDEX ON events (kind) WHERE kind IS NOT NULL; CREATE TABLE e24 PARTITION OF events DEFAULT;"#,
        r#"ALTER TABLE events RENAME COLUMN kind TO sort; ALTER TABLE events DROP CONSTRAINT events_pkey; ALTER TABLE events ADD COLUMN note text; CREATE INDEX e24_note ON e24 (note, sort); DROP INDEX events_kind_idx; CREATE INDEX e24_kind_idx ON e24 (sort)"#,
        r#"
shared once: ALTER TABLE events RENAME COLUMN kind TO sort
plain tenant: ALTER TABLE events RENAME COLUMN kind TO sort
shared once: ALTER TABLE events DROP CONSTRAINT events_pkey
shared once: CREATE INDEX IF NOT EXISTS e24_tenantry_idx ON e24 (tenant_id)
shared once: CREATE INDEX IF NOT EXISTS events_tenantry_idx ON events (tenant_id)
plain tenant: ALTER TABLE events DROP CONSTRAINT events_pkey
shared once: ALTER TABLE events ADD COLUMN note text
shared once: CREATE INDEX IF NOT EXISTS e24_tenantry_idx ON e24 (tenant_id)
shared once: CREATE INDEX IF NOT EXISTS events_tenantry_idx ON events (tenant_id)
plain tenant: ALTER TABLE events ADD COLUMN note text
shared once: CREATE INDEX e24_note ON e24 USING btree (tenant_id, note, sort)
plain tenant: CREATE INDEX e24_note ON e24 (note, sort)
shared once: DROP INDEX events_kind_idx
plain tenant: DROP INDEX events_kind_idx
shared once: CREATE INDEX e24_kind_idx ON e24 USING btree (tenant_id, sort)
plain tenant: CREATE INDEX e24_kind_idx ON e24 (sort)
"#,
    );
}

#[test]
fn a_partition_is_dropped() {
    check(
        r#"CREATE TABLE users (id int PRIMARY KEY); CREATE TABLE events (id bigint, at timestamptz NOT NULL, kind text, by int REFERENCES users, PRIMARY KEY (id, at), CHECK (id > 0)) PARTITION BY RANGE (at); CREATE INDEX ON events (kind) WHERE kind IS NOT NULL; CREATE TABLE e24 PARTITION OF events DEFAULT;"#,
        r#"DROP TABLE e24; CREATE TABLE e24 PARTITION OF events DEFAULT"#,
        r#"
shared once: DROP TABLE e24
plain tenant: DROP TABLE e24
shared once: CREATE TABLE e24 (LIKE events INCLUDING COMPRESSION INCLUDING CONSTRAINTS INCLUDING DEFAULTS INCLUDING GENERATED INCLUDING STORAGE)
shared once: ALTER TABLE e24 ADD CONSTRAINT e24_pkey PRIMARY KEY (tenant_id, id, at)
shared once: CREATE INDEX e24_kind_idx ON e24 USING btree (tenant_id, kind) WHERE kind IS NOT NULL
shared once: ALTER TABLE users NO FORCE ROW LEVEL SECURITY
shared once: ALTER TABLE events ATTACH PARTITION e24 DEFAULT
shared once: ALTER TABLE users FORCE ROW LEVEL SECURITY
shared once: ALTER TABLE e24 ENABLE ROW LEVEL SECURITY
shared once: ALTER TABLE e24 FORCE ROW LEVEL SECURITY
shared once: CREATE POLICY tenantry ON e24 USING (tenant_id = (SELECT tenantry.current_tenant())) WITH CHECK (tenant_id = (SELECT tenantry.current_tenant()))
plain tenant: CREATE TABLE e24 PARTITION OF events DEFAULT
"#,
    );
}

#[test]
fn referred_to() {
    check(
        r#"CREATE TABLE t (a int, b int, PRIMARY KEY (a, b)) PARTITION BY LIST (a); CREATE TABLE t1 PARTITION OF t DEFAULT; CREATE TABLE r (a int, b int)"#,
        r#"ALTER TABLE r ADD FOREIGN KEY (a, b) REFERENCES t; TRUNCATE t, r"#,
        r#"
shared once: ALTER TABLE r NO FORCE ROW LEVEL SECURITY
shared once: ALTER TABLE t NO FORCE ROW LEVEL SECURITY
shared once: ALTER TABLE t1 NO FORCE ROW LEVEL SECURITY
shared once: ALTER TABLE r ADD CONSTRAINT r_a_b_fkey FOREIGN KEY (tenant_id, a, b) REFERENCES t (tenant_id, a, b)
shared once: ALTER TABLE r FORCE ROW LEVEL SECURITY
shared once: ALTER TABLE t FORCE ROW LEVEL SECURITY
shared once: ALTER TABLE t1 FORCE ROW LEVEL SECURITY
shared once: CREATE INDEX IF NOT EXISTS r_tenantry_idx ON r (tenant_id)
plain tenant: ALTER TABLE r ADD FOREIGN KEY (a, b) REFERENCES t
shared tenant: DELETE FROM r
shared tenant: DELETE FROM t
plain tenant: TRUNCATE t, r
"#,
    );
}

#[test]
fn an_identity_in_the_key_is_refused() {
    check(
        r#""#,
        r#"CREATE TABLE t (id int GENERATED ALWAYS AS IDENTITY PRIMARY KEY) PARTITION BY HASH (id)"#,
        r#"
m.sql:1:1: table t is partitioned by its identity column id; make the column serial: its value is there before the row's partition is chosen
"#,
    );
}

#[test]
fn of_a_table_that_has_none() {
    check(
        r#"CREATE TABLE t (a int)"#,
        r#"CREATE TABLE t1 PARTITION OF t DEFAULT"#,
        r#"
m.sql:1:1: table t is not partitioned; write PARTITION BY where t is made
"#,
    );
}

#[test]
fn of_a_global_table() {
    check(
        r#""#,
        r#"CREATE TABLE countries (a int) PARTITION BY LIST (a)"#,
        r#"
m.sql:1:1: the global table countries is made from other tables, is temporary or has partitions; write its columns out, in one table
"#,
    );
}
