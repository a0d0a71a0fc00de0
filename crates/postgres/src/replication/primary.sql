-- How far the write-ahead log of a primary goes, as a number of bytes, and on which timeline; nothing on a replica. A record
-- that ends with its page ends before the header of the next one, which is counted here and not where it is replayed.
SELECT (lsn - '0/0' - CASE WHEN pg_catalog.mod(lsn - '0/0', pg_catalog.current_setting('wal_block_size')::numeric) = 24 THEN 24 ELSE 0 END)::bigint AS position,
       ('x' || pg_catalog.left(pg_catalog.pg_walfile_name(lsn), 8))::bit(32)::integer AS timeline
  FROM (SELECT CASE WHEN pg_catalog.pg_is_in_recovery() THEN NULL ELSE pg_catalog.pg_current_wal_insert_lsn() END AS lsn
        OFFSET 0) AS now
