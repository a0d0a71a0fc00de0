-- What an application asks of Digital ERP, with what comes back: the same in every isolation.
--
-- A line `-- @ name | expected` starts each case; `expected` is `rows`, or the SQLSTATE of the one error.
-- The cases run in this order, in one session of one tenant with freshly loaded sample data. A case may hold
-- several statements, sent one after the other; a transaction that fails on its way is left by its last one.

-- @ count of every table | rows
SELECT (SELECT count(*) FROM users) AS users, (SELECT count(*) FROM hr_employees) AS employees,
       (SELECT count(*) FROM hr_attendance) AS attendance, (SELECT count(*) FROM accounting_transactions) AS transactions,
       (SELECT count(*) FROM accounting_invoices) AS invoices, (SELECT count(*) FROM accounting_invoice_lines) AS lines,
       (SELECT count(*) FROM sales_leads) AS leads, (SELECT count(*) FROM sales_proposals) AS proposals,
       (SELECT count(*) FROM audit_log) AS audit_entries, (SELECT count(*) FROM currencies) AS currencies;

-- @ latest transactions | rows
SELECT entry_number, transaction_number, transaction_type, amount, debit_account, credit_account, transaction_date
FROM accounting_transactions
WHERE deleted_at IS NULL
ORDER BY transaction_date DESC, transaction_number DESC
LIMIT 10;

-- @ an invoice with its lines | rows
SELECT i.invoice_number, i.status, l.line_number, l.description, l.quantity, l.unit_price, l.line_amount, i.total_amount
FROM accounting_invoices i
JOIN accounting_invoice_lines l ON l.invoice_id = i.id
WHERE i.invoice_number = 'INV-00042'
ORDER BY l.line_number;

-- @ invoices by status | rows
SELECT status, count(*) AS invoices, sum(amount) AS net, sum(tax_amount) AS tax, sum(total_amount) AS total
FROM accounting_invoices
GROUP BY status
ORDER BY status;

-- @ amounts agree with the lines, so none | rows
SELECT i.invoice_number
FROM accounting_invoices i
LEFT JOIN accounting_invoice_lines l ON l.invoice_id = i.id
GROUP BY i.invoice_number, i.amount
HAVING i.amount <> coalesce(sum(l.line_amount), 0)
ORDER BY i.invoice_number;

-- @ best customers with their rank | rows
SELECT customer_name, sum(total_amount) AS total, rank() OVER (ORDER BY sum(total_amount) DESC) AS place
FROM accounting_invoices
WHERE status = 'paid' AND currency = 'INR'
GROUP BY customer_name
ORDER BY place, customer_name
LIMIT 8;

-- @ revenue per month with a running total | rows
SELECT to_char(transaction_date, 'YYYY-MM') AS month, sum(amount) AS revenue,
       sum(sum(amount)) OVER (ORDER BY to_char(transaction_date, 'YYYY-MM')) AS so_far
FROM accounting_transactions
WHERE transaction_type = 'sale' AND deleted_at IS NULL
GROUP BY to_char(transaction_date, 'YYYY-MM')
ORDER BY month;

-- @ balances of the accounts that moved | rows
SELECT code, name, debits, credits, balance FROM account_balances WHERE debits + credits > 0 ORDER BY code;

-- @ debits equal credits | rows
SELECT sum(debits) = sum(credits) AS balanced FROM account_balances;

-- @ the chart of accounts as a tree | rows
WITH RECURSIVE tree AS (
    SELECT code, name, normal_side, 0 AS depth FROM accounting_accounts WHERE parent_code IS NULL
    UNION ALL
    SELECT a.code, a.name, a.normal_side, t.depth + 1 FROM accounting_accounts a JOIN tree t ON a.parent_code = t.code
)
SELECT repeat('  ', depth) || code AS code, name, normal_side FROM tree ORDER BY tree.code;

