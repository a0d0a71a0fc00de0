COMMENT ON TYPE production_status IS NULL;
COMMENT ON COLUMN financial_transactions.base_amount IS NULL;
COMMENT ON COLUMN quality_records.points_per_100_sqm IS NULL;
COMMENT ON TABLE quality_records IS NULL;
COMMENT ON TABLE stock_levels IS NULL;

DROP FUNCTION in_base_unit(numeric, text);
DROP FUNCTION stock_at(text, date);
DROP FUNCTION quality_grade(numeric);
DROP VIEW defect_summary;
DROP VIEW open_production;
DROP VIEW items_to_reorder;
DROP VIEW stock_overview;
