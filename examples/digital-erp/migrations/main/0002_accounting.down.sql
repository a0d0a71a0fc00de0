DROP TABLE accounting_invoices;
DROP TABLE accounting_transactions;
DROP TABLE accounting_accounts;
