-- What is made, from what, and how far it has come.

CREATE TABLE production_stages (
    code     varchar(20) PRIMARY KEY,
    position smallint NOT NULL UNIQUE,
    name     varchar(60) NOT NULL
);

INSERT INTO production_stages (code, position, name) VALUES
    ('spinning', 1, 'Spinning'),
    ('warping', 2, 'Warping and sizing'),
    ('weaving', 3, 'Weaving'),
    ('knitting', 4, 'Knitting'),
    ('dyeing', 5, 'Dyeing'),
    ('printing', 6, 'Printing'),
    ('finishing', 7, 'Finishing'),
    ('packing', 8, 'Packing');

CREATE TABLE bill_of_materials (
    product_id    uuid NOT NULL REFERENCES inventory_items (id) ON DELETE CASCADE,
    material_id   uuid NOT NULL REFERENCES inventory_items (id),
    quantity      numeric(12,4) NOT NULL CHECK (quantity > 0),
    waste_percent numeric(4,2) NOT NULL DEFAULT 0 CHECK (waste_percent BETWEEN 0 AND 50),
    PRIMARY KEY (product_id, material_id),
    CONSTRAINT bill_of_materials_not_itself CHECK (product_id <> material_id)
);

CREATE TABLE production_orders (
    id                 uuid PRIMARY KEY DEFAULT gen_random_uuid(),
    order_number       varchar(30) NOT NULL,
    item_id            uuid NOT NULL REFERENCES inventory_items (id),
    location_id        uuid NOT NULL REFERENCES locations (id),
    -- Rework and split lots hang on the order that they came from.
    parent_order_id    uuid REFERENCES production_orders (id) ON DELETE SET NULL DEFERRABLE,
    status             varchar(20) NOT NULL DEFAULT 'planned',
    quantity_planned   numeric(14,3) NOT NULL CHECK (quantity_planned > 0),
    quantity_completed numeric(14,3) NOT NULL DEFAULT 0 CHECK (quantity_completed >= 0),
    percent_completed  numeric(5,1) NOT NULL
        GENERATED ALWAYS AS (least(round(quantity_completed * 100 / quantity_planned, 1), 999.9)) STORED,
    planned_start      date NOT NULL,
    planned_end        date NOT NULL,
    created_at         timestamptz NOT NULL DEFAULT now(),
    updated_at         timestamptz NOT NULL DEFAULT now(),
    CONSTRAINT production_orders_number_key UNIQUE (order_number),
    CHECK (planned_end >= planned_start),
    CHECK (parent_order_id <> id)
);

CREATE INDEX production_orders_item_idx ON production_orders (item_id);
CREATE INDEX production_orders_parent_idx ON production_orders (parent_order_id) WHERE parent_order_id IS NOT NULL;

CREATE TABLE production_steps (
    order_id     uuid NOT NULL REFERENCES production_orders (id) ON DELETE CASCADE,
    stage        varchar(20) NOT NULL REFERENCES production_stages (code),
    machine      varchar(40),
    started_on   date,
    finished_on  date,
    quantity_out numeric(14,3) NOT NULL DEFAULT 0 CHECK (quantity_out >= 0),
    PRIMARY KEY (order_id, stage),
    CHECK (finished_on >= started_on)
);

CREATE TRIGGER production_orders_updated_at BEFORE UPDATE ON production_orders
    FOR EACH ROW EXECUTE FUNCTION touch_updated_at();
