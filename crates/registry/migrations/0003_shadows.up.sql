-- What blocks of PL/pgSQL in migrations did on a shadow: a database of one tenant that was made to ask them. The answer
-- holds for the block and everything before it, so it is kept under the checksum of both.
CREATE TABLE tenantry.shadow_answers (
  question text PRIMARY KEY,
  texts text[] NOT NULL,
  definitions integer NOT NULL,
  asked_at timestamptz NOT NULL DEFAULT now()
);
COMMENT ON COLUMN tenantry.shadow_answers.question IS 'SHA-256 of the statements before the block and of the block.';
COMMENT ON COLUMN tenantry.shadow_answers.texts IS 'The statements that the block ran, in order.';
COMMENT ON COLUMN tenantry.shadow_answers.definitions IS 'How many definitions the server saw.';
