-- What a template can hold since PostgreSQL 17.
SET search_path = template, global, extensions;
CREATE TABLE parted (id integer GENERATED ALWAYS AS IDENTITY, n integer) PARTITION BY LIST (n);
CREATE TABLE parted_1 PARTITION OF parted FOR VALUES IN (1);
CREATE TABLE parted_2 PARTITION OF parted FOR VALUES IN (2);
INSERT INTO parted (n) VALUES (1), (2), (1);
CREATE COLLATION built_in (PROVIDER = builtin, LOCALE = 'C.UTF-8');
CREATE DOMAIN required AS text CONSTRAINT must NOT NULL;
RESET search_path;
