-- Money in and out, per location, in any currency and in rupees.

CREATE TABLE financial_accounts (
    code         varchar(20) PRIMARY KEY,
    name         varchar(100) NOT NULL UNIQUE,
    account_type varchar(20) NOT NULL CHECK (account_type IN ('asset', 'liability', 'equity', 'income', 'expense')),
    parent_code  varchar(20) REFERENCES financial_accounts (code)
);

INSERT INTO financial_accounts (code, name, account_type, parent_code) VALUES
    ('1000', 'Assets', 'asset', NULL),
    ('1100', 'Bank', 'asset', '1000'),
    ('1200', 'Trade receivables', 'asset', '1000'),
    ('1300', 'Stock in trade', 'asset', '1000'),
    ('2000', 'Liabilities', 'liability', NULL),
    ('2100', 'Trade payables', 'liability', '2000'),
    ('4000', 'Income', 'income', NULL),
    ('4100', 'Fabric sales, domestic', 'income', '4000'),
    ('4200', 'Fabric sales, export', 'income', '4000'),
    ('4300', 'Job work', 'income', '4000'),
    ('5000', 'Expenses', 'expense', NULL),
    ('5100', 'Raw material', 'expense', '5000'),
    ('5200', 'Power and fuel', 'expense', '5000'),
    ('5300', 'Wages', 'expense', '5000'),
    ('5400', 'Freight', 'expense', '5000');

CREATE TABLE financial_transactions (
    ledger_number      serial PRIMARY KEY,
    transaction_number varchar(30) NOT NULL,
    location_id        uuid NOT NULL REFERENCES locations (id),
    kind               varchar(20) NOT NULL CHECK (kind IN ('sale', 'receipt', 'purchase', 'payment', 'expense')),
    account_code       varchar(20) NOT NULL REFERENCES financial_accounts (code),
    customer_id        uuid REFERENCES customers (id) ON DELETE SET NULL,
    supplier_id        uuid REFERENCES suppliers (id) ON DELETE SET NULL,
    amount             numeric(15,2) NOT NULL CHECK (amount > 0),
    currency           char(3) NOT NULL DEFAULT 'INR' CHECK (currency ~ '^[A-Z]{3}$'),
    exchange_rate      numeric(12,6) NOT NULL DEFAULT 1 CHECK (exchange_rate > 0),
    base_amount        numeric(15,2) NOT NULL GENERATED ALWAYS AS (round(amount * exchange_rate, 2)) STORED,
    booked_on          date NOT NULL,
    reference          varchar(60),
    description        text,
    created_at         timestamptz NOT NULL DEFAULT now(),
    CONSTRAINT financial_transactions_number_key UNIQUE (transaction_number),
    CONSTRAINT financial_transactions_one_party CHECK (customer_id IS NULL OR supplier_id IS NULL),
    CONSTRAINT financial_transactions_home_rate CHECK (currency <> 'INR' OR exchange_rate = 1)
);

CREATE INDEX financial_transactions_location_idx ON financial_transactions (location_id, booked_on);
CREATE INDEX financial_transactions_foreign_idx ON financial_transactions (currency, booked_on) INCLUDE (base_amount)
    WHERE currency <> 'INR';
