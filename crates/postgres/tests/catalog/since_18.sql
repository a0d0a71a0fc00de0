-- What a template can hold since PostgreSQL 18.
SET search_path = template, global, extensions;
CREATE TABLE modern_base (
    id integer CONSTRAINT must_have NOT NULL,
    only_here integer CONSTRAINT alone NOT NULL NO INHERIT,
    unchecked integer,
    double integer GENERATED ALWAYS AS (id * 2) VIRTUAL,
    CONSTRAINT loose CHECK (id < 0) NOT ENFORCED
);
ALTER TABLE modern_base ADD CONSTRAINT some_day NOT NULL unchecked NOT VALID;
CREATE TABLE modern_child (id integer NOT NULL, other integer CONSTRAINT own NOT NULL) INHERITS (modern_base);
ALTER TABLE modern_child ADD CONSTRAINT here NOT NULL only_here;
CREATE TABLE modern_parts (id integer CONSTRAINT part_id NOT NULL, n integer NOT NULL) PARTITION BY LIST (n);
CREATE TABLE modern_part (n integer CONSTRAINT special NOT NULL, id integer CONSTRAINT part_id NOT NULL);
ALTER TABLE modern_parts ATTACH PARTITION modern_part FOR VALUES IN (1);
CREATE TABLE rooms (room int4range, during tstzrange, PRIMARY KEY (room, during WITHOUT OVERLAPS));
CREATE TABLE stays (room int4range, during tstzrange, FOREIGN KEY (room, PERIOD during) REFERENCES rooms (room, PERIOD during));
CREATE TABLE loosely (id integer REFERENCES customers NOT ENFORCED);
INSERT INTO modern_base (id, only_here, unchecked) VALUES (1, 1, 1);
RESET search_path;
