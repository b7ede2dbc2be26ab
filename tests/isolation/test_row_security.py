"""PostgreSQL repeats the tenant's rule inside the database: raw connections of the product's role see nothing."""

from dataclasses import replace

import pytest
from sqlalchemy import create_engine, text
from sqlalchemy.exc import OperationalError, ProgrammingError

from broker.cli.serve import refusals
from broker.wiring import make_broker
from tenants import models
from tenants.db import Database
from tenants.engine import connected
from tenants.organizations import Organization
from tenants.tenants import TENANT_BY_ID
from tenants.throttles import Throttle
from tests import factories
from tests.support.postgres import SUPERUSER
from tests.support.rows import FACTORIES, throttle
from tests.support.wiring import make_ports, make_settings

TENANTS_OWN = sorted(models.TENANT_CLASSES, key=lambda model: model.__name__)


@pytest.fixture(scope="module")
def store(new_store):
    """SQLite has no such thing; the other locks have to hold there by themselves."""
    with new_store("postgresql", migrated=True) as made:
        yield made


@pytest.fixture(scope="module")
def broker(store, clock):
    made = make_broker(make_settings(store.url), make_ports(clock))
    yield made
    made.db.dispose()


@pytest.fixture(scope="module")
def home(broker):
    return factories.tenant(broker)


@pytest.fixture
def raw(store):
    """A connection as the product's role, without anything of ours around it."""
    engine = create_engine(store.url)
    with engine.connect() as connection:
        yield connection
    engine.dispose()


def become(connection, tenant_id):
    connection.execute(text("SELECT set_config('broker.tenant', :id, true)"), {"id": tenant_id})


def seen(connection, table):
    return connection.scalar(text(f"SELECT count(*) FROM {table}"))  # noqa: S608 - a name of ours


@pytest.mark.parametrize("model", TENANTS_OWN, ids=lambda model: model.__name__)
def test_role_sees_no_row_without_its_tenant(home, raw, broker, model):
    FACTORIES[model](home)
    table, other = model.__tablename__, factories.tenant(broker)
    assert seen(raw, table) == 0
    become(raw, "")
    assert seen(raw, table) == 0
    become(raw, home.id)
    assert seen(raw, table) > 0
    become(raw, other.id)
    ids = raw.execute(text(f"SELECT DISTINCT tenant_id FROM {table}")).scalars().all()  # noqa: S608 - a name of ours
    assert set(ids) <= {other.id}


@pytest.mark.parametrize("tenant_id", ["", "ten_other"])
def test_role_writes_no_row_of_another_tenant(home, raw, tenant_id):
    row = throttle(home)
    become(raw, tenant_id)
    assert raw.execute(text("UPDATE throttles SET tries = 99")).rowcount == 0
    assert raw.execute(text("DELETE FROM throttles WHERE id = :id"), {"id": row.id}).rowcount == 0
    insert = "INSERT INTO throttles (tenant_id, id, tries, last_try_at, window_ends_at) VALUES (:t, 'x', 1, now(), now())"
    with pytest.raises(ProgrammingError, match="row-level security"):
        raw.execute(text(insert), {"t": home.id})
    with home.db.reading() as db:
        assert db.get_one(Throttle, (home.id, row.id)).tries == 1


def test_role_moves_no_row_to_another_tenant(home, raw, broker):
    other = factories.tenant(broker)
    throttle(home)
    become(raw, home.id)
    with pytest.raises(ProgrammingError, match="row-level security"):
        raw.execute(text("UPDATE throttles SET tenant_id = :id"), {"id": other.id})


def test_the_tenant_ends_with_its_transaction(home, raw):
    throttle(home)
    become(raw, home.id)
    assert seen(raw, "throttles") > 0
    raw.commit()
    assert seen(raw, "throttles") == 0


def test_every_table_of_tenants_forces_row_security(raw):
    query = text("SELECT relname FROM pg_class WHERE relkind = 'r' AND relrowsecurity AND relforcerowsecurity")
    assert set(raw.execute(query).scalars()) == {model.__tablename__ for model in TENANTS_OWN}


def test_role_has_no_way_round(raw, broker):
    role = raw.execute(
        text("SELECT rolsuper, rolbypassrls, rolcreaterole, rolcreatedb FROM pg_roles WHERE rolname = current_user")
    ).one()
    assert tuple(role) == (False, False, False, False)
    own = text("SELECT tablename FROM pg_tables WHERE tableowner = current_user")
    assert raw.execute(own).scalars().all() == []
    assert not broker.db.bypasses_row_security()


@pytest.mark.parametrize("change", ["UPDATE audit_events SET event = ''", "DELETE FROM audit_events", "TRUNCATE audit_events"])
def test_audit_log_is_only_appended_to_even_by_the_owner(home, store, change):
    FACTORIES[models.AuditEvent](home)
    engine = create_engine(store.owner_url)
    with engine.connect() as connection:
        become(connection, home.id)
        with pytest.raises(ProgrammingError, match="append-only"):
            connection.execute(text(change))
    engine.dispose()


def test_serving_with_a_role_that_sees_everything_is_refused(postgres_server, broker):
    """The owner's superuser, as somebody might paste it into the settings."""
    database = Database(postgres_server.url(SUPERUSER, broker.db.url.database))
    parts = replace(broker, db=database)
    assert any("row-level security" in reason for reason in refusals(parts))
    database.dispose()


def end_connections(postgres_server, broker):
    engine = create_engine(postgres_server.url(SUPERUSER, broker.db.url.database), isolation_level="AUTOCOMMIT")
    with engine.connect() as connection:
        # Of this worker's database only: others are at work beside it.
        own = "FROM pg_stat_activity WHERE usename = 'broker_app' AND datname = current_database()"
        connection.execute(text(f"SELECT pg_terminate_backend(pid, 5000) {own}"))
    engine.dispose()


def test_connections_that_died_while_they_were_kept_are_noticed_by_nobody(postgres_server, home, broker):
    """The server was started anew: as many as were kept are dead, and no request pays for it."""
    for work in (home.db.reading, home.db.writing, home.db.reading):
        with home.db.reading(), home.db.reading(), home.db.writing():
            pass
        end_connections(postgres_server, broker)
        with work() as db:
            assert db.get_one(Organization, (home.id, home.root)).key == "root"
    end_connections(postgres_server, broker)
    assert [row.id for row in broker.db.look_up(TENANT_BY_ID, tenant_id=home.id)] == [home.id]


def test_work_that_had_begun_on_a_connection_that_dies_is_not_done_twice(postgres_server, home, broker):
    row = throttle(home)

    def work():
        with home.db.writing() as db:
            db.get_one(Throttle, (home.id, row.id)).tries = 7
            db.flush()
            end_connections(postgres_server, broker)
            db.get_one(Organization, (home.id, home.root))

    with pytest.raises(OperationalError):
        work()
    with home.db.reading() as db:
        assert db.get_one(Throttle, (home.id, row.id)).tries == 1


@pytest.mark.parametrize("name", ["", "x'", "x', true); SELECT set_config('broker.platform', 'on", "\\' --", "ten_ü"])
def test_what_row_security_is_told_is_a_value_whatever_it_says(broker, name):
    with connected(broker.db.links, tenant=name) as connection:
        assert connection.scalar(text("SELECT current_setting('broker.tenant')")) == name
        assert connection.scalar(text("SELECT current_setting('broker.platform', true)")) in (None, "")
