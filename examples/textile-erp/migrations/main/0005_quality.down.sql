DROP TABLE quality_defects;
DROP FUNCTION count_defect_points();
DROP TABLE quality_records;
DROP TYPE inspection_result;
DROP TABLE defect_types;
