"""psycopg 3, with its pool."""

import threading
import time

import psycopg
from psycopg.rows import dict_row
from psycopg.types.json import Jsonb
from psycopg_pool import ConnectionPool

from script import (
    DATABASE, HOST, ISOLATION, IS_APP_DOOR, MEGABYTE, OPTIONS, PASSWORD, POOL, PORT, RUN, TENANT, TRANSACTIONS, USER,
    an_item, equal, in_threads, own, run,
)

PARAMETERS = {"host": HOST, "port": PORT, "user": USER, "password": PASSWORD, "dbname": DATABASE}
INSERT = "INSERT INTO items (run, sku, owner, qty) VALUES (%s, %s, %s, %s)"
COUNT = "SELECT count(*) FROM items WHERE run = %s AND sku LIKE %s"


def connect(**more):
    return psycopg.connect(**PARAMETERS, options=OPTIONS + more.pop("options", ""), **more)


def count(connection, pattern):
    return connection.execute(COUNT, (RUN, pattern)).fetchone()[0]


def raises(sqlstate, act):
    try:
        act()
    except psycopg.Error as error:
        equal(error.sqlstate, sqlstate)
    else:
        raise AssertionError(f"no error, {sqlstate} was expected")


def connects():
    with connect(application_name="clients", autocommit=True) as connection:
        connection.execute("DELETE FROM items WHERE run = %s", (RUN,))
        equal(connection.execute("SELECT current_setting('application_name')").fetchone()[0], "clients")
        equal(connection.info.parameter_status("application_name"), "clients")
        assert connection.info.server_version >= 150000


def names_tenant_by_statement():
    if not IS_APP_DOOR:
        return
    with psycopg.connect(**PARAMETERS, autocommit=True) as connection:
        raises("28000", lambda: connection.execute("SELECT 1"))
        connection.execute(f"SET app.current_tenant = '{TENANT}'")
        equal(connection.execute("SELECT 1").fetchone()[0], 1)


def types():
    row = {"run": RUN, "owner": TENANT, **an_item()}
    names = ", ".join(row)
    read = f"SELECT {names} FROM items WHERE run = %s AND sku = %s"
    with connect(row_factory=dict_row) as connection:
        for sku, form in (("types", "s"), ("types in binary", "b")):
            row["sku"] = sku
            values = ", ".join(f"%({name}){form}" for name in row)
            given = dict(row, data=Jsonb(row["data"]))
            found = connection.execute(f"INSERT INTO items ({names}) VALUES ({values}) RETURNING {names}", given)
            equal(found.fetchone(), row)
            for is_binary in (False, True):
                equal(connection.execute(read, (RUN, sku), binary=is_binary).fetchone(), row)


def transactions():
    with connect() as connection:
        connection.execute(INSERT, (RUN, "gone", TENANT, 1))
        connection.rollback()
        equal(count(connection, "gone"), 0)
        connection.execute(INSERT, (RUN, "kept", TENANT, 1))
        connection.commit()
        with connection.transaction():
            connection.execute(INSERT, (RUN, "outer", TENANT, 1))
            try:
                with connection.transaction():
                    connection.execute(INSERT, (RUN, "inner", TENANT, 1))
                    connection.execute(INSERT, (RUN, "inner", TENANT, 1))
            except psycopg.errors.UniqueViolation:
                pass
        equal((count(connection, "outer"), count(connection, "inner"), count(connection, "kept")), (1, 0, 1))


def prepared():
    with connect(prepare_threshold=0) as connection:
        for number in range(5):
            with connection.transaction():
                found = connection.execute("SELECT %s::int + 1, owner FROM items WHERE run = %s LIMIT 1", (number, RUN))
                equal(found.fetchone(), (number + 1, TENANT))


def pipeline():
    with connect() as connection, connection.pipeline() as pipeline:
        cursors = [connection.execute("SELECT %s::int", (number,)) for number in range(50)]
        pipeline.sync()
        equal([cursor.fetchone()[0] for cursor in cursors], list(range(50)))
    with connect(autocommit=True) as connection:
        connection.cursor().executemany(INSERT, [(RUN, f"many{n}", TENANT, n) for n in range(40)])
        equal(count(connection, "many%"), 40)


def copies():
    with connect() as connection:
        own_rows = "COPY (SELECT owner, sku FROM items WHERE owner IS NOT NULL) TO STDOUT"
        for form in ("", " (FORMAT binary)"):
            with connection.cursor().copy(own_rows + form) as copy:
                if form:
                    copy.set_types(["text", "text"])
                own(row[0] for row in copy.rows())

        def copy_in():
            with connection.cursor().copy("COPY items (run, sku, owner, qty, data) FROM STDIN") as copy:
                for number in range(3000):
                    copy.write_row((RUN, f"copied{number}", TENANT, number, Jsonb({"n": number})))

        if ISOLATION == "shared":
            raises("0A000", copy_in)
            connection.rollback()
            return
        copy_in()
        connection.commit()
        equal(count(connection, "copied%"), 3000)