-- @ receivables by age | rows
SELECT CASE WHEN days_overdue(due_date, status, date '2026-06-30') = 0 THEN 'not due'
            WHEN days_overdue(due_date, status, date '2026-06-30') <= 30 THEN '1 to 30 days'
            ELSE 'over 30 days' END AS age, currency, count(*) AS invoices, sum(total_amount) AS total
FROM open_receivables
GROUP BY 1, 2
ORDER BY 1, 2;

-- @ invoices by currency with its name | rows
SELECT c.code, c.name, c.minor_digits, count(i.id) AS invoices
FROM currencies c
LEFT JOIN accounting_invoices i ON i.currency = c.code
GROUP BY c.code, c.name, c.minor_digits
ORDER BY c.code;

-- @ what one customer owes | rows
SELECT customer_outstanding('monsoon textiles') AS owes, customer_outstanding('nobody') AS nothing;

-- @ attendance by status and department | rows
SELECT d.name, count(*) FILTER (WHERE a.status = 'present') AS present, count(*) FILTER (WHERE a.status = 'late') AS late,
       count(*) FILTER (WHERE a.status IN ('leave', 'absent')) AS away, round(avg(a.hours_worked), 2) AS hours
FROM hr_attendance a
JOIN hr_employees e ON e.id = a.employee_id
JOIN hr_departments d ON d.id = e.department_id
GROUP BY d.name
ORDER BY d.name;

-- @ late most often in June | rows
SELECT e.employee_id, e.first_name || ' ' || e.last_name AS name, count(*) AS days_late
FROM hr_attendance a
JOIN hr_employees e ON e.id = a.employee_id
WHERE a.status = 'late' AND a.date BETWEEN '2026-06-01' AND '2026-06-30'
GROUP BY e.employee_id, e.first_name, e.last_name
ORDER BY days_late DESC, e.employee_id
LIMIT 5;

-- @ hours against the day before | rows
SELECT a.date, a.hours_worked, a.hours_worked - lag(a.hours_worked) OVER (ORDER BY a.date) AS change
FROM hr_attendance a
JOIN hr_employees e ON e.id = a.employee_id
WHERE e.employee_id = 'EMP-0100' AND a.date >= '2026-06-15'
ORDER BY a.date;

-- @ the three best paid of each department | rows
SELECT department, employee_id, salary
FROM (
    SELECT d.name AS department, e.employee_id, e.salary,
           row_number() OVER (PARTITION BY d.name ORDER BY e.salary DESC, e.employee_id) AS place
    FROM hr_employees e
    JOIN hr_departments d ON d.id = e.department_id
    WHERE e.status = 'active'
) ranked
WHERE place <= 3
ORDER BY department, place;

-- @ a team down to the last report | rows
SELECT depth, count(*) AS people, min(employee) AS first FROM team_of('EMP-0002') GROUP BY depth ORDER BY depth;

-- @ the directory through its view | rows
SELECT employee_id, full_name, position, department, manager FROM employee_directory
WHERE department = 'Finance' ORDER BY employee_id LIMIT 6;

-- @ leave taken against what the year allows | rows
SELECT t.code, t.days_per_year, count(r.id) AS requests, coalesce(sum(r.days), 0) AS days
FROM hr_leave_types t
LEFT JOIN hr_leave_requests r ON r.leave_type = t.code AND r.status = 'approved'
GROUP BY t.code, t.days_per_year
ORDER BY t.code;

-- @ the pipeline | rows
SELECT position, code, leads, value, weighted_value FROM sales_pipeline ORDER BY position;

-- @ open leads with their latest activity | rows
SELECT l.lead_number, l.contact_name, s.name AS stage, a.kind, a.happened_on
FROM sales_leads l
JOIN sales_stages s ON s.code = l.status AND NOT s.is_closed
CROSS JOIN LATERAL (
    SELECT x.kind, x.happened_on FROM sales_activities x WHERE x.lead_id = l.id ORDER BY x.happened_on DESC, x.id DESC LIMIT 1
) a
ORDER BY l.expected_value DESC NULLS LAST, l.lead_number
LIMIT 7;

