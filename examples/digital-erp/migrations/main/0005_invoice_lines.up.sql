-- Invoices get lines; their amounts follow from the lines.

CREATE TABLE accounting_invoice_lines (
    invoice_id  uuid NOT NULL REFERENCES accounting_invoices (id) ON DELETE CASCADE,
    line_number smallint NOT NULL CHECK (line_number > 0),
    description varchar(255) NOT NULL,
    quantity    numeric(10,2) NOT NULL DEFAULT 1 CHECK (quantity > 0),
    unit_price  numeric(12,2) NOT NULL CHECK (unit_price >= 0),
    tax_rate    numeric(4,2) NOT NULL DEFAULT 18 CHECK (tax_rate IN (0, 5, 12, 18, 28)),
    line_amount numeric(15,2) NOT NULL GENERATED ALWAYS AS (round(quantity * unit_price, 2)) STORED,
    PRIMARY KEY (invoice_id, line_number)
);

-- Once a statement, however many lines it touches: an import of a thousand lines is one sum, not a thousand.
CREATE FUNCTION refresh_invoice_amounts() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    UPDATE accounting_invoices i
    SET amount = s.amount, tax_amount = s.tax_amount
    FROM (
        SELECT c.invoice_id,
               coalesce(sum(l.line_amount), 0) AS amount,
               coalesce(sum(round(l.line_amount * l.tax_rate / 100, 2)), 0) AS tax_amount
        FROM (SELECT DISTINCT invoice_id FROM changed) c
        LEFT JOIN accounting_invoice_lines l ON l.invoice_id = c.invoice_id
        GROUP BY c.invoice_id
    ) s
    WHERE i.id = s.invoice_id AND (i.amount, i.tax_amount) IS DISTINCT FROM (s.amount, s.tax_amount);
    RETURN NULL;
END
$$;

CREATE TRIGGER accounting_invoice_lines_added AFTER INSERT ON accounting_invoice_lines
    REFERENCING NEW TABLE AS changed FOR EACH STATEMENT EXECUTE FUNCTION refresh_invoice_amounts();
CREATE TRIGGER accounting_invoice_lines_changed AFTER UPDATE ON accounting_invoice_lines
    REFERENCING NEW TABLE AS changed FOR EACH STATEMENT EXECUTE FUNCTION refresh_invoice_amounts();
CREATE TRIGGER accounting_invoice_lines_removed AFTER DELETE ON accounting_invoice_lines
    REFERENCING OLD TABLE AS changed FOR EACH STATEMENT EXECUTE FUNCTION refresh_invoice_amounts();

-- Invoices from before this migration keep their amount as one line. A line's tax follows from its rate,
-- so the rate nearest to the tax that was charged is taken.
INSERT INTO accounting_invoice_lines (invoice_id, line_number, description, quantity, unit_price, tax_rate)
SELECT i.id, 1, 'As invoiced', 1, i.amount,
       (SELECT r.rate FROM (VALUES (0), (5), (12), (18), (28)) AS r (rate)
        ORDER BY abs(i.amount * r.rate / 100 - i.tax_amount), r.rate LIMIT 1)
FROM accounting_invoices i
WHERE i.amount > 0;
