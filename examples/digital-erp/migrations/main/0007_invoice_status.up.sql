-- The status of an invoice becomes an enum, and invoices may be in another currency.

CREATE TYPE invoice_status AS ENUM ('draft', 'pending', 'paid', 'overdue', 'cancelled');

ALTER TABLE accounting_invoices ALTER COLUMN status DROP DEFAULT;
ALTER TABLE accounting_invoices ALTER COLUMN status TYPE invoice_status USING status::invoice_status;
ALTER TABLE accounting_invoices ALTER COLUMN status SET DEFAULT 'pending';

ALTER TABLE accounting_invoices
    ADD COLUMN currency char(3) NOT NULL DEFAULT 'INR' REFERENCES currencies (code),
    ADD COLUMN issued_on date,
    ADD COLUMN paid_on date;

UPDATE accounting_invoices SET issued_on = (created_at AT TIME ZONE 'UTC')::date WHERE issued_on IS NULL;
UPDATE accounting_invoices SET paid_on = (updated_at AT TIME ZONE 'UTC')::date WHERE status = 'paid' AND paid_on IS NULL;

ALTER TABLE accounting_invoices ALTER COLUMN issued_on SET NOT NULL;
ALTER TABLE accounting_invoices ALTER COLUMN issued_on SET DEFAULT CURRENT_DATE;
ALTER TABLE accounting_invoices
    ADD CONSTRAINT accounting_invoices_paid_has_date CHECK ((status = 'paid') = (paid_on IS NOT NULL)),
    ADD CONSTRAINT accounting_invoices_due_after_issue CHECK (due_date >= issued_on);

CREATE INDEX accounting_invoices_status_idx ON accounting_invoices (status);
CREATE INDEX accounting_invoices_open_idx ON accounting_invoices (due_date) INCLUDE (total_amount, currency)
    WHERE status IN ('pending', 'overdue');
CREATE INDEX accounting_invoices_customer_idx ON accounting_invoices (lower(customer_name), issued_on DESC);
