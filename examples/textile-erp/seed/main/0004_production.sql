-- 600 production orders with their steps, 2,500 inspections with the defects found.

INSERT INTO production_orders (id, order_number, item_id, location_id, parent_order_id, status, quantity_planned,
                               quantity_completed, planned_start, planned_end, completed_on, sales_order_id,
                               created_at, updated_at)
SELECT md5('production order:' || i)::uuid,
       'MO-' || lpad(i::text, 5, '0'),
       md5('item:' || x.item)::uuid,
       md5('location:' || CASE WHEN x.item <= 320 THEN 2 ELSE 3 END)::uuid,
       CASE WHEN i % 25 = 0 THEN md5('production order:' || i - 10)::uuid END,
       s.status::production_status,
       q.planned,
       CASE s.status WHEN 'completed' THEN round(q.planned * (94 + h.b % 8) / 100.0, 3)
                     WHEN 'running' THEN round(q.planned * (5 + h.b % 80) / 100.0, 3)
                     WHEN 'on hold' THEN round(q.planned * 0.1, 3) ELSE 0 END,
       d.day, d.day + x.days,
       CASE WHEN s.status = 'completed' THEN d.day + x.days + (h.b % 5)::integer - 2 END,
       CASE WHEN x.item > 320 AND h.b % 3 > 0 THEN md5('sales order:' || 1 + i * 5 / 7)::uuid END,
       (d.day - 7 + interval '8 hours') AT TIME ZONE 'UTC',
       (d.day - 7 + interval '8 hours') AT TIME ZONE 'UTC'
FROM generate_series(1, 600) AS i
CROSS JOIN LATERAL (SELECT ('x' || substr(md5('mo' || i), 1, 8))::bit(32)::bigint AS a,
                           ('x' || substr(md5('mo' || i), 9, 8))::bit(32)::bigint AS b) h
CROSS JOIN LATERAL (SELECT 241 + (h.a % 160)::integer AS item, 6 + (h.b % 15)::integer AS days) x
CROSS JOIN LATERAL (SELECT (200 + h.a % 90 * 50)::numeric AS planned) q
CROSS JOIN LATERAL (SELECT date '2025-07-01' + i * 385 / 600 AS day) d
CROSS JOIN LATERAL (SELECT CASE WHEN h.b % 37 = 0 THEN 'cancelled' WHEN d.day + x.days + 3 < date '2026-06-30' THEN 'completed'
                                WHEN d.day > date '2026-07-08' THEN 'planned' WHEN d.day > date '2026-06-30' THEN 'released'
                                WHEN h.b % 7 = 0 THEN 'on hold' ELSE 'running' END AS status) s
ORDER BY i;

INSERT INTO production_steps (order_id, stage, machine, started_on, finished_on, quantity_out)
SELECT p.id, s.stage,
       upper(left(s.stage, 3)) || '-' || lpad((1 + ('x' || substr(p.id::text, 1, 6))::bit(24)::integer % 12)::text, 2, '0'),
       CASE WHEN p.status IN ('completed', 'running', 'on hold') AND (s.n = 1 OR p.status = 'completed')
            THEN p.planned_start + (s.n - 1) * (p.planned_end - p.planned_start) / 3 END,
       CASE WHEN p.status = 'completed' THEN p.planned_start + s.n * (p.planned_end - p.planned_start) / 3 END,
       CASE WHEN p.status = 'completed' OR s.n = 1 THEN p.quantity_completed ELSE 0 END
FROM production_orders p
JOIN inventory_items i ON i.id = p.item_id
JOIN (VALUES ('greige', 1, 'warping'), ('greige', 2, 'weaving'), ('greige', 3, 'packing'),
             ('finished', 1, 'dyeing'), ('finished', 2, 'finishing'), ('finished', 3, 'packing')
     ) AS s (category, n, stage) ON s.category = i.category;

WITH orders AS MATERIALIZED (
    SELECT right(p.order_number, 5)::integer AS number, p.id, p.order_number, p.planned_start, t.category, t.width_cm
    FROM production_orders p
    JOIN inventory_items t ON t.id = p.item_id
)
INSERT INTO quality_records (id, record_number, production_order_id, stage, roll_number, inspector, inspected_on,
                             length_m, width_cm, created_at)
SELECT md5('inspection:' || i)::uuid,
       'QC-' || lpad(i::text, 6, '0'),
       o.id,
       CASE WHEN o.category = 'greige' THEN 'weaving' ELSE (ARRAY['dyeing', 'finishing'])[1 + h.a % 2] END,
       o.order_number || '/' || lpad((1 + i / 560)::text, 2, '0'),
       (ARRAY['Selvi Murugan', 'Prakash Rane', 'Noor Begum', 'Karthik Subbu', 'Lata Pawar'])[1 + h.b % 5],
       least(o.planned_start + 2 + (h.b % 6)::integer, date '2026-06-30'),
       40 + h.a % 41, o.width_cm,
       (o.planned_start + 2 + interval '9 hours') AT TIME ZONE 'UTC'
FROM generate_series(1, 2500) AS i
CROSS JOIN LATERAL (SELECT ('x' || substr(md5('qc' || i), 1, 8))::bit(32)::bigint AS a,
                           ('x' || substr(md5('qc' || i), 9, 8))::bit(32)::bigint AS b) h
JOIN orders o ON o.number = 1 + i % 560
ORDER BY i;

INSERT INTO quality_defects (quality_record_id, defect_type, at_metre, points, remarks)
SELECT md5('inspection:' || i)::uuid,
       (ARRAY['slub', 'neps', 'broken_end', 'missing_pick', 'reed_mark', 'shade', 'dye_spot', 'crease', 'stain',
              'hole'])[1 + h.a % 10],
       1 + h.b % 3900 / 100.0,
       (1 + h.b % 4)::smallint,
       CASE WHEN h.a % 17 = 0 THEN 'Mended' END
FROM generate_series(1, 2500) AS i
CROSS JOIN LATERAL (SELECT ('x' || substr(md5('qd' || i), 1, 8))::bit(32)::bigint AS a OFFSET 0) k
CROSS JOIN generate_series(1, 9) AS n
CROSS JOIN LATERAL (SELECT ('x' || substr(md5('qd' || i || '/' || n), 1, 8))::bit(32)::bigint AS a,
                           ('x' || substr(md5('qd' || i || '/' || n), 9, 8))::bit(32)::bigint AS b) h
WHERE n <= CASE WHEN k.a % 20 < 11 THEN 0 WHEN k.a % 20 < 18 THEN 1 + k.a % 2 ELSE 6 + k.a % 4 END
ORDER BY i, n;

-- The last week's inspections are still to be judged.
UPDATE quality_records SET result = quality_grade(points_per_100_sqm) WHERE inspected_on < date '2026-06-24';
