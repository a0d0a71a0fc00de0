-- Eighteen months of books: 3,000 entries, 1,200 invoices with two to four lines each.

INSERT INTO accounting_transactions (id, transaction_number, transaction_type, amount, description, account_code,
                                     debit_account, credit_account, reference_number, transaction_date, created_by,
                                     created_at, updated_at, deleted_at)
SELECT md5('transaction:' || i)::uuid,
       'TXN-' || lpad(i::text, 6, '0'),
       k.type,
       CASE k.type WHEN 'payroll' THEN 32000 + h.b % 90000 WHEN 'expense' THEN 250 + h.b % 18000
                   ELSE 1500 + h.b % 240000 END + h.c % 100 / 100.0,
       initcap(k.type) || ' ' || to_char(d.day, 'YYYY-MM') || ' no. ' || i,
       CASE WHEN k.type IN ('sale', 'receipt') THEN k.credit ELSE k.debit END,
       k.debit, k.credit,
       CASE WHEN k.type IN ('sale', 'receipt') THEN 'INV-' || lpad((1 + h.c % 1200)::text, 5, '0') END,
       d.day,
       md5('user:' || 9 + h.b % 4)::uuid,
       (d.day + interval '10 hours') AT TIME ZONE 'UTC',
       (d.day + interval '10 hours') AT TIME ZONE 'UTC',
       CASE WHEN i % 211 = 0 THEN timestamptz '2026-06-30 12:00+00' END
FROM generate_series(1, 3000) AS i
CROSS JOIN LATERAL (SELECT ('x' || substr(md5('txn' || i), 1, 8))::bit(32)::bigint AS a,
                           ('x' || substr(md5('txn' || i), 9, 8))::bit(32)::bigint AS b,
                           ('x' || substr(md5('txn' || i), 17, 8))::bit(32)::bigint AS c) h
CROSS JOIN LATERAL (SELECT date '2025-01-01' + i * 545 / 3000 AS day) d
JOIN (VALUES (0, 'sale', '1300', '4100'), (1, 'sale', '1300', '4100'), (2, 'sale', '1300', '4200'),
             (3, 'receipt', '1200', '1300'), (4, 'receipt', '1200', '1300'), (5, 'purchase', '1500', '2100'),
             (6, 'purchase', '5300', '2100'), (7, 'payment', '2100', '1200'), (8, 'payroll', '5100', '1200'),
             (9, 'expense', '5400', '1100'), (10, 'expense', '5200', '1200'), (11, 'expense', '5500', '1200')
     ) AS k (n, type, debit, credit) ON k.n = h.a % 12
ORDER BY i;

-- Invoices and their lines in one statement: an invoice comes in with the amounts that its lines add up to,
-- since one that is paid keeps its amounts.
WITH lines AS MATERIALIZED (
    SELECT i, n, p.description, q.quantity, p.price AS unit_price, p.tax_rate,
           round(q.quantity * p.price, 2) AS line_amount
    FROM generate_series(1, 1200) AS i
    CROSS JOIN generate_series(1, 4) AS n
    CROSS JOIN LATERAL (SELECT ('x' || substr(md5('line' || i || '/' || n), 1, 8))::bit(32)::bigint AS a,
                               ('x' || substr(md5('line' || i || '/' || n), 9, 8))::bit(32)::bigint AS b) h
    CROSS JOIN LATERAL (SELECT (1 + h.b % 12)::numeric(10,2) AS quantity) q
    JOIN (VALUES (0, 'Implementation, day', 14500.00, 18), (1, 'Support plan, month', 4999.00, 18),
                 (2, 'User licence, month', 349.50, 18), (3, 'Training session', 7800.00, 18),
                 (4, 'Printed manual', 420.00, 5), (5, 'Barcode scanner', 6350.00, 12),
                 (6, 'Data migration', 22500.00, 18), (7, 'Exported service, hour', 2875.25, 0)
         ) AS p (k, description, price, tax_rate) ON p.k = h.a % 8
    WHERE n <= 2 + i % 3
), sums AS (
    SELECT i, sum(line_amount) AS amount, sum(round(line_amount * tax_rate / 100, 2)) AS tax_amount
    FROM lines
    GROUP BY i
), invoices AS (
    INSERT INTO accounting_invoices (id, invoice_number, customer_name, customer_email, amount, tax_amount, status,
                                     currency, issued_on, due_date, paid_on, created_by, created_at, updated_at)
    SELECT md5('invoice:' || i)::uuid,
           'INV-' || lpad(i::text, 5, '0'),
           c.name,
           'accounts@' || replace(lower(c.name), ' ', '-') || '.example',
           sums.amount, sums.tax_amount,
           s.status::invoice_status,
           CASE WHEN h.c % 10 < 8 THEN 'INR' ELSE (ARRAY['USD', 'EUR', 'AED', 'SGD'])[1 + h.c / 10 % 4] END,
           d.day,
           d.day + 30,
           CASE WHEN s.status = 'paid' THEN least(d.day + 3 + (h.a % 40)::integer, date '2026-06-30') END,
           md5('user:' || 9 + h.b % 4)::uuid,
           (d.day + interval '11 hours') AT TIME ZONE 'UTC',
           (d.day + interval '11 hours') AT TIME ZONE 'UTC'
    FROM sums
    CROSS JOIN LATERAL (SELECT ('x' || substr(md5('inv' || i), 1, 8))::bit(32)::bigint AS a,
                               ('x' || substr(md5('inv' || i), 9, 8))::bit(32)::bigint AS b,
                               ('x' || substr(md5('inv' || i), 17, 8))::bit(32)::bigint AS c) h
    CROSS JOIN LATERAL (SELECT (ARRAY['Blue Lotus', 'Deccan', 'Everest', 'Coral Bay', 'Golden Gate', 'Harbour',
        'Indus', 'Jasmine', 'Konkan', 'Monsoon'])[1 + h.a % 10] || ' ' || (ARRAY['Traders', 'Logistics', 'Foods',
        'Systems', 'Textiles', 'Pharma', 'Motors'])[1 + h.b % 7] AS name) c
    CROSS JOIN LATERAL (SELECT date '2025-01-01' + i * 545 / 1200 AS day) d
    CROSS JOIN LATERAL (SELECT CASE WHEN i > 1188 THEN 'draft' WHEN h.c % 97 = 0 THEN 'cancelled'
                                    WHEN i <= 1100 AND h.a % 12 > 0 OR h.b % 3 = 0 THEN 'paid'
                                    WHEN d.day + 30 < date '2026-06-30' THEN 'overdue'
                                    ELSE 'pending' END AS status) s
)
INSERT INTO accounting_invoice_lines (invoice_id, line_number, description, quantity, unit_price, tax_rate)
SELECT md5('invoice:' || i)::uuid, n, description, quantity, unit_price, tax_rate
FROM lines
ORDER BY i, n;

INSERT INTO audit_log (entity, entity_id, old_status, new_status, recorded_at)
SELECT 'invoice', id, 'pending', status::text,
       (coalesce(paid_on, due_date) + interval '18 hours') AT TIME ZONE 'UTC'
FROM accounting_invoices
WHERE status IN ('paid', 'overdue')
ORDER BY coalesce(paid_on, due_date), invoice_number;
