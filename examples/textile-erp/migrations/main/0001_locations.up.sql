-- Where a mill works: plants, warehouses, offices, shops.

CREATE DOMAIN email_address AS varchar(255)
    CONSTRAINT email_address_form CHECK (VALUE ~ '^[^@[:space:]]+@[^@[:space:]]+[.][^@[:space:]]+$');

CREATE TYPE location_type AS ENUM ('plant', 'warehouse', 'office', 'showroom');

CREATE TABLE locations (
    id              uuid PRIMARY KEY DEFAULT gen_random_uuid(),
    name            varchar(120) NOT NULL UNIQUE,
    email           email_address,
    phone           varchar(20),
    country         varchar(60) NOT NULL DEFAULT 'India',
    address_line_1  varchar(255) NOT NULL,
    address_line_2  varchar(255),
    city            varchar(100) NOT NULL,
    state           varchar(100),
    pincode         varchar(10),
    is_default      boolean NOT NULL DEFAULT false,
    is_headquarters boolean NOT NULL DEFAULT false,
    location_type   location_type NOT NULL DEFAULT 'plant',
    image_url       text,
    is_active       boolean NOT NULL DEFAULT true,
    created_at      timestamptz NOT NULL DEFAULT now(),
    updated_at      timestamptz NOT NULL DEFAULT now(),
    CONSTRAINT locations_pincode_form CHECK (country <> 'India' OR pincode ~ '^[1-9][0-9]{5}$')
);

CREATE UNIQUE INDEX locations_one_default_key ON locations (is_default) WHERE is_default;
CREATE UNIQUE INDEX locations_one_headquarters_key ON locations (is_headquarters) WHERE is_headquarters;

-- An update that names its own time (an import, a correction) keeps it.
CREATE FUNCTION touch_updated_at() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF NEW.updated_at IS NOT DISTINCT FROM OLD.updated_at THEN
        NEW.updated_at := now();
    END IF;
    RETURN NEW;
END
$$;

CREATE TRIGGER locations_updated_at BEFORE UPDATE ON locations
    FOR EACH ROW EXECUTE FUNCTION touch_updated_at();
