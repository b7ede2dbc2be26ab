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
