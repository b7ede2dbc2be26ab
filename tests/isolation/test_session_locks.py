"""A tenant's session reaches the tenant's own rows only, in whatever form it is asked; what it can't confine it refuses.

Account and Grant stand for every table (test_every_class.py walks all of them). B's rows are there in each test.
"""

import pytest
from sqlalchemy import (
    case,
    delete,
    except_,
    exists,
    func,
    insert,
    literal,
    literal_column,
    select,
    table,
    text,
    true,
    union,
    union_all,
    update,
)
from sqlalchemy import column as bare_column
from sqlalchemy.orm import Bundle, aliased

from tenants.accounts import Account, Grant
from tenants.db import ScopeError
from tenants.ids import new_id
from tenants.tenants import PlatformEvent, Tenant, TenantSettings
from tenants.throttles import Throttle
from tenants.transactions import BEGIN_TRANSACTION, SAVE_TRANSACTION
from tests import factories

ALIAS = aliased(Account)
SUBQUERY = select(Account).subquery()
RAW, RAW_GRANTS = Account.__table__, Grant.__table__
RAW_ALIAS = RAW.alias()

# Each gives tenant ids, and would give both if it were not confined.
CONFINED = {
    "a column": select(Account.tenant_id),
    "an alias": select(ALIAS.tenant_id),
    "a join": select(Grant.tenant_id).join(Account, Account.id == Grant.account_id),
    "a join to everything": select(Grant.tenant_id).select_from(Account).join(Grant, true()),
    "an outer join": select(Grant.tenant_id).select_from(Account).outerjoin(Grant, true()),
    "a full outer join": select(Grant.tenant_id).select_from(Account).join(Grant, true(), full=True),
    "a join to an alias of itself": select(ALIAS.tenant_id).select_from(Account).join(ALIAS, true()),
    "a subquery": select(SUBQUERY.c.tenant_id),
    "an alias of a subquery": select(aliased(Account, SUBQUERY).tenant_id),
    "an alias of a table's alias": select(aliased(Account, RAW.alias()).tenant_id),
    "a common table expression": select(select(Account).cte().c.tenant_id),
    "a scalar subquery": select(select(func.max(Account.tenant_id)).scalar_subquery()),
    "a scalar subquery, the other end": select(select(func.min(Account.tenant_id)).scalar_subquery()),
    "a union": union(select(Account.tenant_id), select(Grant.tenant_id)),
    "a union of everything in a subquery": select(
        union_all(select(Account.tenant_id), select(Grant.tenant_id)).subquery().c.tenant_id
    ),
    "a difference": except_(select(Account.tenant_id), select(Grant.tenant_id).where(Grant.value == "nothing")),
    "a function": select(func.max(Account.tenant_id)),
    "a function, the other end": select(func.min(Account.tenant_id)),
    "groups": select(Account.tenant_id).group_by(Account.tenant_id),
    "a bundle": select(Bundle("both", Account.tenant_id)).with_only_columns(Account.tenant_id),
    "a locked row": select(Account.tenant_id).with_for_update(),
    "an option that asks for more": select(Account.tenant_id).execution_options(include_all_tenants=True),
}

