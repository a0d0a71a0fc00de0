DROP TABLE accounting_invoice_lines;
DROP FUNCTION refresh_invoice_amounts();
