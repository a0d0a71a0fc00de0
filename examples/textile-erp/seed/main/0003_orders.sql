-- 500 sales orders, 300 purchase orders.

-- Orders and their lines in one statement, so that an order comes in with the amounts that its lines add up to.
WITH lines AS MATERIALIZED (
    SELECT i, n, 321 + (h.a % 80)::integer AS item, (50 + h.b % 60 * 25)::numeric(12,3) AS quantity,
           (150 + h.a % 30000 / 100.0)::numeric(12,4) AS unit_price, CASE WHEN i % 6 = 0 THEN 0 ELSE 5 END AS tax_rate
    FROM generate_series(1, 500) AS i
    CROSS JOIN generate_series(1, 4) AS n
    CROSS JOIN LATERAL (SELECT ('x' || substr(md5('soline' || i || '/' || n), 1, 8))::bit(32)::bigint AS a,
                               ('x' || substr(md5('soline' || i || '/' || n), 9, 8))::bit(32)::bigint AS b) h
    WHERE n <= 1 + i % 4
), sums AS (
    SELECT i, sum(round(quantity * unit_price, 2)) AS net,
           sum(round(round(quantity * unit_price, 2) * tax_rate / 100, 2)) AS tax
    FROM lines
    GROUP BY i
), orders AS (
    INSERT INTO sales_orders (id, order_number, customer_id, location_id, status, ordered_on, promised_on, net_amount,
                              tax_amount, created_at, updated_at)
    SELECT md5('sales order:' || i)::uuid,
           'SO-' || lpad(i::text, 5, '0'),
           -- Every sixth order is an export; every sixth customer is abroad.
           md5('customer:' || CASE WHEN i % 6 = 0 THEN 6 + h.a % 25 * 6 ELSE 1 + h.a % 25 * 6 + h.b % 5 END)::uuid,
           md5('location:' || 3 + h.b % 2)::uuid,
           CASE WHEN h.b % 29 = 0 THEN 'cancelled' WHEN d.day < '2026-04-15' THEN 'delivered'
                WHEN d.day < '2026-06-01' THEN (ARRAY['delivered', 'in progress'])[1 + h.a % 2]
                WHEN i > 485 THEN 'draft' ELSE (ARRAY['confirmed', 'in progress'])[1 + h.a % 2] END::order_status,
           d.day, d.day + 20 + (h.a % 40)::integer, sums.net, sums.tax,
           (d.day + interval '6 hours') AT TIME ZONE 'UTC',
           (d.day + interval '6 hours') AT TIME ZONE 'UTC'
    FROM sums
    CROSS JOIN LATERAL (SELECT ('x' || substr(md5('so' || i), 1, 8))::bit(32)::bigint AS a,
                               ('x' || substr(md5('so' || i), 9, 8))::bit(32)::bigint AS b) h
    CROSS JOIN LATERAL (SELECT date '2025-07-01' + i * 364 / 500 AS day) d
)
INSERT INTO sales_order_lines (order_id, line_number, item_id, quantity, unit_price, tax_rate)
SELECT md5('sales order:' || i)::uuid, n, md5('item:' || item)::uuid, quantity, unit_price, tax_rate
FROM lines;

INSERT INTO purchase_orders (id, order_number, supplier_id, location_id, status, ordered_on, expected_on, created_at,
                             updated_at)
SELECT md5('purchase order:' || i)::uuid,
       'PO-' || lpad(i::text, 5, '0'),
       s.id,
       md5('location:' || 1 + h.b % 4)::uuid,
       CASE WHEN h.b % 31 = 0 THEN 'cancelled' WHEN d.day + s.lead_time_days < date '2026-06-30' THEN 'delivered'
            WHEN i > 295 THEN 'draft' ELSE 'confirmed' END::order_status,
       d.day, d.day + s.lead_time_days,
       (d.day + interval '5 hours') AT TIME ZONE 'UTC',
       (d.day + interval '5 hours') AT TIME ZONE 'UTC'
FROM generate_series(1, 300) AS i
CROSS JOIN LATERAL (SELECT ('x' || substr(md5('po' || i), 1, 8))::bit(32)::bigint AS a,
                           ('x' || substr(md5('po' || i), 9, 8))::bit(32)::bigint AS b) h
CROSS JOIN LATERAL (SELECT date '2025-07-01' + i * 364 / 300 AS day) d
-- OFFSET 0: the id is computed once a row, whatever the join.
CROSS JOIN LATERAL (SELECT md5('supplier:' || 1 + h.a % 80)::uuid AS id OFFSET 0) x
JOIN suppliers s ON s.id = x.id;

INSERT INTO purchase_order_lines (order_id, line_number, item_id, quantity, quantity_received, unit_price)
SELECT o.id, n, md5('item:' || 1 + (i * 17 + n * 71) % 240)::uuid, q.quantity,
       CASE WHEN o.status = 'delivered' THEN round(q.quantity * (95 + h.a % 8) / 100.0, 3) ELSE 0 END,
       40 + h.a % 26000 / 100.0
FROM generate_series(1, 300) AS i
CROSS JOIN generate_series(1, 3) AS n
CROSS JOIN LATERAL (SELECT ('x' || substr(md5('poline' || i || '/' || n), 1, 8))::bit(32)::bigint AS a,
                           ('x' || substr(md5('poline' || i || '/' || n), 9, 8))::bit(32)::bigint AS b) h
CROSS JOIN LATERAL (SELECT 100 + h.b % 80 * 10 AS quantity) q
CROSS JOIN LATERAL (SELECT md5('purchase order:' || i)::uuid AS id OFFSET 0) x
JOIN purchase_orders o ON o.id = x.id
WHERE n <= 1 + i % 3;