REFUSED = {
    "a table's column": lambda b: select(RAW.c.tenant_id),
    "a table's alias": lambda b: select(RAW_ALIAS.c.tenant_id),
    "a table in a subquery": lambda b: select(select(RAW.c.tenant_id).subquery().c.tenant_id),
    "a table beside an entity": lambda b: select(Account.tenant_id, RAW_GRANTS.c.tenant_id),
    "a table's alias beside an entity": lambda b: select(Account.tenant_id, RAW_ALIAS.c.tenant_id),
    "a table joined to an entity": lambda b: select(Account.id).join(RAW_GRANTS, true()),
    "a table under an entity": lambda b: select(Account.tenant_id).select_from(RAW),
    "a table in a condition": lambda b: select(Account.id).where(Account.id.in_(select(RAW_GRANTS.c.account_id))),
    "a table in EXISTS": lambda b: select(Account.id).where(exists(select(RAW_GRANTS.c.id))),
    "a table in a value": lambda b: select(Account.id, select(func.max(RAW.c.tenant_id)).scalar_subquery()),
    "a table in an order": lambda b: select(Account.id).order_by(select(RAW_GRANTS.c.id).limit(1).scalar_subquery()),
    "a table by its name": lambda b: select(table("accounts", bare_column("tenant_id")).c.tenant_id),
    "a table by its name beside an entity": lambda b: select(Account.id, table("grants", bare_column("tenant_id")).c.tenant_id),
    "a text": lambda b: text("SELECT tenant_id FROM accounts"),
    "a text with columns": lambda b: text("SELECT tenant_id FROM accounts").columns(Account.tenant_id),
    "an entity from a text": lambda b: select(Account).from_statement(text("SELECT * FROM accounts")),
    "a text in a condition": lambda b: select(Account.id).where(text("1 = 1")),
    "a text as a column": lambda b: select(Account.id, literal_column("(SELECT max(tenant_id) FROM grants)")),
    "a text in an order": lambda b: select(Account.id).order_by(text("(SELECT max(tenant_id) FROM grants)")),
    "nothing of ours": lambda b: select(literal(1)),
    "EXISTS alone": lambda b: select(exists().where(Grant.tenant_id == b.id)),
    "CASE alone": lambda b: select(case((exists().where(Grant.tenant_id == b.id), 1), else_=0)),
    "a platform table": lambda b: select(Tenant.id),
    "a platform table in a join": lambda b: select(Account.id).join(Tenant, true()),
    "a platform table in EXISTS": lambda b: select(Account.id).where(exists().where(Tenant.id == b.id)),
    "an insert": lambda b: insert(Account).values(id="x", tenant_id=b.id),
    "an insert from a query": lambda b: insert(Grant).from_select(["id"], select(Account.id)),
    "an insert into a table": lambda b: insert(RAW).values(id="x", tenant_id=b.id),
    "an update of a table": lambda b: update(RAW).values(name="x"),
    "an update that moves rows": lambda b: update(Throttle).values(tenant_id=b.id),
    "an update by name that moves rows": lambda b: update(Throttle).values({"tenant_id": b.id}),
    "an update with a table's value": lambda b: update(Account).values(
        name=select(func.max(RAW_GRANTS.c.value)).scalar_subquery()
    ),
    "an update with a table's condition": lambda b: (
        update(Account).where(Account.id == RAW_GRANTS.c.account_id).values(name="x")
    ),
    "an update that gives a table's column": lambda b: update(Account).values(name="x").returning(RAW_GRANTS.c.id),
    "an update from another entity": lambda b: update(Account).where(Grant.tenant_id == b.id).values(name=Grant.value),
    "a delete by another entity": lambda b: delete(Account).where(Grant.tenant_id == b.id),
    "a delete from a table": lambda b: delete(RAW),
    "a delete with a table's condition": lambda b: delete(Grant).where(Grant.account_id == RAW.c.id),
}


@pytest.fixture(scope="module")
def homes(broker):
    made = factories.tenant(broker), factories.tenant(broker)
    for home in made:
        factories.account(home, groups=("staff",))
    return made


@pytest.mark.parametrize("statement", CONFINED.values(), ids=CONFINED)
@pytest.mark.filterwarnings("ignore:SELECT statement has a cartesian product")
def test_query_gives_own_rows_only(homes, statement):
    for home in homes:
        with home.db.reading() as db:
            assert set(db.execute(statement).scalars()) == {home.id}


@pytest.mark.parametrize("make", REFUSED.values(), ids=REFUSED)
def test_what_cannot_be_confined_is_refused(homes, make):
    here, there = homes
    with pytest.raises(ScopeError), here.db.writing() as db:
        db.execute(make(there))


def test_counting_counts_own_rows(homes):
    here, _ = homes
    with here.db.reading() as db:
        assert db.scalar(select(func.count()).select_from(Account)) == 1
        assert db.scalar(select(func.count(Account.id))) == 1
        assert db.scalar(select(func.count()).select_from(Account).join(Grant, true())) == 1
        assert [row.tenant_id for row in db.query(Account)] == [here.id]


