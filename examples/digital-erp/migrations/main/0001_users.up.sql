-- People who sign in, and the currencies that every company bills in.

CREATE TABLE currencies (
    code         char(3) PRIMARY KEY,
    name         varchar(60) NOT NULL UNIQUE,
    minor_digits smallint NOT NULL DEFAULT 2 CHECK (minor_digits BETWEEN 0 AND 4)
);

INSERT INTO currencies (code, name, minor_digits) VALUES
    ('INR', 'Indian rupee', 2),
    ('USD', 'US dollar', 2),
    ('EUR', 'Euro', 2),
    ('GBP', 'Pound sterling', 2),
    ('AED', 'UAE dirham', 2),
    ('SGD', 'Singapore dollar', 2),
    ('JPY', 'Japanese yen', 0),
    ('KWD', 'Kuwaiti dinar', 3);

CREATE DOMAIN email_address AS varchar(255)
    CONSTRAINT email_address_form CHECK (VALUE ~ '^[^@[:space:]]+@[^@[:space:]]+[.][^@[:space:]]+$');

CREATE TABLE users (
    id            uuid PRIMARY KEY DEFAULT gen_random_uuid(),
    email         email_address NOT NULL UNIQUE,
    password_hash varchar(255) NOT NULL,
    first_name    varchar(100) NOT NULL,
    last_name     varchar(100) NOT NULL,
    role          varchar(50) NOT NULL CHECK (role IN ('owner', 'admin', 'manager', 'accountant', 'sales', 'member')),
    department    varchar(100),
    position      varchar(100),
    is_active     boolean NOT NULL DEFAULT true,
    last_login    timestamptz,
    created_at    timestamptz NOT NULL DEFAULT now(),
    updated_at    timestamptz NOT NULL DEFAULT now()
);

-- An update that names its own time (an import, a correction) keeps it.
CREATE FUNCTION set_updated_at() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF NEW.updated_at IS NOT DISTINCT FROM OLD.updated_at THEN
        NEW.updated_at := now();
    END IF;
    RETURN NEW;
END
$$;

CREATE TRIGGER users_updated_at BEFORE UPDATE ON users
    FOR EACH ROW EXECUTE FUNCTION set_updated_at();