def cursors():
    with connect() as connection, connection.cursor("pages") as cursor:
        cursor.itersize = 7
        cursor.execute("SELECT n FROM generate_series(1, 100) n")
        equal([row[0] for row in cursor], list(range(1, 101)))


def large():
    with connect() as connection:
        found = connection.execute("SELECT %s::text, repeat('y', 1000000), 1", (MEGABYTE,)).fetchone()
        equal(found, (MEGABYTE, "y" * 1_000_000, 1))
        connection.execute(
            "INSERT INTO items (run, sku, owner, note, raw) VALUES (%s, 'large', %s, %s, %s)",
            (RUN, TENANT, MEGABYTE, b"\x00\xff" * 500_000),
        )
        found = connection.execute("SELECT note, raw FROM items WHERE run = %s AND sku = 'large'", (RUN,)).fetchone()
        equal(found, (MEGABYTE, b"\x00\xff" * 500_000))


def errors():
    with connect(autocommit=True) as connection:
        raises("42601", lambda: connection.execute("SELEC 1"))
        raises("42P01", lambda: connection.execute("SELECT * FROM nowhere"))
        raises("23505", lambda: connection.execute(INSERT, (RUN, "kept", TENANT, 1)))
        raises("23514", lambda: connection.execute(INSERT, (RUN, "less", TENANT, -1)))
        raises("22012", lambda: connection.execute("SELECT 1 / %s::int", (0,)))
        equal(connection.execute("SELECT 1").fetchone()[0], 1)
        connection.execute("BEGIN")
        raises("42703", lambda: connection.execute("SELECT nothing"))
        raises("25P02", lambda: connection.execute("SELECT 1"))
        connection.execute("ROLLBACK")
        equal(connection.execute("SELECT 1").fetchone()[0], 1)


def timeouts():
    with connect() as connection:
        connection.execute("SET LOCAL statement_timeout = '100ms'")
        raises("57014", lambda: connection.execute("SELECT count(*) FROM generate_series(1, 10000000000)"))
        connection.rollback()
        canceller = threading.Timer(0.5, connection.cancel_safe)
        canceller.start()
        begun = time.monotonic()
        raises("57014", lambda: connection.execute("SELECT count(*) FROM generate_series(1, 10000000000)"))
        assert time.monotonic() - begun < 30
        connection.rollback()
        equal(connection.execute("SELECT 1").fetchone()[0], 1)


def settings():
    with connect(autocommit=True, options=" -c timezone=Asia/Tokyo -c DateStyle=German") as connection:
        equal(connection.execute("SELECT '2024-01-02 00:00+00'::timestamptz::text").fetchone()[0], "02.01.2024 09:00:00 JST")
        connection.execute("SET TimeZone = 'America/New_York'")
        connection.execute("SET search_path = public")
        connection.execute("SET statement_timeout = 54321")
        for _ in range(3):
            equal(connection.execute("SHOW TimeZone").fetchone()[0], "America/New_York")
            equal(connection.execute("SHOW statement_timeout").fetchone()[0], "54321ms")
            own(row[0] for row in connection.execute("SELECT owner FROM items"))
        connection.execute("RESET TimeZone")
        equal(connection.execute("SHOW TimeZone").fetchone()[0], "Asia/Tokyo")
        with connection.transaction():
            connection.execute("SET LOCAL TimeZone = 'Europe/Paris'")
            equal(connection.execute("SHOW TimeZone").fetchone()[0], "Europe/Paris")
        equal(connection.execute("SHOW TimeZone").fetchone()[0], "Asia/Tokyo")


def notifications():
    for pooling in ("transaction", "session"):
        options = f" -c tenantry.pooling={pooling}"
        with connect(autocommit=True, options=options) as listener, connect(autocommit=True) as sender:
            listener.execute(f'LISTEN "{RUN}"')
            sender.execute(f"""NOTIFY "{RUN}", 'hello'""")
            told = [(n.channel, n.payload) for n in listener.notifies(timeout=20, stop_after=1)]
            equal(told, [(RUN, "hello")])
            listener.execute("UNLISTEN *")


def upserts():
    sql = INSERT + " ON CONFLICT (run, sku) DO UPDATE SET qty = excluded.qty + items.qty RETURNING qty"
    with connect() as connection:
        equal([connection.execute(sql, (RUN, "upsert", TENANT, 2)).fetchone()[0] for _ in range(3)], [2, 4, 6])


def pools():
    def work(pool, worker):
        for number in range(TRANSACTIONS):
            with pool.connection() as connection, connection.transaction():
                connection.execute(INSERT, (RUN, f"pool{worker}-{number}", TENANT, number))
                own(row[0] for row in connection.execute("SELECT DISTINCT owner FROM items"))

    with ConnectionPool(kwargs=dict(PARAMETERS, options=OPTIONS), min_size=POOL, max_size=POOL, open=True) as pool:
        in_threads(work, [(pool, worker) for worker in range(POOL * 2)])
        with pool.connection() as connection:
            equal(count(connection, "pool%"), POOL * 2 * TRANSACTIONS)


run([
    connects, names_tenant_by_statement, types, transactions, prepared, pipeline, copies, cursors, large, errors, timeouts,
    settings, notifications, upserts, pools,
])
