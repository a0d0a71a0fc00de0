-- 400 items, what they are made of, and 10,000 movements of stock.

INSERT INTO inventory_items (id, sku, name, category, unit, supplier_id, composition, colour, yarn_count, gsm, width_cm,
                             reorder_level, standard_cost, created_at, updated_at)
SELECT md5('item:' || i)::uuid,
       k.prefix || '-' || lpad(i::text, 4, '0'),
       CASE k.category
            WHEN 'fibre' THEN f.fibre || ' fibre, lot ' || i
            WHEN 'yarn' THEN f.fibre || ' yarn ' || f.count
            WHEN 'chemical' THEN (ARRAY['Reactive dye', 'Disperse dye', 'Softener', 'Bleach', 'Fixing agent'])[1 + h.b % 5]
                || CASE WHEN h.b % 5 < 2 THEN ' ' || f.colour ELSE '' END
            WHEN 'trim' THEN (ARRAY['Button', 'Zip', 'Label', 'Elastic tape'])[1 + h.b % 4] || ' ' || f.colour
            WHEN 'packaging' THEN (ARRAY['Poly bag', 'Paper tube', 'Carton'])[1 + h.b % 3] || ' size ' || 1 + h.c % 5
            WHEN 'greige' THEN f.fibre || ' ' || f.weave || ', greige'
            ELSE f.fibre || ' ' || f.weave || ', ' || lower(f.colour) END,
       k.category, k.unit,
       CASE WHEN k.category NOT IN ('greige', 'finished') THEN md5('supplier:' || 1 + h.a % 80)::uuid END,
       CASE WHEN k.category IN ('fibre', 'yarn', 'greige', 'finished') THEN f.composition::jsonb ELSE '{}' END,
       CASE WHEN k.category IN ('trim', 'finished') THEN f.colour END,
       CASE WHEN k.category = 'yarn' THEN f.count END,
       CASE WHEN k.category IN ('greige', 'finished') THEN (90 + h.b % 26 * 10)::smallint END,
       CASE WHEN k.category IN ('greige', 'finished') THEN 112 + h.c % 5 * 18 END,
       CASE WHEN i % 9 = 0 THEN 6000 ELSE 300 + h.b % 10 * 100 END,
       k.cost + h.c % 4000 / 100.0,
       timestamptz '2025-01-01 06:00+00', timestamptz '2025-01-01 06:00+00'
FROM generate_series(1, 400) AS i
CROSS JOIN LATERAL (SELECT ('x' || substr(md5('item' || i), 1, 8))::bit(32)::bigint AS a,
                           ('x' || substr(md5('item' || i), 9, 8))::bit(32)::bigint AS b,
                           ('x' || substr(md5('item' || i), 17, 8))::bit(32)::bigint AS c) h
JOIN (VALUES (1, 40, 'FIB', 'fibre', 'kg', 140), (41, 130, 'YRN', 'yarn', 'kg', 240), (131, 190, 'CHM', 'chemical', 'l', 90),
             (191, 220, 'TRM', 'trim', 'pcs', 2), (221, 240, 'PKG', 'packaging', 'pcs', 5),
             (241, 320, 'GRG', 'greige', 'm', 70), (321, 400, 'FIN', 'finished', 'm', 130)
     ) AS k (low, high, prefix, category, unit, cost) ON i BETWEEN k.low AND k.high
CROSS JOIN LATERAL (SELECT
    (ARRAY['Cotton', 'Polyester', 'Cotton polyester', 'Viscose', 'Linen', 'Modal'])[1 + h.a % 6] AS fibre,
    (ARRAY['{"cotton": 100}', '{"polyester": 100}', '{"cotton": 60, "polyester": 40}', '{"viscose": 100}',
           '{"linen": 100}', '{"modal": 95, "elastane": 5}'])[1 + h.a % 6] AS composition,
    (ARRAY['20s', '30s', '40s', '2/60s', '80s'])[1 + h.c % 5] AS count,
    (ARRAY['poplin', 'twill', 'satin', 'single jersey', 'rib', 'canvas', 'voile'])[1 + h.b % 7] AS weave,
    (ARRAY['Navy', 'Ivory', 'Maroon', 'Olive', 'Charcoal', 'Mustard', 'Teal', 'Rose'])[1 + h.c % 8] AS colour) f;

