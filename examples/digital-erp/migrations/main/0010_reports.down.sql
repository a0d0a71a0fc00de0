COMMENT ON COLUMN accounting_invoices.total_amount IS NULL;

DROP FUNCTION team_of(varchar);
DROP FUNCTION customer_outstanding(text);
DROP FUNCTION days_overdue(date, invoice_status, date);
DROP VIEW employee_directory;
DROP VIEW sales_pipeline;
DROP VIEW open_receivables;
DROP VIEW account_balances;
