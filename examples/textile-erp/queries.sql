-- What an application asks of Textile ERP, with what comes back: the same in every isolation.
--
-- A line `-- @ name | expected` starts each case; `expected` is `rows`, or the SQLSTATE of the one error.
-- The cases run in this order, in one session of one tenant with freshly loaded sample data. A case may hold
-- several statements, sent one after the other; a transaction that fails on its way is left by its last one.

-- @ count of every table | rows
SELECT (SELECT count(*) FROM locations) AS locations, (SELECT count(*) FROM inventory_items) AS items,
       (SELECT count(*) FROM stock_movements) AS movements, (SELECT count(*) FROM production_orders) AS production_orders,
       (SELECT count(*) FROM quality_records) AS inspections, (SELECT count(*) FROM quality_defects) AS defects,
       (SELECT count(*) FROM financial_transactions) AS transactions, (SELECT count(*) FROM suppliers) AS suppliers,
       (SELECT count(*) FROM customers) AS customers, (SELECT count(*) FROM sales_orders) AS sales_orders,
       (SELECT count(*) FROM purchase_orders) AS purchase_orders;

-- @ locations with the default and the headquarters | rows
SELECT name, city, pincode, location_type, is_default, is_headquarters FROM locations ORDER BY name;

-- @ stock value per category | rows
SELECT category, unit, count(*) AS items, sum(on_hand) AS on_hand, sum(stock_value) AS value
FROM stock_overview
GROUP BY category, unit
ORDER BY category;

-- @ what to reorder | rows
SELECT sku, name, unit, on_hand, reorder_level, missing FROM items_to_reorder ORDER BY missing DESC, sku LIMIT 8;

-- @ levels agree with the movements, so none | rows
SELECT s.item_id, s.location_id
FROM stock_levels s
LEFT JOIN stock_movements m ON m.item_id = s.item_id AND m.location_id = s.location_id
GROUP BY s.item_id, s.location_id, s.on_hand
HAVING s.on_hand <> coalesce(sum(m.quantity), 0)
ORDER BY s.item_id, s.location_id;

-- @ stock of an item as it went | rows
SELECT m.moved_on, m.kind, m.quantity, sum(m.quantity) OVER (ORDER BY m.moved_on, m.movement_number) AS balance
FROM stock_movements m
JOIN inventory_items i ON i.id = m.item_id
WHERE i.sku = 'FIN-0333'
ORDER BY m.moved_on, m.movement_number
LIMIT 12;

-- @ stock on a day by function | rows
SELECT stock_at('FIN-0333', '2025-12-31') AS year_end, stock_at('FIN-0333', '2020-01-01') AS before_all;

-- @ transfers come in pairs | rows
SELECT count(*) AS transfers, count(*) FILTER (WHERE parts = 2 AND total = 0) AS even
FROM (
    SELECT reference, count(*) AS parts, sum(quantity) AS total
    FROM stock_movements WHERE kind = 'transfer' GROUP BY reference
) t;

-- @ fabrics by composition | rows
SELECT composition ->> 'cotton' AS cotton, composition ->> 'polyester' AS polyester, count(*) AS fabrics,
       round(avg(gsm), 1) AS gsm
FROM inventory_items
WHERE category = 'finished' AND composition @> '{"cotton": 60}' OR category = 'finished' AND composition @> '{"polyester": 100}'
GROUP BY composition ->> 'cotton', composition ->> 'polyester'
ORDER BY cotton NULLS LAST, polyester;

-- @ categories as a tree with their items | rows
WITH RECURSIVE tree AS (
    SELECT code, name, code::text AS path FROM item_categories WHERE parent_code IS NULL
    UNION ALL
    SELECT c.code, c.name, t.path || '/' || c.code FROM item_categories c JOIN tree t ON c.parent_code = t.code
)
SELECT t.path, t.name, (SELECT count(*) FROM inventory_items i WHERE i.category = t.code) AS items
FROM tree t
ORDER BY t.path;

