-- The ledger and the invoices.

CREATE TABLE accounting_accounts (
    code         varchar(20) PRIMARY KEY,
    name         varchar(100) NOT NULL UNIQUE,
    account_type varchar(20) NOT NULL CHECK (account_type IN ('asset', 'liability', 'equity', 'income', 'expense')),
    parent_code  varchar(20) REFERENCES accounting_accounts (code),
    CHECK (parent_code <> code)
);

INSERT INTO accounting_accounts (code, name, account_type, parent_code) VALUES
    ('1000', 'Assets', 'asset', NULL),
    ('1100', 'Cash in hand', 'asset', '1000'),
    ('1200', 'Bank', 'asset', '1000'),
    ('1300', 'Trade receivables', 'asset', '1000'),
    ('1400', 'Input tax credit', 'asset', '1000'),
    ('1500', 'Office equipment', 'asset', '1000'),
    ('2000', 'Liabilities', 'liability', NULL),
    ('2100', 'Trade payables', 'liability', '2000'),
    ('2200', 'Output tax payable', 'liability', '2000'),
    ('2300', 'Salaries payable', 'liability', '2000'),
    ('3000', 'Equity', 'equity', NULL),
    ('3100', 'Owner capital', 'equity', '3000'),
    ('4000', 'Income', 'income', NULL),
    ('4100', 'Service revenue', 'income', '4000'),
    ('4200', 'Subscription revenue', 'income', '4000'),
    ('5000', 'Expenses', 'expense', NULL),
    ('5100', 'Salaries', 'expense', '5000'),
    ('5200', 'Rent', 'expense', '5000'),
    ('5300', 'Cloud hosting', 'expense', '5000'),
    ('5400', 'Travel', 'expense', '5000'),
    ('5500', 'Professional fees', 'expense', '5000');

CREATE TABLE accounting_transactions (
    id                 uuid PRIMARY KEY DEFAULT gen_random_uuid(),
    entry_number       serial NOT NULL UNIQUE,
    transaction_number varchar(50) NOT NULL,
    transaction_type   varchar(50) NOT NULL
        CHECK (transaction_type IN ('sale', 'purchase', 'receipt', 'payment', 'payroll', 'expense', 'journal')),
    amount             numeric(15,2) NOT NULL CHECK (amount > 0),
    description        text,
    account_code       varchar(20) REFERENCES accounting_accounts (code),
    debit_account      varchar(20) NOT NULL REFERENCES accounting_accounts (code),
    credit_account     varchar(20) NOT NULL REFERENCES accounting_accounts (code),
    reference_number   varchar(100),
    transaction_date   date NOT NULL,
    created_by         uuid NOT NULL REFERENCES users (id),
    created_at         timestamptz NOT NULL DEFAULT now(),
    updated_at         timestamptz NOT NULL DEFAULT now(),
    CONSTRAINT accounting_transactions_number_key UNIQUE (transaction_number),
    CONSTRAINT accounting_transactions_two_accounts CHECK (debit_account <> credit_account)
);

CREATE INDEX accounting_transactions_date_idx ON accounting_transactions (transaction_date);
CREATE INDEX accounting_transactions_type_date_idx ON accounting_transactions (transaction_type, transaction_date);

CREATE TABLE accounting_invoices (
    id             uuid PRIMARY KEY DEFAULT gen_random_uuid(),
    invoice_number varchar(50) NOT NULL,
    customer_name  varchar(255) NOT NULL,
    customer_email email_address,
    amount         numeric(15,2) NOT NULL DEFAULT 0 CHECK (amount >= 0),
    tax_amount     numeric(15,2) NOT NULL DEFAULT 0 CHECK (tax_amount >= 0),
    total_amount   numeric(15,2) NOT NULL GENERATED ALWAYS AS (amount + tax_amount) STORED,
    status         varchar(50) NOT NULL DEFAULT 'pending',
    due_date       date,
    created_by     uuid NOT NULL REFERENCES users (id),
    created_at     timestamptz NOT NULL DEFAULT now(),
    updated_at     timestamptz NOT NULL DEFAULT now(),
    CONSTRAINT accounting_invoices_number_key UNIQUE (invoice_number)
);

CREATE TRIGGER accounting_transactions_updated_at BEFORE UPDATE ON accounting_transactions
    FOR EACH ROW EXECUTE FUNCTION set_updated_at();
CREATE TRIGGER accounting_invoices_updated_at BEFORE UPDATE ON accounting_invoices
    FOR EACH ROW EXECUTE FUNCTION set_updated_at();
