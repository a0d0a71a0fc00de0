BEGIN;
INSERT INTO tenantry.ledger (target, version, name, checksum) VALUES ('template', :version, :'name', :'checksum');
SET LOCAL ROLE :"role";
SET LOCAL search_path = :"schema", global, extensions;