-- @ what a fabric is made of, all the way down | rows
WITH RECURSIVE parts AS (
    SELECT b.material_id, b.quantity * (1 + b.waste_percent / 100) AS quantity, 1 AS depth
    FROM bill_of_materials b JOIN inventory_items i ON i.id = b.product_id
    WHERE i.sku = 'FIN-0350'
    UNION ALL
    SELECT b.material_id, p.quantity * b.quantity * (1 + b.waste_percent / 100), p.depth + 1
    FROM parts p JOIN bill_of_materials b ON b.product_id = p.material_id
)
SELECT p.depth, i.sku, i.category, i.unit, round(p.quantity, 4) AS quantity
FROM parts p JOIN inventory_items i ON i.id = p.material_id
ORDER BY p.depth, i.sku;

-- @ units in their base unit | rows
SELECT u.code, b.name AS base, in_base_unit(10, u.code) AS ten
FROM units u LEFT JOIN units b ON b.code = u.base_unit
ORDER BY u.code;

-- @ a unit that is not there | 22023
SELECT in_base_unit(1, 'furlong');

-- @ production by status and location | rows
SELECT l.name, p.status, count(*) AS orders, sum(p.quantity_planned) AS planned, round(avg(p.percent_completed), 1) AS percent
FROM production_orders p
JOIN locations l ON l.id = p.location_id
GROUP BY l.name, p.status
ORDER BY l.name, p.status;

-- @ open production that is late | rows
SELECT order_number, location, sku, status, percent_completed, planned_end, sales_order
FROM open_production
WHERE planned_end < '2026-07-05'
ORDER BY planned_end, order_number
LIMIT 8;

-- @ rework and where it came from | rows
SELECT p.order_number, o.order_number AS parent, p.quantity_planned, o.status AS parent_status
FROM production_orders p
JOIN production_orders o ON o.id = p.parent_order_id
ORDER BY p.order_number
LIMIT 5;

-- @ what each stage cost | rows
SELECT s.position, s.name, count(*) AS steps, sum(p.quantity_out) AS quantity, sum(p.quantity_out * s.cost_per_unit) AS cost
FROM production_stages s
JOIN production_steps p ON p.stage = s.code
GROUP BY s.position, s.name
ORDER BY s.position;

-- @ results of inspections per stage | rows
SELECT stage, count(*) FILTER (WHERE result = 'passed') AS passed,
       count(*) FILTER (WHERE result = 'second quality') AS second_quality,
       count(*) FILTER (WHERE result = 'failed') AS failed, count(*) FILTER (WHERE result = 'pending') AS pending,
       round(avg(points_per_100_sqm), 2) AS points
FROM quality_records
GROUP BY stage
ORDER BY stage;

-- @ defects with their share | rows
SELECT code, severity, defects, points, round(100.0 * defects / sum(defects) OVER (), 1) AS percent
FROM defect_summary
ORDER BY defects DESC, code;

-- @ worst rolls | rows
SELECT q.record_number, q.roll_number, q.inspector, q.points, q.points_per_100_sqm, q.result
FROM quality_records q
ORDER BY q.points_per_100_sqm DESC, q.record_number
LIMIT 5;

-- @ money per month | rows
SELECT to_char(booked_on, 'YYYY-MM') AS month, sum(base_amount) FILTER (WHERE kind = 'sale') AS sold,
       sum(base_amount) FILTER (WHERE kind = 'purchase') AS bought, sum(base_amount) FILTER (WHERE kind = 'expense') AS spent
FROM financial_transactions
GROUP BY to_char(booked_on, 'YYYY-MM')
ORDER BY month;

-- @ exports by currency | rows
SELECT currency, count(*) AS entries, sum(amount) AS amount, sum(base_amount) AS in_rupees
FROM financial_transactions
WHERE currency <> 'INR'
GROUP BY currency
ORDER BY currency;

-- @ sales and receipts of the largest customers | rows
WITH totals AS (
    SELECT customer_id, sum(base_amount) FILTER (WHERE kind = 'sale') AS sold,
           sum(base_amount) FILTER (WHERE kind = 'receipt') AS received
    FROM financial_transactions
    WHERE customer_id IS NOT NULL
    GROUP BY customer_id
)
SELECT c.customer_code, c.name, t.sold, t.received, dense_rank() OVER (ORDER BY t.sold DESC) AS place
FROM totals t JOIN customers c ON c.id = t.customer_id
WHERE t.sold IS NOT NULL
ORDER BY place, c.customer_code
LIMIT 6;

