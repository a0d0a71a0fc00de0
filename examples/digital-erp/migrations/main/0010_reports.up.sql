-- What the dashboards read.

CREATE VIEW account_balances AS
SELECT a.code, a.name, a.account_type,
       coalesce(sum(CASE WHEN t.debit_account = a.code THEN t.amount ELSE 0 END), 0) AS debits,
       coalesce(sum(CASE WHEN t.credit_account = a.code THEN t.amount ELSE 0 END), 0) AS credits,
       coalesce(sum(CASE WHEN (t.debit_account = a.code) = (a.normal_side = 'debit')
                         THEN t.amount ELSE -t.amount END), 0) AS balance
FROM accounting_accounts a
LEFT JOIN accounting_transactions t
    ON t.deleted_at IS NULL AND a.code IN (t.debit_account, t.credit_account)
GROUP BY a.code, a.name, a.account_type;

CREATE VIEW open_receivables AS
SELECT i.invoice_number, i.customer_name, i.status, i.issued_on, i.due_date, i.currency, i.total_amount
FROM accounting_invoices i
WHERE i.status IN ('pending', 'overdue');

CREATE VIEW sales_pipeline AS
SELECT s.position, s.code, s.name, count(l.id) AS leads,
       coalesce(sum(l.expected_value), 0) AS value,
       round(coalesce(sum(l.expected_value * s.probability), 0), 2) AS weighted_value
FROM sales_stages s
LEFT JOIN sales_leads l ON l.status = s.code
GROUP BY s.position, s.code, s.name;

CREATE VIEW employee_directory AS
SELECT e.employee_id, e.first_name || ' ' || e.last_name AS full_name, e.position, d.name AS department,
       m.first_name || ' ' || m.last_name AS manager, e.status
FROM hr_employees e
LEFT JOIN hr_departments d ON d.id = e.department_id
LEFT JOIN hr_employees m ON m.id = e.manager_id;

-- Days late on a given day; nothing for an invoice that is not open.
CREATE FUNCTION days_overdue(due date, status invoice_status, on_day date) RETURNS integer
    LANGUAGE sql IMMUTABLE AS $$
    SELECT CASE WHEN status IN ('pending', 'overdue') THEN greatest(on_day - due, 0) END
$$;

CREATE FUNCTION customer_outstanding(customer text) RETURNS numeric LANGUAGE sql STABLE AS $$
    SELECT coalesce(sum(r.total_amount), 0) FROM open_receivables r WHERE lower(r.customer_name) = lower(customer)
$$;

-- An employee's whole team, down to the last report.
CREATE FUNCTION team_of(manager varchar) RETURNS TABLE (employee varchar, depth integer)
    LANGUAGE sql STABLE AS $$
    WITH RECURSIVE team AS (
        SELECT e.id, e.employee_id, 0 AS depth FROM hr_employees e WHERE e.employee_id = manager
        UNION ALL
        SELECT e.id, e.employee_id, t.depth + 1 FROM hr_employees e JOIN team t ON e.manager_id = t.id
    )
    SELECT t.employee_id, t.depth FROM team t WHERE t.depth > 0
$$;

COMMENT ON VIEW account_balances IS 'Debits, credits and balance on its normal side of every account';
COMMENT ON VIEW sales_pipeline IS 'Leads and their value per stage, as they are and weighted';
COMMENT ON COLUMN accounting_invoices.total_amount IS 'Amount and tax; follows from both';
COMMENT ON FUNCTION customer_outstanding(text) IS 'What a customer still owes, over all open invoices';
