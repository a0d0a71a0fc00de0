DROP TRIGGER accounting_invoices_keep_paid ON accounting_invoices;
DROP FUNCTION keep_paid_invoice();
DROP TRIGGER sales_proposals_status_audit ON sales_proposals;
DROP TRIGGER sales_leads_status_audit ON sales_leads;
DROP TRIGGER accounting_invoices_status_audit ON accounting_invoices;
DROP FUNCTION record_status_change();
DROP TABLE audit_log;
