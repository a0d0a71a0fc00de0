-- Sample mill: 6 locations, 80 suppliers, 150 customers with their contacts.
-- Everything follows from row numbers and md5, counted from 30 June 2026, so every load gives the same rows.

INSERT INTO locations (id, name, email, phone, address_line_1, address_line_2, city, state, pincode, is_default,
                       is_headquarters, location_type, created_at, updated_at)
SELECT md5('location:' || i)::uuid, name, 'site' || i || '@mill.example', '+91 422 400 10' || i, line_1, line_2, city,
       state, pincode, i = 1, i = 5, kind::location_type, timestamptz '2024-04-01 06:00+00', timestamptz '2024-04-01 06:00+00'
FROM (VALUES
    (1, 'Coimbatore Spinning Mill', '12 Avinashi Road', 'Peelamedu', 'Coimbatore', 'Tamil Nadu', '641004', 'plant'),
    (2, 'Bhiwandi Weaving Shed', 'Plot 48, Kalher Estate', NULL, 'Bhiwandi', 'Maharashtra', '421302', 'plant'),
    (3, 'Tiruppur Process House', 'SF 219, Veerapandi', NULL, 'Tiruppur', 'Tamil Nadu', '641605', 'plant'),
    (4, 'Surat Warehouse', '7 Ring Road', 'Sahara Darwaja', 'Surat', 'Gujarat', '395003', 'warehouse'),
    (5, 'Mumbai Office', '4th floor, 31 Kalbadevi Road', NULL, 'Mumbai', 'Maharashtra', '400002', 'office'),
    (6, 'Delhi Showroom', '208 Gandhi Nagar Market', NULL, 'Delhi', 'Delhi', '110031', 'showroom')
) AS v (i, name, line_1, line_2, city, state, pincode, kind);

INSERT INTO suppliers (id, supplier_code, name, gst_number, email, phone, address, city, payment_terms, lead_time_days,
                       certifications, rating, is_active, created_at, updated_at)
SELECT md5('supplier:' || i)::uuid,
       'SUP-' || lpad(i::text, 4, '0'),
       n.name || ' ' || n.trade,
       lpad((1 + h.a % 37)::text, 2, '0') || 'ABCPS' || lpad((h.b % 10000)::text, 4, '0') || 'K1Z' || h.c % 10,
       'sales' || i || '@' || lower(replace(n.name, ' ', '')) || '.example',
       '+91 9' || lpad((h.b % 1000000000)::text, 9, '0'),
       'Unit ' || 1 + h.a % 90 || ', Industrial Estate',
       (ARRAY['Rajkot', 'Guntur', 'Ludhiana', 'Ahmedabad', 'Erode', 'Panipat', 'Vapi', 'Salem'])[1 + h.c % 8],
       (ARRAY['advance', 'cod', 'half', 'net30', 'net30', 'net45', 'net60'])[1 + h.a % 7],
       (5 + h.b % 40)::smallint,
       CASE h.c % 4 WHEN 0 THEN ARRAY['GOTS', 'OEKO-TEX'] WHEN 1 THEN ARRAY['OEKO-TEX'] WHEN 2 THEN ARRAY['BCI']
                    ELSE '{}'::text[] END,
       2.5 + h.b % 26 / 10.0,
       i % 27 <> 0,
       timestamptz '2024-04-05 06:00+00' + i * interval '1 day',
       timestamptz '2024-04-05 06:00+00' + i * interval '1 day'
FROM generate_series(1, 80) AS i
CROSS JOIN LATERAL (SELECT ('x' || substr(md5('sup' || i), 1, 8))::bit(32)::bigint AS a,
                           ('x' || substr(md5('sup' || i), 9, 8))::bit(32)::bigint AS b,
                           ('x' || substr(md5('sup' || i), 17, 8))::bit(32)::bigint AS c) h
CROSS JOIN LATERAL (SELECT
    (ARRAY['Shree Ganesh', 'Annapurna', 'Bharat', 'Vardhan', 'Saraswati', 'Narmada', 'Himalaya', 'Kalyani', 'Mahavir',
           'Sagar', 'Trimurti', 'Vaigai', 'Lakshya', 'Deepak', 'Chenab', 'Panchsheel'])[1 + i % 16] AS name,
    (ARRAY['Cotton Ginners', 'Spinners', 'Dyes and Chemicals', 'Trims', 'Packaging'])[1 + i / 16] AS trade) n
