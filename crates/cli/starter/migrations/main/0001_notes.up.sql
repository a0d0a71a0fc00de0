-- Written as for one customer: Tenantry adds what each isolation needs.
CREATE TABLE notes (
  id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
  title text NOT NULL,
  body text NOT NULL DEFAULT '',
  created_at timestamptz NOT NULL DEFAULT now()
);

-- A row that every new tenant starts with.
INSERT INTO notes (title, body) VALUES ('Welcome', 'The first note of every tenant.');
