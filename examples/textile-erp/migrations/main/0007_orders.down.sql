DROP INDEX production_orders_sales_order_idx;
ALTER TABLE production_orders DROP COLUMN sales_order_id;
DROP TABLE purchase_order_lines;
DROP TABLE purchase_orders;
DROP TABLE sales_order_lines;
DROP TABLE sales_orders;
DROP FUNCTION refresh_sales_order_amounts();
DROP TYPE order_status;
