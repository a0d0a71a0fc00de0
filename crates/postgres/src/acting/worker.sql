SET lock_timeout = :lock_ms;
SET synchronous_commit = off;
