"""Django's ORM, with its connections kept, and with server-side binding and its pool."""


import django
from django.conf import settings

from script import (
    DATABASE, HOST, MEGABYTE, OPTIONS, PASSWORD, POOL, PORT, RUN, TENANT, TRANSACTIONS, USER, an_item, equal,
    in_threads, own, run,
)

CONNECTION = {
    "ENGINE": "django.db.backends.postgresql", "HOST": HOST, "PORT": PORT, "USER": USER, "PASSWORD": PASSWORD,
    "NAME": DATABASE, "CONN_MAX_AGE": 600, "CONN_HEALTH_CHECKS": True, "OPTIONS": {"options": OPTIONS},
}
# Cursors that outlive their transaction want a session.
SESSION = {**CONNECTION, "OPTIONS": {"options": OPTIONS + " -c tenantry.pooling=session"}}
POOLED = {
    **CONNECTION, "CONN_MAX_AGE": 0,
    "OPTIONS": {"options": OPTIONS, "server_side_binding": True, "pool": {"min_size": 2, "max_size": POOL}},
}
settings.configure(
    DATABASES={"default": CONNECTION, "pooled": POOLED, "session": SESSION}, USE_TZ=True, TIME_ZONE="Europe/Berlin",
    INSTALLED_APPS=["django.contrib.postgres"],
)
django.setup()

from django.contrib.postgres.fields import ArrayField  # noqa: E402: Django wants to be set up first
from django.db import DataError, IntegrityError, OperationalError, ProgrammingError, connection, connections, models, transaction  # noqa: E402
from django.db.models import F  # noqa: E402


class Item(models.Model):
    id = models.BigAutoField(primary_key=True)
    run = models.TextField(default=RUN)
    sku = models.TextField()
    owner = models.TextField(default=TENANT)
    qty = models.IntegerField(null=True)
    big = models.BigIntegerField(null=True)
    ratio = models.FloatField(null=True)
    amount = models.DecimalField(max_digits=12, decimal_places=2, null=True)
    is_on = models.BooleanField(null=True)
    token = models.UUIDField(null=True)
    taken = models.DateTimeField(null=True)
    day = models.DateField(null=True)
    data = models.JSONField(null=True)
    tags = ArrayField(models.TextField(null=True), null=True)
    raw = models.BinaryField(null=True)
    note = models.TextField(null=True)

    class Meta:
        app_label = "clients"
        db_table = "items"
        managed = False


ITEMS = Item.objects.filter(run=RUN)


def connects():
    ITEMS.delete()
    assert connection.pg_version >= 150000
    connection.ensure_connection()
    with connection.cursor() as cursor:
        cursor.execute("SHOW TimeZone")
        equal(cursor.fetchone()[0], "UTC")


def types():
    values = an_item()
    Item.objects.create(**values)
    for using in ("default", "pooled"):
        item = ITEMS.using(using).get(data__a__0=1, tags__contains=["a"], taken__year=2024)
        equal({name: bytes(v) if isinstance(v := getattr(item, name), memoryview) else v for name in values}, values)


def transactions():
    try:
        with transaction.atomic():
            Item.objects.create(sku="gone")
            raise KeyError
    except KeyError:
        pass
    with transaction.atomic():
        Item.objects.create(sku="outer")
        try:
            with transaction.atomic():
                Item.objects.create(sku="inner")
                Item.objects.create(sku="inner")
        except IntegrityError as error:
            equal(error.__cause__.sqlstate, "23505")
        ITEMS.filter(sku="outer").update(qty=5)
        equal(ITEMS.select_for_update().get(sku="outer").qty, 5)
    equal([ITEMS.filter(sku=sku).count() for sku in ("gone", "outer", "inner")], [0, 1, 0])


def inserts_many():
    made = Item.objects.bulk_create([Item(sku=f"many{n}", qty=n) for n in range(500)], batch_size=200)
    equal(len({item.pk for item in made}), 500)
    ITEMS.filter(sku__startswith="many").update(qty=F("qty") + 1)
    equal(ITEMS.filter(sku__startswith="many").aggregate(models.Sum("qty"))["qty__sum"], sum(range(1, 501)))


def groups():
    found = ITEMS.filter(sku__startswith="many").values("owner").annotate(n=models.Count("id"))
    equal([(row["owner"], row["n"]) for row in found], [(TENANT, 500)])
    # Groups by the primary key alone.
    own(item.owner for item in ITEMS.annotate(n=models.Count("id")))


def cursors():
    many = ITEMS.filter(sku__startswith="many")
    with transaction.atomic():
        equal(len([item.qty for item in many.iterator(chunk_size=7)]), 500)
    # Outside of a transaction Django declares them WITH HOLD.
    equal(len([item.qty for item in many.using("session").iterator(chunk_size=7)]), 500)


def large():
    Item.objects.create(sku="large", note=MEGABYTE, raw=b"\x00\xff" * 500_000)
    item = ITEMS.get(sku="large")
    equal((item.note, bytes(item.raw)), (MEGABYTE, b"\x00\xff" * 500_000))


def errors():
    def raises(kind, sqlstate, sql, using="default"):
        try:
            with transaction.atomic(using), connections[using].cursor() as cursor:
                cursor.execute(sql)
        except kind as error:
            equal(error.__cause__.sqlstate, sqlstate)
        else:
            raise AssertionError(f"no error, {sqlstate} was expected")

    for using in ("default", "pooled"):
        raises(ProgrammingError, "42601", "SELEC 1", using)
        raises(ProgrammingError, "42P01", "SELECT * FROM nowhere", using)
        raises(DataError, "22012", "SELECT 1 / 0", using)
    raises(OperationalError, "57014", "SET LOCAL statement_timeout = 100; SELECT count(*) FROM generate_series(1, 10000000000)")


def introspects():
    with connection.cursor() as cursor:
        assert "items" in connection.introspection.table_names(cursor)
        columns = {column.name for column in connection.introspection.get_table_description(cursor, "items")}
        missing = {"id", "run", "sku", "owner", "tags"} - columns
        assert not missing, f"columns {missing} were not found"


def upserts():
    for qty in (2, 3):
        Item.objects.bulk_create(
            [Item(sku="upsert", qty=qty)], update_conflicts=True, unique_fields=["run", "sku"], update_fields=["qty"]
        )
    equal(ITEMS.get(sku="upsert").qty, 3)
    item, is_new = Item.objects.update_or_create(run=RUN, sku="upsert", defaults={"qty": 9})
    equal((item.qty, is_new), (9, False))


def pools():
    def work(worker, using):
        try:
            for number in range(TRANSACTIONS):
                with transaction.atomic(using):
                    Item.objects.using(using).create(sku=f"pool{using}{worker}-{number}")
                    own(Item.objects.using(using).values_list("owner", flat=True).distinct())
                if using == "pooled":
                    connections[using].close()
        finally:
            connections.close_all()

    in_threads(work, [(worker, using) for worker in range(POOL) for using in ("default", "pooled")])
    equal(ITEMS.filter(sku__startswith="pool").count(), POOL * 2 * TRANSACTIONS)


def ends():
    for each in connections.all():
        each.close()
    connections["pooled"].close_pool()


run([
    connects, types, transactions, inserts_many, groups, cursors, large, errors, introspects, upserts, pools, ends,
])
