ALTER TABLE sales_leads RENAME COLUMN expected_value TO value;

ALTER TABLE accounting_accounts DROP CONSTRAINT accounting_accounts_side;
ALTER TABLE accounting_accounts DROP COLUMN normal_side;

DROP INDEX accounting_transactions_live_idx;
ALTER TABLE accounting_transactions DROP COLUMN deleted_at;

ALTER TABLE hr_attendance DROP CONSTRAINT hr_attendance_employee_id_fkey;
ALTER TABLE hr_attendance
    ADD CONSTRAINT hr_attendance_employee_id_fkey FOREIGN KEY (employee_id) REFERENCES hr_employees (id);

UPDATE hr_employees SET status = 'active' WHERE status = 'notice';
ALTER TABLE hr_employees DROP CONSTRAINT hr_employees_status_check;
ALTER TABLE hr_employees
    ADD CONSTRAINT hr_employees_status_check CHECK (status IN ('active', 'left'));

DROP INDEX users_email_lower_key;
ALTER TABLE users ADD CONSTRAINT users_email_key UNIQUE (email);
