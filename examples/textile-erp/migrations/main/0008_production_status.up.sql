-- The status of production becomes an enum with its dates; tax numbers get a form; stages know what they cost.

CREATE TYPE production_status AS ENUM ('planned', 'released', 'running', 'on hold', 'completed', 'cancelled');

ALTER TABLE production_orders ALTER COLUMN status DROP DEFAULT;
ALTER TABLE production_orders ALTER COLUMN status TYPE production_status USING status::production_status;
ALTER TABLE production_orders ALTER COLUMN status SET DEFAULT 'planned';

ALTER TABLE production_orders ADD COLUMN completed_on date;
UPDATE production_orders SET completed_on = planned_end WHERE status = 'completed';
ALTER TABLE production_orders
    ADD CONSTRAINT production_orders_completed_has_date CHECK ((status = 'completed') = (completed_on IS NOT NULL));

CREATE INDEX production_orders_open_idx ON production_orders (planned_end, location_id)
    WHERE status IN ('released', 'running', 'on hold');

CREATE DOMAIN gst_number AS varchar(15)
    CONSTRAINT gst_number_form CHECK (VALUE ~ '^[0-9]{2}[A-Z]{5}[0-9]{4}[A-Z][0-9A-Z]Z[0-9A-Z]$');

UPDATE suppliers SET gst_number = nullif(upper(trim(gst_number)), '') WHERE gst_number IS NOT NULL;
UPDATE customers SET gst_number = nullif(upper(trim(gst_number)), '') WHERE gst_number IS NOT NULL;
ALTER TABLE suppliers ALTER COLUMN gst_number TYPE gst_number;
ALTER TABLE customers ALTER COLUMN gst_number TYPE gst_number;

ALTER TABLE production_stages ADD COLUMN cost_per_unit numeric(8,2);
UPDATE production_stages
SET cost_per_unit = CASE WHEN code IN ('dyeing', 'printing') THEN 14.50 WHEN code = 'packing' THEN 1.25 ELSE 6.00 END;
ALTER TABLE production_stages ALTER COLUMN cost_per_unit SET NOT NULL;
