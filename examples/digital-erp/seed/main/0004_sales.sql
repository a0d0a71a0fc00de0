-- 600 leads, what was done about them, 250 proposals.

INSERT INTO sales_leads (id, lead_number, company_name, contact_name, email, phone, status, expected_value, source,
                         assigned_to, created_by, created_at, updated_at)
SELECT md5('lead:' || i)::uuid,
       'LEAD-' || lpad(i::text, 5, '0'),
       CASE WHEN h.c % 9 > 0 THEN c.company END,
       c.first_name || ' ' || c.last_name,
       CASE WHEN h.a % 7 > 0 THEN lower(c.first_name || '.' || c.last_name) || i || '@example.net' END,
       '+91 8' || lpad((h.b % 1000000000)::text, 9, '0'),
       CASE WHEN i <= 420 THEN (ARRAY['won', 'won', 'lost', 'lost', 'lost', 'negotiation', 'proposal'])[1 + h.a % 7]
            ELSE (ARRAY['new', 'new', 'contacted', 'contacted', 'qualified', 'proposal', 'negotiation'])[1 + h.a % 7] END,
       CASE WHEN h.c % 13 > 0 THEN 25000 + h.b % 190 * 5000 END,
       (ARRAY['referral', 'website', 'trade fair', 'cold call', 'partner', 'advertisement'])[1 + h.c % 6],
       CASE WHEN h.b % 10 > 0 THEN md5('user:' || 13 + h.c % 8)::uuid END,
       md5('user:' || 13 + h.a % 8)::uuid,
       timestamptz '2025-01-01 10:00+00' + i * interval '21 hours',
       timestamptz '2025-01-01 10:00+00' + i * interval '21 hours'
FROM generate_series(1, 600) AS i
CROSS JOIN LATERAL (SELECT ('x' || substr(md5('lead' || i), 1, 8))::bit(32)::bigint AS a,
                           ('x' || substr(md5('lead' || i), 9, 8))::bit(32)::bigint AS b,
                           ('x' || substr(md5('lead' || i), 17, 8))::bit(32)::bigint AS c) h
CROSS JOIN LATERAL (SELECT
    (ARRAY['Amber', 'Banyan', 'Cedar', 'Dhruva', 'Emerald', 'Falcon', 'Ganges', 'Heritage', 'Ivory', 'Jupiter', 'Kaveri',
        'Lotus', 'Malabar', 'Nilgiri', 'Orchid'])[1 + h.a % 15] || ' ' || (ARRAY['Builders', 'Exports', 'Clinics',
        'Retail', 'Interiors', 'Hotels', 'Agro', 'Prints'])[1 + h.b % 8] AS company,
    (ARRAY['Abhay', 'Bina', 'Dev', 'Ela', 'Firoz', 'Geeta', 'Hema', 'Irfan', 'Jaya', 'Kabir', 'Latha', 'Mohan', 'Neha',
        'Parul', 'Ravi', 'Shobha', 'Tarun', 'Usha'])[1 + h.c % 18] AS first_name,
    (ARRAY['Agarwal', 'Bhat', 'Chauhan', 'Dutta', 'Ghosh', 'Hegde', 'Jain', 'Kapoor', 'Lobo', 'Mishra', 'Naidu',
        'Pandey', 'Saxena'])[1 + h.b % 13] AS last_name) c
ORDER BY i;

INSERT INTO sales_activities (lead_id, kind, happened_on, summary, done_by)
SELECT md5('lead:' || i)::uuid,
       k.kind,
       date '2025-01-01' + i * 21 / 24 + n * 3 + (h.a % 3)::integer,
       initcap(k.kind) || (ARRAY[' about the price', ' about the scope', ' with the decision maker', ' to follow up',
           ' to set a date'])[1 + h.b % 5],
       md5('user:' || 13 + h.b % 8)::uuid
FROM generate_series(1, 600) AS i
CROSS JOIN generate_series(1, 5) AS n
CROSS JOIN LATERAL (SELECT ('x' || substr(md5('act' || i || '/' || n), 1, 8))::bit(32)::bigint AS a,
                           ('x' || substr(md5('act' || i || '/' || n), 9, 8))::bit(32)::bigint AS b) h
CROSS JOIN LATERAL (SELECT (ARRAY['call', 'call', 'email', 'meeting', 'demo'])[1 + h.a % 5] AS kind) k
WHERE n <= 1 + i % 5
ORDER BY i, n;

INSERT INTO sales_proposals (id, proposal_number, lead_id, title, amount, status, valid_until, created_by, created_at,
                             updated_at)
SELECT md5('proposal:' || i)::uuid,
       'PROP-' || lpad(i::text, 4, '0'),
       l.id,
       (ARRAY['Accounting rollout', 'Payroll and attendance', 'Complete suite', 'CRM pilot',
              'Support contract'])[1 + h.a % 5] || ' for ' || coalesce(l.company_name, l.contact_name),
       coalesce(l.expected_value, 50000) * (90 + h.b % 21) / 100,
       CASE l.status WHEN 'won' THEN 'accepted' WHEN 'lost' THEN (ARRAY['rejected', 'expired'])[1 + h.a % 2]
                     WHEN 'negotiation' THEN 'sent' ELSE (ARRAY['draft', 'sent'])[1 + h.b % 2] END,
       date '2025-02-15' + i * 2,
       l.created_by,
       timestamptz '2025-01-15 12:00+00' + i * interval '48 hours',
       timestamptz '2025-01-15 12:00+00' + i * interval '48 hours'
FROM generate_series(1, 250) AS i
CROSS JOIN LATERAL (SELECT ('x' || substr(md5('prop' || i), 1, 8))::bit(32)::bigint AS a,
                           ('x' || substr(md5('prop' || i), 9, 8))::bit(32)::bigint AS b) h
-- OFFSET 0: the id is computed once a row, whatever the join.
CROSS JOIN LATERAL (SELECT md5('lead:' || i * 2)::uuid AS id OFFSET 0) x
JOIN sales_leads l ON l.id = x.id
ORDER BY i;