-- Greige fabric is woven from two yarns, finished fabric is greige fabric with two chemicals.
INSERT INTO bill_of_materials (product_id, material_id, quantity, waste_percent)
SELECT md5('item:' || i)::uuid,
       md5('item:' || CASE WHEN i <= 320 THEN 41 + (i * 7 + n * 31) % 90
                           WHEN n = 1 THEN i - 80 ELSE 131 + (i * 11 + n * 13) % 60 END)::uuid,
       CASE WHEN i <= 320 THEN 0.18 + i % 10 / 100.0 WHEN n = 1 THEN 1.04 ELSE 0.02 + i % 7 / 100.0 END,
       (i + n) % 6
FROM generate_series(241, 400) AS i
CROSS JOIN generate_series(1, 3) AS n
WHERE i > 320 OR n < 3;

-- Every item opens the year at one place, and moves 24 times; movements 12 and 13 are a transfer.
INSERT INTO stock_movements (id, movement_number, item_id, location_id, kind, quantity, unit_cost, reference, moved_on)
SELECT md5('movement:' || i || '/' || n)::uuid,
       'MOV-' || lpad((n * 400 + i)::text, 6, '0'),
       md5('item:' || i)::uuid,
       md5('location:' || CASE WHEN n = 13 THEN 1 + (i + 1) % 4 ELSE 1 + i % 4 END)::uuid,
       k.kind,
       CASE k.kind WHEN 'opening' THEN 2000 + h.a % 3000
                   WHEN 'receipt' THEN 20 + h.a % 100
                   WHEN 'production' THEN 20 + h.a % 100
                   WHEN 'transfer' THEN (100 + i % 50) * CASE n WHEN 12 THEN -1 ELSE 1 END
                   WHEN 'adjustment' THEN h.a % 5 - 7
                   ELSE -(1 + h.a % 79) END,
       CASE WHEN k.kind IN ('opening', 'receipt') THEN 50 + h.b % 20000 / 100.0 END,
       CASE k.kind WHEN 'receipt' THEN 'PO-' || lpad((1 + h.b % 300)::text, 5, '0')
                   WHEN 'issue' THEN 'MO-' || lpad((1 + h.b % 600)::text, 5, '0')
                   WHEN 'production' THEN 'MO-' || lpad((1 + h.b % 600)::text, 5, '0')
                   WHEN 'dispatch' THEN 'SO-' || lpad((1 + h.b % 500)::text, 5, '0')
                   WHEN 'transfer' THEN 'TR-' || lpad(i::text, 5, '0')
                   WHEN 'adjustment' THEN 'Stock taking' END,
       date '2025-07-01' + CASE WHEN n IN (12, 13) THEN 180 ELSE n * 15 + (h.b % 5)::integer END
FROM generate_series(0, 24) AS n
CROSS JOIN generate_series(1, 400) AS i
CROSS JOIN LATERAL (SELECT md5('mov' || i || '/' || n) AS hash OFFSET 0) m
CROSS JOIN LATERAL (SELECT ('x' || substr(m.hash, 1, 8))::bit(32)::bigint AS a,
                           ('x' || substr(m.hash, 9, 8))::bit(32)::bigint AS b OFFSET 0) h
CROSS JOIN LATERAL (SELECT CASE WHEN n = 0 THEN 'opening' WHEN n IN (12, 13) THEN 'transfer'
                                WHEN h.b % 40 = 0 THEN 'adjustment'
                                WHEN i <= 240 THEN (ARRAY['receipt', 'issue', 'issue'])[1 + h.b % 3]
                                ELSE (ARRAY['production', 'dispatch', 'dispatch'])[1 + h.b % 3] END AS kind OFFSET 0) k
ORDER BY n, i;
