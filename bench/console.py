"""`python -m bench.console`: the users table and an import, in a tenant of very many people (DB, PEOPLE)."""

import csv
import io
import os
import resource
import shutil
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TypeVar

from sqlalchemy import create_engine

from bench.people import fill
from bench.servers import ROOT
from broker.wiring import Broker, make_broker
from tenants.account_filters import Filters
from tenants.account_search import Sort, methods_of, search_accounts
from tenants.import_jobs import apply, prepare
from tenants.migrate import migrate
from tests import factories
from tests.factories import Home
from tests.support import postgres, rows
from tests.support.stores import Store, postgresql_store, sqlite_store
from tests.support.wiring import make_settings

T = TypeVar("T")
FOLDER = ROOT / "var" / "bench"
_PAGES = 20
"""Of each list, one after the other."""
_ROWS = 10_000


@dataclass(frozen=True, slots=True)
class Spread:
    """What so many runs of one thing took, in milliseconds."""

    name: str
    times: tuple[float, ...]

    def at(self, share: float) -> float:
        ordered = sorted(self.times)
        return ordered[min(len(ordered) - 1, int(len(ordered) * share))]


def main() -> int:
    database, people = os.environ.get("DB") or "sqlite", int(os.environ.get("PEOPLE") or "100000")
    folder = FOLDER / f"console-{os.getpid()}"
    folder.mkdir(parents=True)
    try:
        with _store(database, folder) as store:
            migrate(store.owner_url)
            broker = make_broker(make_settings(store.url))
            home = factories.tenant(broker)
            _say(f"Filling in {people} people …")
            fill(broker, home.db, people, home.domain)
            _analyse(store)
            print(f"{database}, {people} people\n")
            _print_table(list(_lists(home)))
            _import(broker, home)
            broker.db.dispose()
    finally:
        shutil.rmtree(folder)
    return 0


@contextmanager
def _store(database: str, folder: Path) -> Iterator[Store]:
    making = sqlite_store(folder, "people") if database == "sqlite" else postgresql_store(postgres.start(os.getpid()), "people")
    with making as store:
        yield store


def _analyse(store: Store) -> None:
    """What autovacuum does by itself in a production's PostgreSQL; the bench's own has none."""
    if store.backend == "postgresql":
        engine = create_engine(store.owner_url)
        with engine.connect() as connection:
            connection.exec_driver_sql("ANALYZE")
            connection.commit()
        engine.dispose()


def _lists(home: Home) -> Iterator[Spread]:
    part = rows.organization(home)
    wanted: dict[str, tuple[Filters, Sort]] = {
        "everybody, by address": (Filters(), Sort.ADDRESS),
        "everybody, latest sign-in first": (Filters(), Sort.SEEN),
        "names that begin with “jane”": (Filters(text="jane"), Sort.NAME),
        "surnames that begin with “öz”": (Filters(text="öz"), Sort.SEEN),
        "one address": (Filters(text="jane.doe.77"), Sort.ADDRESS),
        "nobody": (Filters(text="jnae"), Sort.ADDRESS),
        "a domain": (Filters(text=home.domain), Sort.CREATED),
        "invited": (Filters(state="invited"), Sort.NAME),
        "expired": (Filters(state="expired"), Sort.SEEN),
        "never signed in": (Filters(state="never"), Sort.ADDRESS),
        "e-mail and password": (Filters(method="local"), Sort.SEEN),
        "admins": (Filters(role="admin"), Sort.NAME),
        "several at once": (Filters(text="noor", method="local", state="disabled"), Sort.SEEN),
        "of an empty part": (Filters(organizations=frozenset({part.id})), Sort.ADDRESS),
    }
    for name, (filters, sort) in wanted.items():
        yield Spread(name, tuple(_pages(home, filters, sort)))


def _pages(home: Home, filters: Filters, sort: Sort) -> Iterator[float]:
    """From page to page, and from the start again where they end. The first is not counted: it warms the caches."""
    cursor = ""
    for number in range(_PAGES + 1):
        begun = time.perf_counter()
        with home.db.reading() as db:
            found = search_accounts(db, filters, sort, home.now, cursor=cursor)
            methods_of(db, [row.id for row in found.rows])
        if number:
            yield (time.perf_counter() - begun) * 1000
        cursor = found.next or ""


def _print_table(spreads: list[Spread]) -> None:
    print(f"{'users table, a page of 50':36} {'median':>8} {'p99':>8} ms")
    for one in spreads:
        print(f"{one.name:36} {one.at(0.5):8.1f} {one.at(0.99):8.1f}")
    everything = Spread("all of these", tuple(moment for one in spreads for moment in one.times))
    print(f"{everything.name:36} {everything.at(0.5):8.1f} {everything.at(0.99):8.1f}   (target: 150)\n")


def _import(broker: Broker, home: Home) -> None:
    boss = factories.account(home, role="owner", last_login_at=home.now)
    sheet = _sheet(home)
    before = _peak()
    job, read = _timed(lambda: prepare(home.db, sheet, "bench.csv", boss.id, broker.ports.clock.now()))
    _done, written = _timed(lambda: apply(home.db, job, boss.id, broker.ports.clock.now()))
    print(f"import of {_ROWS} rows: read and planned in {read:.1f} s, written in {written:.1f} s   (target: 60 together)")
    print(f"memory of the whole process: {before:.0f} MiB before, {_peak():.0f} MiB at most   (target: 300)")


def _sheet(home: Home) -> bytes:
    text = io.StringIO()
    writer = csv.writer(text)
    writer.writerow(["E-mail", "Name", "Organization", "Email login enabled", "Expiry date"])
    for number in range(_ROWS):
        writer.writerow([f"new.{number}@{home.domain}", f"New Person {number}", "", "Y" if number % 3 else "N", "2099-12-31"])
    return text.getvalue().encode()


def _timed(work: Callable[[], T]) -> tuple[T, float]:
    begun = time.perf_counter()
    return work(), time.perf_counter() - begun


def _peak() -> float:
    """The most memory that this process ever had, in MiB."""
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024


def _say(text: str) -> None:
    print(text, file=sys.stderr, flush=True)


if __name__ == "__main__":
    sys.exit(main())