-- @ sales people and what they won | rows
SELECT u.first_name, u.last_name, count(*) AS leads, count(*) FILTER (WHERE l.status = 'won') AS won,
       coalesce(sum(l.expected_value) FILTER (WHERE l.status = 'won'), 0) AS won_value
FROM users u
JOIN sales_leads l ON l.assigned_to = u.id
GROUP BY u.first_name, u.last_name
ORDER BY won_value DESC, u.last_name;

-- @ leads without a proposal per source | rows
SELECT source, count(*) AS leads
FROM sales_leads l
WHERE NOT EXISTS (SELECT 1 FROM sales_proposals p WHERE p.lead_id = l.id)
GROUP BY source
ORDER BY source;

-- @ inserted transactions get the next entry numbers | rows
INSERT INTO accounting_transactions (id, transaction_number, transaction_type, amount, debit_account, credit_account,
                                     transaction_date, created_by)
VALUES (md5('q:t1')::uuid, 'TXN-900001', 'sale', 1180.00, '1300', '4100', '2026-07-01', md5('user:9')::uuid),
       (md5('q:t2')::uuid, 'TXN-900002', 'receipt', 1180.00, '1200', '1300', '2026-07-02', md5('user:9')::uuid)
RETURNING entry_number, transaction_number, amount;

-- @ an activity gets the next identity value | rows
INSERT INTO sales_activities (lead_id, kind, happened_on, summary, done_by)
VALUES (md5('lead:430')::uuid, 'call', '2026-07-01', 'Call about the start', md5('user:13')::uuid)
RETURNING id, kind, happened_on;

-- @ an identity column refuses a given value | 428C9
INSERT INTO sales_activities (id, lead_id, kind, happened_on, summary)
VALUES (1, md5('lead:430')::uuid, 'call', '2026-07-01', 'Numbered by hand');

-- @ a default identity takes a given value | rows
INSERT INTO audit_log (id, entity, entity_id, new_status, recorded_at)
VALUES (500000, 'invoice', md5('invoice:1')::uuid, 'overdue', '2026-07-01 00:00+00')
RETURNING id, entity, old_status, new_status;

-- @ an invoice starts with defaults and no amount | rows
INSERT INTO accounting_invoices (id, invoice_number, customer_name, issued_on, created_by)
VALUES (md5('q:inv')::uuid, 'INV-90001', 'Query Traders', '2026-07-01', md5('user:10')::uuid)
RETURNING invoice_number, status, currency, amount, tax_amount, total_amount;

-- @ lines are added | rows
INSERT INTO accounting_invoice_lines (invoice_id, line_number, description, quantity, unit_price, tax_rate)
VALUES (md5('q:inv')::uuid, 1, 'Training session', 2, 7800, 18),
       (md5('q:inv')::uuid, 2, 'Printed manual', 10, 420, 5),
       (md5('q:inv')::uuid, 3, 'Travel', 1, 999.99, 0)
RETURNING line_number, line_amount;

-- @ the invoice adds up | rows
SELECT amount, tax_amount, total_amount FROM accounting_invoices WHERE invoice_number = 'INV-90001';

-- @ a line changes and another goes | rows
WITH gone AS (
    DELETE FROM accounting_invoice_lines WHERE invoice_id = md5('q:inv')::uuid AND line_number = 3 RETURNING line_amount
)
UPDATE accounting_invoice_lines l
SET quantity = 3
FROM gone
WHERE l.invoice_id = md5('q:inv')::uuid AND l.line_number = 1
RETURNING l.line_number, l.line_amount, gone.line_amount AS removed;

-- @ the invoice adds up again | rows
SELECT amount, tax_amount, total_amount FROM accounting_invoices WHERE invoice_number = 'INV-90001';

