-- Sample company: 25 users, 8 departments, 200 employees.
-- Everything follows from row numbers and md5, counted from 30 June 2026, so every load gives the same rows.

INSERT INTO users (id, email, password_hash, first_name, last_name, role, department, position, is_active, last_login,
                   created_at, updated_at)
SELECT md5('user:' || i)::uuid,
       lower(f.name || '.' || l.name) || '@example.com',
       '!', -- no password: nobody can sign in with it
       f.name, l.name,
       CASE WHEN i = 1 THEN 'owner' WHEN i <= 3 THEN 'admin' WHEN i <= 8 THEN 'manager'
            WHEN i <= 12 THEN 'accountant' WHEN i <= 20 THEN 'sales' ELSE 'member' END,
       CASE WHEN i <= 3 THEN 'Management' WHEN i <= 12 AND i > 8 THEN 'Finance' WHEN i <= 20 AND i > 12 THEN 'Sales'
            ELSE 'Operations' END,
       CASE WHEN i = 1 THEN 'Managing Director' WHEN i <= 8 THEN 'Manager' ELSE 'Executive' END,
       i <> 24,
       CASE WHEN i <> 24 THEN timestamptz '2026-06-30 09:00+00' - i * interval '7 hours' END,
       timestamptz '2024-12-01 09:00+00' + i * interval '1 day',
       timestamptz '2024-12-01 09:00+00' + i * interval '1 day'
FROM generate_series(1, 25) AS i
CROSS JOIN LATERAL (SELECT (ARRAY['Anita', 'Rahul', 'Meera', 'Vikram', 'Sunita', 'Arjun', 'Kavya', 'Nikhil', 'Pooja',
    'Sanjay', 'Divya', 'Imran', 'Lakshmi', 'Rohan', 'Sneha', 'Thomas', 'Farah', 'Gaurav', 'Isha', 'Joseph', 'Leela',
    'Manoj', 'Nisha', 'Omkar', 'Priya'])[i] AS name) f
CROSS JOIN LATERAL (SELECT (ARRAY['Sharma', 'Iyer', 'Patel', 'Reddy', 'Khan', 'Das', 'Nair', 'Mehta', 'Joshi', 'Rao',
    'Gupta', 'Fernandes', 'Pillai'])[1 + i * 5 % 13] AS name) l;

INSERT INTO hr_departments (id, name)
SELECT md5('department:' || name)::uuid, name
FROM unnest(ARRAY['Management', 'Finance', 'Human Resources', 'Sales', 'Marketing', 'Engineering', 'Support',
                  'Operations']) AS name;

UPDATE hr_departments
SET parent_id = md5('department:Management')::uuid
WHERE name <> 'Management';

-- Employees 1 to 8 lead the departments, 9 to 40 their teams of about five.
INSERT INTO hr_employees (id, employee_id, user_id, first_name, last_name, email, phone, position, salary, hire_date,
                          status, department_id, manager_id, created_at, updated_at)
SELECT md5('employee:' || i)::uuid,
       'EMP-' || lpad(i::text, 4, '0'),
       CASE WHEN i <= 25 THEN md5('user:' || i)::uuid END,
       coalesce(u.first_name, (ARRAY['Aarav', 'Bhavna', 'Chetan', 'Deepa', 'Esther', 'Faisal', 'Gita', 'Harish', 'Indu',
           'Jatin', 'Kiran', 'Lalit', 'Maya', 'Naveen', 'Ojas', 'Pallavi', 'Qasim', 'Ritu', 'Suresh', 'Tara', 'Uday',
           'Varsha', 'Wasim', 'Yamini', 'Zoya'])[1 + h.a % 25]),
       coalesce(u.last_name, (ARRAY['Sharma', 'Iyer', 'Patel', 'Reddy', 'Khan', 'Das', 'Nair', 'Mehta', 'Joshi', 'Rao',
           'Gupta', 'Fernandes', 'Pillai', 'Singh', 'Bose', 'Kulkarni', 'Menon', 'Chopra', 'Verma'])[1 + h.b % 19]),
       'emp' || lpad(i::text, 4, '0') || '@example.com',
       '+91 9' || lpad((h.c % 1000000000)::text, 9, '0'),
       CASE WHEN i <= 8 THEN 'Head of department' WHEN i <= 40 THEN 'Team lead'
            ELSE (ARRAY['Executive', 'Senior executive', 'Analyst', 'Associate'])[1 + h.a % 4] END,
       CASE WHEN i <= 8 THEN 180000 WHEN i <= 40 THEN 95000 ELSE 32000 END + h.b % 40 * 500,
       date '2026-06-30' - (60 + h.c % 2400)::integer,
       CASE WHEN i > 40 AND i % 23 = 0 THEN 'left' WHEN i > 40 AND i % 37 = 0 THEN 'notice' ELSE 'active' END,
       md5('department:' || (ARRAY['Management', 'Finance', 'Human Resources', 'Sales', 'Marketing', 'Engineering',
           'Support', 'Operations'])[1 + (i - 1) % 8])::uuid,
       CASE WHEN i = 1 THEN NULL WHEN i <= 8 THEN md5('employee:1')::uuid
            WHEN i <= 40 THEN md5('employee:' || 1 + (i - 1) % 8)::uuid
            ELSE md5('employee:' || 9 + (i - 1) % 8 + 8 * (h.a % 4))::uuid END,
       timestamptz '2025-01-01 09:00+00',
       timestamptz '2025-01-01 09:00+00'
FROM generate_series(1, 200) AS i
CROSS JOIN LATERAL (SELECT ('x' || substr(md5('emp' || i), 1, 8))::bit(32)::bigint AS a,
                           ('x' || substr(md5('emp' || i), 9, 8))::bit(32)::bigint AS b,
                           ('x' || substr(md5('emp' || i), 17, 8))::bit(32)::bigint AS c) h
LEFT JOIN users u ON i <= 25 AND u.id = md5('user:' || i)::uuid
ORDER BY i;

UPDATE hr_departments d
SET head_id = e.id
FROM hr_employees e
WHERE e.department_id = d.id AND e.position = 'Head of department';
