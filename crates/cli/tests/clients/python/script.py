"""What every Python client goes through: checks by name, each told as `ok` or `FAIL`, and whose rows were seen.

The environment names the door: PGHOST, PGPORT, PGUSER, PGPASSWORD, PGDATABASE, PGOPTIONS; TENANT is the slug, DOOR `tenant` or `app`,
ISOLATION what it says, RUN a name that keeps the rows of one client apart from those of the others.
"""

import datetime
import inspect
import os
import sys
import threading
import traceback
import uuid
from decimal import Decimal

HOST = os.environ["PGHOST"]
PORT = int(os.environ["PGPORT"])
USER = os.environ["PGUSER"]
PASSWORD = os.environ["PGPASSWORD"]
DATABASE = os.environ["PGDATABASE"]
TENANT = os.environ["TENANT"]
IS_APP_DOOR = os.environ["DOOR"] == "app"
ISOLATION = os.environ["ISOLATION"]
RUN = os.environ["RUN"]
MEGABYTE = "x" * 1_000_000
# Taken out of the environment, or libpq would add it where a check wants to be without.
OPTIONS = os.environ.pop("PGOPTIONS")
# Settings of the start-up packet, for drivers that send them one by one.
NAMED = {"app.current_tenant": TENANT} if IS_APP_DOOR else {}
POOL = 8
TRANSACTIONS = 25


def own(owners):
    """Fails where a row of another tenant was seen, or none at all."""
    owners = set(owners)
    assert owners == {TENANT}, f"rows of {owners}, this is {TENANT}"


def equal(found, expected):
    assert found == expected, f"found {found!r}, expected {expected!r}"


def an_item():
    """A value of each type that the table has, by column, but for whose it is."""
    taken = datetime.datetime(2024, 2, 29, 12, 30, 15, 123456, tzinfo=datetime.timezone.utc)
    return {
        "sku": "types", "qty": 7, "big": 2**62, "ratio": 0.1, "amount": Decimal("12.50"), "is_on": True,
        "token": uuid.uuid4(), "taken": taken, "day": taken.date(), "data": {"a": [1, None, "ü"]},
        "tags": ["a", "b c", None, '"'], "raw": bytes(range(256)), "note": "Ünïcode ✓ '\"\\",
    }


def in_threads(work, calls):
    """Calls `work` with each of these arguments, all at the same time; the first error is raised when all have ended."""
    faults = []

    def guarded(arguments):
        try:
            work(*arguments)
        except Exception as error:  # noqa: BLE001: raised below
            faults.append(error)

    threads = [threading.Thread(target=guarded, args=(arguments,)) for arguments in calls]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    if faults:
        raise faults[0]


def _told(name, error):
    if error is None:
        print(f"ok {name}", flush=True)
        return 0
    print(f"FAIL {name}: {type(error).__name__}: {str(error).strip()}", flush=True)
    traceback.print_exception(error, file=sys.stderr)
    return 1


def run(checks):
    """Runs every check, in their order."""
    failures = 0
    for check in checks:
        try:
            check()
            failures += _told(check.__name__, None)
        except Exception as error:  # noqa: BLE001: the next check still runs
            failures += _told(check.__name__, error)
    sys.exit(1 if failures else 0)


async def run_async(checks):
    failures = 0
    for check in checks:
        try:
            made = check()
            if inspect.isawaitable(made):
                await made
            failures += _told(check.__name__, None)
        except Exception as error:  # noqa: BLE001
            failures += _told(check.__name__, error)
    return failures
