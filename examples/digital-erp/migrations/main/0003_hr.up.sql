-- Employees, their attendance and their leave.

CREATE TABLE hr_employees (
    id          uuid PRIMARY KEY DEFAULT gen_random_uuid(),
    employee_id varchar(50) NOT NULL,
    user_id     uuid UNIQUE REFERENCES users (id) ON DELETE SET NULL,
    first_name  varchar(100) NOT NULL,
    last_name   varchar(100) NOT NULL,
    email       email_address,
    phone       varchar(20),
    department  varchar(100),
    position    varchar(100),
    salary      numeric(12,2) CHECK (salary >= 0),
    hire_date   date,
    status      varchar(50) NOT NULL DEFAULT 'active' CHECK (status IN ('active', 'left')),
    created_at  timestamptz NOT NULL DEFAULT now(),
    updated_at  timestamptz NOT NULL DEFAULT now(),
    CONSTRAINT hr_employees_number_key UNIQUE (employee_id)
);

CREATE INDEX hr_employees_department_idx ON hr_employees (department, status);

CREATE TABLE hr_attendance (
    id           uuid PRIMARY KEY DEFAULT gen_random_uuid(),
    employee_id  uuid NOT NULL REFERENCES hr_employees (id),
    date         date NOT NULL,
    check_in     time,
    check_out    time,
    hours_worked numeric(4,2)
        GENERATED ALWAYS AS (round(extract(epoch FROM check_out - check_in) / 3600, 2)) STORED,
    status       varchar(50) NOT NULL DEFAULT 'present'
        CHECK (status IN ('present', 'late', 'remote', 'half_day', 'leave', 'absent')),
    notes        text,
    created_at   timestamptz NOT NULL DEFAULT now(),
    CONSTRAINT hr_attendance_day_key UNIQUE (employee_id, date),
    CONSTRAINT hr_attendance_times CHECK (check_out > check_in)
);

CREATE INDEX hr_attendance_date_idx ON hr_attendance (date) INCLUDE (status);

CREATE TABLE hr_leave_types (
    code          varchar(20) PRIMARY KEY,
    name          varchar(100) NOT NULL,
    days_per_year smallint NOT NULL CHECK (days_per_year > 0),
    is_paid       boolean NOT NULL DEFAULT true
);

INSERT INTO hr_leave_types (code, name, days_per_year, is_paid) VALUES
    ('casual', 'Casual leave', 12, true),
    ('sick', 'Sick leave', 12, true),
    ('earned', 'Earned leave', 18, true),
    ('maternity', 'Maternity leave', 182, true),
    ('unpaid', 'Leave without pay', 60, false);

CREATE TABLE hr_leave_requests (
    id          uuid PRIMARY KEY DEFAULT gen_random_uuid(),
    employee_id uuid NOT NULL REFERENCES hr_employees (id) ON DELETE CASCADE,
    leave_type  varchar(20) NOT NULL REFERENCES hr_leave_types (code) ON UPDATE CASCADE,
    starts_on   date NOT NULL,
    ends_on     date NOT NULL,
    days        integer NOT NULL GENERATED ALWAYS AS (ends_on - starts_on + 1) STORED,
    status      varchar(20) NOT NULL DEFAULT 'requested' CHECK (status IN ('requested', 'approved', 'rejected')),
    approved_by uuid REFERENCES users (id) ON DELETE SET NULL,
    created_at  timestamptz NOT NULL DEFAULT now(),
    CHECK (ends_on >= starts_on)
);

CREATE INDEX hr_leave_requests_employee_idx ON hr_leave_requests (employee_id, starts_on);

CREATE TRIGGER hr_employees_updated_at BEFORE UPDATE ON hr_employees
    FOR EACH ROW EXECUTE FUNCTION set_updated_at();
