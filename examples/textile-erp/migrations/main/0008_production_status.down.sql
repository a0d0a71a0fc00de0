ALTER TABLE production_stages DROP COLUMN cost_per_unit;

ALTER TABLE customers ALTER COLUMN gst_number TYPE varchar(15);
ALTER TABLE suppliers ALTER COLUMN gst_number TYPE varchar(15);
DROP DOMAIN gst_number;

DROP INDEX production_orders_open_idx;
ALTER TABLE production_orders DROP CONSTRAINT production_orders_completed_has_date;
ALTER TABLE production_orders DROP COLUMN completed_on;

ALTER TABLE production_orders ALTER COLUMN status DROP DEFAULT;
ALTER TABLE production_orders ALTER COLUMN status TYPE varchar(20) USING status::text;
ALTER TABLE production_orders ALTER COLUMN status SET DEFAULT 'planned';
DROP TYPE production_status;