-- @ a generated column takes no value | 428C9
UPDATE accounting_invoices SET total_amount = 1 WHERE invoice_number = 'INV-90001';

-- @ paid with its date | rows
UPDATE accounting_invoices SET status = 'paid', paid_on = '2026-07-05' WHERE invoice_number = 'INV-90001'
RETURNING invoice_number, status, paid_on;

-- @ the trigger recorded it | rows
SELECT entity, old_status, new_status FROM audit_log WHERE entity_id = md5('q:inv')::uuid ORDER BY id;

-- @ a paid invoice keeps its lines | P0001
DELETE FROM accounting_invoice_lines WHERE invoice_id = md5('q:inv')::uuid AND line_number = 2;

-- @ paid without a date | 23514
UPDATE accounting_invoices SET status = 'paid' WHERE invoice_number = 'INV-01190';

-- @ not a status of an invoice | 22P02
UPDATE accounting_invoices SET status = 'lost' WHERE invoice_number = 'INV-01190';

-- @ due before it is issued | 23514
UPDATE accounting_invoices SET due_date = '2020-01-01' WHERE invoice_number = 'INV-01190';

-- @ an invoice number twice | 23505
INSERT INTO accounting_invoices (invoice_number, customer_name, created_by)
VALUES ('INV-00001', 'Twice Traders', md5('user:10')::uuid);

-- @ an id twice | 23505
INSERT INTO users (id, email, password_hash, first_name, last_name, role)
VALUES (md5('user:1')::uuid, 'second@example.com', '!', 'Second', 'User', 'member');

-- @ an address that differs in case only | 23505
INSERT INTO users (email, password_hash, first_name, last_name, role)
VALUES ('ANITA.das@example.com', '!', 'Anita', 'Das', 'member');

-- @ not an e-mail address | 23514
INSERT INTO users (email, password_hash, first_name, last_name, role)
VALUES ('not an address', '!', 'No', 'Body', 'member');

-- @ a name is missing | 23502
INSERT INTO users (email, password_hash, last_name, role) VALUES ('nameless@example.com', '!', 'Nameless', 'member');

-- @ an unknown role | 23514
UPDATE users SET role = 'emperor' WHERE email = 'priya.joshi@example.com';

-- @ a position too long | 22001
UPDATE users SET position = repeat('x', 101) WHERE email = 'priya.joshi@example.com';

-- @ not a uuid | 22P02
SELECT count(*) FROM users WHERE id = 'priya';

-- @ an account that does not exist | 23503
INSERT INTO accounting_transactions (transaction_number, transaction_type, amount, debit_account, credit_account,
                                     transaction_date, created_by)
VALUES ('TXN-900003', 'sale', 10, '1300', '9999', '2026-07-01', md5('user:9')::uuid);

-- @ a currency that does not exist | 23503
UPDATE accounting_invoices SET currency = 'XXX' WHERE invoice_number = 'INV-01190';

-- @ the same account on both sides | 23514
UPDATE accounting_transactions SET credit_account = debit_account WHERE transaction_number = 'TXN-900001';

-- @ an amount out of range | 22003
UPDATE accounting_transactions SET amount = 1e14 WHERE transaction_number = 'TXN-900001';

-- @ a user with entries stays | 23503
DELETE FROM users WHERE id = md5('user:9')::uuid;

-- @ a stage with leads stays | 23503
DELETE FROM sales_stages WHERE code = 'won';

-- @ the new code of a stage reaches its leads | rows
BEGIN;
UPDATE sales_stages SET code = 'discovery' WHERE code = 'qualified' RETURNING position, code;
SELECT status, count(*) FROM sales_leads WHERE status IN ('qualified', 'discovery') GROUP BY status ORDER BY status;
ROLLBACK;

