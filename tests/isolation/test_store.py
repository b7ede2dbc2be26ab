"""What the database itself promises, on both of them: an audit log that only grows, seals that stay in their place,
and migrations that give exactly the tables that the code expects."""

import json

import pytest
from alembic import command
from alembic.autogenerate import compare_metadata
from alembic.runtime.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import create_engine, delete, event, select, text, update
from sqlalchemy.exc import DBAPIError

from tenants import models
from tenants.audit import AuditEvent, Event, append
from tenants.db import Database
from tenants.migrate import alembic_config, is_current, migrate, newest
from tests import factories


@pytest.fixture
def home(broker):
    return factories.tenant(broker)


@pytest.mark.parametrize("change", [update(AuditEvent).values(event="nothing"), delete(AuditEvent)], ids=["update", "delete"])
def test_audit_log_is_only_appended_to(home, change):
    with home.db.writing() as db:
        append(db, Event.LOGIN_REFUSED, at=home.now, cause="told", reference="AAAA-2222")
    with pytest.raises(DBAPIError, match="append-only"), home.db.writing() as db:
        db.execute(change.execution_options(synchronize_session=False))
    with pytest.raises(DBAPIError, match="append-only"), home.broker.db.platform("a test tampers", home.now) as db:
        db.execute(change.execution_options(synchronize_session=False))
    with home.db.reading() as db:
        assert [row.cause for row in db.scalars(select(AuditEvent))] == ["told"]


def test_migration_gives_the_tables_of_the_code(empty_store):
    migrate(empty_store.owner_url)
    engine = create_engine(empty_store.owner_url)
    with engine.connect() as connection:
        context = MigrationContext.configure(connection, opts={"compare_type": True, "compare_server_default": True})
        assert compare_metadata(context, models.METADATA) == []
    engine.dispose()


def test_scripts_form_one_line_whose_end_is_the_file_with_the_highest_number():
    assert ScriptDirectory.from_config(alembic_config()).get_heads() == [newest()]


def test_migrating_twice_changes_nothing(empty_store):
    database = Database(empty_store.url)
    assert not is_current(database)
    for _ in range(2):
        migrate(empty_store.owner_url)
        assert is_current(database)
    database.dispose()


def test_federation_finds_what_was_there_and_leaves_no_role_that_a_provider_gave(empty_store):
    """0005 on rows of the version before, and back: `own_role` begins as the role, and is what stays."""
    steps(empty_store, (command.upgrade, "0004"), *WRITE_OLD_ROWS)
    steps(empty_store, (command.upgrade, "0005"))
    assert asked(empty_store, "SELECT id, role, own_role FROM accounts ORDER BY id") == [
        ("acc_1", "admin", "admin"),
        ("acc_2", None, None),
    ]
    ((rules, factors),) = asked(empty_store, "SELECT group_rules, factor_values FROM connections")
    assert [value if isinstance(value, list) else json.loads(value) for value in (rules, factors)] == [[], ["mfa"]]
    steps(empty_store, "UPDATE accounts SET role = 'admin' WHERE id = 'acc_2'", (command.downgrade, "0004"))
    assert asked(empty_store, "SELECT id, role FROM accounts ORDER BY id") == [("acc_1", "admin"), ("acc_2", None)]


WRITE_OLD_ROWS = (
    "INSERT INTO tenants (id, slug, name, status, config_version, is_file_managed, created_at) "
    "VALUES ('ten_1', 'old', 'Old', 'active', 1, false, '2026-01-01')",
    "INSERT INTO organizations (tenant_id, id, key, name, policy_overrides, is_file_managed) "
    "VALUES ('ten_1', 'org_1', 'root', 'Old', '{}', false)",
    "INSERT INTO connections (tenant_id, id, key, kind, label, note, icon, position, is_enabled, is_shown, options, "
    "provisioning, linking, networks, network_mode, version, is_file_managed, created_at, updated_at) VALUES ('ten_1', "
    "'con_1', 'idp', 'oidc', 'IdP', '', '', 0, true, true, '{}', 'existing', 'never', '[]', 'only', 1, false, "
    "'2026-01-01', '2026-01-01')",
    "INSERT INTO accounts (tenant_id, id, organization_id, email, email_key, is_email_verified, name, given_name, "
    "family_name, state, is_local_enabled, role, is_file_managed, created_at) VALUES "
    "('ten_1', 'acc_1', 'org_1', 'a@old.example', 'a@old.example', true, '', '', '', 'active', false, 'admin', false, "
    "'2026-01-01'), "
    "('ten_1', 'acc_2', 'org_1', 'b@old.example', 'b@old.example', true, '', '', '', 'active', false, NULL, false, "
    "'2026-01-01')",
)