-- @ orders by customer segment and status | rows
SELECT c.segment, o.status, count(*) AS orders, sum(o.total_amount) AS total
FROM sales_orders o JOIN customers c ON c.id = o.customer_id
GROUP BY c.segment, o.status
ORDER BY c.segment, o.status;

-- @ suppliers by terms and certification | rows
SELECT t.code, t.days, count(s.id) AS suppliers, count(s.id) FILTER (WHERE 'GOTS' = ANY (s.certifications)) AS organic,
       round(avg(s.rating), 2) AS rating
FROM payment_terms t LEFT JOIN suppliers s ON s.payment_terms = t.code
GROUP BY t.code, t.days
ORDER BY t.code;

-- @ certificates unnested | rows
SELECT cert, count(*) AS suppliers FROM suppliers CROSS JOIN LATERAL unnest(certifications) AS cert GROUP BY cert ORDER BY cert;

-- @ short deliveries per supplier | rows
SELECT s.supplier_code, count(*) AS short_lines, sum(l.quantity - l.quantity_received) AS missing
FROM purchase_order_lines l
JOIN purchase_orders o ON o.id = l.order_id AND o.status = 'delivered'
JOIN suppliers s ON s.id = o.supplier_id
WHERE l.quantity_received < l.quantity
GROUP BY s.supplier_code
ORDER BY missing DESC, s.supplier_code
LIMIT 5;

-- @ ledger numbers continue | rows
INSERT INTO financial_transactions (transaction_number, location_id, kind, account_code, customer_id, amount, currency,
                                    exchange_rate, booked_on)
VALUES ('FT-900001', md5('location:1')::uuid, 'sale', '4100', md5('customer:1')::uuid, 1000, 'INR', 1, '2026-07-01'),
       ('FT-900002', md5('location:1')::uuid, 'sale', '4200', md5('customer:6')::uuid, 1000, 'USD', 84.25, '2026-07-01')
RETURNING ledger_number, transaction_number, currency, base_amount;

-- @ a defect gets its number and the roll its points | rows
BEGIN;
INSERT INTO quality_defects (quality_record_id, defect_type, at_metre, points)
VALUES (md5('inspection:1')::uuid, 'hole', 12.5, 4), (md5('inspection:1')::uuid, 'stain', 13, 2)
RETURNING defect_number, defect_type, points;
SELECT record_number, points, points_per_100_sqm FROM quality_records WHERE record_number = 'QC-000001';
COMMIT;

-- @ judged again | rows
UPDATE quality_records SET result = quality_grade(points_per_100_sqm) WHERE record_number = 'QC-000001'
RETURNING record_number, points, result;

-- @ a generated column takes no value | 428C9
UPDATE quality_records SET points_per_100_sqm = 0 WHERE record_number = 'QC-000001';

-- @ base amount follows from the rate | 428C9
INSERT INTO financial_transactions (transaction_number, location_id, kind, account_code, amount, base_amount, booked_on)
VALUES ('FT-900003', md5('location:1')::uuid, 'expense', '5200', 10, 10, '2026-07-01');

-- @ rupees at a rate | 23514
UPDATE financial_transactions SET exchange_rate = 2 WHERE transaction_number = 'FT-900001';

-- @ of a customer and a supplier | 23514
UPDATE financial_transactions SET supplier_id = md5('supplier:1')::uuid WHERE transaction_number = 'FT-900001';

-- @ five points for a defect | 23514
UPDATE quality_defects SET points = 5 WHERE quality_record_id = md5('inspection:1')::uuid;

-- @ stock comes in | rows
BEGIN;
INSERT INTO stock_movements (movement_number, item_id, location_id, kind, quantity, moved_on)
VALUES ('MOV-900001', md5('item:333')::uuid, md5('location:6')::uuid, 'production', 120.5, '2026-07-01'),
       ('MOV-900002', md5('item:333')::uuid, md5('location:6')::uuid, 'dispatch', -20.25, '2026-07-02')
RETURNING movement_number, kind, quantity;
SELECT on_hand, last_moved_on FROM stock_levels WHERE item_id = md5('item:333')::uuid AND location_id = md5('location:6')::uuid;
COMMIT;

-- @ more than there is | 23514
INSERT INTO stock_movements (movement_number, item_id, location_id, kind, quantity, moved_on)
VALUES ('MOV-900003', md5('item:333')::uuid, md5('location:6')::uuid, 'dispatch', -500, '2026-07-03');

