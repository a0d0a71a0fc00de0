"""asyncpg, which prepares every statement by name and asks for binary results only."""

import asyncio
import json
import sys

import asyncpg

from script import (
    DATABASE, HOST, ISOLATION, MEGABYTE, NAMED, PASSWORD, POOL, PORT, RUN, TENANT, TRANSACTIONS, USER, an_item, equal,
    own, run_async,
)

INSERT = "INSERT INTO items (run, sku, owner, qty) VALUES ($1, $2, $3, $4)"
COUNT = "SELECT count(*) FROM items WHERE run = $1 AND sku LIKE $2"
PARAMETERS = {"host": HOST, "port": PORT, "user": USER, "password": PASSWORD, "database": DATABASE, "ssl": False}


class Connected:
    """A connection for the length of a block."""

    def __init__(self, **settings):
        self.settings = settings

    async def __aenter__(self):
        self.connection = await asyncpg.connect(**PARAMETERS, server_settings={**NAMED, **self.settings})
        return self.connection

    async def __aexit__(self, *_):
        await self.connection.close()


async def raises(sqlstate, made):
    try:
        await made
    except asyncpg.PostgresError as error:
        equal(error.sqlstate, sqlstate)
    else:
        raise AssertionError(f"no error, {sqlstate} was expected")


async def connects():
    async with Connected(application_name="clients") as connection:
        await connection.execute("DELETE FROM items WHERE run = $1", RUN)
        equal(await connection.fetchval("SELECT current_setting('application_name')"), "clients")
        assert connection.get_server_version().major >= 15


async def types():
    row = {"run": RUN, "owner": TENANT, **an_item()}
    row["data"] = json.dumps(row["data"])
    names, values = ", ".join(row), ", ".join(f"${n + 1}" for n in range(len(row)))
    async with Connected() as connection:
        found = await connection.fetchrow(f"INSERT INTO items ({names}) VALUES ({values}) RETURNING {names}", *row.values())
        equal({**found, "data": json.loads(found["data"])}, {**row, "data": json.loads(row["data"])})
        await connection.set_type_codec("jsonb", encoder=json.dumps, decoder=json.loads, schema="pg_catalog")
        equal(await connection.fetchval("SELECT data FROM items WHERE run = $1 AND sku = 'types'", RUN), json.loads(row["data"]))


async def looks_up_types():
    async with Connected() as connection:
        # The driver turns off `jit` for its look-up, and on again, with set_config().
        before = await connection.fetchval("SHOW jit")
        equal(await connection.fetchval("SELECT $1::int4range", asyncpg.Range(1, 5)), asyncpg.Range(1, 5))
        equal(await connection.fetchval("SHOW jit"), before)


async def transactions():
    async with Connected() as connection:
        try:
            async with connection.transaction():
                await connection.execute(INSERT, RUN, "gone", TENANT, 1)
                raise KeyError
        except KeyError:
            pass
        async with connection.transaction():
            await connection.execute(INSERT, RUN, "outer", TENANT, 1)
            try:
                async with connection.transaction():
                    await connection.execute(INSERT, RUN, "inner", TENANT, 1)
                    await connection.execute(INSERT, RUN, "inner", TENANT, 1)
            except asyncpg.UniqueViolationError:
                pass
        await connection.execute(INSERT, RUN, "kept", TENANT, 1)
        found = [await connection.fetchval(COUNT, RUN, sku) for sku in ("gone", "outer", "inner", "kept")]
        equal(found, [0, 1, 0, 1])


async def isolation_levels():
    async with Connected() as connection:
        for level in ("serializable", "repeatable_read", "read_committed"):
            async with connection.transaction(isolation=level):
                equal(await connection.fetchval("SHOW transaction_isolation"), level.replace("_", " "))


async def prepared():
    async with Connected() as connection:
        statement = await connection.prepare("SELECT $1::int + 1, owner FROM items WHERE run = $2 LIMIT 1")
        for number in range(5):
            async with connection.transaction():
                equal(tuple(await statement.fetchrow(number, RUN)), (number + 1, TENANT))
        equal(await statement.fetchval(7, RUN), 8)
        await connection.executemany(INSERT, [(RUN, f"many{n}", TENANT, n) for n in range(40)])
        equal(await connection.fetchval(COUNT, RUN, "many%"), 40)


async def copies():
    async with Connected() as connection:
        for form in ("text", "binary"):
            parts = []

            async def take(part):
                parts.append(part)

            await connection.copy_from_query("SELECT owner FROM items WHERE run = $1", RUN, output=take, format=form)
            whole = b"".join(parts)
            assert TENANT.encode() in whole, whole[:100]
        records = [(RUN, f"copied{n}", TENANT, n) for n in range(3000)]
        copy_in = connection.copy_records_to_table("items", records=records, columns=["run", "sku", "owner", "qty"])
        if ISOLATION == "shared":
            await raises("0A000", copy_in)
            return
        equal(await copy_in, "COPY 3000")
        equal(await connection.fetchval(COUNT, RUN, "copied%"), 3000)


