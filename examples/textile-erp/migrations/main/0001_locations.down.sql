DROP TABLE locations;
DROP FUNCTION touch_updated_at();
DROP TYPE location_type;
DROP DOMAIN email_address;
