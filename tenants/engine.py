"""The engine under tenants/db.py: how connections to either database are made, and how their transactions begin."""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Any

from sqlalchemy import Engine, create_engine, event
from sqlalchemy.engine import URL, Connection
from sqlalchemy.exc import OperationalError
from sqlalchemy.pool import ConnectionPoolEntry, QueuePool

from tenants.prepared import execute, no_answer

WRITE = "broker_write"
"""The execution option of connections that write."""
RELAXED = "broker_relaxed"
"""That of those which do not wait for the disk."""
_BUSY_MILLISECONDS = 5000
_DEAD_AT_MOST = 100
"""How many connections in a row may have died while they were kept: all of a pool, after the server was restarted."""


def make_engine(url: URL, pool_size: int) -> Engine:
    """The values of statements stand in no error, and so in no log (security.md, OP-02)."""
    if url.get_backend_name() == "sqlite":
        engine = create_engine(url, poolclass=QueuePool, pool_size=pool_size, max_overflow=pool_size, hide_parameters=True)
        event.listen(engine, "connect", _prepare_sqlite)
        return engine
    return create_engine(
        url,
        pool_size=pool_size,
        max_overflow=pool_size,
        connect_args={"connect_timeout": 5},
        hide_parameters=True,
    )


@contextmanager
def connected(engine: Engine, **facts: str) -> Iterator[Connection]:
    """A connection in a transaction, of which on PostgreSQL row-level security knows these facts: `tenant`, `platform`.

    BEGIN is said here and not by a listener of the engine: where there is none, SQLAlchemy has nothing to tell of anything.

    On PostgreSQL it goes there in one message with the facts. Its answer also tells whether a kept connection still lives: to
    ask for that alone (pool_pre_ping) would cost a round trip more in every transaction.
    """
    with engine.connect() as connection:
        if connection.dialect.name == "postgresql":
            _begin_postgresql(connection, facts)
        else:
            _begin_sqlite(connection)
        yield connection


def _begin_postgresql(connection: Connection, facts: Mapping[str, str]) -> None:
    is_durable = not connection.get_execution_options().get(RELAXED)
    psycopg: Any = connection.dialect.dbapi  # not imported here: who has SQLite need not wait for it
    for _ in range(_DEAD_AT_MOST):
        link: Any = connection.connection.dbapi_connection
        result = link.pgconn.exec_(_opening_words(psycopg.pq.Escaping(link.pgconn), facts, is_durable))
        if result.status in {psycopg.pq.ExecStatus.COMMAND_OK, psycopg.pq.ExecStatus.TUPLES_OK}:
            return
        if not link.closed:
            break
        connection.invalidate()  # nothing was done on it yet, so another one does as well
    raise OperationalError("BEGIN", None, psycopg.OperationalError(result.error_message.decode(errors="replace")))


def _opening_words(escaping: Any, facts: Mapping[str, str], is_durable: bool) -> bytes:
    words = [b"BEGIN"] if is_durable else [b"BEGIN", b"SET LOCAL synchronous_commit TO off"]
    for name, value in facts.items():
        told = tuple(escaping.escape_literal(word.encode()) for word in (f"broker.{name}", value))
        words.append(b"SELECT set_config(%b, %b, true)" % told)
    return b"; ".join(words)


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
    options = connection.get_execution_options()
    if not options.get(WRITE):
        execute(connection, "BEGIN", (), no_answer)
        return
    # Said each time: the connection may have served the other kind before.
    execute(connection, f"PRAGMA synchronous={'NORMAL' if options.get(RELAXED) else 'FULL'}", (), no_answer)
    # A write starts IMMEDIATE: a read that turns into a write could fail at once when another writer came between.
    execute(connection, "BEGIN IMMEDIATE", (), no_answer)
