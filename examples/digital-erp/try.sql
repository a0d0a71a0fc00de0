select count(*) from accounting_invoices
