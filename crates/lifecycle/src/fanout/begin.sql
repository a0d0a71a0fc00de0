BEGIN READ ONLY;
SET LOCAL statement_timeout = :milliseconds;
