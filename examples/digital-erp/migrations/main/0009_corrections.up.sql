-- What a year of use taught: e-mail addresses differ by case only, employees go on notice, attendance
-- leaves with its employee, entries are struck out instead of deleted, accounts know their normal side.

ALTER TABLE users DROP CONSTRAINT users_email_key;
CREATE UNIQUE INDEX users_email_lower_key ON users (lower(email));

ALTER TABLE hr_employees DROP CONSTRAINT hr_employees_status_check;
ALTER TABLE hr_employees
    ADD CONSTRAINT hr_employees_status_check CHECK (status IN ('active', 'notice', 'left'));

ALTER TABLE hr_attendance DROP CONSTRAINT hr_attendance_employee_id_fkey;
ALTER TABLE hr_attendance
    ADD CONSTRAINT hr_attendance_employee_id_fkey FOREIGN KEY (employee_id)
        REFERENCES hr_employees (id) ON DELETE CASCADE;

ALTER TABLE accounting_transactions ADD COLUMN deleted_at timestamptz;
CREATE INDEX accounting_transactions_live_idx ON accounting_transactions (account_code, transaction_date)
    INCLUDE (amount) WHERE deleted_at IS NULL;

ALTER TABLE accounting_accounts ADD COLUMN normal_side varchar(6);
UPDATE accounting_accounts
SET normal_side = CASE WHEN account_type IN ('asset', 'expense') THEN 'debit' ELSE 'credit' END;
ALTER TABLE accounting_accounts ALTER COLUMN normal_side SET NOT NULL;
ALTER TABLE accounting_accounts
    ADD CONSTRAINT accounting_accounts_side CHECK (normal_side IN ('debit', 'credit'));

ALTER TABLE sales_leads RENAME COLUMN value TO expected_value;