def steps(store, *steps):
    """Each a statement, or an alembic command with its revision; as the owner of the tables, who sees every row."""
    database = Database(store.owner_url, pool_size=1)
    with database.writer.begin() as connection:
        see_all(connection)
        for step in steps:
            if isinstance(step, str):
                connection.execute(text(step))
            else:
                config = alembic_config()
                config.attributes["connection"] = connection
                step[0](config, step[1])
    database.dispose()


def asked(store, statement):
    database = Database(store.owner_url, pool_size=1)
    with database.writer.begin() as connection:
        see_all(connection)
        rows = [tuple(row) for row in connection.execute(text(statement))]
    database.dispose()
    return rows


def see_all(connection):
    if connection.dialect.name == "postgresql":
        connection.execute(text("SELECT set_config('broker.platform', 'on', true)"))


def test_references_are_enforced(db):
    """SQLite does so only where a connection asks for it."""
    if db.is_sqlite:
        with db.engine.connect() as connection:
            assert connection.scalar(text("PRAGMA foreign_keys")) == 1
            assert connection.scalar(text("PRAGMA journal_mode")) == "wal"
            assert connection.scalar(text("PRAGMA synchronous")) == 2  # FULL
    orphan = "INSERT INTO tenant_hosts (host, tenant_id) VALUES ('orphan.example', 'ten_nobody')"
    with db.engine.connect() as connection, pytest.raises(DBAPIError):
        connection.execute(text(orphan))


def test_platform_leaves_its_row_and_rolls_it_back_with_the_rest(broker, clock):
    reason = "a test crosses tenants"
    with broker.db.platform(reason, clock.now()) as db:
        pass
    with pytest.raises(RuntimeError), broker.db.platform("a test that fails", clock.now()):
        raise RuntimeError
    with broker.db.platform("a test looks", clock.now()) as db:
        reasons = set(db.scalars(select(models.PlatformEvent.reason)))
    assert reason in reasons
    assert "a test that fails" not in reasons


def test_unit_that_is_not_durable_says_so_for_itself_alone(db, home):
    """A power cut may take it back. What is written next, on the same connection, waits for the disk again."""
    asked = text("PRAGMA synchronous" if db.is_sqlite else "SHOW synchronous_commit")

    def levels():
        with home.db.writing(is_durable=False) as relaxed:
            yield relaxed.connection().scalar(asked)
        with home.db.writing() as durable:
            yield durable.connection().scalar(asked)

    relaxed, durable = levels()
    assert relaxed == (1 if db.is_sqlite else "off")
    assert not db.is_sqlite or durable == 2  # the tests' PostgreSQL never waits


def test_write_on_sqlite_begins_at_once(db, home):
    """A read that turns into a write could fail at once when another writer came between."""
    begun = []

    def listener(connection, cursor, statement, *rest):
        begun.append(statement)

    event.listen(db.engine, "before_cursor_execute", listener)
    with home.db.writing() as session:
        session.get(models.Throttle, (home.id, "x"))
    with home.db.reading() as session:
        session.get(models.Throttle, (home.id, "x"))
    event.remove(db.engine, "before_cursor_execute", listener)
    frames = [statement for statement in begun if statement.startswith("BEGIN")]
    assert frames == (["BEGIN IMMEDIATE", "BEGIN"] if db.is_sqlite else [])
