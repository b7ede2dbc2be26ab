"""Connections between two units of work (tenants/engine.py): what the one left behind is nothing to the next."""

import pytest
from sqlalchemy import text
from sqlalchemy.exc import IntegrityError, InvalidRequestError

from tenants.db import Database
from tenants.engine import connected
from tenants.models import Throttle
from tests.factories import tenant


@pytest.fixture
def home(broker):
    return tenant(broker)


class BrokenError(Exception):
    """What a unit of work ends with in these tests."""


def throttle(home, name):
    return Throttle(id=f"{home.id}:{name}", tries=1, last_try_at=home.now, window_ends_at=home.now)


def is_there(home, name):
    with home.db.reading() as db:
        return db.get(Throttle, (home.id, f"{home.id}:{name}")) is not None


def test_one_connection_serves_unit_after_unit_and_none_is_lost_by_errors(store):
    database, served = Database(store.url, pool_size=2), set()

    def work(*, fails):
        with connected(database.links) as connection:
            served.add(id(connection.connection.dbapi_connection))
            connection.execute(text("SELECT 1"))
            if fails:
                raise BrokenError

    for _ in range(5):
        work(fails=False)
        with pytest.raises(BrokenError):
            work(fails=True)
    assert database.links.busy == 0
    assert len(served) == 1
    database.dispose()


def test_no_more_wait_than_may(store):
    database = Database(store.url, pool_size=2)
    with connected(database.links), connected(database.links), connected(database.links):
        assert database.links.busy == 3
    assert database.engine.pool.checkedout() == 2
    database.dispose()
    assert database.engine.pool.checkedout() == 0


def test_what_a_failed_unit_wrote_is_gone_for_the_next_on_its_connection(home):
    def fail():
        with home.db.writing() as db:
            db.add(throttle(home, "failed"))
            db.flush()
            raise BrokenError

    with pytest.raises(BrokenError):
        fail()
    with home.db.writing() as db:
        db.add(throttle(home, "next"))
    assert (is_there(home, "failed"), is_there(home, "next")) == (False, True)


def test_what_a_reading_unit_wrote_is_gone(home):
    with home.db.reading() as db:
        db.add(throttle(home, "read"))
        db.flush()
    assert not is_there(home, "read")


def test_unit_that_was_rolled_back_on_the_way_does_not_pass_for_committed(home):
    def lose():
        with home.db.writing() as db:
            db.add(throttle(home, "twice"))
            db.flush()
            db.expunge_all()
            db.add(throttle(home, "twice"))
            with pytest.raises(IntegrityError):
                db.flush()
            db.rollback()

    with pytest.raises(InvalidRequestError):
        lose()
    assert not is_there(home, "twice")
