DROP TABLE users;
DROP FUNCTION set_updated_at();
DROP DOMAIN email_address;
DROP TABLE currencies;