-- @ the refused dispatch left nothing | rows
SELECT s.on_hand, (SELECT count(*) FROM stock_movements WHERE movement_number = 'MOV-900003') AS booked
FROM stock_levels s
WHERE s.item_id = md5('item:333')::uuid AND s.location_id = md5('location:6')::uuid;

-- @ a dispatch that brings in | 23514
INSERT INTO stock_movements (movement_number, item_id, location_id, kind, quantity, moved_on)
VALUES ('MOV-900004', md5('item:333')::uuid, md5('location:6')::uuid, 'dispatch', 5, '2026-07-03');

-- @ movements stand | 23001
UPDATE stock_movements SET quantity = 1 WHERE movement_number = 'MOV-900001';

-- @ their references may be mended | rows
UPDATE stock_movements SET reference = 'MO-00001' WHERE movement_number = 'MOV-900001' RETURNING movement_number, reference;

-- @ a movement taken back | rows
BEGIN;
DELETE FROM stock_movements WHERE movement_number = 'MOV-900002' RETURNING quantity;
SELECT on_hand FROM stock_levels WHERE item_id = md5('item:333')::uuid AND location_id = md5('location:6')::uuid;
COMMIT;

-- @ a second headquarters | 23505
UPDATE locations SET is_headquarters = true WHERE name = 'Delhi Showroom';

-- @ headquarters move | rows
BEGIN;
UPDATE locations SET is_headquarters = false WHERE is_headquarters RETURNING name;
UPDATE locations SET is_headquarters = true WHERE name = 'Coimbatore Spinning Mill' RETURNING name, is_headquarters;
COMMIT;

-- @ a pincode of five digits | 23514
UPDATE locations SET pincode = '64100' WHERE name = 'Delhi Showroom';

-- @ an unknown kind of location | 22P02
INSERT INTO locations (name, address_line_1, city, location_type) VALUES ('Farm', 'Field 1', 'Guntur', 'farm');

-- @ a location without a city | 23502
INSERT INTO locations (name, address_line_1, pincode) VALUES ('Nowhere', 'Field 1', '522001');

-- @ a sku twice | 23505
INSERT INTO inventory_items (sku, name, category, unit, standard_cost) VALUES ('FIN-0333', 'Again', 'finished', 'm', 1);

-- @ a sku in small letters | 23514
INSERT INTO inventory_items (sku, name, category, unit, standard_cost) VALUES ('fin-9000', 'Small', 'finished', 'm', 1);

-- @ a category that is not there | 23503
UPDATE inventory_items SET category = 'leather' WHERE sku = 'FIN-0333';

-- @ not a tax number | 23514
UPDATE suppliers SET gst_number = '12345' WHERE supplier_code = 'SUP-0001';

-- @ not json | 22P02
UPDATE inventory_items SET composition = '{cotton}' WHERE sku = 'FIN-0333';

-- @ heavier than a smallint | 22003
UPDATE inventory_items SET gsm = 100000 WHERE sku = 'FIN-0333';

-- @ a date that is none | 22008
UPDATE sales_orders SET promised_on = '2026-02-31' WHERE order_number = 'SO-00500';

-- @ a supplier with orders stays | 23503
DELETE FROM suppliers WHERE id = (SELECT supplier_id FROM purchase_orders WHERE order_number = 'PO-00001');

-- @ a supplier without orders goes and its items stay | rows
BEGIN;
INSERT INTO suppliers (id, supplier_code, name) VALUES (md5('q:sup')::uuid, 'SUP-9001', 'Query Yarns')
RETURNING supplier_code, payment_terms, lead_time_days, certifications;
UPDATE inventory_items SET supplier_id = md5('q:sup')::uuid WHERE sku IN ('YRN-0050', 'YRN-0051');
DELETE FROM suppliers WHERE supplier_code = 'SUP-9001' RETURNING name;
SELECT sku, supplier_id IS NULL AS without_supplier FROM inventory_items WHERE sku IN ('YRN-0050', 'YRN-0051') ORDER BY sku;
ROLLBACK;

