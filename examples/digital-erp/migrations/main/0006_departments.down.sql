DROP INDEX hr_employees_manager_idx;
DROP INDEX hr_employees_department_idx;

ALTER TABLE hr_employees ADD COLUMN department varchar(100);

UPDATE hr_employees e
SET department = d.name
FROM hr_departments d
WHERE d.id = e.department_id;

ALTER TABLE hr_employees
    DROP CONSTRAINT hr_employees_not_own_manager,
    DROP COLUMN manager_id,
    DROP COLUMN department_id;

DROP TABLE hr_departments;

CREATE INDEX hr_employees_department_idx ON hr_employees (department, status);
