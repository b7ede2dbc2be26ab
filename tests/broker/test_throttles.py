"""Counters of wrong tries: when the next one is allowed (tenants/throttles.py). Attacks are in tests/attacks."""

from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from threading import Event

import pytest
from sqlalchemy import event

from broker.redis_counters import RedisCounters
from tenants.throttles import (
    ADDRESS_LIMIT,
    FORGET_TRIES,
    FORGIVE_TRY,
    PASSWORD_LIMIT,
    TOTP_LIMIT,
    Limit,
    counter_key,
    paused_until,
    take_try,
)
from tests import factories
from tests.support.redis_server import redis_server

NOW = datetime(2021, 3, 2, 9, 0, tzinfo=UTC)
LIMIT = Limit(free=3, cap=10, window=timedelta(hours=1), longest=timedelta(seconds=20))
END = NOW + LIMIT.window


@dataclass
class Counter:
    tries: int
    last_try_at: datetime = NOW
    window_ends_at: datetime = END


@pytest.mark.parametrize(
    ("counter", "until"),
    [
        pytest.param(None, None, id="the first try"),
        pytest.param(Counter(2), None, id="the last free one"),
        pytest.param(Counter(3), NOW + timedelta(seconds=1), id="then a second"),
        pytest.param(Counter(4), NOW + timedelta(seconds=2), id="then two"),
        pytest.param(Counter(7), NOW + timedelta(seconds=16), id="then sixteen"),
        pytest.param(Counter(8), NOW + timedelta(seconds=20), id="and no longer than the longest"),
        pytest.param(Counter(3, NOW - timedelta(seconds=1)), None, id="a pause that is over"),
        pytest.param(Counter(3, NOW - timedelta(milliseconds=999)), NOW + timedelta(milliseconds=1), id="nearly over"),
        pytest.param(Counter(10, NOW - timedelta(minutes=30)), END, id="at the cap until the window ends"),
        pytest.param(Counter(10, window_ends_at=NOW), None, id="a window that has ended"),
        pytest.param(Counter(10**6), END, id="far beyond"),
    ],
)
def test_pause(counter, until):
    assert paused_until(counter, LIMIT, NOW) == until


@pytest.mark.parametrize(("limit", "cap"), [(PASSWORD_LIMIT, 100), (TOTP_LIMIT, 33), (ADDRESS_LIMIT, 1000)])
def test_limits_are_within_what_was_promised(limit, cap):
    """100 wrong passwords (NIST SP 800-63B-4, 3.2.2); three codes of a million at a time, 1e-4 a day (SF-02)."""
    assert limit.cap <= cap
    assert limit.free < limit.cap


def test_counters_of_two_people_are_two_and_say_nothing_of_them():
    first, second = counter_key("password", "ada@acme.example"), counter_key("password", "bob@acme.example")
    assert first != second != counter_key("totp", "bob@acme.example")
    assert "ada" not in first


@pytest.fixture
def home(broker):
    return factories.tenant(broker)


@pytest.fixture(scope="module")
def redis_url():
    with redis_server() as url:
        yield url


class InDatabase:
    def __init__(self, home):
        self.home = home

    def take(self, now, key="password:x"):
        return taken(self.home, now, key)

    def give_back(self, statement, key="password:x"):
        with self.home.db.writing() as db:
            db.run(statement, key=key)


class InRedis:
    def __init__(self, home, url):
        self.home, self.counters = home, RedisCounters(url)

    def take(self, now, key="password:x"):
        return self.counters.take(self.home.id, [(key, LIMIT)], now)

    def give_back(self, statement, key="password:x"):
        give_back = self.counters.forget if statement is FORGET_TRIES else self.counters.forgive
        give_back(self.home.id, key)


@pytest.fixture(params=["in the database", "in Redis"])
def counting(request, redis_url):
    """Makes a tenant's counters, in either place."""
    return InDatabase if request.param == "in the database" else lambda home: InRedis(home, redis_url)


@pytest.fixture
def tries(counting, home):
    return counting(home)


def taken(home, now, key="password:x"):
    with home.db.writing() as db:
        return take_try(db, key, LIMIT, now)


def test_tries_are_counted_until_they_have_to_wait(home, tries):
    now = home.now
    assert [tries.take(now) for _ in range(4)] == [None, None, None, now + timedelta(seconds=1)]
    assert tries.take(now + timedelta(seconds=1)) is None
    assert tries.take(now + timedelta(seconds=2)) == now + timedelta(seconds=3)


def test_try_that_was_refused_is_not_counted(home, tries):
    now = home.now
    for _ in range(9):
        tries.take(now)
    assert tries.take(now + timedelta(seconds=1)) is None


def test_new_window_starts_at_one(home, tries):
    now = home.now
    for _ in range(3):
        tries.take(now)
    later = now + LIMIT.window
    assert [tries.take(later) for _ in range(4)] == [None, None, None, later + timedelta(seconds=1)]


def test_forgetting_frees_all_and_forgiving_one(home, tries):
    now = home.now
    for _ in range(3):
        tries.take(now)
    tries.give_back(FORGIVE_TRY)
    assert [tries.take(now), tries.take(now)] == [None, now + timedelta(seconds=1)]
    tries.give_back(FORGET_TRIES)
    assert [tries.take(now) for _ in range(3)] == [None] * 3


def test_counter_of_one_tenant_is_not_another_ones(broker, home, counting, tries):
    for _ in range(4):
        tries.take(home.now)
    assert counting(factories.tenant(broker)).take(home.now) is None


def test_try_that_met_no_counter_yet_is_judged_by_the_one_that_came_first(home, db):
    """PostgreSQL: there was no row to lock, and meanwhile others have used up the free tries."""
    now, has_looked = home.now, Event()

    def on_statement(connection, cursor, statement, parameters, context, executemany):
        if statement.startswith("INSERT INTO throttles"):
            has_looked.set()

    with ThreadPoolExecutor(1) as pool:
        with home.db.writing() as first:
            assert [take_try(first, "password:x", LIMIT, now) for _ in range(LIMIT.free)] == [None] * LIMIT.free
            event.listen(db.engine, "before_cursor_execute", on_statement)
            late = pool.submit(taken, home, now)
            assert db.is_sqlite or has_looked.wait(20)
        event.remove(db.engine, "before_cursor_execute", on_statement)
        assert late.result() == now + timedelta(seconds=1)