-- @ a customer and its main contact in either order | rows
BEGIN;
INSERT INTO customers (id, customer_code, name, segment, main_contact_id)
VALUES (md5('q:cus')::uuid, 'CUS-9001', 'Query Garments', 'brand', md5('q:con')::uuid);
INSERT INTO customer_contacts (id, customer_id, name) VALUES (md5('q:con')::uuid, md5('q:cus')::uuid, 'Usha Query');
COMMIT;
SELECT c.customer_code, p.name FROM customers c JOIN customer_contacts p ON p.id = c.main_contact_id WHERE c.customer_code = 'CUS-9001';

-- @ the contact of another customer | 23503
BEGIN;
UPDATE customers SET main_contact_id = md5('contact:2/1')::uuid WHERE customer_code = 'CUS-9001';
COMMIT;

-- @ a main contact stays | 23503
BEGIN;
DELETE FROM customer_contacts WHERE id = md5('q:con')::uuid;
COMMIT;

-- @ a customer goes with its contacts | rows
BEGIN;
DELETE FROM customers WHERE customer_code = 'CUS-9001' RETURNING name;
COMMIT;
SELECT count(*) AS contacts FROM customer_contacts WHERE customer_id = md5('q:cus')::uuid;

-- @ an order adds up | rows
BEGIN;
INSERT INTO sales_orders (id, order_number, customer_id, location_id, ordered_on, promised_on)
VALUES (md5('q:so')::uuid, 'SO-90001', md5('customer:1')::uuid, md5('location:4')::uuid, '2026-07-01', '2026-07-20')
RETURNING order_number, status, total_amount;
INSERT INTO sales_order_lines (order_id, line_number, item_id, quantity, unit_price)
SELECT md5('q:so')::uuid, row_number() OVER (ORDER BY i.sku), i.id, 100, 10 * row_number() OVER (ORDER BY i.sku)
FROM inventory_items i
WHERE i.sku IN ('FIN-0331', 'FIN-0332', 'FIN-0333')
ORDER BY i.sku
RETURNING line_number, amount;
DELETE FROM sales_order_lines WHERE order_id = md5('q:so')::uuid AND line_number = 2;
UPDATE sales_order_lines SET quantity = 50.5 WHERE order_id = md5('q:so')::uuid AND line_number = 1 RETURNING amount;
SELECT net_amount, tax_amount, total_amount FROM sales_orders WHERE order_number = 'SO-90001';
COMMIT;

-- @ production for it | rows
INSERT INTO production_orders (id, order_number, item_id, location_id, quantity_planned, quantity_completed, planned_start,
                               planned_end, sales_order_id)
VALUES (md5('q:mo')::uuid, 'MO-90001', md5('item:333')::uuid, md5('location:3')::uuid, 300, 100, '2026-07-02', '2026-07-12',
        md5('q:so')::uuid)
RETURNING order_number, status, percent_completed;

-- @ the order goes with its lines and production goes on | rows
BEGIN;
DELETE FROM sales_orders WHERE order_number = 'SO-90001' RETURNING order_number, total_amount;
SELECT count(*) AS lines FROM sales_order_lines WHERE order_id = md5('q:so')::uuid;
SELECT order_number, sales_order_id IS NULL AS for_stock FROM production_orders WHERE order_number = 'MO-90001';
COMMIT;

-- @ completed without a date | 23514
UPDATE production_orders SET status = 'completed' WHERE order_number = 'MO-90001';

-- @ not a status of production | 22P02
UPDATE production_orders SET status = 'forgotten' WHERE order_number = 'MO-90001';

-- @ a part of an order that comes later | rows
BEGIN;
SET CONSTRAINTS ALL DEFERRED;
UPDATE production_orders SET parent_order_id = md5('q:mo2')::uuid WHERE order_number = 'MO-90001';
INSERT INTO production_orders (id, order_number, item_id, location_id, quantity_planned, planned_start, planned_end)
VALUES (md5('q:mo2')::uuid, 'MO-90002', md5('item:333')::uuid, md5('location:3')::uuid, 500, '2026-07-02', '2026-07-22');
COMMIT;
SELECT p.order_number, o.order_number AS parent FROM production_orders p JOIN production_orders o ON o.id = p.parent_order_id
WHERE p.order_number = 'MO-90001';

-- @ the same without deferring | 23503
UPDATE production_orders SET parent_order_id = md5('q:mo3')::uuid WHERE order_number = 'MO-90001';