-- @ insert or nothing | rows
INSERT INTO hr_leave_types (code, name, days_per_year, is_paid)
VALUES ('casual', 'Casual leave', 99, true), ('paternity', 'Paternity leave', 15, true)
ON CONFLICT DO NOTHING
RETURNING code, days_per_year;

-- @ insert or update | rows
INSERT INTO sales_leads (id, lead_number, contact_name, status, expected_value, created_by)
VALUES (md5('q:l1')::uuid, 'LEAD-00001', 'Asha Upsert', 'won', 777000, md5('user:13')::uuid),
       (md5('q:l2')::uuid, 'LEAD-90001', 'Asha Insert', 'new', 111000, md5('user:13')::uuid)
ON CONFLICT ON CONSTRAINT sales_leads_number_key
DO UPDATE SET contact_name = EXCLUDED.contact_name, expected_value = EXCLUDED.expected_value
RETURNING lead_number, contact_name, expected_value, id = md5('q:l2')::uuid AS is_new;

-- @ insert or update the same row twice | 21000
INSERT INTO hr_attendance (employee_id, date, status)
VALUES (md5('employee:1')::uuid, '2026-07-01', 'present'), (md5('employee:1')::uuid, '2026-07-01', 'remote')
ON CONFLICT ON CONSTRAINT hr_attendance_day_key DO UPDATE SET status = EXCLUDED.status;

-- @ one attendance a day | 23505
INSERT INTO hr_attendance (employee_id, date, status) VALUES (md5('employee:1')::uuid, '2026-06-30', 'remote');

-- @ out before in | 23514
INSERT INTO hr_attendance (employee_id, date, check_in, check_out)
VALUES (md5('employee:1')::uuid, '2026-07-02', '18:00', '09:00');

-- @ hours follow from the times | rows
INSERT INTO hr_attendance (employee_id, date, check_in, check_out)
VALUES (md5('employee:1')::uuid, '2026-07-02', '09:10', '18:00')
RETURNING date, status, hours_worked;

-- @ nobody manages themself | 23514
UPDATE hr_employees SET manager_id = id WHERE employee_id = 'EMP-0050';

-- @ a raise in one department | rows
WITH raised AS (
    UPDATE hr_employees e
    SET salary = round(e.salary * 1.05, 2)
    FROM hr_departments d
    WHERE d.id = e.department_id AND d.name = 'Support' AND e.position = 'Team lead'
    RETURNING e.employee_id, e.salary
)
SELECT employee_id, salary FROM raised ORDER BY employee_id;

-- @ a department and its head in either order | rows
BEGIN;
INSERT INTO hr_departments (id, name, head_id) VALUES (md5('q:dep')::uuid, 'Research', md5('q:head')::uuid);
INSERT INTO hr_employees (id, employee_id, first_name, last_name, department_id)
VALUES (md5('q:head')::uuid, 'EMP-9001', 'Rukmini', 'Varma', md5('q:dep')::uuid);
COMMIT;
SELECT d.name, e.employee_id, e.status FROM hr_departments d JOIN hr_employees e ON e.id = d.head_id WHERE d.name = 'Research';

-- @ a head who never comes | 23503
BEGIN;
INSERT INTO hr_departments (name, head_id) VALUES ('Ghosts', md5('q:nobody')::uuid);
COMMIT;

-- @ the check made at once | 23503
BEGIN;
SET CONSTRAINTS hr_departments_head_fkey IMMEDIATE;
INSERT INTO hr_departments (name, head_id) VALUES ('Ghosts', md5('q:nobody')::uuid);
ROLLBACK;

-- @ a department goes and its people stay | rows
BEGIN;
DELETE FROM hr_departments WHERE name = 'Research' RETURNING name;
SELECT employee_id, department_id IS NULL AS without_department FROM hr_employees WHERE employee_id = 'EMP-9001';
COMMIT;

