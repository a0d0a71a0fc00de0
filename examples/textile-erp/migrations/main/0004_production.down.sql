DROP TABLE production_steps;
DROP TABLE production_orders;
DROP TABLE bill_of_materials;
DROP TABLE production_stages;
