-- What customers order and what is ordered from suppliers.

CREATE TYPE order_status AS ENUM ('draft', 'confirmed', 'in progress', 'delivered', 'cancelled');

CREATE TABLE sales_orders (
    id           uuid PRIMARY KEY DEFAULT gen_random_uuid(),
    order_number varchar(30) NOT NULL,
    customer_id  uuid NOT NULL REFERENCES customers (id),
    location_id  uuid NOT NULL REFERENCES locations (id),
    status       order_status NOT NULL DEFAULT 'draft',
    ordered_on   date NOT NULL,
    promised_on  date NOT NULL,
    net_amount   numeric(15,2) NOT NULL DEFAULT 0,
    tax_amount   numeric(15,2) NOT NULL DEFAULT 0,
    total_amount numeric(15,2) NOT NULL GENERATED ALWAYS AS (net_amount + tax_amount) STORED,
    created_at   timestamptz NOT NULL DEFAULT now(),
    updated_at   timestamptz NOT NULL DEFAULT now(),
    CONSTRAINT sales_orders_number_key UNIQUE (order_number),
    CHECK (promised_on >= ordered_on)
);

CREATE TABLE sales_order_lines (
    order_id    uuid NOT NULL REFERENCES sales_orders (id) ON DELETE CASCADE,
    line_number smallint NOT NULL CHECK (line_number > 0),
    item_id     uuid NOT NULL REFERENCES inventory_items (id),
    quantity    numeric(12,3) NOT NULL CHECK (quantity > 0),
    unit_price  numeric(12,4) NOT NULL CHECK (unit_price >= 0),
    tax_rate    numeric(4,2) NOT NULL DEFAULT 5 CHECK (tax_rate BETWEEN 0 AND 28),
    amount      numeric(15,2) NOT NULL GENERATED ALWAYS AS (round(quantity * unit_price, 2)) STORED,
    PRIMARY KEY (order_id, line_number)
);

CREATE TABLE purchase_orders (
    id           uuid PRIMARY KEY DEFAULT gen_random_uuid(),
    order_number varchar(30) NOT NULL,
    supplier_id  uuid NOT NULL REFERENCES suppliers (id),
    location_id  uuid NOT NULL REFERENCES locations (id),
    status       order_status NOT NULL DEFAULT 'draft',
    ordered_on   date NOT NULL,
    expected_on  date NOT NULL,
    created_at   timestamptz NOT NULL DEFAULT now(),
    updated_at   timestamptz NOT NULL DEFAULT now(),
    CONSTRAINT purchase_orders_number_key UNIQUE (order_number),
    CHECK (expected_on >= ordered_on)
);

CREATE TABLE purchase_order_lines (
    order_id          uuid NOT NULL REFERENCES purchase_orders (id) ON DELETE CASCADE,
    line_number       smallint NOT NULL CHECK (line_number > 0),
    item_id           uuid NOT NULL REFERENCES inventory_items (id),
    quantity          numeric(12,3) NOT NULL CHECK (quantity > 0),
    quantity_received numeric(12,3) NOT NULL DEFAULT 0 CHECK (quantity_received >= 0),
    unit_price        numeric(12,4) NOT NULL CHECK (unit_price >= 0),
    PRIMARY KEY (order_id, line_number),
    CONSTRAINT purchase_order_lines_not_too_much CHECK (quantity_received <= quantity * 1.1)
);

CREATE INDEX sales_orders_customer_idx ON sales_orders (customer_id, ordered_on DESC);
CREATE INDEX sales_orders_open_idx ON sales_orders (promised_on) INCLUDE (total_amount)
    WHERE status IN ('confirmed', 'in progress');
CREATE INDEX purchase_orders_supplier_idx ON purchase_orders (supplier_id, ordered_on DESC);

CREATE FUNCTION refresh_sales_order_amounts() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    UPDATE sales_orders o
    SET net_amount = s.net, tax_amount = s.tax
    FROM (
        SELECT c.order_id, coalesce(sum(l.amount), 0) AS net,
               coalesce(sum(round(l.amount * l.tax_rate / 100, 2)), 0) AS tax
        FROM (SELECT DISTINCT order_id FROM changed) c
        LEFT JOIN sales_order_lines l ON l.order_id = c.order_id
        GROUP BY c.order_id
    ) s
    WHERE o.id = s.order_id AND (o.net_amount, o.tax_amount) IS DISTINCT FROM (s.net, s.tax);
    RETURN NULL;
END
$$;

CREATE TRIGGER sales_order_lines_added AFTER INSERT ON sales_order_lines
    REFERENCING NEW TABLE AS changed FOR EACH STATEMENT EXECUTE FUNCTION refresh_sales_order_amounts();
CREATE TRIGGER sales_order_lines_changed AFTER UPDATE ON sales_order_lines
    REFERENCING NEW TABLE AS changed FOR EACH STATEMENT EXECUTE FUNCTION refresh_sales_order_amounts();
CREATE TRIGGER sales_order_lines_removed AFTER DELETE ON sales_order_lines
    REFERENCING OLD TABLE AS changed FOR EACH STATEMENT EXECUTE FUNCTION refresh_sales_order_amounts();

CREATE TRIGGER sales_orders_updated_at BEFORE UPDATE ON sales_orders
    FOR EACH ROW EXECUTE FUNCTION touch_updated_at();
CREATE TRIGGER purchase_orders_updated_at BEFORE UPDATE ON purchase_orders
    FOR EACH ROW EXECUTE FUNCTION touch_updated_at();

-- Production is for stock or for a customer's order.
ALTER TABLE production_orders
    ADD COLUMN sales_order_id uuid REFERENCES sales_orders (id) ON DELETE SET NULL;
CREATE INDEX production_orders_sales_order_idx ON production_orders (sales_order_id);
