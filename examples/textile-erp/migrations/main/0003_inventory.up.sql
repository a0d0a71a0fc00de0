-- What the mill buys, makes and sells, and how much of it lies where.

CREATE TABLE units (
    code      varchar(10) PRIMARY KEY,
    name      varchar(40) NOT NULL UNIQUE,
    base_unit varchar(10) REFERENCES units (code),
    factor    numeric(14,6) NOT NULL DEFAULT 1 CHECK (factor > 0)
);

INSERT INTO units (code, name, base_unit, factor) VALUES
    ('kg', 'Kilogram', NULL, 1),
    ('m', 'Metre', NULL, 1),
    ('pcs', 'Piece', NULL, 1),
    ('l', 'Litre', NULL, 1),
    ('bale', 'Cotton bale', 'kg', 170),
    ('cone', 'Yarn cone', 'kg', 1.89),
    ('yd', 'Yard', 'm', 0.9144),
    ('roll', 'Fabric roll', 'm', 100),
    ('drum', 'Drum', 'l', 200);

CREATE TABLE item_categories (
    code        varchar(30) PRIMARY KEY,
    name        varchar(100) NOT NULL,
    parent_code varchar(30) REFERENCES item_categories (code) ON DELETE CASCADE
);

INSERT INTO item_categories (code, name, parent_code) VALUES
    ('material', 'Materials', NULL),
    ('fibre', 'Fibre', 'material'),
    ('yarn', 'Yarn', 'material'),
    ('chemical', 'Dyes and chemicals', 'material'),
    ('trim', 'Trims', 'material'),
    ('fabric', 'Fabric', NULL),
    ('greige', 'Greige fabric', 'fabric'),
    ('finished', 'Finished fabric', 'fabric'),
    ('packaging', 'Packaging', NULL);

CREATE TABLE inventory_items (
    id             uuid PRIMARY KEY DEFAULT gen_random_uuid(),
    sku            varchar(40) NOT NULL,
    name           varchar(200) NOT NULL,
    category       varchar(30) NOT NULL REFERENCES item_categories (code),
    unit           varchar(10) NOT NULL REFERENCES units (code),
    supplier_id    uuid REFERENCES suppliers (id) ON DELETE SET NULL,
    composition    jsonb NOT NULL DEFAULT '{}',
    colour         varchar(40),
    yarn_count     varchar(20),
    gsm            smallint CHECK (gsm BETWEEN 20 AND 1200),
    width_cm       numeric(6,2) CHECK (width_cm > 0),
    reorder_level  numeric(14,3) NOT NULL DEFAULT 0 CHECK (reorder_level >= 0),
    standard_cost  numeric(12,4) NOT NULL CHECK (standard_cost >= 0),
    is_active      boolean NOT NULL DEFAULT true,
    created_at     timestamptz NOT NULL DEFAULT now(),
    updated_at     timestamptz NOT NULL DEFAULT now(),
    CONSTRAINT inventory_items_sku_key UNIQUE (sku),
    CONSTRAINT inventory_items_sku_form CHECK (sku = upper(sku))
);

CREATE INDEX inventory_items_category_idx ON inventory_items (category, name);
CREATE INDEX inventory_items_supplier_idx ON inventory_items (supplier_id) WHERE supplier_id IS NOT NULL;
CREATE INDEX inventory_items_composition_idx ON inventory_items USING gin (composition);

CREATE TABLE stock_levels (
    item_id       uuid NOT NULL REFERENCES inventory_items (id) ON DELETE CASCADE,
    location_id   uuid NOT NULL REFERENCES locations (id),
    on_hand       numeric(14,3) NOT NULL DEFAULT 0,
    last_moved_on date,
    PRIMARY KEY (item_id, location_id),
    CONSTRAINT stock_levels_not_negative CHECK (on_hand >= 0)
);

CREATE TABLE stock_movements (
    id              uuid PRIMARY KEY DEFAULT gen_random_uuid(),
    movement_number varchar(30) NOT NULL,
    item_id         uuid NOT NULL REFERENCES inventory_items (id),
    location_id     uuid NOT NULL REFERENCES locations (id),
    kind            varchar(20) NOT NULL
        CHECK (kind IN ('opening', 'receipt', 'issue', 'production', 'transfer', 'dispatch', 'adjustment')),
    quantity        numeric(14,3) NOT NULL CHECK (quantity <> 0),
    unit_cost       numeric(12,4),
    reference       varchar(60),
    moved_on        date NOT NULL,
    CONSTRAINT stock_movements_number_key UNIQUE (movement_number),
    CONSTRAINT stock_movements_sign CHECK (
        CASE WHEN kind IN ('opening', 'receipt', 'production') THEN quantity > 0
             WHEN kind IN ('issue', 'dispatch') THEN quantity < 0 ELSE true END)
);

CREATE INDEX stock_movements_item_idx ON stock_movements (item_id, location_id, moved_on DESC) INCLUDE (quantity);

-- The level follows from the movements. All movements of one statement count together, so that a transfer
-- may list what leaves before what arrives.
CREATE FUNCTION apply_stock_movements() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    INSERT INTO stock_levels (item_id, location_id)
    SELECT DISTINCT c.item_id, c.location_id FROM changed c
    ORDER BY c.item_id, c.location_id
    ON CONFLICT DO NOTHING;
    UPDATE stock_levels s
    SET on_hand = s.on_hand + c.quantity * CASE WHEN TG_OP = 'DELETE' THEN -1 ELSE 1 END,
        last_moved_on = greatest(s.last_moved_on, c.moved_on)
    FROM (
        SELECT item_id, location_id, sum(quantity) AS quantity, max(moved_on) AS moved_on
        FROM changed
        GROUP BY item_id, location_id
    ) c
    WHERE s.item_id = c.item_id AND s.location_id = c.location_id;
    RETURN NULL;
END
$$;

CREATE TRIGGER stock_movements_added AFTER INSERT ON stock_movements
    REFERENCING NEW TABLE AS changed FOR EACH STATEMENT EXECUTE FUNCTION apply_stock_movements();
CREATE TRIGGER stock_movements_removed AFTER DELETE ON stock_movements
    REFERENCING OLD TABLE AS changed FOR EACH STATEMENT EXECUTE FUNCTION apply_stock_movements();

CREATE FUNCTION refuse_movement_change() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    RAISE EXCEPTION 'stock movement % stands as it was booked', OLD.movement_number
        USING HINT = 'Book an adjustment.', ERRCODE = 'restrict_violation';
END
$$;

CREATE TRIGGER stock_movements_stand BEFORE UPDATE OF item_id, location_id, kind, quantity ON stock_movements
    FOR EACH ROW EXECUTE FUNCTION refuse_movement_change();
CREATE TRIGGER inventory_items_updated_at BEFORE UPDATE ON inventory_items
    FOR EACH ROW EXECUTE FUNCTION touch_updated_at();