-- @ a parent goes and its part stays | rows
BEGIN;
DELETE FROM production_orders WHERE order_number = 'MO-90002' RETURNING order_number;
SELECT order_number, parent_order_id IS NULL AS on_its_own FROM production_orders WHERE order_number = 'MO-90001';
COMMIT;

-- @ an order goes with steps, inspections and their defects | rows
BEGIN;
DELETE FROM production_orders WHERE order_number = 'MO-00003' RETURNING order_number;
SELECT (SELECT count(*) FROM production_steps) AS steps, (SELECT count(*) FROM quality_records) AS inspections,
       (SELECT count(*) FROM quality_defects) AS defects;
ROLLBACK;

-- @ a stage goes and its defect types stay | rows
BEGIN;
DELETE FROM production_stages WHERE code = 'printing' RETURNING name;
SELECT code, stage IS NULL AS of_any_stage FROM defect_types WHERE code IN ('misprint', 'slub') ORDER BY code;
ROLLBACK;

-- @ a new code of payment terms reaches everyone | rows
BEGIN;
UPDATE payment_terms SET code = 'monthly' WHERE code = 'net30' RETURNING name;
SELECT payment_terms, count(*) FROM suppliers WHERE payment_terms IN ('net30', 'monthly') GROUP BY payment_terms;
ROLLBACK;

-- @ insert or nothing | rows
INSERT INTO units (code, name) VALUES ('kg', 'Kilogram'), ('g', 'Gram') ON CONFLICT DO NOTHING RETURNING code, name, factor;

-- @ insert or update | rows
INSERT INTO suppliers (id, supplier_code, name, rating)
VALUES (md5('q:s1')::uuid, 'SUP-0002', 'Renamed by upsert', 4.5), (md5('q:s2')::uuid, 'SUP-9002', 'Inserted by upsert', 3.5)
ON CONFLICT ON CONSTRAINT suppliers_code_key DO UPDATE SET name = EXCLUDED.name, rating = EXCLUDED.rating
RETURNING supplier_code, name, rating, id = md5('q:s2')::uuid AS is_new;

-- @ insert or update by the primary key | rows
INSERT INTO bill_of_materials (product_id, material_id, quantity, waste_percent)
VALUES (md5('item:321')::uuid, md5('item:241')::uuid, 1.5, 2)
ON CONFLICT ON CONSTRAINT bill_of_materials_pkey DO UPDATE SET quantity = EXCLUDED.quantity
RETURNING quantity, waste_percent;

-- @ the same row twice in one upsert | 21000
INSERT INTO units (code, name) VALUES ('st', 'Stone'), ('st', 'Stone, again')
ON CONFLICT ON CONSTRAINT units_pkey DO UPDATE SET name = EXCLUDED.name;

-- @ received too much | 23514
UPDATE purchase_order_lines SET quantity_received = quantity * 2
WHERE order_id = md5('purchase order:1')::uuid AND line_number = 1;

-- @ back to a savepoint | rows
BEGIN;
UPDATE customers SET credit_limit = 1 WHERE customer_code = 'CUS-0010';
SAVEPOINT lower;
UPDATE customers SET credit_limit = 2 WHERE customer_code = 'CUS-0010';
ROLLBACK TO SAVEPOINT lower;
COMMIT;
SELECT customer_code, credit_limit FROM customers WHERE customer_code = 'CUS-0010';

-- @ more than one row where one belongs | 21000
SELECT (SELECT name FROM customers WHERE segment = 'brand') AS name;

-- @ by nothing | 22012
SELECT on_hand / (on_hand - on_hand) FROM stock_overview WHERE sku = 'FIN-0333';

-- @ a table that does not exist | 42P01
SELECT count(*) FROM looms;

-- @ what is left | rows
SELECT (SELECT count(*) FROM stock_movements) AS movements, (SELECT count(*) FROM stock_levels) AS levels,
       (SELECT count(*) FROM production_orders) AS production_orders, (SELECT count(*) FROM quality_defects) AS defects,
       (SELECT count(*) FROM financial_transactions) AS transactions, (SELECT count(*) FROM customers) AS customers,
       (SELECT count(*) FROM suppliers) AS suppliers, (SELECT count(*) FROM sales_order_lines) AS sales_order_lines;
