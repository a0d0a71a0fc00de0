-- Suppliers and customers, whom to talk to there, and when they pay.

CREATE TABLE payment_terms (
    code             varchar(20) PRIMARY KEY,
    name             varchar(100) NOT NULL,
    days             smallint NOT NULL CHECK (days BETWEEN 0 AND 180),
    advance_percent  numeric(5,2) NOT NULL DEFAULT 0 CHECK (advance_percent BETWEEN 0 AND 100)
);

INSERT INTO payment_terms (code, name, days, advance_percent) VALUES
    ('advance', 'All in advance', 0, 100),
    ('cod', 'On delivery', 0, 0),
    ('half', 'Half in advance, half on delivery', 0, 50),
    ('net30', 'Within 30 days', 30, 0),
    ('net45', 'Within 45 days', 45, 0),
    ('net60', 'Within 60 days', 60, 0),
    ('lc90', 'Letter of credit, 90 days', 90, 0);

CREATE TABLE suppliers (
    id             uuid PRIMARY KEY DEFAULT gen_random_uuid(),
    supplier_code  varchar(20) NOT NULL,
    name           varchar(200) NOT NULL,
    gst_number     varchar(15),
    email          email_address,
    phone          varchar(20),
    address        text,
    city           varchar(100),
    country        varchar(60) NOT NULL DEFAULT 'India',
    payment_terms  varchar(20) NOT NULL DEFAULT 'net30' REFERENCES payment_terms (code) ON UPDATE CASCADE,
    lead_time_days smallint NOT NULL DEFAULT 14 CHECK (lead_time_days >= 0),
    certifications text[] NOT NULL DEFAULT '{}',
    rating         numeric(2,1) CHECK (rating BETWEEN 1 AND 5),
    is_active      boolean NOT NULL DEFAULT true,
    created_at     timestamptz NOT NULL DEFAULT now(),
    updated_at     timestamptz NOT NULL DEFAULT now(),
    CONSTRAINT suppliers_code_key UNIQUE (supplier_code)
);

CREATE TABLE customers (
    id             uuid PRIMARY KEY DEFAULT gen_random_uuid(),
    customer_code  varchar(20) NOT NULL,
    name           varchar(200) NOT NULL,
    segment        varchar(30) NOT NULL
        CHECK (segment IN ('garment maker', 'brand', 'wholesaler', 'exporter', 'institution')),
    gst_number     varchar(15),
    email          email_address,
    phone          varchar(20),
    address        text,
    city           varchar(100),
    country        varchar(60) NOT NULL DEFAULT 'India',
    payment_terms  varchar(20) NOT NULL DEFAULT 'net30' REFERENCES payment_terms (code) ON UPDATE CASCADE,
    credit_limit   numeric(14,2) NOT NULL DEFAULT 0 CHECK (credit_limit >= 0),
    is_active      boolean NOT NULL DEFAULT true,
    created_at     timestamptz NOT NULL DEFAULT now(),
    updated_at     timestamptz NOT NULL DEFAULT now(),
    CONSTRAINT customers_code_key UNIQUE (customer_code)
);

CREATE TABLE customer_contacts (
    id          uuid PRIMARY KEY DEFAULT gen_random_uuid(),
    customer_id uuid NOT NULL REFERENCES customers (id) ON DELETE CASCADE,
    name        varchar(120) NOT NULL,
    job_title   varchar(100),
    email       email_address,
    phone       varchar(20),
    -- What a customer's main contact is chosen by: a contact of that customer, not of another.
    UNIQUE (customer_id, id)
);

-- A customer and its main contact are saved together, in either order.
ALTER TABLE customers
    ADD COLUMN main_contact_id uuid,
    ADD CONSTRAINT customers_main_contact_fkey FOREIGN KEY (id, main_contact_id)
        REFERENCES customer_contacts (customer_id, id) DEFERRABLE INITIALLY DEFERRED;

CREATE INDEX suppliers_name_idx ON suppliers (lower(name));
CREATE INDEX customers_name_idx ON customers (lower(name)) INCLUDE (customer_code) WHERE is_active;

CREATE TRIGGER suppliers_updated_at BEFORE UPDATE ON suppliers
    FOR EACH ROW EXECUTE FUNCTION touch_updated_at();
CREATE TRIGGER customers_updated_at BEFORE UPDATE ON customers
    FOR EACH ROW EXECUTE FUNCTION touch_updated_at();
