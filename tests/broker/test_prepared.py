"""Statements that go straight to the driver: the same rows, errors and listeners as SQLAlchemy's own way."""

import pytest
from sqlalchemy import bindparam, event, insert, select, update
from sqlalchemy.exc import IntegrityError, StatementError

from tenants.accounts import ADD_ACCOUNT
from tenants.credentials import ADD_CREDENTIAL, Credential
from tenants.ids import new_id
from tenants.statements import scoped
from tenants.throttles import COUNT_TRY, THROTTLE, Throttle
from tests import factories

_ROW = Throttle.__table__
LISTED = scoped(select(_ROW.c.id, _ROW.c.tries).where(_ROW.c.id.in_(bindparam("keys", expanding=True))))
ADDED = scoped(insert(_ROW))
MOVED = scoped(update(Throttle).where(_ROW.c.id == bindparam("key")).returning(*_ROW.c))


@pytest.fixture
def home(broker):
    return factories.tenant(broker)


def is_straight(home, statement, **parameters):
    return statement.prepared_for(home.broker.db.engine.dialect, parameters | {"broker_tenant": home.id}) is not None


def count(home, key="x"):
    with home.db.writing() as db:
        return db.run(COUNT_TRY, key=key, now=home.now, window_end=home.now)


def test_rows_have_their_names_and_types(home):
    assert count(home) == 1
    with home.db.reading() as db:
        row = db.one(THROTTLE, key="x")
        assert (row.tries, row.last_try_at, row._mapping["window_ends_at"], next(iter(row))) == (1, home.now, home.now, 1)
        assert db.one(THROTTLE, key="y") is None
    assert is_straight(home, THROTTLE, key="x")


def test_written_columns_are_those_that_it_is_run_with(home):
    count(home)
    with home.db.writing() as db:
        assert db.one(MOVED, key="x", tries=7).tries == 7
        assert db.one(MOVED, key="x", window_ends_at=home.now, tries=8).tries == 8
        assert db.one(MOVED, key="y", tries=9) is None


def test_list_that_expands_goes_the_longer_way(home):
    for key in ("a", "b", "c"):
        count(home, key)
    with home.db.reading() as db:
        assert {row.id for row in db.all(LISTED, keys=["a", "c"])} == {"a", "c"}
    assert not is_straight(home, LISTED, keys=["a", "c"])


def test_columns_that_are_not_named_have_their_defaults(home):
    who = factories.account(home)
    values = {"id": new_id("cre"), "account_id": who.id, "kind": "recovery_code", "created_at": home.now}
    with home.db.writing() as db:
        db.run(ADD_CREDENTIAL, **values)
        assert db.get(Credential, (home.id, values["id"])).use_count == 0
    assert is_straight(home, ADD_CREDENTIAL, **values)


def test_default_that_looks_at_other_columns_goes_the_longer_way(home):
    assert not is_straight(home, ADD_ACCOUNT, id="acc_x", email="x@y.example")


def test_forgotten_parameter_is_named(home):
    with home.db.reading() as db, pytest.raises(StatementError, match="key"):
        db.one(THROTTLE)


def test_errors_are_told_apart_and_hold_no_values(home):
    values = {"id": "password:canary", "tries": 1, "last_try_at": home.now, "window_ends_at": home.now}
    with home.db.writing() as db:
        db.run(ADDED, **values)
    with pytest.raises(IntegrityError) as caught, home.db.writing() as db:
        db.run(ADDED, **values)
    assert is_straight(home, ADDED, **values)
    assert "canary" not in str(caught.value).partition("DETAIL")[0]


def test_listeners_hear_of_it_and_may_change_it(home):
    heard = []

    def before(connection, cursor, statement, parameters, context, executemany):
        heard.append(statement)
        return statement, parameters

    engine = home.broker.db.engine
    event.listen(engine, "before_cursor_execute", before, retval=True)
    count(home)
    event.remove(engine, "before_cursor_execute", before)
    assert sum(statement.startswith("INSERT INTO throttles") for statement in heard) == 1
