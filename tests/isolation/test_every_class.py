"""Every mapped class, whichever comes: tenant A's session neither sees nor touches a row of tenant B."""

from contextlib import nullcontext, suppress

import pytest
from sqlalchemy import delete, func, inspect, select, update
from sqlalchemy.exc import IntegrityError, ProgrammingError

from tenants import models
from tenants.audit import AuditEvent
from tenants.base import Base, TenantScoped
from tenants.db import ScopeError
from tenants.statements import is_tenant_table
from tests import factories
from tests.support.rows import FACTORIES

MAPPED = sorted((mapper.class_ for mapper in Base.registry.mappers), key=lambda model: model.__name__)
TENANTS_OWN = [model for model in MAPPED if issubclass(model, TenantScoped)]


@pytest.fixture(scope="module")
def homes(broker):
    return factories.tenant(broker), factories.tenant(broker)


@pytest.fixture
def foreign(homes, model):
    """A row of B."""
    return FACTORIES[model](homes[1])


def rows_of(broker, model, tenant_id):
    with broker.db.platform("a test counts rows", broker.ports.clock.now()) as db:
        return db.scalar(select(func.count()).select_from(model).where(model.tenant_id == tenant_id))


def some_column(model):
    """A column that an UPDATE may set to itself."""
    return next(column.key for column in inspect(model).columns if not column.primary_key)


def test_every_class_has_a_factory():
    assert set(MAPPED) == set(FACTORIES)


def test_every_class_is_listed_and_marked_as_what_it_is():
    assert set(TENANTS_OWN) == set(models.TENANT_CLASSES)
    assert set(MAPPED) - set(TENANTS_OWN) == set(models.PLATFORM_CLASSES)
    assert {table for table in Base.metadata.sorted_tables if is_tenant_table(table)} == {
        model.__table__ for model in TENANTS_OWN
    }


@pytest.mark.parametrize("model", TENANTS_OWN, ids=lambda model: model.__name__)
def test_key_begins_with_the_tenant_and_references_carry_it(model):
    table = model.__table__
    assert [column.name for column in table.primary_key] == ["tenant_id", "id"]
    for reference in table.foreign_key_constraints:
        if reference.referred_table.name != "tenants":
            assert reference.elements[0].parent is table.c.tenant_id
            assert reference.elements[0].column.name == "tenant_id"


@pytest.mark.parametrize("model", TENANTS_OWN, ids=lambda model: model.__name__)
def test_unique_indexes_begin_with_the_tenant(model):
    unique = [index for index in model.__table__.indexes if index.unique]
    assert [index.name for index in unique if next(iter(index.columns)).name != "tenant_id"] == []


@pytest.mark.parametrize("model", TENANTS_OWN, ids=lambda model: model.__name__)
def test_rows_of_another_tenant_are_not_seen(homes, model, foreign):
    here, there = homes
    own = FACTORIES[model](here)
    with here.db.reading() as db:
        assert db.get(model, (there.id, foreign.id)) is None
        assert db.scalar(select(model.id).where(model.id == foreign.id, model.tenant_id == there.id)) is None
        seen = db.scalars(select(model)).all()
        assert {row.tenant_id for row in seen} == {here.id}
        assert own.id in {row.id for row in seen}
        assert db.scalar(select(func.count()).select_from(model)) == len(seen)


@pytest.mark.parametrize("model", TENANTS_OWN, ids=lambda model: model.__name__)
def test_rows_of_another_tenant_are_not_changed_or_deleted(homes, broker, model, foreign):
    here, there = homes
    before = rows_of(broker, model, there.id)
    column = some_column(model)
    theirs = (model.id == foreign.id, model.tenant_id == there.id)
    attempts = (update(model).where(*theirs).values({column: getattr(foreign, column)}), delete(model).where(*theirs))
    # PostgreSQL refuses any change of the audit log, whether or not it would meet a row.
    refusal = suppress(ProgrammingError) if model is AuditEvent else nullcontext()
    for attempt in attempts:
        with refusal, here.db.writing() as db:
            assert db.execute(attempt).rowcount == 0
    assert rows_of(broker, model, there.id) == before


@pytest.mark.parametrize("model", TENANTS_OWN, ids=lambda model: model.__name__)
def test_objects_of_another_tenant_are_not_flushed(homes, model, foreign):
    here, _ = homes
    values = {column.key: getattr(foreign, column.key) for column in inspect(model).columns}
    with pytest.raises(ScopeError), here.db.writing() as db:
        db.add(model(**values | {"id": "another"}))
    with pytest.raises(ScopeError), here.db.writing() as db:
        db.delete(db.merge(foreign, load=False))


@pytest.mark.parametrize("model", TENANTS_OWN, ids=lambda model: model.__name__)
def test_rows_can_not_refer_to_another_tenant(homes, model, foreign):
    """A copy of B's row in A names parents that A has not."""
    here, _ = homes
    parents = [one for one in model.__table__.foreign_key_constraints if one.referred_table.name != "tenants"]
    values = {column.key: getattr(foreign, column.key) for column in inspect(model).columns}
    required = [one for one in parents if all(values[column.name] is not None for column in one.columns)]
    if not required:
        return
    with pytest.raises(IntegrityError), here.db.writing() as db:
        db.add(model(**values | {"tenant_id": here.id}))
