DROP TABLE stock_movements;
DROP FUNCTION refuse_movement_change();
DROP FUNCTION apply_stock_movements();
DROP TABLE stock_levels;
DROP TABLE inventory_items;
DROP TABLE item_categories;
DROP TABLE units;
