-- What the dashboards read.

CREATE VIEW stock_overview AS
SELECT i.sku, i.name, i.category, i.unit, coalesce(sum(s.on_hand), 0) AS on_hand, i.reorder_level,
       round(coalesce(sum(s.on_hand), 0) * i.standard_cost, 2) AS stock_value
FROM inventory_items i
LEFT JOIN stock_levels s ON s.item_id = i.id
WHERE i.is_active
GROUP BY i.sku, i.name, i.category, i.unit, i.reorder_level, i.standard_cost;

-- A view over a view.
CREATE VIEW items_to_reorder AS
SELECT o.sku, o.name, o.unit, o.on_hand, o.reorder_level, o.reorder_level - o.on_hand AS missing
FROM stock_overview o
WHERE o.on_hand < o.reorder_level;

CREATE VIEW open_production AS
SELECT p.order_number, l.name AS location, i.sku, p.status, p.percent_completed, p.planned_end, o.order_number AS sales_order
FROM production_orders p
JOIN locations l ON l.id = p.location_id
JOIN inventory_items i ON i.id = p.item_id
LEFT JOIN sales_orders o ON o.id = p.sales_order_id
WHERE p.status IN ('released', 'running', 'on hold');

CREATE VIEW defect_summary AS
SELECT t.code, t.name, t.severity, count(d.defect_number) AS defects, coalesce(sum(d.points), 0) AS points
FROM defect_types t
LEFT JOIN quality_defects d ON d.defect_type = t.code
GROUP BY t.code, t.name, t.severity;

CREATE FUNCTION quality_grade(points_per_100_sqm numeric) RETURNS inspection_result LANGUAGE sql IMMUTABLE AS $$
    SELECT CASE WHEN points_per_100_sqm <= 20 THEN 'passed' WHEN points_per_100_sqm <= 28 THEN 'second quality'
                ELSE 'failed' END::inspection_result
$$;

CREATE FUNCTION stock_at(wanted_sku text, on_day date) RETURNS numeric LANGUAGE sql STABLE AS $$
    SELECT coalesce(sum(m.quantity), 0)
    FROM stock_movements m
    JOIN inventory_items i ON i.id = m.item_id
    WHERE i.sku = wanted_sku AND m.moved_on <= on_day
$$;

CREATE FUNCTION in_base_unit(quantity numeric, from_unit text) RETURNS numeric LANGUAGE plpgsql STABLE AS $$
DECLARE
    found_factor numeric;
BEGIN
    SELECT u.factor INTO found_factor FROM units u WHERE u.code = from_unit;
    IF found_factor IS NULL THEN
        RAISE EXCEPTION 'there is no unit %', from_unit USING ERRCODE = 'invalid_parameter_value';
    END IF;
    RETURN quantity * found_factor;
END
$$;

COMMENT ON TABLE stock_levels IS 'What lies where; follows from stock_movements';
COMMENT ON TABLE quality_records IS 'Inspections by the four-point system';
COMMENT ON COLUMN quality_records.points_per_100_sqm IS 'Points per 100 square metres: up to 20 passes, up to 28 is second quality';
COMMENT ON COLUMN financial_transactions.base_amount IS 'In rupees, at the rate of the day';
COMMENT ON VIEW items_to_reorder IS 'Items below their reorder level over all locations';
COMMENT ON TYPE production_status IS 'From plan to completion; on hold may resume';
