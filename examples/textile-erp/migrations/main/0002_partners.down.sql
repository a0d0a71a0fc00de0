ALTER TABLE customers DROP CONSTRAINT customers_main_contact_fkey;
DROP TABLE customer_contacts;
DROP TABLE customers;
DROP TABLE suppliers;
DROP TABLE payment_terms;
