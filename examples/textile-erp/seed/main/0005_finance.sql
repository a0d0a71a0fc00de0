-- A year of money: 4,000 entries, the exports among them in dollars and euros.

INSERT INTO financial_transactions (transaction_number, location_id, kind, account_code, customer_id, supplier_id, amount,
                                    currency, exchange_rate, booked_on, reference, description, created_at)
SELECT 'FT-' || lpad(i::text, 6, '0'),
       md5('location:' || 1 + h.c % 6)::uuid,
       k.kind,
       CASE WHEN k.kind = 'sale' AND c.is_export THEN '4200' WHEN k.kind = 'expense' THEN e.account ELSE k.account END,
       CASE WHEN k.kind IN ('sale', 'receipt') THEN md5('customer:' || c.number)::uuid END,
       CASE WHEN k.kind IN ('purchase', 'payment') THEN md5('supplier:' || 1 + h.b % 80)::uuid END,
       CASE WHEN c.is_export THEN 400 + h.a % 9000 WHEN k.kind = 'expense' THEN 800 + h.a % 60000
            ELSE 9000 + h.a % 480000 END + h.b % 100 / 100.0,
       x.currency,
       CASE x.currency WHEN 'INR' THEN 1 WHEN 'USD' THEN 83 + h.b % 300 / 100.0 ELSE 90 + h.b % 400 / 100.0 END,
       d.day,
       CASE k.kind WHEN 'sale' THEN 'SO-' || lpad((1 + h.a % 500)::text, 5, '0')
                   WHEN 'purchase' THEN 'PO-' || lpad((1 + h.a % 300)::text, 5, '0') END,
       initcap(k.kind) || ' of ' || to_char(d.day, 'YYYY-MM-DD'),
       (d.day + interval '12 hours') AT TIME ZONE 'UTC'
FROM generate_series(1, 4000) AS i
CROSS JOIN LATERAL (SELECT md5('ft' || i) AS hash OFFSET 0) m
CROSS JOIN LATERAL (SELECT ('x' || substr(m.hash, 1, 8))::bit(32)::bigint AS a,
                           ('x' || substr(m.hash, 9, 8))::bit(32)::bigint AS b,
                           ('x' || substr(m.hash, 17, 8))::bit(32)::bigint AS c OFFSET 0) h
JOIN (VALUES (0, 'sale', '4100'), (1, 'sale', '4100'), (2, 'sale', '4300'), (3, 'receipt', '1100'), (4, 'receipt', '1100'),
             (5, 'purchase', '5100'), (6, 'purchase', '5100'), (7, 'payment', '2100'), (8, 'expense', NULL), (9, 'expense', NULL)
     ) AS k (n, kind, account) ON k.n = h.c / 6 % 10
CROSS JOIN LATERAL (SELECT 1 + h.b % 150 AS number, (1 + h.b % 150) % 6 = 0 AND k.kind IN ('sale', 'receipt') AS is_export) c
CROSS JOIN LATERAL (SELECT (ARRAY['5200', '5300', '5400'])[1 + h.b % 3] AS account) e
CROSS JOIN LATERAL (SELECT CASE WHEN NOT c.is_export THEN 'INR' WHEN h.a % 3 = 0 THEN 'EUR' ELSE 'USD' END AS currency) x
CROSS JOIN LATERAL (SELECT date '2025-07-01' + i * 364 / 4000 AS day) d
ORDER BY i;