async def cursors():
    async with Connected() as connection, connection.transaction():
        rows = connection.cursor("SELECT n FROM generate_series(1, 100) n", prefetch=7)
        equal([row["n"] async for row in rows], list(range(1, 101)))
        cursor = await connection.cursor("SELECT n FROM generate_series(1, 100) n")
        await cursor.forward(10)
        equal([row["n"] for row in await cursor.fetch(3)], [11, 12, 13])


async def large():
    async with Connected() as connection:
        found = await connection.fetchrow("SELECT $1::text, repeat('y', 1000000), 1", MEGABYTE)
        equal(tuple(found), (MEGABYTE, "y" * 1_000_000, 1))
        sql = "INSERT INTO items (run, sku, owner, note, raw) VALUES ($1, 'large', $2, $3, $4)"
        await connection.execute(sql, RUN, TENANT, MEGABYTE, b"\x00\xff" * 500_000)
        found = await connection.fetchrow("SELECT note, raw FROM items WHERE run = $1 AND sku = 'large'", RUN)
        equal(tuple(found), (MEGABYTE, b"\x00\xff" * 500_000))


async def errors():
    async with Connected() as connection:
        await raises("42601", connection.execute("SELEC 1"))
        await raises("42P01", connection.fetch("SELECT * FROM nowhere"))
        await raises("23505", connection.execute(INSERT, RUN, "kept", TENANT, 1))
        await raises("23514", connection.execute(INSERT, RUN, "less", TENANT, -1))
        await raises("22012", connection.fetch("SELECT 1 / $1::int", 0))
        equal(await connection.fetchval("SELECT 1"), 1)


async def timeouts():
    endless = "SELECT count(*) FROM generate_series(1, 10000000000)"
    async with Connected() as connection:
        async with connection.transaction():
            await connection.execute("SET LOCAL statement_timeout = '100ms'")
            try:
                async with connection.transaction():
                    await raises("57014", connection.fetchval(endless))
                    raise KeyError
            except KeyError:
                pass
        # The driver gives up by itself, and cancels.
        try:
            await connection.fetchval(endless, timeout=0.5)
            raise AssertionError("it did not time out")
        except asyncio.TimeoutError:
            pass
        equal(await connection.fetchval("SELECT 1"), 1)


async def settings():
    async with Connected(timezone="Asia/Tokyo", datestyle="German") as connection:
        equal(await connection.fetchval("SELECT '2024-01-02 00:00+00'::timestamptz::text"), "02.01.2024 09:00:00 JST")
        await connection.execute("SET TimeZone = 'America/New_York'; SET search_path = public")
        await connection.execute("SET statement_timeout = 54321")
        for _ in range(3):
            equal(await connection.fetchval("SHOW TimeZone"), "America/New_York")
            equal(await connection.fetchval("SHOW statement_timeout"), "54321ms")
            equal(connection.get_settings().TimeZone, "America/New_York")
            own(row["owner"] for row in await connection.fetch("SELECT owner FROM items"))
        await connection.reset()
        equal(await connection.fetchval("SHOW TimeZone"), "Asia/Tokyo")


async def notifications():
    told = asyncio.Queue()

    def hear(_connection, _pid, channel, payload):
        told.put_nowait((channel, payload))

    for pooling in ("transaction", "session"):
        async with Connected(**{"tenantry.pooling": pooling}) as listener, Connected() as sender:
            await listener.add_listener(RUN, hear)
            await sender.execute(f"""NOTIFY "{RUN}", 'hello'""")
            equal(await asyncio.wait_for(told.get(), 20), (RUN, "hello"))
            await listener.remove_listener(RUN, hear)


async def upserts():
    sql = INSERT + " ON CONFLICT (run, sku) DO UPDATE SET qty = excluded.qty + items.qty RETURNING qty"
    async with Connected() as connection:
        equal([await connection.fetchval(sql, RUN, "upsert", TENANT, 2) for _ in range(3)], [2, 4, 6])


async def pools():
    async def work(pool, worker):
        for number in range(TRANSACTIONS):
            async with pool.acquire() as connection, connection.transaction():
                await connection.execute(INSERT, RUN, f"pool{worker}-{number}", TENANT, number)
                own(row["owner"] for row in await connection.fetch("SELECT DISTINCT owner FROM items"))

    async with asyncpg.create_pool(**PARAMETERS, server_settings=NAMED, min_size=POOL, max_size=POOL) as pool:
        await asyncio.gather(*(work(pool, worker) for worker in range(POOL * 2)))
        equal(await pool.fetchval(COUNT, RUN, "pool%"), POOL * 2 * TRANSACTIONS)


sys.exit(asyncio.run(run_async([
    connects, types, looks_up_types, transactions, isolation_levels, prepared, copies, cursors, large, errors, timeouts, settings, notifications, upserts,
    pools,
])))
