-- About a hundred working days of attendance, and the year's leave.

INSERT INTO hr_attendance (id, employee_id, date, check_in, check_out, status, notes, created_at)
SELECT md5('attendance:' || n || ':' || w.day)::uuid,
       md5('employee:' || n)::uuid,
       w.day,
       CASE WHEN s.status = 'late' THEN time '09:45' + h.b % 75 * interval '1 minute'
            WHEN s.status NOT IN ('leave', 'absent') THEN time '08:50' + h.b % 40 * interval '1 minute' END,
       CASE WHEN s.status = 'half_day' THEN time '13:00' + h.c % 45 * interval '1 minute'
            WHEN s.status NOT IN ('leave', 'absent') THEN time '17:30' + h.c % 120 * interval '1 minute' END,
       s.status,
       CASE WHEN s.status = 'late' AND h.b % 4 = 0 THEN 'Traffic' WHEN s.status = 'half_day' THEN 'Left after lunch' END,
       (w.day + interval '20 hours') AT TIME ZONE 'UTC'
FROM generate_series(1, 200) AS n
CROSS JOIN (
    SELECT date '2026-06-30' - d AS day
    FROM generate_series(0, 140) AS d
    WHERE extract(isodow FROM date '2026-06-30' - d) < 6
) w
-- OFFSET 0 keeps the planner from computing a hash again for every use of it.
CROSS JOIN LATERAL (SELECT md5('att' || n || w.day) AS hash OFFSET 0) m
CROSS JOIN LATERAL (SELECT ('x' || substr(m.hash, 1, 8))::bit(32)::bigint AS a,
                           ('x' || substr(m.hash, 9, 8))::bit(32)::bigint AS b,
                           ('x' || substr(m.hash, 17, 8))::bit(32)::bigint AS c OFFSET 0) h
CROSS JOIN LATERAL (SELECT CASE WHEN h.a % 100 < 74 THEN 'present' WHEN h.a % 100 < 82 THEN 'late'
                                WHEN h.a % 100 < 91 THEN 'remote' WHEN h.a % 100 < 94 THEN 'half_day'
                                WHEN h.a % 100 < 98 THEN 'leave' ELSE 'absent' END AS status OFFSET 0) s;

INSERT INTO hr_leave_requests (id, employee_id, leave_type, starts_on, ends_on, status, approved_by, created_at)
SELECT md5('leave:' || i)::uuid,
       md5('employee:' || 1 + h.a % 200)::uuid,
       (ARRAY['casual', 'casual', 'sick', 'sick', 'earned', 'unpaid'])[1 + h.b % 6],
       d.starts_on,
       d.starts_on + (h.b % 5)::integer,
       s.status,
       CASE WHEN s.status <> 'requested' THEN md5('user:' || 4 + h.a % 5)::uuid END,
       timestamptz '2025-06-01 09:00+00' + i * interval '31 hours'
FROM generate_series(1, 300) AS i
CROSS JOIN LATERAL (SELECT ('x' || substr(md5('leave' || i), 1, 8))::bit(32)::bigint AS a,
                           ('x' || substr(md5('leave' || i), 9, 8))::bit(32)::bigint AS b) h
CROSS JOIN LATERAL (SELECT date '2025-07-01' + (i * 31 / 24) AS starts_on) d
CROSS JOIN LATERAL (SELECT CASE WHEN i > 285 THEN 'requested' WHEN h.a % 11 = 0 THEN 'rejected' ELSE 'approved' END
                    AS status) s;
