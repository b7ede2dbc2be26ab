"""What PostgreSQL and SQLite themselves refuse: another tenant's rows, and changes of the audit log.

A table that belongs to tenants calls `protect_tenant_table` in the migration that makes it.
"""

from sqlalchemy import Connection, text

_SETTING = "nullif(current_setting('broker.{name}', true), '')"


def protect_tenant_table(connection: Connection, table: str) -> None:
    """PostgreSQL: a row is there only for its own tenant, or for the platform (tenants/db.py). FORCE: the owner too."""
    if connection.dialect.name != "postgresql":
        return
    own = f"tenant_id = {_SETTING.format(name='tenant')}"
    platform = f"{_SETTING.format(name='platform')} = 'on'"
    for statement in (
        f"ALTER TABLE {table} ENABLE ROW LEVEL SECURITY",
        f"ALTER TABLE {table} FORCE ROW LEVEL SECURITY",
        f"CREATE POLICY own_tenant ON {table} USING ({own} OR {platform}) WITH CHECK ({own} OR {platform})",
    ):
        connection.execute(text(statement))


def make_append_only(connection: Connection, table: str) -> None:
    """A trigger that refuses UPDATE and DELETE, whoever asks."""
    statements = _ON_POSTGRESQL if connection.dialect.name == "postgresql" else _ON_SQLITE
    for statement in statements:
        connection.execute(text(statement.format(table=table)))


_ON_SQLITE = (
    "CREATE TRIGGER {table}_no_update BEFORE UPDATE ON {table} BEGIN SELECT RAISE(ABORT, 'the audit log is append-only'); END",
    "CREATE TRIGGER {table}_no_delete BEFORE DELETE ON {table} BEGIN SELECT RAISE(ABORT, 'the audit log is append-only'); END",
)
_ON_POSTGRESQL = (
    "CREATE FUNCTION refuse_change() RETURNS trigger LANGUAGE plpgsql AS "
    "$$ BEGIN RAISE EXCEPTION 'the audit log is append-only'; END $$",
    "CREATE TRIGGER {table}_append_only BEFORE UPDATE OR DELETE OR TRUNCATE ON {table} "
    "FOR EACH STATEMENT EXECUTE FUNCTION refuse_change()",
)


def allow_sealing(connection: Connection) -> None:
    """The one change of the audit log that is: an event without a seal gets its number and its seal. And it goes with its
    tenant, when that one is being removed for good."""
    statements = _SEALING_ON_POSTGRESQL if connection.dialect.name == "postgresql" else _SEALING_ON_SQLITE
    for statement in statements:
        connection.execute(text(statement))


_SAID = "tenant_id id at event cause reference account_id connection_id application_id address user_agent detail signature"
_IS_SEALED = " AND ".join(
    ("OLD.seal IS NULL", "NEW.seal IS NOT NULL", *(f"NEW.{name} IS OLD.{name}" for name in _SAID.split()))
)
_IS_REMOVED = "EXISTS (SELECT 1 FROM tenants WHERE id = OLD.tenant_id AND status = 'erasing')"
_SEALING_ON_SQLITE = (
    "DROP TRIGGER audit_events_no_update",
    "DROP TRIGGER audit_events_no_delete",
    f"CREATE TRIGGER audit_events_no_update BEFORE UPDATE ON audit_events WHEN NOT ({_IS_SEALED}) "
    "BEGIN SELECT RAISE(ABORT, 'the audit log is append-only'); END",
    f"CREATE TRIGGER audit_events_no_delete BEFORE DELETE ON audit_events WHEN NOT {_IS_REMOVED} "
    "BEGIN SELECT RAISE(ABORT, 'the audit log is append-only'); END",
)
_SEALING_ON_POSTGRESQL = (
    "DROP TRIGGER audit_events_append_only ON audit_events",
    "CREATE TRIGGER audit_events_append_only BEFORE TRUNCATE ON audit_events "
    "FOR EACH STATEMENT EXECUTE FUNCTION refuse_change()",
    "CREATE FUNCTION only_seal() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN "
    "IF OLD.seal IS NULL AND NEW.seal IS NOT NULL "
    "AND to_jsonb(NEW) - 'seal' - 'number' = to_jsonb(OLD) - 'seal' - 'number' THEN RETURN NEW; END IF; "
    "RAISE EXCEPTION 'the audit log is append-only'; END $$",
    "CREATE TRIGGER audit_events_only_seal BEFORE UPDATE ON audit_events FOR EACH ROW EXECUTE FUNCTION only_seal()",
    "CREATE FUNCTION only_with_tenant() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN "
    f"IF {_IS_REMOVED} THEN RETURN OLD; END IF; "
    "RAISE EXCEPTION 'the audit log is append-only'; END $$",
    "CREATE TRIGGER audit_events_only_with_tenant BEFORE DELETE ON audit_events "
    "FOR EACH ROW EXECUTE FUNCTION only_with_tenant()",
)