-- @ a manager goes and the reports stay | rows
BEGIN;
SELECT count(*) AS reports FROM hr_employees WHERE manager_id = md5('employee:9')::uuid;
DELETE FROM hr_employees WHERE employee_id = 'EMP-0009' RETURNING employee_id;
SELECT count(*) AS reports FROM hr_employees WHERE manager_id = md5('employee:9')::uuid;
SELECT count(*) AS attendance FROM hr_attendance WHERE employee_id = md5('employee:9')::uuid;
SELECT count(*) AS without_manager FROM hr_employees WHERE manager_id IS NULL;
ROLLBACK;

-- @ a lead goes with its activities and not its proposals | rows
BEGIN;
SELECT count(*) AS activities FROM sales_activities WHERE lead_id = md5('lead:2')::uuid;
DELETE FROM sales_leads WHERE lead_number = 'LEAD-00002' RETURNING lead_number;
SELECT count(*) AS activities FROM sales_activities WHERE lead_id = md5('lead:2')::uuid;
SELECT proposal_number, lead_id IS NULL AS without_lead FROM sales_proposals WHERE proposal_number = 'PROP-0001';
COMMIT;

-- @ an invoice goes with its lines | rows
BEGIN;
DELETE FROM accounting_invoices WHERE invoice_number = 'INV-01195' RETURNING invoice_number, status;
SELECT count(*) AS lines FROM accounting_invoice_lines WHERE invoice_id = md5('invoice:1195')::uuid;
COMMIT;

-- @ back to a savepoint | rows
BEGIN;
UPDATE sales_proposals SET status = 'sent' WHERE proposal_number = 'PROP-0010';
SAVEPOINT before_rejection;
UPDATE sales_proposals SET status = 'rejected' WHERE proposal_number = 'PROP-0010';
ROLLBACK TO SAVEPOINT before_rejection;
COMMIT;
SELECT proposal_number, status FROM sales_proposals WHERE proposal_number = 'PROP-0010';

-- @ struck out instead of deleted | rows
UPDATE accounting_transactions SET deleted_at = '2026-07-03 00:00+00' WHERE transaction_number = 'TXN-900002'
RETURNING entry_number, transaction_number, deleted_at = '2026-07-03 00:00+00' AS struck_out;

-- @ more than one row where one belongs | 21000
SELECT (SELECT customer_name FROM accounting_invoices WHERE status = 'draft') AS customer;

-- @ by nothing | 22012
SELECT sum(amount) / (SELECT count(*) FROM sales_leads WHERE status = 'nowhere') FROM accounting_invoices;

-- @ a table that does not exist | 42P01
SELECT count(*) FROM accounting_budgets;

-- @ a column that does not exist | 42703
SELECT department FROM hr_employees ORDER BY employee_id;

-- @ a prepared statement | rows
PREPARE invoices_of (text, date) AS
    SELECT invoice_number, total_amount FROM accounting_invoices
    WHERE lower(customer_name) = lower($1) AND issued_on >= $2 ORDER BY invoice_number;
EXECUTE invoices_of ('deccan foods', '2026-01-01');
DEALLOCATE invoices_of;

-- @ a cursor | rows
BEGIN;
DECLARE by_number CURSOR FOR SELECT invoice_number, status FROM accounting_invoices ORDER BY invoice_number;
FETCH 3 FROM by_number;
MOVE 100 IN by_number;
FETCH 2 FROM by_number;
COMMIT;

-- @ what is left | rows
SELECT (SELECT count(*) FROM accounting_transactions) AS transactions, (SELECT count(*) FROM accounting_invoices) AS invoices,
       (SELECT count(*) FROM accounting_invoice_lines) AS lines, (SELECT count(*) FROM sales_leads) AS leads,
       (SELECT count(*) FROM sales_activities) AS activities, (SELECT count(*) FROM hr_employees) AS employees,
       (SELECT count(*) FROM hr_attendance) AS attendance, (SELECT count(*) FROM hr_departments) AS departments;
