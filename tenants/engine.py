"""The engine under tenants/db.py: how connections to either database are made, and how their transactions begin."""

from typing import Any

from sqlalchemy import Engine, create_engine, event
from sqlalchemy.engine import URL, Connection
from sqlalchemy.pool import ConnectionPoolEntry, QueuePool

from tenants.prepared import execute, no_answer

WRITE = "broker_write"
"""The execution option of connections that write."""
_BUSY_MILLISECONDS = 5000


def make_engine(url: URL, pool_size: int) -> Engine:
    """The values of statements stand in no error, and so in no log (security.md, OP-02)."""
    if url.get_backend_name() == "sqlite":
        engine = create_engine(url, poolclass=QueuePool, pool_size=pool_size, max_overflow=pool_size, hide_parameters=True)
        event.listen(engine, "connect", _prepare_sqlite)
        event.listen(engine, "begin", _begin_sqlite)
        return engine
    return create_engine(
        url,
        pool_size=pool_size,
        max_overflow=pool_size,
        pool_pre_ping=True,
        connect_args={"connect_timeout": 5},
        hide_parameters=True,
    )


def _prepare_sqlite(connection: Any, record: ConnectionPoolEntry) -> None:
    connection.isolation_level = None  # we say BEGIN ourselves, see _begin_sqlite
    cursor = connection.cursor()
    for pragma in (
        "journal_mode=WAL",
        "synchronous=FULL",
        "foreign_keys=ON",
        f"busy_timeout={_BUSY_MILLISECONDS}",
    ):
        cursor.execute(f"PRAGMA {pragma}")
    cursor.close()


def _begin_sqlite(connection: Connection) -> None:
    # A write starts IMMEDIATE: a read that turns into a write could fail at once when another writer came between.
    execute(connection, "BEGIN IMMEDIATE" if connection.get_execution_options().get(WRITE) else "BEGIN", (), no_answer)