WHERE i / 16 < 5
UNION ALL
SELECT md5('supplier:80')::uuid, 'SUP-0080', 'Ruhr Farbstoffe', NULL, 'export@ruhr.example', '+49 201 5550',
       'Hafenstrasse 9', 'Essen', 'lc90', 45, ARRAY['OEKO-TEX', 'ZDHC'], 4.8, true,
       timestamptz '2024-07-01 06:00+00', timestamptz '2024-07-01 06:00+00';

INSERT INTO customers (id, customer_code, name, segment, gst_number, email, phone, address, city, country,
                       payment_terms, credit_limit, is_active, main_contact_id, created_at, updated_at)
SELECT md5('customer:' || i)::uuid,
       'CUS-' || lpad(i::text, 4, '0'),
       n.name || ' ' || n.trade,
       (ARRAY['garment maker', 'brand', 'wholesaler', 'exporter', 'institution'])[1 + h.a % 5],
       CASE WHEN i % 6 > 0
            THEN lpad((1 + h.a % 37)::text, 2, '0') || 'AAFCT' || lpad((h.b % 10000)::text, 4, '0') || 'M1Z' || h.c % 10 END,
       'buying' || i || '@' || lower(replace(n.name, ' ', '')) || '.example',
       CASE WHEN i % 6 > 0 THEN '+91 9' ELSE '+49 3' END || lpad((h.b % 1000000000)::text, 9, '0'),
       1 + h.c % 300 || ' Market Road',
       CASE WHEN i % 6 > 0
            THEN (ARRAY['Mumbai', 'Delhi', 'Bengaluru', 'Kolkata', 'Jaipur', 'Chennai', 'Surat', 'Indore'])[1 + h.b % 8]
            ELSE (ARRAY['Dhaka', 'Hamburg', 'Colombo', 'Dubai', 'Porto'])[1 + i / 6 % 5] END,
       CASE WHEN i % 6 > 0 THEN 'India'
            ELSE (ARRAY['Bangladesh', 'Germany', 'Sri Lanka', 'United Arab Emirates', 'Portugal'])[1 + i / 6 % 5] END,
       CASE WHEN i % 6 > 0 THEN (ARRAY['net30', 'net45', 'net60', 'half', 'cod'])[1 + h.c % 5] ELSE 'lc90' END,
       200000 + h.a % 80 * 50000,
       i % 41 <> 0,
       md5('contact:' || i || '/1')::uuid,
       timestamptz '2024-04-10 06:00+00' + i * interval '4 days',
       timestamptz '2024-04-10 06:00+00' + i * interval '4 days'
FROM generate_series(1, 150) AS i
CROSS JOIN LATERAL (SELECT ('x' || substr(md5('cus' || i), 1, 8))::bit(32)::bigint AS a,
                           ('x' || substr(md5('cus' || i), 9, 8))::bit(32)::bigint AS b,
                           ('x' || substr(md5('cus' || i), 17, 8))::bit(32)::bigint AS c) h
CROSS JOIN LATERAL (SELECT
    (ARRAY['Aster', 'Bluebell', 'Chandni', 'Dahlia', 'Eastern', 'Firdaus', 'Gulmohar', 'Horizon', 'Indigo', 'Juhi',
           'Kesar', 'Lavanya', 'Mayura', 'Neel', 'Ocean'])[1 + i % 15] AS name,
    (ARRAY['Garments', 'Fashions', 'Apparel', 'Silks', 'Home Linen', 'Uniforms', 'Exports', 'Knitwear', 'Clothing',
           'Drapes'])[1 + i / 15 % 10] AS trade) n;

INSERT INTO customer_contacts (id, customer_id, name, job_title, email, phone)
SELECT md5('contact:' || i || '/' || n)::uuid,
       md5('customer:' || i)::uuid,
       (ARRAY['Alok', 'Beena', 'Carlos', 'Devika', 'Emil', 'Fatima', 'Girish', 'Hanna', 'Ishaan', 'Jyoti'])[1 + h.a % 10]
           || ' ' || (ARRAY['Arora', 'Basu', 'Costa', 'Dalal', 'Engel', 'Farooq', 'Goyal', 'Haq', 'Jhaveri'])[1 + h.b % 9],
       (ARRAY['Buyer', 'Merchandiser', 'Accounts'])[n],
       'contact' || i || '.' || n || '@customers.example',
       '+91 7' || lpad((h.b % 1000000000)::text, 9, '0')
FROM generate_series(1, 150) AS i
CROSS JOIN generate_series(1, 3) AS n
CROSS JOIN LATERAL (SELECT ('x' || substr(md5('contact' || i || '/' || n), 1, 8))::bit(32)::bigint AS a,
                           ('x' || substr(md5('contact' || i || '/' || n), 9, 8))::bit(32)::bigint AS b) h
WHERE n <= 1 + i % 3;
