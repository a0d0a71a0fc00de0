DROP TABLE hr_leave_requests;
DROP TABLE hr_leave_types;
DROP TABLE hr_attendance;
DROP TABLE hr_employees;
