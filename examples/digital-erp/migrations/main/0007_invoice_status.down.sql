DROP INDEX accounting_invoices_customer_idx;
DROP INDEX accounting_invoices_open_idx;
DROP INDEX accounting_invoices_status_idx;

ALTER TABLE accounting_invoices
    DROP CONSTRAINT accounting_invoices_due_after_issue,
    DROP CONSTRAINT accounting_invoices_paid_has_date,
    DROP COLUMN paid_on,
    DROP COLUMN issued_on,
    DROP COLUMN currency;

ALTER TABLE accounting_invoices ALTER COLUMN status DROP DEFAULT;
ALTER TABLE accounting_invoices ALTER COLUMN status TYPE varchar(50) USING status::text;
ALTER TABLE accounting_invoices ALTER COLUMN status SET DEFAULT 'pending';

DROP TYPE invoice_status;
