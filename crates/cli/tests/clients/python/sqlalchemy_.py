"""SQLAlchemy's ORM and Core, on psycopg with its queue pool and on asyncpg."""

import asyncio
import datetime
import uuid
from decimal import Decimal

from sqlalchemy import (
    ARRAY, BigInteger, Boolean, Date, Double, Integer, LargeBinary, MetaData, Numeric, Table, Text, URL, Uuid, create_engine,
    delete, exc, func, inspect, select, text,
)
from sqlalchemy.dialects.postgresql import JSONB, TIMESTAMP, insert
from sqlalchemy.ext.asyncio import create_async_engine
from sqlalchemy.orm import DeclarativeBase, Mapped, Session, mapped_column

from script import (
    DATABASE, HOST, MEGABYTE, NAMED, OPTIONS, PASSWORD, POOL, PORT, RUN, TENANT, TRANSACTIONS, USER, an_item, equal,
    in_threads, own, run,
)


def address(driver):
    return URL.create(f"postgresql+{driver}", USER, PASSWORD, HOST, PORT, DATABASE)


ENGINE = create_engine(address("psycopg"), connect_args={"options": OPTIONS}, pool_size=POOL, max_overflow=0)


class Base(DeclarativeBase):
    pass


class Item(Base):
    __tablename__ = "items"

    id: Mapped[int] = mapped_column(BigInteger, primary_key=True)
    run: Mapped[str] = mapped_column(Text, default=RUN)
    sku: Mapped[str] = mapped_column(Text)
    owner: Mapped[str] = mapped_column(Text, default=TENANT)
    qty: Mapped[int | None] = mapped_column(Integer)
    big: Mapped[int | None] = mapped_column(BigInteger)
    ratio: Mapped[float | None] = mapped_column(Double)
    amount: Mapped[Decimal | None] = mapped_column(Numeric(12, 2))
    is_on: Mapped[bool | None] = mapped_column(Boolean)
    token: Mapped[uuid.UUID | None] = mapped_column(Uuid)
    taken: Mapped[datetime.datetime | None] = mapped_column(TIMESTAMP(timezone=True))
    day: Mapped[datetime.date | None] = mapped_column(Date)
    data: Mapped[dict | None] = mapped_column(JSONB)
    tags: Mapped[list | None] = mapped_column(ARRAY(Text))
    raw: Mapped[bytes | None] = mapped_column(LargeBinary)
    note: Mapped[str | None] = mapped_column(Text)


def count(connection, pattern):
    return connection.scalar(select(func.count()).select_from(Item).where(Item.run == RUN, Item.sku.like(pattern)))


def connects():
    with ENGINE.begin() as connection:
        connection.execute(delete(Item).where(Item.run == RUN))
    assert ENGINE.dialect.server_version_info >= (15,)


def types():
    values = an_item()
    with Session(ENGINE) as session:
        session.add(Item(**values))
        session.commit()
    with Session(ENGINE) as session:
        item = session.scalars(select(Item).where(Item.run == RUN, Item.data["a"][0].as_integer() == 1)).one()
        equal({name: getattr(item, name) for name in values}, values)
        equal(item.owner, TENANT)
        item.note = None
        session.commit()
        equal(session.scalar(select(Item.note).where(Item.id == item.id)), None)


def transactions():
    with Session(ENGINE) as session:
        session.add(Item(sku="gone"))
        session.flush()
        session.rollback()
        session.add(Item(sku="outer"))
        try:
            with session.begin_nested():
                session.add_all([Item(sku="inner"), Item(sku="inner")])
        except exc.IntegrityError as error:
            equal(error.orig.sqlstate, "23505")
        session.commit()
        equal([count(session, sku) for sku in ("gone", "outer", "inner")], [0, 1, 0])


def inserts_many():
    with Session(ENGINE) as session:
        items = [Item(sku=f"many{n}", qty=n) for n in range(1500)]
        session.add_all(items)
        session.commit()
        equal(len({item.id for item in items}), 1500)
        equal(count(session, "many%"), 1500)


def cursors():
    with ENGINE.connect().execution_options(yield_per=7) as connection:
        rows = connection.execute(text("SELECT n FROM generate_series(1, 100) n"))
        equal([row.n for row in rows], list(range(1, 101)))


def large():
    with Session(ENGINE) as session:
        session.add(Item(sku="large", note=MEGABYTE, raw=b"\x00\xff" * 500_000))
        session.commit()
        item = session.scalars(select(Item).where(Item.run == RUN, Item.sku == "large")).one()
        equal((item.note, item.raw), (MEGABYTE, b"\x00\xff" * 500_000))


def errors():
    def raises(sqlstate, sql):
        with ENGINE.connect() as connection:
            try:
                connection.execute(text(sql))
            except exc.DBAPIError as error:
                equal(error.orig.sqlstate, sqlstate)
            else:
                raise AssertionError(f"no error, {sqlstate} was expected")

    raises("42601", "SELEC 1")
    raises("42P01", "SELECT * FROM nowhere")
    raises("22012", "SELECT 1 / 0")
    raises("57014", "SET LOCAL statement_timeout = 100; SELECT count(*) FROM generate_series(1, 10000000000)")


def isolation_levels():
    for level in ("SERIALIZABLE", "REPEATABLE READ", "AUTOCOMMIT", "READ COMMITTED"):
        with ENGINE.connect().execution_options(isolation_level=level) as connection:
            expected = "READ COMMITTED" if level == "AUTOCOMMIT" else level
            equal(connection.scalar(text("SHOW transaction_isolation")).upper(), expected)
            own(connection.scalars(select(Item.owner).distinct()))


def reflects():
    table = Table("items", MetaData(), autoload_with=ENGINE)
    missing = {"id", "run", "sku", "owner", "tags"} - set(table.columns.keys())
    assert not missing, f"columns {missing} were not reflected"
    assert inspect(ENGINE).has_table("items")


def upserts():
    statement = insert(Item).values(run=RUN, sku="upsert", owner=TENANT, qty=2)
    statement = statement.on_conflict_do_update(
        index_elements=["run", "sku"], set_={"qty": statement.excluded.qty + Item.qty}
    ).returning(Item.qty)
    for expected in (2, 4, 6):
        with ENGINE.begin() as connection:
            equal(connection.scalar(statement), expected)


def pools():
    def work(worker):
        for number in range(TRANSACTIONS):
            with Session(ENGINE) as session, session.begin():
                session.add(Item(sku=f"pool{worker}-{number}"))
                session.flush()
                own(session.scalars(select(Item.owner).distinct()))

    in_threads(work, [(worker,) for worker in range(POOL)])
    with ENGINE.connect() as connection:
        equal(count(connection, "pool%"), POOL * TRANSACTIONS)


def with_asyncpg():
    async def work():
        engine = create_async_engine(address("asyncpg"), connect_args={"server_settings": NAMED}, pool_size=POOL, max_overflow=0)

        async def transaction(number):
            async with engine.begin() as connection:
                await connection.execute(insert(Item).values(run=RUN, owner=TENANT, sku=f"async{number}", qty=number))
                own((await connection.scalars(select(Item.owner).distinct())).all())

        await asyncio.gather(*(transaction(number) for number in range(100)))
        async with engine.connect() as connection:
            equal(await connection.scalar(select(func.count()).where(Item.run == RUN, Item.sku.like("async%"))), 100)
        await engine.dispose()

    asyncio.run(work())


run([
    connects, types, transactions, inserts_many, cursors, large, errors, isolation_levels, reflects, upserts, pools,
    with_asyncpg,
])
