-- Departments become a table of their own, with a head and a parent; employees get a manager.

CREATE TABLE hr_departments (
    id        uuid PRIMARY KEY DEFAULT gen_random_uuid(),
    name      varchar(100) NOT NULL UNIQUE,
    parent_id uuid REFERENCES hr_departments (id) ON DELETE SET NULL,
    head_id   uuid,
    -- A new department and its head are saved together, in either order.
    CONSTRAINT hr_departments_head_fkey FOREIGN KEY (head_id) REFERENCES hr_employees (id)
        ON DELETE SET NULL DEFERRABLE INITIALLY DEFERRED
);

ALTER TABLE hr_employees
    ADD COLUMN department_id uuid REFERENCES hr_departments (id) ON DELETE SET NULL,
    ADD COLUMN manager_id uuid REFERENCES hr_employees (id) ON DELETE SET NULL,
    ADD CONSTRAINT hr_employees_not_own_manager CHECK (manager_id <> id);

INSERT INTO hr_departments (id, name)
SELECT DISTINCT md5('department:' || e.department)::uuid, e.department
FROM hr_employees e
WHERE e.department IS NOT NULL;

UPDATE hr_employees e
SET department_id = d.id
FROM hr_departments d
WHERE d.name = e.department;

DROP INDEX hr_employees_department_idx;
ALTER TABLE hr_employees DROP COLUMN department;

CREATE INDEX hr_employees_department_idx ON hr_employees (department_id, status);
CREATE INDEX hr_employees_manager_idx ON hr_employees (manager_id);