def test_conditions_see_own_rows_only(homes):
    here, there = homes
    theirs = exists().where(Grant.tenant_id == there.id)
    with here.db.reading() as db:
        assert db.scalars(select(Account).where(theirs)).all() == []
        assert db.scalar(select(exists(select(Grant.id).where(Grant.tenant_id == there.id)))) is False
        own = select(Account.id).where(Account.id.in_(select(Grant.account_id)))
        assert len(db.scalars(own).all()) == 1
        assert db.scalars(select(Account.id).where(literal(there.id).in_(select(Grant.tenant_id)))).all() == []


def test_get_finds_own_rows_only(homes):
    here, there = homes
    with here.db.reading() as db:
        assert db.get(TenantSettings, (here.id, "settings")) is not None
        assert db.get(TenantSettings, (there.id, "settings")) is None
        assert db.get(TenantSettings, (there.id, "settings"), populate_existing=True) is None
        with pytest.raises(ScopeError):
            db.get(Tenant, there.id)


def test_update_and_delete_see_own_rows_only_in_their_conditions(homes):
    here, there = homes
    theirs = exists().where(Grant.tenant_id == there.id)
    statements = (update(Account).where(theirs).values(name="x"), delete(Account).where(theirs))
    for statement in statements:
        with here.db.writing() as db:
            assert db.execute(statement.execution_options(synchronize_session=False)).rowcount == 0


@pytest.mark.parametrize(
    "attempt",
    [
        lambda db, row: db.bulk_save_objects([row]),
        lambda db, row: db.bulk_insert_mappings(Throttle, [values_of(row)]),
        lambda db, row: db.bulk_update_mappings(Throttle, [values_of(row)]),
        lambda db, row: db.execute(insert(Throttle), [values_of(row)]),
        lambda db, row: db.execute(update(Throttle), [values_of(row)]),
    ],
    ids=["objects", "insert", "update", "ORM insert", "ORM update"],
)
def test_bulk_helpers_are_refused(homes, attempt):
    here, there = homes
    with pytest.raises(ScopeError), here.db.writing() as db:
        attempt(db, throttle_of(there))


def throttle_of(home):
    return Throttle(tenant_id=home.id, id=new_id("t"), tries=99, last_try_at=home.now, window_ends_at=home.now)


def values_of(row):
    return {name: getattr(row, name) for name in ("tenant_id", "id", "tries", "last_try_at", "window_ends_at")}


def test_flush_fills_the_tenant_in_and_refuses_another(homes):
    here, there = homes
    with here.db.writing() as db:
        row = Throttle(id=new_id("t"), tries=1, last_try_at=here.now, window_ends_at=here.now)
        db.add(row)
        db.flush()
        assert row.tenant_id == here.id
    with pytest.raises(ScopeError), here.db.writing() as db:
        db.add(throttle_of(there))
    with pytest.raises(ScopeError), here.db.writing() as db:
        db.get_one(Throttle, (here.id, row.id)).tenant_id = there.id
    with pytest.raises(ScopeError), here.db.writing() as db:
        db.add(PlatformEvent(id=new_id("evt"), at=here.now, reason="smuggled"))


def test_tenant_of_a_prepared_statement_can_not_be_handed_in(homes):
    here, there = homes
    with pytest.raises(ScopeError), here.db.writing() as db:
        db.run(SAVE_TRANSACTION, id_hash="x", browser="x", now=here.now, tenant_id=there.id)
    with pytest.raises(ScopeError), here.db.writing() as db:
        db.run(BEGIN_TRANSACTION, id="x", tenant_id=there.id)
    with here.db.reading() as db, pytest.raises(ScopeError):
        db.one(SAVE_TRANSACTION, id_hash="x", browser="x", now=here.now, broker_tenant=there.id)


def test_session_is_made_for_the_orm_when_that_asks_and_knows_no_other_names(homes):
    with homes[0].db.reading() as db:
        for _ in range(2):
            with pytest.raises(AttributeError):
                db.no_such_thing  # noqa: B018 - looking is what is tried


def test_database_of_no_tenant_is_not_to_be_had(db):
    with pytest.raises(ScopeError, match="needs a tenant"):
        db.tenant("")


def test_session_of_the_platforms_own_tables_reaches_no_row_of_a_tenant(broker):
    with broker.db.own_tables() as own, pytest.raises(ScopeError):
        own.scalars(select(Account)).all()
