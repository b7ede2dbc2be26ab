"""`scoped()` and `platform()`: what they confine, and what they refuse to."""

import pytest
from sqlalchemy import (
    bindparam,
    delete,
    exists,
    func,
    insert,
    literal,
    literal_column,
    select,
    table,
    text,
    union,
    update,
)

from tenants.accounts import Account, Grant
from tenants.credentials import Credential
from tenants.statements import platform, scoped, scoped_upsert
from tenants.tenants import Tenant, TenantHost
from tests import factories

RAW, RAW_GRANTS = Account.__table__, Grant.__table__

UNCONFINABLE = {
    "nothing": select(literal(1)),
    "a text": select(Account.id).where(text("1 = 1")),
    "a text as a column": select(Account.id, literal_column("(SELECT 1)")),
    "an alias": select(RAW.alias().c.id),
    "an alias beside its table": select(RAW.c.id).join(RAW.alias(), literal(True)),
    "a table by its name": select(table("accounts").alias().c),
    "a table by its name beside one of ours": select(RAW.c.id).join(table("grants"), literal(True)),
    "a subquery": select(select(RAW.c.id).subquery().c.id),
    "a common table expression": select(select(RAW.c.id).cte().c.id),
    "a sub-select in a condition": select(RAW.c.id).where(RAW.c.id.in_(select(RAW_GRANTS.c.account_id))),
    "EXISTS": select(RAW.c.id).where(exists().where(RAW_GRANTS.c.id == "x")),
    "a union": union(select(RAW.c.id), select(RAW_GRANTS.c.id)),
    "a platform table": select(TenantHost.host),
    "a platform table in a join": select(RAW.c.id).join(TenantHost, TenantHost.tenant_id == RAW.c.tenant_id),
    "an insert into a platform table": insert(TenantHost),
    "an update of tenants": update(Tenant).values(name="x"),
    "a delete of a platform table": delete(TenantHost),
    "an update with a sub-select": update(RAW).values(name=select(func.max(RAW_GRANTS.c.value)).scalar_subquery()),
}


@pytest.fixture(scope="module")
def homes(broker):
    made = factories.tenant(broker), factories.tenant(broker)
    for home in made:
        factories.account(home, groups=("staff",))
    return made


@pytest.mark.parametrize("statement", UNCONFINABLE.values(), ids=UNCONFINABLE)
def test_what_cannot_be_confined_is_refused(statement):
    with pytest.raises(ValueError, match=r"confined|no tenant"):
        scoped(statement)


def test_reads_are_confined(homes):
    here, there = homes
    with here.db.reading() as db:
        assert {row.tenant_id for row in db.all(scoped(select(Account.tenant_id)))} == {here.id}
        assert db.one(scoped(select(Account.id).where(Account.tenant_id == there.id))) is None


def test_both_sides_of_a_join_are_confined(homes):
    here, _ = homes
    everything = scoped(select(Account.tenant_id, Grant.tenant_id.label("other")).join(Grant, literal(True)))
    with here.db.reading() as db:
        assert {tuple(row) for row in db.all(everything)} == {(here.id, here.id)}


@pytest.mark.parametrize("full", [False, True], ids=["left", "full"])
def test_outer_join_keeps_the_rule_on_both_sides_and_rows_without_a_partner(homes, full):
    here, there = homes
    joined = scoped(
        select(Account.tenant_id, Credential.tenant_id.label("other"), Credential.kind).outerjoin(
            Credential, Credential.kind == bindparam("kind"), full=full
        )
    )
    with here.db.reading() as db:
        found = db.all(joined, kind="totp")
        assert {(row.tenant_id, row.other) for row in found} == {(here.id, here.id)}
        assert [tuple(row) for row in db.all(joined, kind="none of ours")] == [(here.id, None, None)]
    assert here.id != there.id


def test_tenant_of_a_join_is_ones_own(homes):
    here, _ = homes
    with here.db.reading() as db:
        joined = scoped(select(Tenant.slug).select_from(Account).join(Tenant, literal(True)))
        assert {row.slug for row in db.all(joined)} == {here.slug}


def test_writes_are_confined(homes):
    here, there = homes
    with here.db.writing() as db:
        assert db.run(scoped(update(Grant).values(source="changed").where(Grant.tenant_id == there.id))) == 0
        assert db.run(scoped(update(Grant).values(source="changed"))) == 1
        assert db.run(scoped(delete(Grant).where(Grant.tenant_id == there.id))) == 0


def test_upsert_meets_own_rows_only(homes):
    here, there = homes
    values = {"id": "same", "account_id": bindparam("owner"), "kind": "group", "value": "v", "source": bindparam("by")}
    upsert = scoped_upsert(RAW_GRANTS, ["id"], insert=values, update={"source": bindparam("by")})
    for home in homes:
        with home.db.writing() as db:
            owner = db.scalar(select(Account.id))
            db.run(upsert, owner=owner, by=home.slug)
            db.run(upsert, owner=owner, by=f"again {home.slug}")
    for home in (here, there):
        with home.db.reading() as db:
            assert db.get_one(Grant, (home.id, "same")).source == f"again {home.slug}"
    with pytest.raises(ValueError, match="no tenant"):
        scoped_upsert(Tenant.__table__, ["id"], insert={}, update={})


def test_platform_reads_platform_tables_only():
    assert platform(select(Tenant.id)).statement is not None
    for statement in (select(Account.id), select(Tenant.id).join(Account, literal(True)), select(RAW.alias().c.id)):
        with pytest.raises(ValueError, match=r"belongs to tenants|confined"):
            platform(statement)
