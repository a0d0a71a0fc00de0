DROP TABLE financial_transactions;
DROP TABLE financial_accounts;
